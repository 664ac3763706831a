// What a canvas's database keeps: runs, attempts, what is published, analyses, and how far executor events were read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"

namespace easel {

enum class AttemptStatus { kQueued, kRunning, kSucceeded, kFailed, kCancelled, kLost, kSuperseded };
std::string_view AttemptStatusName(AttemptStatus status);

struct RunRecord {
  std::string run;
  std::string mode;
  std::string request;  ///< JSON, as the engine wrote it
  std::int64_t created_ms = 0;
  std::int64_t finished_ms = 0;  ///< 0 while under way
  std::string status;            ///< "running", "succeeded", "failed", "cancelled"
  std::string summary;           ///< JSON
  std::string at;                ///< the run from whose results it began; empty: from what is published

  bool operator==(const RunRecord&) const = default;
};

struct AttemptRecord {
  std::string attempt;  ///< "<run>/<block>.<epoch>"
  std::string run;
  std::string block;
  std::int64_t epoch = 0;
  AttemptStatus status = AttemptStatus::kQueued;
  std::string base_key;  ///< the key without files: what history is searched by
  std::string inputs;    ///< JSON: what base_key was made of, so that a later difference has a name
  std::string key;
  std::string manifest;  ///< SHA-256 of the manifest, when succeeded
  std::string failure;   ///< JSON, when failed
  std::int64_t started_ms = 0;
  std::int64_t finished_ms = 0;
  std::string at;  ///< as RunRecord::at: not empty if its result stands beside what is published

  bool operator==(const AttemptRecord&) const = default;
};

/// The result that stood for a block when a run ended.
struct StandingResult {
  std::string block;
  std::string attempt;
  std::string manifest;           ///< SHA-256
  std::int64_t published_ms = 0;  ///< Unix ms of its publication

  bool operator==(const StandingResult&) const = default;
};

/// One row per block that ever ran.
struct BlockRecord {
  std::string block;
  std::int64_t epoch = 0;          ///< the newest epoch given out (the fence)
  std::string published_attempt;   ///< empty: none
  std::string published_manifest;  ///< SHA-256
  std::string published_base_key;
  std::string published_inputs;   ///< JSON, as AttemptRecord::inputs
  std::int64_t published_ms = 0;  ///< Unix ms of the publication
  std::string last_status;        ///< of the newest attempt: succeeded, failed, cancelled, skipped
  std::string last_reason;

  bool operator==(const BlockRecord&) const = default;
};

struct MetadataDocument;

// --- Changes. A batch of them is one transaction: all or nothing. ---

struct PutRun {
  RunRecord run;
};
struct PutAttempt {
  AttemptRecord attempt;
};
/// Give out a new epoch for a block and record its attempt. Fails the batch if epoch is not the block's epoch + 1.
struct OpenAttempt {
  AttemptRecord attempt;
};
/// Publish `attempt` for `block`, only if the block's epoch is still `epoch` (the fence): otherwise the batch fails
/// with kAborted STALE_EPOCH and changes nothing. Also used for a restore, with the old attempt's id and manifest.
struct Publish {
  std::string block;
  std::int64_t epoch = 0;
  std::string attempt;
  std::string manifest;
  std::string base_key;
  std::string inputs;
  std::int64_t now_ms = 0;
};
/// As Publish, but only for `run`, which began from an older state: what the block publishes stays as it is.
struct PublishAside {
  std::string run;
  std::string block;
  std::int64_t epoch = 0;
  std::string attempt;
  std::string manifest;
  std::int64_t now_ms = 0;
};
struct SetBlockOutcome {
  std::string block;
  std::string last_status;
  std::string last_reason;
};
struct PutAnalysis {
  std::string source_digest;
  std::string runtime;
  std::string document;
};
/// Executor events of `executor` up to `through` are stored.
struct SetCursor {
  std::string executor;
  std::int64_t through = 0;
};
struct ForgetAttempts {
  std::vector<std::string> attempts;
};
struct ForgetBlock {
  std::string block;
};
/// Rows of runs only; their attempts stay.
struct ForgetRuns {
  std::vector<std::string> runs;
};
/// Analyses of these sources, whatever runtime made them.
struct ForgetAnalyses {
  std::vector<std::string> source_digests;
};

/// Blocks are called otherwise from now on, all at once (a swap is {a: b, b: a}): their records, attempts and publications
/// go to the new names, and the step is recorded for ever (MetadataSnapshot::renames). An old name that nothing else gets
/// keeps its fence, and a block's epoch becomes the higher one of its own and of the name that it gets, in an attempt that
/// is open, too: an id of an attempt is never given out twice. Ids of attempts stay as they are.
///
/// Fails the batch with kFailedPrecondition BLOCK_NAME_TAKEN if results or attempts of another block are under a new name.
struct RenameBlocks {
  std::map<std::string, std::string, std::less<>> names;  ///< old -> new
};

/// Have `document` instead of all runs, attempts, blocks, publications and renames (metadata_document.h).
struct ReplaceAll {
  std::shared_ptr<const MetadataDocument> document;
};

using Change = std::variant<PutRun, PutAttempt, OpenAttempt, Publish, PublishAside, SetBlockOutcome,
                            PutAnalysis, SetCursor, ForgetAttempts, ForgetBlock, ForgetRuns, ForgetAnalyses,
                            RenameBlocks, ReplaceAll>;
using Batch = std::vector<Change>;

/// Everything that an engine needs to know when it starts.
struct MetadataSnapshot {
  std::vector<BlockRecord> blocks;
  std::vector<AttemptRecord> open_attempts;  ///< queued or running
  std::vector<RunRecord> open_runs;
  std::map<std::string, std::int64_t> cursors;
  /// Each RenameBlocks ever, oldest first. What an attempt wrote names blocks as they were called when it was opened.
  std::vector<std::map<std::string, std::string, std::less<>>> renames;
};

/// The database of one canvas. Thread-safe.
///
/// Commits are durable (synced) before their callback runs. One writer thread takes what has queued up and makes one
/// transaction of it (group commit); a batch that fails (fence) is rolled back alone, its neighbours stay.
/// Callbacks run on the writer thread, in the order of the commits.
class MetadataStore {
 public:
  virtual ~MetadataStore() = default;

  virtual void Commit(Batch batch, std::function<void(Status)> done) = 0;
  /// Commit several batches, each for itself, that may share one transaction and so one sync: what a block leaves and
  /// the opening of its children.
  struct Pending {
    Batch batch;
    std::function<void(Status)> done;
  };
  virtual void CommitAll(std::vector<Pending> pending) {
    for (Pending& one : pending) Commit(std::move(one.batch), std::move(one.done));
  }
  /// Commit and wait.
  Status CommitNow(Batch batch);

  virtual Result<MetadataSnapshot> Load() = 0;
  virtual Result<std::optional<std::string>> FindAnalysis(const std::string& source_digest,
                                                          const std::string& runtime) = 0;
  /// Succeeded attempts of a block with this base key, newest first, at most `limit`.
  virtual Result<std::vector<AttemptRecord>> FindAttempts(const std::string& block,
                                                          const std::string& base_key, int limit) = 0;
  /// A block's attempts (all blocks if empty), newest first, at most `limit`.
  virtual Result<std::vector<AttemptRecord>> History(const std::string& block, int limit) = 0;
  /// The record of one block; nullopt if it never ran. One that was forgotten or renamed has its epoch only.
  virtual Result<std::optional<BlockRecord>> FindBlock(const std::string& block) = 0;
  virtual Result<std::optional<AttemptRecord>> FindAttempt(const std::string& attempt) = 0;
  /// Newest first.
  virtual Result<std::vector<RunRecord>> Runs(int limit) = 0;
  /// The result of each block that had one when `run` ended, by block; nullopt while the run is under way or if it is
  /// unknown. The attempts themselves may have been forgotten since.
  ///
  /// Of a run that began from an older state: the results from which it began, and in their places its own.
  virtual Result<std::optional<std::vector<StandingResult>>> ResultsAfter(const std::string& run) = 0;
  /// Digests of the sources that have analyses, each once.
  virtual Result<std::vector<std::string>> AnalysedSources() = 0;
  /// How many attempts the block with the most of them has.
  virtual Result<std::int64_t> MostAttempts() = 0;
  /// All of it as of one moment, but what belongs to this machine alone.
  virtual Result<MetadataDocument> Export() = 0;
};

/// The database's name inside `.easel/`.
inline constexpr std::string_view kMetadataFile = "metadata.db";

/// Open (or make) the database file. WAL, synchronous=FULL, one writer thread; a second process may read meanwhile.
///
/// Errors: kDataLoss DATABASE_DAMAGED naming the file; kFailedPrecondition DATABASE_NEWER.
Result<std::unique_ptr<MetadataStore>> OpenSqliteMetadata(const std::string& path, bool read_only = false);

/// In memory, for tests.
std::unique_ptr<MetadataStore> MakeFakeMetadata();

}  // namespace easel
