// A warm interpreter and the single-use workers that it parks ahead of need.
//
//   kStarting --ready--> kReady --control channel closed, or process ended--> kDead
//
// Workers are parked in the background up to `parked_target`, more while attempts wait. An environment that cannot be
// forked safely turns into single mode: each attempt gets an interpreter of its own, started when it is asked for.
// Confined to the loop's thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/json.h"
#include "executor/attempt_spec.h"
#include "executor/control_group.h"
#include "executor/event_loop.h"
#include "executor/interpreter.h"

namespace easel {

class Zygote;

/// One parked worker: isolated, waiting for its only attempt. Owns the descriptors; the process ends by pidfd.
struct Worker {
  std::uint64_t id = 0;
  UniqueFd channel, out, err, pidfd;
  pid_t pid = -1;
  bool parked = false;
  bool owns_pid_namespace = false;
  bool confined = true;                 ///< in the group that it is to be in
  std::shared_ptr<ControlGroup> group;  ///< in isolation `strict`, where there are groups
  std::uint32_t slot_user = 0;          ///< in isolation `strict`: the user of the machine that it becomes
  Zygote* zygote = nullptr;
};

/// How a worker ended, as its zygote saw it.
struct WorkerExit {
  int wait_status = 0;
  std::int64_t max_rss_kib = 0;
};

/// What the executor does with a zygote's news.
struct ZygoteListener {
  /// Put a new worker into a group, and say so by Confined(). Empty: there are no groups.
  std::function<void(std::uint64_t worker, pid_t pid)> confine;
  std::function<void(Zygote&, std::unique_ptr<Worker>)> on_worker;  ///< for the attempt that waits longest
  std::function<void(Zygote&, std::uint64_t worker, WorkerExit)> on_exit;
  std::function<void(Zygote&, std::string message)>
      on_failure;  ///< no worker can be made; the message says why
  std::function<void(Zygote&)> on_death;
};

class Zygote {
 public:
  enum class Phase { kStarting, kReady, kDead };

  Zygote(EventLoop& loop, InterpreterOptions options, ZygoteListener listener);
  ~Zygote();
  Zygote(const Zygote&) = delete;

  /// Start the interpreter.
  ///
  /// Errors: kNotFound ENVIRONMENT_MISSING (no such interpreter); as fork gives them.
  Status Start();

  /// A parked worker, or null; with null, `on_worker` is called when one is parked.
  std::unique_ptr<Worker> Take();
  /// One attempt fewer waits.
  void Untake();
  /// Keep this many parked.
  void SetTarget(int parked);
  /// Park what is missing. Called when the attempt that took a worker has started, so that forking does not slow it.
  void Refill();
  void Kill();
  /// The worker is in its group, or cannot be. False for a worker that is not this zygote's, or has gone.
  bool Confined(std::uint64_t worker, Result<std::shared_ptr<ControlGroup>> group);

  /// A child of the executor ended; `wait_status` from waitpid. True if it was this zygote's process.
  bool Reaped(pid_t pid, int wait_status);

  Phase phase() const { return phase_; }
  pid_t pid() const { return main_ ? main_->pid() : -1; }
  /// True for a process that this zygote started itself.
  bool Owns(pid_t pid) const;
  int parked() const;
  int waiting() const { return waiting_; }
  /// Whether a worker that was handed over has not ended.
  bool busy() const { return !handed_over_.empty(); }
  bool fork_safe() const { return fork_safe_; }
  const InterpreterOptions& options() const { return options_; }
  const std::vector<std::string>& missing() const { return missing_; }
  std::int64_t last_used_ms = 0;

 private:
  Interpreter::Listener ListenerFor(std::uint64_t single_worker);
  void OnMessage(const json::value& message, UniqueFd descriptor);
  void OnReady(JsonReader& reader);
  void OnClosed(std::uint64_t single_worker);
  void Park();
  void OnChannel(std::uint64_t id);
  void OfferIfParked(std::uint64_t id);
  void DropWorker(std::uint64_t id);
  void Fail(const std::string& message);
  void Die();
  int FreeSlot() const;

  EventLoop& loop_;
  InterpreterOptions options_;
  ZygoteListener listener_;
  Phase phase_ = Phase::kStarting;
  std::unique_ptr<Interpreter> main_;
  std::map<std::uint64_t, std::unique_ptr<Interpreter>> singles_;  ///< by worker id, in single mode
  std::map<std::uint64_t, std::unique_ptr<Worker>> workers_;       ///< parking and parked, oldest first
  std::set<std::uint64_t> handed_over_;                            ///< workers that have not ended
  std::vector<std::string> missing_;
  std::map<std::uint64_t, int> slots_;  ///< in isolation `strict`: of every worker that has not ended
  int target_ = 0;
  int waiting_ = 0;
  int died_parking_ = 0;  ///< workers in a row that ended before they were parked
  bool fork_safe_ = true;
  bool reported_failure_ = false;
};

}  // namespace easel
