// One engine's connection to the executor: lines in, lines out, never blocking the loop.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "executor/event_loop.h"
#include "executor/protocol.h"

namespace easel {

/// Confined to the loop's thread. Ends by `on_closed`, once; the owner destroys it later, not from inside a callback.
class Connection {
 public:
  struct Listener {
    std::function<void(Connection&, std::string line)> on_line;
    std::function<void(Connection&)> on_closed;
  };

  Connection(EventLoop& loop, UniqueFd socket, Listener listener);
  ~Connection();
  Connection(const Connection&) = delete;

  void Send(std::string_view line);
  /// Write what is waiting; called at the end of each turn of the loop, so that one turn is one system call.
  void Flush();
  /// True while the peer reads too slowly: what can be merged should wait.
  bool congested() const { return unsent_.size() > (std::size_t{1} << 20); }
  bool closed() const { return closed_; }

 private:
  void OnReady(std::uint32_t events);
  void Close();

  EventLoop& loop_;
  UniqueFd socket_;
  Listener listener_;
  LineSplitter lines_{kMaxRequestBytes};
  std::string unsent_;
  bool waits_for_room_ = false;
  bool closed_ = false;
};

}  // namespace easel
