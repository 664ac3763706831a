// The metadata store on SQLite: one writer thread that commits in groups, and one connection for reading.

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "metadata/metadata_store.h"
#include "metadata/sqlite_connection.h"
#include "metadata/sqlite_rows.h"
#include "metadata/sqlite_schema.h"

namespace easel {
namespace {

std::unexpected<Error> FailStale(const std::string& block, std::int64_t wanted, std::int64_t newest) {
  return Fail(Code::kAborted, "STALE_EPOCH",
              "block `" + block + "`: epoch " + std::to_string(wanted) + " was refused, the newest is " +
                  std::to_string(newest));
}

/// Applies one change inside a transaction; any error makes the caller roll the batch back.
struct Apply {
  SqliteConnection& database;

  Status operator()(const PutRun& change) {
    if (change.run.finished_ms == 0) return WriteRun(database, change.run, 0);
    EASEL_TRY(const std::int64_t through, NewestPublication(database));
    return WriteRun(database, change.run, through);
  }
  Status operator()(const PutAttempt& change) { return WriteAttempt(database, change.attempt); }
  Status operator()(const PutAnalysis& change) { return WriteAnalysis(database, change); }
  Status operator()(const SetCursor& change) { return WriteCursor(database, change); }

  Status operator()(const OpenAttempt& change) {
    const AttemptRecord& attempt = change.attempt;
    EASEL_TRY(BlockRecord block, ReadBlock(database, attempt.block));
    if (attempt.epoch != block.epoch + 1) return FailStale(attempt.block, attempt.epoch, block.epoch);
    block.epoch = attempt.epoch;
    EASEL_RETURN_IF_ERROR(WriteBlock(database, block));
    return WriteAttempt(database, attempt);
  }

  Status operator()(const Publish& change) {
    EASEL_TRY(BlockRecord block, ReadBlock(database, change.block));
    if (change.epoch != block.epoch) return FailStale(change.block, change.epoch, block.epoch);
    block.published_attempt = change.attempt;
    block.published_manifest = change.manifest;
    block.published_base_key = change.base_key;
    block.published_inputs = change.inputs;
    block.published_ms = change.now_ms;
    EASEL_RETURN_IF_ERROR(WriteBlock(database, block));
    return WritePublication(database, "", {change.block, change.attempt, change.manifest, change.now_ms});
  }

  Status operator()(const PublishAside& change) {
    EASEL_TRY(const BlockRecord block, ReadBlock(database, change.block));
    if (change.epoch != block.epoch) return FailStale(change.block, change.epoch, block.epoch);
    return WritePublication(database, change.run,
                            {change.block, change.attempt, change.manifest, change.now_ms});
  }

  Status operator()(const SetBlockOutcome& change) {
    EASEL_TRY(BlockRecord block, ReadBlock(database, change.block));
    block.last_status = change.last_status;
    block.last_reason = change.last_reason;
    return WriteBlock(database, block);
  }

  Status operator()(const ForgetAttempts& change) {
    for (const std::string& attempt : change.attempts) {
      EASEL_TRY(const auto block, BlockPublishing(database, attempt));
      if (block)
        return Fail(
            Code::kFailedPrecondition, "ATTEMPT_PUBLISHED",
            "attempt " + attempt + " cannot be forgotten: it is what block `" + *block + "` publishes");
      EASEL_RETURN_IF_ERROR(DeleteAttempt(database, attempt));
    }
    return {};
  }

  Status operator()(const ForgetBlock& change) {
    EASEL_TRY(const BlockRecord block, ReadBlock(database, change.block));
    if (block.epoch == 0 && block.last_status.empty()) return {};
    EASEL_RETURN_IF_ERROR(WriteBlock(database, BlockRecord{.block = block.block, .epoch = block.epoch}));
    EASEL_RETURN_IF_ERROR(DeletePublicationsOf(database, change.block));
    return DeleteAttemptsOf(database, change.block);
  }

  Status operator()(const RenameBlocks& change) {
    std::vector<BlockRecord> records;
    std::vector<AttemptRecord> attempts;
    for (const auto& [from, to] : change.names) {
      EASEL_TRY(BlockRecord record, ReadBlock(database, from));
      EASEL_TRY(const BlockRecord there, ReadBlock(database, to));
      EASEL_TRY(const auto of_there, ReadHistory(database, to, 1));
      const bool used = !there.published_attempt.empty() || !there.last_status.empty() || !of_there.empty();
      if (used && !change.names.contains(to))
        return Fail(Code::kFailedPrecondition, "BLOCK_NAME_TAKEN",
                    "block `" + from + "` cannot be called `" + to +
                        "`: results of another block are under that name");
      const std::int64_t epoch = std::max(record.epoch, there.epoch);
      EASEL_TRY(auto moved, ReadHistory(database, from, -1));
      for (AttemptRecord& attempt : moved) {
        const bool open =
            attempt.status == AttemptStatus::kQueued || attempt.status == AttemptStatus::kRunning;
        if (open && attempt.epoch == record.epoch) attempt.epoch = epoch;
        attempt.block = to;
        attempts.push_back(std::move(attempt));
      }
      record.block = to;
      records.push_back(std::move(record));
      records.back().epoch = epoch;
    }
    for (const auto& [from, to] : change.names) {
      EASEL_TRY(const BlockRecord record, ReadBlock(database, from));
      if (record.epoch > 0 || !record.last_status.empty())
        EASEL_RETURN_IF_ERROR(WriteBlock(database, BlockRecord{.block = from, .epoch = record.epoch}));
    }
    for (const BlockRecord& record : records)
      if (record.epoch > 0 || !record.last_status.empty())
        EASEL_RETURN_IF_ERROR(WriteBlock(database, record));
    for (const AttemptRecord& attempt : attempts) EASEL_RETURN_IF_ERROR(WriteAttempt(database, attempt));
    EASEL_RETURN_IF_ERROR(RenamePublications(database, change.names));
    return WriteRename(database, change.names);
  }

  Status operator()(const ForgetRuns& change) {
    for (const std::string& run : change.runs) EASEL_RETURN_IF_ERROR(DeleteRun(database, run));
    return {};
  }

  Status operator()(const ReplaceAll& change) { return WriteDocument(database, *change.document); }

  Status operator()(const ForgetAnalyses& change) {
    for (const std::string& digest : change.source_digests)
      EASEL_RETURN_IF_ERROR(DeleteAnalyses(database, digest));
    return {};
  }
};

/// `queue_` is shared under `mutex_`; `writer_` belongs to the writer thread; `reader_` is used under `reading_`.
class SqliteMetadata final : public MetadataStore {
 public:
  SqliteMetadata(std::unique_ptr<SqliteConnection> writer, std::unique_ptr<SqliteConnection> reader)
      : writer_(std::move(writer)), reader_(std::move(reader)) {
    if (writer_) thread_ = std::thread([this] { Work(); });
  }

  ~SqliteMetadata() override {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      closing_ = true;
    }
    queued_.notify_one();
    thread_.join();
    // Last the writer: the last connection that closes folds the log into the file.
    reader_.reset();
  }

  void Commit(Batch batch, std::function<void(Status)> done) override {
    if (!writer_) {
      done(Fail(Code::kFailedPrecondition, "READ_ONLY", reader_->path() + ": was opened for reading only"));
      return;
    }
    std::vector<Pending> one;
    one.push_back({std::move(batch), std::move(done)});
    CommitAll(std::move(one));
  }

  void CommitAll(std::vector<Pending> pending) override {
    if (!writer_) return MetadataStore::CommitAll(std::move(pending));
    {
      const std::lock_guard lock(mutex_);
      for (Pending& one : pending) queue_.push_back({std::move(one.batch), std::move(one.done), {}});
    }
    queued_.notify_one();
  }

  Result<MetadataSnapshot> Load() override {
    const std::lock_guard lock(reading_);
    EASEL_RETURN_IF_ERROR(reader_->Execute("BEGIN"));
    auto snapshot = ReadSnapshot(*reader_);
    EASEL_RETURN_IF_ERROR(reader_->Execute("ROLLBACK"));
    return snapshot;
  }
  Result<std::optional<std::string>> FindAnalysis(const std::string& source_digest,
                                                  const std::string& runtime) override {
    const std::lock_guard lock(reading_);
    return ReadAnalysis(*reader_, source_digest, runtime);
  }
  Result<std::vector<AttemptRecord>> FindAttempts(const std::string& block, const std::string& base_key,
                                                  int limit) override {
    const std::lock_guard lock(reading_);
    return ReadAttemptsWithKey(*reader_, block, base_key, limit);
  }
  Result<std::vector<AttemptRecord>> History(const std::string& block, int limit) override {
    const std::lock_guard lock(reading_);
    return ReadHistory(*reader_, block, limit);
  }
  Result<std::optional<BlockRecord>> FindBlock(const std::string& block) override {
    const std::lock_guard lock(reading_);
    EASEL_TRY(BlockRecord record, ReadBlock(*reader_, block));
    if (record.epoch == 0 && record.last_status.empty()) return std::nullopt;
    return record;
  }
  Result<std::optional<AttemptRecord>> FindAttempt(const std::string& attempt) override {
    const std::lock_guard lock(reading_);
    return ReadAttempt(*reader_, attempt);
  }
  Result<std::vector<RunRecord>> Runs(int limit) override {
    const std::lock_guard lock(reading_);
    return ReadRuns(*reader_, limit);
  }
  Result<std::vector<std::string>> AnalysedSources() override {
    const std::lock_guard lock(reading_);
    return ReadAnalysedSources(*reader_);
  }
  Result<std::int64_t> MostAttempts() override {
    const std::lock_guard lock(reading_);
    return CountMostAttempts(*reader_);
  }
  Result<MetadataDocument> Export() override {
    const std::lock_guard lock(reading_);
    EASEL_RETURN_IF_ERROR(reader_->Execute("BEGIN"));
    auto document = ReadDocument(*reader_);
    EASEL_RETURN_IF_ERROR(reader_->Execute("ROLLBACK"));
    return document;
  }
  Result<std::optional<std::vector<StandingResult>>> ResultsAfter(const std::string& run) override {
    const std::lock_guard lock(reading_);
    EASEL_RETURN_IF_ERROR(reader_->Execute("BEGIN"));
    auto results = ReadResultsAfter(*reader_, run);
    EASEL_RETURN_IF_ERROR(reader_->Execute("ROLLBACK"));
    return results;
  }

 private:
  struct Waiting {
    Batch batch;
    std::function<void(Status)> done;
    Status outcome;
  };

  void Work() {
    for (std::vector<Waiting> group;; group.clear()) {
      {
        std::unique_lock lock(mutex_);
        queued_.wait(lock, [this] { return closing_ || !queue_.empty(); });
        if (queue_.empty()) return;
        group.swap(queue_);
      }
      if (Status committed = CommitGroup(group); !committed)
        for (Waiting& waiting : group)
          if (waiting.outcome) waiting.outcome = committed;
      for (Waiting& waiting : group) waiting.done(std::move(waiting.outcome));
    }
  }

  /// One transaction of all batches; what fails alone is in its `outcome`, an error here undid everything.
  Status CommitGroup(std::vector<Waiting>& group) {
    EASEL_RETURN_IF_ERROR(Step("BEGIN IMMEDIATE"));
    Status status;
    for (Waiting& waiting : group) {
      status = CommitBatch(waiting);
      if (!status) break;
    }
    if (status) status = Step("COMMIT");
    // SQLite has already rolled back after some errors (a full disk); after others it waits for us to do so.
    if (!status && writer_->InTransaction()) (void)Step("ROLLBACK");
    return status;
  }

  Status CommitBatch(Waiting& waiting) {
    EASEL_RETURN_IF_ERROR(Step("SAVEPOINT batch"));
    for (const Change& change : waiting.batch) {
      waiting.outcome = std::visit(Apply{*writer_}, change);
      if (waiting.outcome) continue;
      if (!writer_->InTransaction()) return waiting.outcome;
      EASEL_RETURN_IF_ERROR(Step("ROLLBACK TO batch"));
      break;
    }
    return Step("RELEASE batch");
  }

  Status Step(const char* sql) {
    EASEL_TRY(Query query, writer_->Use(sql));
    return query.Run();
  }

  std::unique_ptr<SqliteConnection> writer_;
  std::unique_ptr<SqliteConnection> reader_;
  std::mutex reading_;

  std::mutex mutex_;
  std::condition_variable queued_;
  std::vector<Waiting> queue_;
  bool closing_ = false;
  std::thread thread_;
};

/// Look through a small database whole, so that damage is told at the start and not in the middle of a run; a large
/// one would take too long, and its rows carry checksums anyway.
Status CheckIfSmall(SqliteConnection& database) {
  EASEL_TRY(const std::int64_t pages, database.Number("PRAGMA page_count"));
  if (pages > 256) return {};
  EASEL_TRY(Query query, database.Use("PRAGMA quick_check(1)"));
  EASEL_TRY(const bool row, query.Step());
  if (!row) return {};
  const std::string verdict = query.TextColumn();
  return verdict == "ok" ? Status{} : FailDamaged(database.path(), verdict);
}

}  // namespace

Result<std::unique_ptr<MetadataStore>> OpenSqliteMetadata(const std::string& path, bool read_only) {
  using Access = SqliteConnection::Access;
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0) {
    if (!S_ISREG(info.st_mode)) return FailDamaged(path, "it is not a regular file");
  } else if (errno != ENOENT) {
    return Fail(Code::kFailedPrecondition, "DATABASE_NOT_OPENED",
                path + ": cannot be opened (" + std::strerror(errno) + ")");
  } else {
    if (read_only) return Fail(Code::kNotFound, "DATABASE_ABSENT", path + ": there is no database yet");
    EASEL_RETURN_IF_ERROR(CreateDatabase(path));
  }
  std::unique_ptr<SqliteConnection> writer;
  if (!read_only) {
    EASEL_TRY(writer, SqliteConnection::Open(path, Access::kReadWrite));
    EASEL_RETURN_IF_ERROR(BringUpToDate(*writer, Migrations(), false));
    EASEL_RETURN_IF_ERROR(CheckIfSmall(*writer));
    EASEL_RETURN_IF_ERROR(writer->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"));
  }
  EASEL_TRY(auto reader, SqliteConnection::Open(path, Access::kReadOnly));
  EASEL_RETURN_IF_ERROR(BringUpToDate(*reader, Migrations(), true));
  // It reads once from front to back; what it would keep is kept for each open canvas.
  EASEL_RETURN_IF_ERROR(reader->Execute("PRAGMA cache_size=-256"));
  return std::make_unique<SqliteMetadata>(std::move(writer), std::move(reader));
}

}  // namespace easel
