// Performs what the engine decides for one canvas: commits to the database, starts attempts, tells who watches.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "backend/backend.h"
#include "engine/engine.h"
#include "engine/run_events.h"
#include "engine/world.h"

namespace easel {

struct SessionOptions {
  std::string isolation = "local";
  bool network = true;
  std::vector<std::string>
      egress;  ///< with isolation `strict`: the hosts that blocks may reach instead of the network
  std::map<std::string, std::string> pass_env;
  std::int64_t journal_bytes = std::int64_t{1} << 30;
  std::int64_t block_memory_bytes = 0;  ///< most for a block, also for one that asks for none; 0: no limit
  std::int64_t block_disk_bytes =
      0;  ///< most that a canvas's files and what a block leaves may take; 0: no limit
  double cores = 1;
  std::int64_t memory_bytes = 0;
};

/// Sees all that happens in a session, whoever began it. Called on the session's thread: it must not wait, and not call
/// the session. `canvas` has the names and the indices as the engine has them at that moment.
struct Observer {
  /// Every event of every run (docs/user/json.md), and what adopted attempts of earlier runs show.
  std::function<void(const RunId& run, const json::object& event, const Canvas& canvas)> on_event;
  /// Blocks whose standing, reason or attempt is another than was told last: after edits, outcomes, and when a run looked
  /// at files. Begins with the first call of Standings().
  std::function<void(const std::vector<StandingReport>& changed, const Canvas& canvas)> on_standings;
};

struct StartOptions {
  std::string by;  ///< who asked for the run, for the record (StartedBy); may be empty
  RunId run;       ///< what it shall be called, new to this canvas; empty: a new one is made
  /// The environments that have to be made first, before that begins; on the caller's thread.
  std::function<void(const std::vector<std::string>& environments)> preparing;
  std::function<void(std::string_view)>
      progress;          ///< lines while an environment is made, on the caller's thread;
                         ///< default: the world's
  std::stop_token stop;  ///< ends that
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
                                               SessionOptions options, Observer observer = {});
  /// Waits for what was committed; attempts go on in the executor and are adopted by the next session.
  ~Session();

  /// Start a run; its events go to `sink` (which may be empty), run.finished last. An environment that the run needs and
  /// that is not ready is made on the caller's thread first: that may take minutes, in which the session serves others.
  /// A run whose environment cannot be made, or that is stopped meanwhile, is in the history, with `error` in its summary.
  ///
  /// Errors: kInvalidArgument UNKNOWN_BLOCK; those of environments that have to be made first (kCancelled if that was
  ///         stopped).
  Result<RunId> Start(const RunRequest& request, Sink sink, StartOptions options = {});
  void Cancel(const RunId& run, bool kill);

  /// Go on with `next`, the canvas as it is now; returns when that is so: runs and plans that come after see it. What runs
  /// under way make of it: Engine::Edit. `renames` are those since the last edit, one after the other ({old, new}): results
  /// go along with their blocks; without them a block of a new name is a new block. Returns the canvas with its indices,
  /// which are the same for a block as long as the session lives; `removed` ones are in it.
  ///
  /// Errors: kFailedPrecondition CANVAS_FIXED (a world of an older run); of the database; without a lenient world those of
  ///         environments and analyses. Nothing has changed then.
  Result<std::shared_ptr<const Canvas>> Edit(
      Canvas next, const std::vector<std::pair<std::string, std::string>>& renames = {});

  Result<std::vector<PlannedBlock>> Plan(const RunRequest& request);
  /// How every block stands that is there. From the first call on, what changes goes to the observer.
  std::vector<StandingReport> Standings();

 private:
  struct Watched {
    Sink sink;
    bool degraded_said = false;
  };
  struct Reading {
    std::optional<JournalReader> reader;
    JournalEvents events;
    RunId run;
    std::int32_t block = 0;
    bool error_said = false;
  };
  struct FromBackend {
    BackendEvent event;
  };
  struct BackendLost {
    std::string reason;
  };
  using Letter = std::variant<Event, FromBackend, BackendLost, std::function<void()>>;

  Session(World& world, std::unique_ptr<Backend> backend, SessionOptions options, Observer observer);
  Result<RunId> StartWhenPrepared(const RunRequest& request, Sink sink, const StartOptions& options,
                                  bool& prepared);
  void Loop();
  void Post(Letter letter);
  /// Run `work` on the session's thread and wait for it.
  void Ask(const std::function<void()>& work);
  void Feed(Event event);
  Status EditTo(Canvas next, const std::vector<std::pair<std::string, std::string>>& renames);
  void Tell(const RunId& run, const json::object& event);
  void TellStandings();
  void PerformAll(std::vector<Command> commands);
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
  void FollowAdopted(const AttemptRecord& attempt, std::int32_t block);
  json::object MakeSpec(const StartAttempt& start, const Environment& environment) const;
  void SayDegraded(const RunId& run, const BlockStarted& started);

  World& world_;
  std::unique_ptr<Backend> backend_;
  SessionOptions options_;
  Observer observer_;
  std::unique_ptr<Engine> engine_;
  std::mutex editing_;  ///< held from looking up what is new in an edit until it is applied

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
