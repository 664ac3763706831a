// Who owns a canvas's engine: a lock, and a socket through which other command lines use the engine of the owner.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "base/error.h"
#include "base/file.h"
#include "engine/session.h"

namespace easel {

json::object ToJson(const RunRequest& request);
/// Errors: kInvalidArgument.
Result<RunRequest> RunRequestFromJson(const json::value& value);

/// Holds `.easel/engine.lock` while it lives; the kernel frees it with the process, however that ends.
class EngineLock {
 public:
  /// nullopt if another process has it.
  static Result<std::optional<EngineLock>> TryAcquire(const std::string& state_root);

 private:
  explicit EngineLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// Events on their way to a reader that may be slow. When too much waits, text of `block.output` is left out and
/// counted: the journal has all of it, and a stopped reader must not stop the engine. Thread-safe.
class EventQueue {
 public:
  void Put(const json::object& event);
  /// The next event as one line without a newline; waits up to `timeout_ms` (-1: for ever). nullopt: none came.
  std::optional<std::string> Take(int timeout_ms);
  void Close();
  bool closed();
  std::int64_t dropped_bytes();

 private:
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  std::int64_t dropped_ = 0;
  bool closed_ = false;
};

/// Serves guests on `.easel/engine.sock`. A guest sends {"op": "run", "request": …}, gets the run's events one a line
/// (or {"error": {reason, message}}), and may send {"op": "cancel", "kill": bool}. A guest that goes away leaves its
/// run going. `session` must outlive the server.
class EngineServer {
 public:
  /// `sources` says what canvas the session has read (any string that changes with it); a guest that has read another
  /// one is refused with CANVAS_CHANGED: it must wait for the owner's end. Empty: not compared.
  static Result<std::unique_ptr<EngineServer>> Listen(const std::string& state_root, Session& session,
                                                      std::string sources = {});
  /// For an owner that edits its canvas and does not end by itself: before each guest's run `bring_up_to_date` is called,
  /// on the guest's thread, to edit the session's canvas to what the folder says now; its error refuses the run. Guests
  /// that begin from an older run (--at) are refused with CANVAS_SERVED.
  static Result<std::unique_ptr<EngineServer>> Serve(const std::string& state_root, Session& session,
                                                     std::function<Status()> bring_up_to_date);
  ~EngineServer();
  /// Is a guest's run under way, or its end not told yet? An owner that ends now leaves that run to its guest.
  bool Busy();

 private:
  struct Guest {
    UniqueFd socket;
    std::shared_ptr<EventQueue> events =
        std::make_shared<EventQueue>();  ///< the session may outlive the guest
    std::atomic<bool> waits = false;     ///< for the end of a run
    std::thread reader, writer;
  };
  EngineServer(UniqueFd listener, std::string path, Session& session, std::string sources,
               std::function<Status()> bring_up_to_date);
  static Result<std::unique_ptr<EngineServer>> Make(const std::string& state_root, Session& session,
                                                    std::string sources,
                                                    std::function<Status()> bring_up_to_date);
  void Accept();
  void Answer(Guest& guest);
  Status MayRun(const json::object& message);
  Result<RunId> Run(Guest& guest, const json::object& message);

  UniqueFd listener_, stop_read_, stop_write_;
  std::string folder_, sources_;
  std::function<Status()> bring_up_to_date_;
  Session& session_;
  std::mutex mutex_;
  std::list<std::unique_ptr<Guest>> guests_;
  std::thread acceptor_;
};

/// A connection to the owner's engine, for a guest.
class EngineGuest {
 public:
  /// `at`: the run is to begin from an older run. Errors: kUnavailable ENGINE_GONE when nobody listens (any more).
  static Result<std::unique_ptr<EngineGuest>> Connect(const std::string& state_root,
                                                      const RunRequest& request,
                                                      const std::string& sources = {}, bool at = false);
  void Cancel(bool kill);
  int fd() const { return socket_.get(); }
  /// Lines that have arrived; empty and `gone` when the owner has ended.
  std::vector<std::string> Read(bool& gone);

 private:
  explicit EngineGuest(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
  std::string partial_;
};

}  // namespace easel
