// The engine: a pure state machine that decides what runs. Events go in, commands come out; it does no I/O.
//
// Life of a block in a run:
//
//   waiting ──parents settled──> (decide) ──> up_to_date | restored | skipped          settled without running
//                                   │
//                                   └──> ready ──room──> opening ──durable──> running ──> publishing ──> succeeded
//                                          │                │                   │  │
//                                          │ cancel         │ cancel            │  └─ lost: opening again (3 attempts)
//                                          └────────────────┴──> cancelled      └──> failed | cancelled
//
//   waiting     a parent in the same run is not settled yet, or another run works on this block
//   decide      join the parents' states, make the key, compare with what is published (early cutoff happens here)
//   ready       must run; waits for room (jobs, cores, memory)
//   opening     the attempt is being recorded; nothing runs before that is durable
//   publishing  the fenced transaction is on its way to the disk; nobody is told before it is durable. Children are
//               decided at once: their own records are committed behind it, so none starts before it is durable
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/json.h"
#include "canvas/canvas.h"
#include "canvas/merge.h"
#include "engine/analysis.h"
#include "engine/join.h"
#include "engine/key.h"
#include "metadata/metadata_store.h"
#include "state/manifest.h"

namespace easel {

using ManifestPtr = std::shared_ptr<const Manifest>;

/// What the engine asks the world, answered at once. A fake of it makes scenarios deterministic.
class Surroundings {
 public:
  virtual ~Surroundings() = default;
  /// What a manifest would record of `path` now: digest, "absent", listing digest, or "<size>:<mtime>" for outside paths.
  virtual std::string FileDigest(const std::string& path) = 0;
  struct Past {
    std::string attempt;
    std::string manifest_digest;
    ManifestPtr manifest;
  };
  /// Earlier successes of the block with this base key, newest first, whose manifests and objects are still there.
  virtual std::vector<Past> FindPast(const std::string& block, const std::string& base_key) = 0;
  virtual std::int64_t UnixMs() = 0;
  /// What a block is called now whose name was `block` after the canvas's first `renames` renames.
  virtual std::string NameNow(const std::string& block, std::int64_t renames) {
    (void)renames;
    return block;
  }
};

/// An attempt that is over, as people look at it.
struct AttemptTimes {
  std::string attempt;
  double run_ms = 0;             ///< how long its code ran
  std::int64_t finished_ms = 0;  ///< Unix time
  std::int64_t started_ms = 0;   ///< Unix time; 0 unless it runs
};

/// What is known of a block when the canvas is loaded.
struct BlockKnowledge {
  std::shared_ptr<const Analysis> analysis;  ///< null for markdown
  std::string environment;                   ///< digest
  BlockRecord record;                        ///< epoch 0 if it never ran
  std::string failed_base_key;  ///< of the newest attempt, if that failed: the same again would fail again
  ManifestPtr published;        ///< null if nothing is published, or its manifest is damaged
  std::string damage;           ///< why `published` is null although something was published
  std::string lost;  ///< likewise, if it was collected since the run from whose results this begins
  /// Why it cannot run as it is, a sentence: its environment is unknown, its source cannot be analysed. `analysis` may be
  /// null then.
  std::string problem;
  /// The newest attempt, if that failed or was cancelled.
  AttemptTimes newest;
};

enum class RunMode { kAll, kOnly, kTo, kFrom, kChanged };
std::string_view RunModeName(RunMode mode);

struct RunRequest {
  RunMode mode = RunMode::kAll;
  std::vector<std::string> blocks;  ///< for only, to, from
  bool force = false;
  std::int32_t jobs = 0;  ///< blocks at once; 0: as many as there are cores
};
/// What a run's record says of how it was asked for, and by whom (StartedBy); `by` may be empty.
std::string RunRequestText(const RunRequest& request, const std::string& by);

/// A block's standing outside of any run: what `easel status` shows.
enum class Standing { kUpToDate, kStale, kNeverRun, kQueued, kRunning, kFailed, kCancelled, kSkipped };
std::string_view StandingName(Standing standing);

struct BlockStanding {
  Standing standing = Standing::kNeverRun;
  std::string reason;
};

/// A block's standing with the attempt that it is about: the one that runs, or failed, or whose result stands.
struct StandingReport {
  std::int32_t block = 0;
  BlockStanding standing;
  AttemptTimes attempt;  ///< while it runs only when it began; its name is empty if there is none
};

struct PlannedBlock {
  std::string block;
  std::string
      action;  ///< "run", "restore", "up_to_date", "skip"; "maybe": depends on what its parents turn out to be
  std::string reason;
};

// --- Events ---
struct RunRequested {
  RunId run;
  RunRequest request;
  std::string by;  ///< who asked for it, for the record; may be empty
};
struct CancelRequested {
  RunId run;
  bool kill = false;
};
/// The batch of an earlier Commit is durable, or failed.
struct Committed {
  std::int64_t ticket = 0;
  Status status;
};
struct AttemptStarted {
  std::string attempt;
  bool warm = false;
  std::vector<std::string> missing;
};
struct AttemptPhase {
  std::string attempt;
  std::string phase;
};
struct AttemptFinished {
  std::string attempt;
  std::string status;  ///< succeeded, failed, cancelled, lost
  std::string manifest_digest;
  ManifestPtr manifest;  ///< with succeeded
  json::object failure;  ///< with failed
  std::string message;   ///< with lost
  json::object phases_ms;
};
/// An attempt that an earlier engine opened and that still runs.
struct AttemptAdopted {
  AttemptRecord record;
};
using Event = std::variant<RunRequested, CancelRequested, Committed, AttemptStarted, AttemptPhase,
                           AttemptFinished, AttemptAdopted>;

/// The canvas that the engine works on from now on.
struct CanvasEdit {
  /// Every block of the canvas before is at its place (MergeCanvas).
  std::shared_ptr<const Canvas> canvas;
  std::vector<BlockKnowledge> added;  ///< of the blocks behind those of before, in order
  /// What is known anew of a block of before whose source, kind or environment is another.
  struct Reread {
    std::int32_t block = 0;
    std::shared_ptr<const Analysis> analysis;
    std::string environment;
    std::string problem;
  };
  std::vector<Reread> reread;
  /// As they were recorded in the database (RenameBlocks), with the epochs that it gave out.
  Renames renames;
  std::map<std::string, std::int64_t> epochs;  ///< by new name
};

// --- Commands ---
struct CommitChanges {
  std::int64_t ticket = 0;
  Batch batch;
};
struct StartAttempt {
  AttemptRecord record;  ///< its `block` is the name that the block had when the attempt was opened
  std::int32_t block = 0;
  Block definition;               ///< as it was then: what `record.base_key` is about
  std::string environment;        ///< digest, likewise
  StatePtr state;                 ///< joined state of the parents
  std::vector<std::string> load;  ///< names to load before the block runs
  std::vector<ParentRef> parents;
  std::vector<std::string> flags;  ///< of the analysis: random, clock, network
};
struct StopAttempt {
  std::string attempt;
  std::int64_t grace_ms = 0;
};
enum class Outcome { kSucceeded, kFailed, kCancelled, kSkipped, kUpToDate, kRestored };
std::string_view OutcomeName(Outcome outcome);

// What whoever watches a run should see; run_events.h turns them into the JSON contract.
struct RunStarted {
  RunMode mode = RunMode::kAll;
  std::string at;  ///< as EngineOptions::at
};
struct BlockStarted {
  std::int32_t block = 0;
  std::string attempt;
  bool warm = false;
  std::vector<std::string> missing;
};
struct BlockPhase {
  std::int32_t block = 0;
  std::string attempt;
  std::string phase;
};
struct BlockNotice {
  std::int32_t block = 0;
  std::string kind;
  std::string message;
};
struct BlockFinished {
  std::int32_t block = 0;
  Outcome outcome = Outcome::kSucceeded;
  std::string reason;
  std::string attempt;  ///< whose result stands now; empty if none ran
  json::object phases_ms;
  json::object failure;
};
/// Many at once: a run of a large canvas in which nothing is to do must not cost an object for each block.
struct BlocksUpToDate {
  std::vector<std::int32_t> blocks;
  std::string reason;
};
struct RunFinished {
  std::string status;  ///< succeeded, failed, cancelled
  std::string error;   ///< when the engine itself could not go on
  std::vector<std::int32_t> ran, up_to_date, restored, failed, skipped, cancelled;
  double seconds = 0;
};
using Announcement = std::variant<RunStarted, BlockStarted, BlockPhase, BlockNotice, BlockFinished,
                                  BlocksUpToDate, RunFinished>;
struct Announce {
  RunId run;
  Announcement what;
};
using Command = std::variant<CommitChanges, StartAttempt, StopAttempt, Announce>;

struct EngineOptions {
  std::string canvas_id;
  double cores = 1;
  std::int64_t memory_bytes = 0;  ///< of the machine; 0: do not limit
  std::int32_t max_attempts = 3;  ///< per block and run, when infrastructure fails
  std::int64_t cancel_grace_ms = 500;
  /// The run from whose results this engine begins; its knowledge must be of them. What its run leaves is recorded
  /// beside what is published and replaces nothing. Empty: it begins from what is published, and publishes.
  std::string at;
  std::int64_t renames = 0;  ///< of blocks, as the database has recorded them (MetadataSnapshot)
};

/// Confined to one thread. `surroundings` must outlive it. A block has one index as long as the engine lives.
class Engine {
 public:
  Engine(std::shared_ptr<const Canvas> canvas, std::vector<BlockKnowledge> knowledge,
         Surroundings& surroundings, EngineOptions options);
  ~Engine();

  /// Take one event; what is to be done is appended to `commands`, in order.
  void Handle(Event event, std::vector<Command>& commands);

  /// Go on with an edited canvas; what is to be done is appended to `commands`.
  ///
  /// In runs under way, blocks that wait or are ready are decided anew, with the new edges, code and keys; what is new is
  /// in none of them. A deleted block that waits is settled as cancelled, and its open attempt is stopped. Other open
  /// attempts go on and are published with the key that they were started with: if the block is another one by then, it
  /// is stale.
  void Edit(CanvasEdit edit, std::vector<Command>& commands);

  /// What a run would do, decided from what is published now; later blocks may turn out differently (early cutoff).
  ///
  /// Errors: kInvalidArgument UNKNOWN_BLOCK; kNotFound STATE_COLLECTED.
  Result<std::vector<PlannedBlock>> Plan(const RunRequest& request);
  /// Standing of every block, in the canvas's order.
  std::vector<BlockStanding> Standings();

  /// The same with attempts, without removed blocks. From the first call on the engine notes what may have changed since,
  /// for ChangedStandings, which gives those that really did. Files that a block uses are looked at when a run does.
  std::vector<StandingReport> ReportStandings();
  std::vector<StandingReport> ChangedStandings();

  /// Errors: kInvalidArgument UNKNOWN_BLOCK naming the block and the nearest name.
  Status CheckRequest(const RunRequest& request) const;
  /// No run and no attempt is under way.
  bool Idle() const { return runs_.empty() && attempts_.empty() && commits_.empty(); }
  const Canvas& canvas() const { return *canvas_; }

 private:
  struct BlockState;
  struct Run;
  struct RunBlock;
  struct Decision;
  struct Attempt;

  // engine_plan.cc: pure decisions
  StateIndex* Joined(std::int32_t block, std::string& missing_parent);
  void EnsureInputs(std::int32_t block, StateIndex& joined);
  void KnowHandedOn(std::int32_t block);
  void FindHandedOn(std::int32_t block);
  void ForgetBelow(std::int32_t block);
  Decision Decide(std::int32_t block, bool force, bool look_in_history);
  std::optional<std::string> FilesChanged(const Manifest& manifest, bool for_restore = false);
  bool IsAncestorOrSelf(const std::string& ancestor, std::int32_t of);
  std::vector<char> Scope(const RunRequest& request);
  Status CheckNotLost(const RunRequest& request, const std::vector<char>& in) const;
  void SetPublished(std::int32_t block, ManifestPtr manifest);
  void ForgetInputs(std::int32_t block);
  BlockStanding StandingOf(std::int32_t block);

  // engine_edit.cc: the canvas changes
  void Rename(const CanvasEdit& edit);
  void LinkBlocks();
  void ForgetWhatChanged(const Canvas& before, const CanvasEdit& edit);
  void StopRemoved();
  void DecideAnew(Run& run, const std::vector<char>& changed);
  void Withdraw(Run& run, std::int32_t block);
  void CountParents(Run& run, std::int32_t block);

  // engine_standings.cc: what is told of blocks
  void Touch(std::int32_t block) {
    if (tracks_ && touched_[static_cast<std::size_t>(block)] == 0) NoteTouched(block);
  }
  void NoteTouched(std::int32_t block);
  StandingReport ReportOf(std::int32_t block);

  // engine.cc: runs
  void OnRunRequested(RunRequested event);
  void OnCancel(const CancelRequested& event);
  void OnCommitted(const Committed& event);
  void AdvanceAll();
  void Advance(Run& run);
  void TakeNext(Run& run, std::int32_t block);
  void Settle(Run& run, BlockFinished finished, bool announce_later = false);
  void SettleUpToDate(Run& run, std::int32_t block);
  void Release(Run& run, std::int32_t block, bool good);
  void Restore(Run& run, std::int32_t block, Decision decision);
  void Dispatch(Run& run);
  void Open(Run& run, std::int32_t block);
  bool JobsAreFull(const Run& run) const;
  bool HasRoom(std::int32_t block) const;
  void TakeRoom(std::int32_t block);
  void GiveRoom(std::int32_t block);
  void FinishIfDone(Run& run);
  void AnnounceStored(const RunId& id, BlockFinished finished, const Status& status);

  // engine_attempts.cc: attempts
  void OnAdopted(AttemptAdopted event);
  void OnStarted(AttemptStarted event);
  void OnPhase(AttemptPhase event);
  void OnFinished(AttemptFinished event);
  void Publish(Attempt attempt, AttemptFinished event);
  void Fail(Attempt attempt, AttemptFinished event);
  void AttemptOver(std::int32_t block);
  Change Standing(const RunId& run, const BlockRecord& record, std::int64_t epoch) const;
  void Outcome(Batch& batch, const BlockRecord& record) const;
  void WarnOfSharedFiles(Run& run, std::int32_t block, const Manifest& manifest);

  // engine.cc: both
  void Say(const RunId& run, Announcement what);
  void Commit(Batch batch, std::function<void(const Status&)> then);
  void Break(const Error& error);

  std::shared_ptr<const Canvas> canvas_;
  Surroundings& surroundings_;
  EngineOptions options_;
  std::vector<BlockState> blocks_;
  /// The canvas's edges in two arrays: a run of 100,000 blocks goes through them all.
  class Neighbours {
   public:
    Neighbours() = default;
    explicit Neighbours(const std::vector<std::vector<std::int32_t>>& of) : first_(of.size() + 1) {
      for (std::size_t i = 0; i < of.size(); ++i) {
        all_.insert(all_.end(), of[i].begin(), of[i].end());
        first_[i + 1] = all_.size();
      }
    }
    std::span<const std::int32_t> operator[](std::int32_t block) const {
      const auto i = static_cast<std::size_t>(block);
      return {all_.data() + first_[i], first_[i + 1] - first_[i]};
    }

   private:
    std::vector<std::size_t> first_;
    std::vector<std::int32_t> all_;
  };
  Neighbours children_, parents_;
  /// Was found up to date, and only an event can change that: no attempt is open, it used no files and is kept for ever.
  std::vector<char> steady_;
  std::vector<std::int32_t> level_;  ///< of a block: edges on the longest way down to it
  std::vector<std::uint32_t> seen_;  ///< by IsAncestorOrSelf: the question at which it saw the block
  std::uint32_t question_ = 0;
  /// What attempts that are open use, of all runs and adopted ones.
  struct Room {
    std::int32_t attempts = 0;
    double cores = 0;
    std::int64_t memory_bytes = 0;
  } room_;
  std::map<std::string, std::unique_ptr<Run>> runs_;
  std::map<std::string, Attempt> attempts_;  ///< opened and not over
  std::map<std::int64_t, std::function<void(const Status&)>> commits_;
  std::int64_t next_ticket_ = 1;
  std::vector<Command>* out_ = nullptr;
  std::string broken_;        ///< the database does not take writes any more: why
  std::int64_t renames_ = 0;  ///< of blocks, recorded in the database: names in new records are of after them
  bool tracks_ = false;       ///< standings are told
  std::vector<char> touched_;
  std::vector<std::int32_t> touched_list_;  ///< their standings may be others than were told
  std::vector<std::optional<StandingReport>> told_;
  /// What published attempts say that they wrote: path -> digests. Made on demand.
  std::optional<std::multimap<std::string, std::string>> written_;
};

}  // namespace easel
