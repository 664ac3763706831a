// An engine's side of the engine channel: connect, ask, and receive events on a thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "executor/launch.h"

namespace easel {

/// Thread-safe. Handlers are called on the client's own thread and must not call Call; the destructor waits for them.
class ExecutorClient {
 public:
  struct Handlers {
    std::function<void(json::object event)> on_event;   ///< events, and `{"detached": canvas}`
    std::function<void(std::string reason)> on_closed;  ///< at most once; nothing follows
  };

  /// Connect to the executor that is running.
  ///
  /// Errors: kNotFound EXECUTOR_NOT_RUNNING; kUnavailable (it ended before it said hello); kFailedPrecondition
  ///         PROTOCOL_MISMATCH does not happen here: see hello().
  static Result<std::unique_ptr<ExecutorClient>> Connect(const std::string& folder, Handlers handlers);

  /// Connect, starting an executor if none is running. Waits up to 15 s for it.
  ///
  /// Errors: kUnavailable EXECUTOR_DID_NOT_START, with the end of its log.
  static Result<std::unique_ptr<ExecutorClient>> ConnectOrStart(const LaunchOptions& options,
                                                                Handlers handlers);

  ~ExecutorClient();
  ExecutorClient(const ExecutorClient&) = delete;

  /// Send a request (its "id" is set here) and wait for the answer.
  ///
  /// Errors: the executor's own; kUnavailable EXECUTOR_GONE; kDeadlineExceeded after `timeout_ms`.
  Result<json::object> Call(json::object request, std::int64_t timeout_ms = 30'000);

  /// Send a request whose answer does not matter.
  void Tell(json::object request);

  std::string instance() const { return StringOfHello("executor"); }
  std::string build() const { return StringOfHello("build"); }
  std::int64_t protocol() const;
  const json::object& hello() const { return hello_; }

 private:
  ExecutorClient(UniqueFd socket, Handlers handlers)
      : socket_(std::move(socket)), handlers_(std::move(handlers)) {}
  Status ReadHello(std::string& rest);
  void Serve(std::string rest);
  void Dispatch(const std::string& line);
  Status Send(const std::string& line);
  std::string StringOfHello(std::string_view field) const;

  struct Pending {
    std::optional<Result<json::object>> answer;
  };

  UniqueFd socket_;
  Handlers handlers_;
  json::object hello_;
  std::mutex send_mutex_;
  std::mutex mutex_;
  std::condition_variable answered_;
  std::map<std::int64_t, Pending> pending_;
  std::int64_t next_id_ = 1;
  bool closed_ = false;
  bool ending_ = false;
  std::thread reader_;
};

}  // namespace easel
