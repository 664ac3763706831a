// Performs what the engine decides for one canvas: commits to the database, starts attempts, tells who watches.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>

#include "backend/backend.h"
#include "engine/engine.h"
#include "engine/run_events.h"
#include "engine/world.h"

namespace easel {

struct SessionOptions {
  std::string isolation = "local";
  bool network = true;
  std::map<std::string, std::string> pass_env;
  std::int64_t journal_bytes = std::int64_t{1} << 30;
  double cores = 1;
  std::int64_t memory_bytes = 0;
};

/// Owns the engine of one canvas while it lives; the caller holds the canvas's lock. One thread with an inbox: the
/// database, the backend and callers only put things into it. Thread-safe.
///
/// Attempts that an earlier engine left are adopted when the session opens: those that finished meanwhile are
/// published, those that still run are waited for, and the others are recorded as lost.
class Session {
 public:
  using Sink = std::function<void(const json::object& event)>;  ///< called on the session's thread

  /// `world` must outlive the session. `backend` is attached to when the first attempt needs it.
  ///
  /// Errors: kFailedPrecondition ATTEMPTS_UNDER_WAY (a world of an older run, while attempts are to be adopted).
  static Result<std::unique_ptr<Session>> Open(World& world, std::unique_ptr<Backend> backend,
                                               SessionOptions options);
  /// Waits for what was committed; attempts go on in the executor and are adopted by the next session.
  ~Session();

  /// Start a run; its events go to `sink`, run.finished last.
  ///
  /// Errors: kInvalidArgument UNKNOWN_BLOCK; those of environments that have to be made first.
  Result<RunId> Start(const RunRequest& request, Sink sink);
  void Cancel(const RunId& run, bool kill);
  Result<std::vector<PlannedBlock>> Plan(const RunRequest& request);
  std::vector<BlockStanding> Standings();

 private:
  struct Watched {
    Sink sink;
    bool degraded_said = false;
  };
  struct Reading {
    std::optional<JournalReader> reader;
    JournalEvents events;
    RunId run;
    bool error_said = false;
  };
  struct FromBackend {
    BackendEvent event;
  };
  struct BackendLost {
    std::string reason;
  };
  using Letter = std::variant<Event, FromBackend, BackendLost, std::function<void()>>;

  Session(World& world, std::unique_ptr<Backend> backend, SessionOptions options);
  void Loop();
  void Post(Letter letter);
  /// Run `work` on the session's thread and wait for it.
  void Ask(const std::function<void()>& work);
  void Feed(Event event);
  void Perform(Command command);
  MetadataStore::Pending Prepare(CommitChanges commit);
  void Perform(StartAttempt start);
  void Perform(const StopAttempt& stop);
  void Perform(const Announce& announce);
  void OnBackendEvent(const BackendEvent& event);
  void OnBackendLost(const std::string& reason);
  void Recover();
  Status Attach();
  void ReadJournal(const std::string& attempt);
  void SayFailure(const std::string& attempt, const json::object& failure);
  void FinishLost(const std::string& attempt, const std::string& message);
  json::object MakeSpec(const StartAttempt& start) const;
  void SayDegraded(const RunId& run, const BlockStarted& started);

  World& world_;
  std::unique_ptr<Backend> backend_;
  SessionOptions options_;
  std::unique_ptr<Engine> engine_;

  std::map<std::string, Watched> watched_;   ///< by run
  std::map<std::string, Reading> readings_;  ///< by attempt that runs for a watched run
  std::map<std::string, AttemptRecord> running_;
  std::map<std::int64_t, std::int64_t> acknowledge_;  ///< ticket -> backend event that is stored with it
  std::vector<StopAttempt> stops_;                    ///< to be told once attached
  std::int64_t handling_event_ = 0;
  bool attached_ = false;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Letter> inbox_;
  std::int64_t commits_under_way_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace easel
