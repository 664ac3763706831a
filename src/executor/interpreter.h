// One started interpreter that runs zygote.py, and its control channel (contracts/executor_protocol.md, section 3).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "executor/attempt_spec.h"
#include "executor/event_loop.h"

namespace easel {

/// Users of one zygote in isolation `strict`: its own, and one for each worker.
inline constexpr int kSlots = 256;

struct InterpreterOptions {
  EnvironmentSpec environment;
  std::string isolation;
  bool network = true;
  std::string runtime;  ///< folder with easel_runtime/
  std::string home;     ///< HOME of user code
  std::string shim;     ///< path of libeasel_trace.so, or empty
  std::vector<std::string> hide;
  std::uint32_t first_slot_user = 0;  ///< with isolation `strict`: the first of kSlots users of the machine
  int log_fd = 2;
};

/// The explicit environment of an interpreter: nothing of the executor's own is passed on beside locale, time zone,
/// proxy and certificate settings.
std::vector<std::string> InterpreterEnvironment(const InterpreterOptions& options, bool single);

/// Owns the process: it is killed when this object goes. Confined to the loop's thread; must be started on the thread
/// that lives as long as the executor, because the process dies with the thread that started it.
class Interpreter {
 public:
  struct Listener {
    std::function<void(const json::value& message, UniqueFd descriptor)> on_message;
    /// The control channel closed; nothing more will come. Called once, never from within Start.
    std::function<void()> on_closed;
  };

  /// Errors: kNotFound ENVIRONMENT_MISSING (no such interpreter); as fork gives them.
  static Result<std::unique_ptr<Interpreter>> Start(EventLoop& loop, const InterpreterOptions& options,
                                                    bool single, Listener listener);
  ~Interpreter();
  Interpreter(const Interpreter&) = delete;

  /// Ask for a parked worker with these ends of its channel and pipes. False when the channel is gone or full.
  bool SendPark(std::uint64_t id, int slot, int channel, int out, int err);
  void Kill();

  pid_t pid() const { return pid_; }
  /// The last lines that it wrote to its own stdout and stderr, to explain a death.
  std::string OutputTail();

 private:
  Interpreter(EventLoop& loop, Listener listener) : loop_(loop), listener_(std::move(listener)) {}
  void OnControl();
  void OnOutput();

  EventLoop& loop_;
  Listener listener_;
  pid_t pid_ = -1;
  UniqueFd pidfd_, control_, output_;
  int log_fd_ = 2;
  std::string tail_;
};

}  // namespace easel
