#include "metadata/sqlite_rows.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"

namespace easel {
namespace {

#define EASEL_RUN_COLUMNS \
  "run, mode, request, created_ms, finished_ms, status, summary, at, through, checksum"
#define EASEL_ATTEMPT_COLUMNS                                                                               \
  "attempt, run, block, epoch, status, base_key, inputs, key, manifest, failure, started_ms, finished_ms, " \
  "at, checksum"
#define EASEL_BLOCK_COLUMNS                                                                     \
  "block, epoch, published_attempt, published_manifest, published_base_key, published_inputs, " \
  "published_ms, "                                                                              \
  "last_status, last_reason, checksum"

#define EASEL_PUBLICATION_COLUMNS "aside, block, attempt, manifest, published_ms, checksum"

constexpr char kWriteRun[] =
    "INSERT INTO runs(" EASEL_RUN_COLUMNS
    ") VALUES(?,?,?,?,?,?,?,?,?,?) ON CONFLICT(run) DO UPDATE SET "
    "mode=excluded.mode, request=excluded.request, created_ms=excluded.created_ms, "
    "finished_ms=excluded.finished_ms, "
    "status=excluded.status, summary=excluded.summary, at=excluded.at, through=excluded.through, "
    "checksum=excluded.checksum";
constexpr char kWriteAttempt[] =
    "INSERT INTO attempts(" EASEL_ATTEMPT_COLUMNS
    ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(attempt) DO UPDATE "
    "SET run=excluded.run, block=excluded.block, epoch=excluded.epoch, status=excluded.status, "
    "base_key=excluded.base_key, inputs=excluded.inputs, key=excluded.key, manifest=excluded.manifest, "
    "failure=excluded.failure, started_ms=excluded.started_ms, "
    "finished_ms=excluded.finished_ms, at=excluded.at, checksum=excluded.checksum";
constexpr char kWriteBlock[] =
    "INSERT OR REPLACE INTO blocks(" EASEL_BLOCK_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?)";
constexpr char kWritePublication[] =
    "INSERT INTO publications(" EASEL_PUBLICATION_COLUMNS ") VALUES(?,?,?,?,?,?)";
constexpr char kWriteAnalysis[] =
    "INSERT OR REPLACE INTO analyses(source_digest, runtime, document, checksum) VALUES(?,?,?,?)";
constexpr char kWriteCursor[] = "INSERT OR REPLACE INTO cursors(executor, through, checksum) VALUES(?,?,?)";
constexpr char kWriteRename[] = "INSERT INTO renames(names, checksum) VALUES(?,?)";
constexpr char kReadRenames[] = "SELECT names, checksum FROM renames ORDER BY sequence";
constexpr char kPublicationsOf[] =
    "SELECT " EASEL_PUBLICATION_COLUMNS ", sequence FROM publications WHERE block=?";
constexpr char kPutPublication[] =
    "INSERT OR REPLACE INTO publications(" EASEL_PUBLICATION_COLUMNS ", sequence) VALUES(?,?,?,?,?,?,?)";
constexpr char kDeleteAttempt[] = "DELETE FROM attempts WHERE attempt=?";
constexpr char kDeleteAttemptsOf[] = "DELETE FROM attempts WHERE block=?";
constexpr char kDeleteRun[] = "DELETE FROM runs WHERE run=?";
constexpr char kDeleteAnalyses[] = "DELETE FROM analyses WHERE source_digest=?";
constexpr char kDeletePublicationsOf[] = "DELETE FROM publications WHERE block=?";

constexpr char kReadBlock[] = "SELECT " EASEL_BLOCK_COLUMNS " FROM blocks WHERE block=?";
constexpr char kReadBlocks[] = "SELECT " EASEL_BLOCK_COLUMNS " FROM blocks ORDER BY block";
constexpr char kBlockPublishing[] =
    "SELECT block FROM blocks WHERE block=(SELECT block FROM attempts WHERE attempt=?1) AND "
    "published_attempt=?1";
constexpr char kOpenAttempts[] =
    "SELECT " EASEL_ATTEMPT_COLUMNS " FROM attempts WHERE status < 2 ORDER BY sequence";
constexpr char kOpenRuns[] = "SELECT " EASEL_RUN_COLUMNS " FROM runs WHERE finished_ms = 0 ORDER BY sequence";
constexpr char kCursors[] = "SELECT executor, through, checksum FROM cursors";
constexpr char kReadAnalysis[] =
    "SELECT source_digest, runtime, document, checksum FROM analyses WHERE source_digest=? AND runtime=?";
constexpr char kAttemptsWithKey[] = "SELECT " EASEL_ATTEMPT_COLUMNS
                                    " FROM attempts WHERE block=? AND base_key=? AND status=? "
                                    "ORDER BY sequence DESC LIMIT ?";
constexpr char kReadAttempt[] = "SELECT " EASEL_ATTEMPT_COLUMNS " FROM attempts WHERE attempt=?";
constexpr char kNewestPublication[] = "SELECT ifnull(max(sequence), 0) FROM publications";
constexpr char kReadRun[] = "SELECT " EASEL_RUN_COLUMNS " FROM runs WHERE run=?";
constexpr char kPublished[] = "SELECT " EASEL_PUBLICATION_COLUMNS
                              " FROM publications WHERE sequence IN (SELECT max(sequence) FROM "
                              "publications WHERE aside=? AND sequence <= ? GROUP BY block)";
constexpr char kHistoryOfBlock[] =
    "SELECT " EASEL_ATTEMPT_COLUMNS " FROM attempts WHERE block=? ORDER BY sequence DESC LIMIT ?";
constexpr char kHistory[] = "SELECT " EASEL_ATTEMPT_COLUMNS " FROM attempts ORDER BY sequence DESC LIMIT ?";
constexpr char kAllRuns[] = "SELECT " EASEL_RUN_COLUMNS " FROM runs ORDER BY sequence";
constexpr char kAllAttempts[] = "SELECT " EASEL_ATTEMPT_COLUMNS " FROM attempts ORDER BY sequence";
constexpr char kAllPublications[] =
    "SELECT " EASEL_PUBLICATION_COLUMNS ", sequence FROM publications ORDER BY sequence";
constexpr const char* kEmpty[] = {"DELETE FROM runs", "DELETE FROM attempts", "DELETE FROM blocks",
                                  "DELETE FROM publications", "DELETE FROM renames"};
constexpr char kAnalysedSources[] = "SELECT DISTINCT source_digest FROM analyses";
constexpr char kMostAttempts[] =
    "SELECT coalesce(max(n), 0) FROM (SELECT count(*) AS n FROM attempts GROUP BY block)";
constexpr char kRuns[] = "SELECT " EASEL_RUN_COLUMNS " FROM runs ORDER BY sequence DESC LIMIT ?";

Result<RunRecord> RunAndThrough(Query& row, std::int64_t* through) {
  RunRecord run;
  run.run = row.TextColumn();
  run.mode = row.TextColumn();
  run.request = row.TextColumn();
  run.created_ms = row.IntColumn();
  run.finished_ms = row.IntColumn();
  run.status = row.TextColumn();
  run.summary = row.TextColumn();
  run.at = row.TextColumn();
  const std::int64_t seen = row.IntColumn();
  EASEL_RETURN_IF_ERROR(row.CheckSeal());
  if (through != nullptr) *through = seen;
  return run;
}

Result<RunRecord> RunOf(Query& row) { return RunAndThrough(row, nullptr); }

Result<AttemptRecord> AttemptOf(Query& row) {
  AttemptRecord attempt;
  attempt.attempt = row.TextColumn();
  attempt.run = row.TextColumn();
  attempt.block = row.TextColumn();
  attempt.epoch = row.IntColumn();
  attempt.status = static_cast<AttemptStatus>(row.IntColumn());
  attempt.base_key = row.TextColumn();
  attempt.inputs = row.TextColumn();
  attempt.key = row.TextColumn();
  attempt.manifest = row.TextColumn();
  attempt.failure = row.TextColumn();
  attempt.started_ms = row.IntColumn();
  attempt.finished_ms = row.IntColumn();
  attempt.at = row.TextColumn();
  EASEL_RETURN_IF_ERROR(row.CheckSeal());
  return attempt;
}

Result<BlockRecord> BlockOf(Query& row) {
  BlockRecord block;
  block.block = row.TextColumn();
  block.epoch = row.IntColumn();
  block.published_attempt = row.TextColumn();
  block.published_manifest = row.TextColumn();
  block.published_base_key = row.TextColumn();
  block.published_inputs = row.TextColumn();
  block.published_ms = row.IntColumn();
  block.last_status = row.TextColumn();
  block.last_reason = row.TextColumn();
  EASEL_RETURN_IF_ERROR(row.CheckSeal());
  return block;
}

Result<std::map<std::string, std::string, std::less<>>> NamesOf(Query& row) {
  const std::string text = row.TextColumn();
  EASEL_RETURN_IF_ERROR(row.CheckSeal());
  EASEL_TRY(const json::value value, ParseJson(text, "recorded renames"));
  std::map<std::string, std::string, std::less<>> out;
  if (const json::object* names = value.if_object(); names != nullptr)
    for (const auto& [from, to] : *names)
      if (to.is_string()) out.emplace(from, to.get_string());
  return out;
}

/// All rows of a bound query, each made by `make`.
template <typename Record>
Result<std::vector<Record>> All(Query& query, Result<Record> (*make)(Query&)) {
  std::vector<Record> out;
  for (;;) {
    EASEL_TRY(const bool more, query.Step());
    if (!more) return out;
    EASEL_TRY(out.emplace_back(), make(query));
  }
}

}  // namespace

Status WriteRun(SqliteConnection& database, const RunRecord& run, std::int64_t through) {
  EASEL_TRY(Query query, database.Use(kWriteRun));
  query.Text(run.run).Text(run.mode).Text(run.request).Int(run.created_ms).Int(run.finished_ms);
  return query.Text(run.status).Text(run.summary).Text(run.at).Int(through).Seal().Run();
}

Status WritePublication(SqliteConnection& database, const std::string& aside, const StandingResult& result) {
  EASEL_TRY(Query query, database.Use(kWritePublication));
  query.Text(aside).Text(result.block).Text(result.attempt).Text(result.manifest).Int(result.published_ms);
  return query.Seal().Run();
}

Status WriteAttempt(SqliteConnection& database, const AttemptRecord& attempt) {
  EASEL_TRY(Query query, database.Use(kWriteAttempt));
  query.Text(attempt.attempt).Text(attempt.run).Text(attempt.block).Int(attempt.epoch);
  query.Int(static_cast<std::int64_t>(attempt.status)).Text(attempt.base_key).Text(attempt.inputs);
  query.Text(attempt.key)
      .Text(attempt.manifest)
      .Text(attempt.failure)
      .Int(attempt.started_ms)
      .Int(attempt.finished_ms)
      .Text(attempt.at);
  return query.Seal().Run();
}

Status WriteBlock(SqliteConnection& database, const BlockRecord& block) {
  EASEL_TRY(Query query, database.Use(kWriteBlock));
  query.Text(block.block).Int(block.epoch).Text(block.published_attempt).Text(block.published_manifest);
  query.Text(block.published_base_key).Text(block.published_inputs).Int(block.published_ms);
  return query.Text(block.last_status).Text(block.last_reason).Seal().Run();
}

Status WriteAnalysis(SqliteConnection& database, const PutAnalysis& analysis) {
  EASEL_TRY(Query query, database.Use(kWriteAnalysis));
  return query.Text(analysis.source_digest).Text(analysis.runtime).Text(analysis.document).Seal().Run();
}

Status WriteCursor(SqliteConnection& database, const SetCursor& cursor) {
  EASEL_TRY(Query query, database.Use(kWriteCursor));
  return query.Text(cursor.executor).Int(cursor.through).Seal().Run();
}

Status DeleteAttempt(SqliteConnection& database, const std::string& attempt) {
  EASEL_TRY(Query query, database.Use(kDeleteAttempt));
  return query.Text(attempt).Run();
}

Status DeleteAttemptsOf(SqliteConnection& database, const std::string& block) {
  EASEL_TRY(Query query, database.Use(kDeleteAttemptsOf));
  return query.Text(block).Run();
}

Status DeleteRun(SqliteConnection& database, const std::string& run) {
  EASEL_TRY(Query query, database.Use(kDeleteRun));
  return query.Text(run).Run();
}

Status DeleteAnalyses(SqliteConnection& database, const std::string& source_digest) {
  EASEL_TRY(Query query, database.Use(kDeleteAnalyses));
  return query.Text(source_digest).Run();
}

Status DeletePublicationsOf(SqliteConnection& database, const std::string& block) {
  EASEL_TRY(Query query, database.Use(kDeletePublicationsOf));
  return query.Text(block).Run();
}

Status WriteRename(SqliteConnection& database, const std::map<std::string, std::string, std::less<>>& names) {
  json::object object;
  for (const auto& [from, to] : names) object[from] = to;
  const std::string text = json::serialize(object);
  EASEL_TRY(Query query, database.Use(kWriteRename));
  return query.Text(text).Seal().Run();
}

Status RenamePublications(SqliteConnection& database,
                          const std::map<std::string, std::string, std::less<>>& names) {
  struct Row {
    std::string aside;
    StandingResult result;
    std::int64_t sequence = 0;
  };
  std::vector<Row> rows;
  for (const auto& [from, to] : names) {
    EASEL_TRY(Query query, database.Use(kPublicationsOf));
    query.Text(from);
    for (;;) {
      EASEL_TRY(const bool more, query.Step());
      if (!more) break;
      Row& row = rows.emplace_back();
      row.aside = query.TextColumn();
      query.TextColumn();
      row.result.block = to;
      row.result.attempt = query.TextColumn();
      row.result.manifest = query.TextColumn();
      row.result.published_ms = query.IntColumn();
      EASEL_RETURN_IF_ERROR(query.CheckSeal());
      row.sequence = query.IntColumn();
    }
  }
  for (const Row& row : rows) {
    EASEL_TRY(Query query, database.Use(kPutPublication));
    query.Text(row.aside).Text(row.result.block).Text(row.result.attempt).Text(row.result.manifest);
    EASEL_RETURN_IF_ERROR(query.Int(row.result.published_ms).Seal().Int(row.sequence).Run());
  }
  return {};
}

Result<BlockRecord> ReadBlock(SqliteConnection& database, const std::string& block) {
  EASEL_TRY(Query query, database.Use(kReadBlock));
  EASEL_TRY(const bool found, query.Text(block).Step());
  if (!found) return BlockRecord{.block = block};
  return BlockOf(query);
}

Result<std::optional<std::string>> BlockPublishing(SqliteConnection& database, const std::string& attempt) {
  EASEL_TRY(Query query, database.Use(kBlockPublishing));
  EASEL_TRY(const bool found, query.Text(attempt).Step());
  if (!found) return std::nullopt;
  return query.TextColumn();
}

Result<MetadataSnapshot> ReadSnapshot(SqliteConnection& database) {
  MetadataSnapshot snapshot;
  {
    EASEL_TRY(Query query, database.Use(kReadBlocks));
    EASEL_TRY(snapshot.blocks, All(query, BlockOf));
  }
  {
    EASEL_TRY(Query query, database.Use(kOpenAttempts));
    EASEL_TRY(snapshot.open_attempts, All(query, AttemptOf));
  }
  {
    EASEL_TRY(Query query, database.Use(kOpenRuns));
    EASEL_TRY(snapshot.open_runs, All(query, RunOf));
  }
  {
    EASEL_TRY(Query query, database.Use(kReadRenames));
    EASEL_TRY(snapshot.renames, All(query, NamesOf));
  }
  EASEL_TRY(Query query, database.Use(kCursors));
  for (;;) {
    EASEL_TRY(const bool more, query.Step());
    if (!more) return snapshot;
    std::string executor = query.TextColumn();
    const std::int64_t through = query.IntColumn();
    EASEL_RETURN_IF_ERROR(query.CheckSeal());
    snapshot.cursors.emplace(std::move(executor), through);
  }
}

Result<std::optional<std::string>> ReadAnalysis(SqliteConnection& database, const std::string& source_digest,
                                                const std::string& runtime) {
  EASEL_TRY(Query query, database.Use(kReadAnalysis));
  EASEL_TRY(const bool found, query.Text(source_digest).Text(runtime).Step());
  if (!found) return std::nullopt;
  query.TextColumn();
  query.TextColumn();
  std::string document = query.TextColumn();
  EASEL_RETURN_IF_ERROR(query.CheckSeal());
  return document;
}

Result<std::vector<AttemptRecord>> ReadAttemptsWithKey(SqliteConnection& database, const std::string& block,
                                                       const std::string& base_key, int limit) {
  EASEL_TRY(Query query, database.Use(kAttemptsWithKey));
  query.Text(block).Text(base_key).Int(static_cast<std::int64_t>(AttemptStatus::kSucceeded)).Int(limit);
  return All(query, AttemptOf);
}

Result<std::vector<AttemptRecord>> ReadHistory(SqliteConnection& database, const std::string& block,
                                               int limit) {
  EASEL_TRY(Query query, database.Use(block.empty() ? kHistory : kHistoryOfBlock));
  if (!block.empty()) query.Text(block);
  query.Int(limit);
  return All(query, AttemptOf);
}

Result<std::vector<RunRecord>> ReadRuns(SqliteConnection& database, int limit) {
  EASEL_TRY(Query query, database.Use(kRuns));
  query.Int(limit);
  return All(query, RunOf);
}

Result<std::vector<std::string>> ReadAnalysedSources(SqliteConnection& database) {
  EASEL_TRY(Query query, database.Use(kAnalysedSources));
  std::vector<std::string> out;
  for (;;) {
    EASEL_TRY(const bool more, query.Step());
    if (!more) return out;
    out.push_back(query.TextColumn());
  }
}

Result<std::int64_t> CountMostAttempts(SqliteConnection& database) {
  EASEL_TRY(Query query, database.Use(kMostAttempts));
  EASEL_TRY(const bool found, query.Step());
  return found ? query.IntColumn() : 0;
}

Result<std::optional<AttemptRecord>> ReadAttempt(SqliteConnection& database, const std::string& attempt) {
  EASEL_TRY(Query query, database.Use(kReadAttempt));
  EASEL_TRY(const bool found, query.Text(attempt).Step());
  if (!found) return std::nullopt;
  return AttemptOf(query);
}

Result<std::int64_t> NewestPublication(SqliteConnection& database) {
  EASEL_TRY(Query query, database.Use(kNewestPublication));
  EASEL_TRY(const bool row, query.Step());
  return row ? query.IntColumn() : 0;
}

Result<std::optional<std::vector<StandingResult>>> ReadResultsAfter(SqliteConnection& database,
                                                                    const std::string& run) {
  std::map<std::string, StandingResult> results;
  std::set<std::string> seen;
  // What a run left beside what is published is laid over the run from which it began, and so on.
  for (std::string next = run; !next.empty();) {
    RunRecord record;
    std::int64_t through = 0;
    {
      EASEL_TRY(Query query, database.Use(kReadRun));
      EASEL_TRY(const bool found, query.Text(next).Step());
      if (!found || !seen.insert(next).second) return std::nullopt;
      EASEL_TRY(record, RunAndThrough(query, &through));
    }
    if (record.finished_ms == 0) return std::nullopt;
    EASEL_TRY(Query query, database.Use(kPublished));
    const std::string aside = record.at.empty() ? "" : record.run;
    query.Text(aside).Int(through);
    for (;;) {
      EASEL_TRY(const bool more, query.Step());
      if (!more) break;
      query.TextColumn();
      StandingResult result;
      result.block = query.TextColumn();
      result.attempt = query.TextColumn();
      result.manifest = query.TextColumn();
      result.published_ms = query.IntColumn();
      EASEL_RETURN_IF_ERROR(query.CheckSeal());
      results.try_emplace(result.block, result);
    }
    next = record.at;
  }
  std::vector<StandingResult> out;
  for (auto& [block, result] : results) out.push_back(std::move(result));
  return out;
}

Result<MetadataDocument> ReadDocument(SqliteConnection& database) {
  MetadataDocument out;
  std::vector<std::int64_t> sequences;
  {
    EASEL_TRY(Query query, database.Use(kAllPublications));
    for (;;) {
      EASEL_TRY(const bool more, query.Step());
      if (!more) break;
      MetadataDocument::Publication& publication = out.publications.emplace_back();
      publication.aside = query.TextColumn();
      publication.result.block = query.TextColumn();
      publication.result.attempt = query.TextColumn();
      publication.result.manifest = query.TextColumn();
      publication.result.published_ms = query.IntColumn();
      EASEL_RETURN_IF_ERROR(query.CheckSeal());
      sequences.push_back(query.IntColumn());
    }
  }
  {
    EASEL_TRY(Query query, database.Use(kAllRuns));
    for (;;) {
      EASEL_TRY(const bool more, query.Step());
      if (!more) break;
      std::int64_t through = 0;
      EASEL_TRY(RunRecord run, RunAndThrough(query, &through));
      const auto seen = std::ranges::upper_bound(sequences, through);
      out.runs.push_back({std::move(run), seen - sequences.begin()});
    }
  }
  {
    EASEL_TRY(Query query, database.Use(kAllAttempts));
    EASEL_TRY(out.attempts, All(query, AttemptOf));
  }
  {
    EASEL_TRY(Query query, database.Use(kReadBlocks));
    EASEL_TRY(out.blocks, All(query, BlockOf));
  }
  EASEL_TRY(Query query, database.Use(kReadRenames));
  EASEL_TRY(out.renames, All(query, NamesOf));
  return out;
}

Status WriteDocument(SqliteConnection& database, const MetadataDocument& document) {
  for (const char* empty : kEmpty) {
    EASEL_TRY(Query query, database.Use(empty));
    EASEL_RETURN_IF_ERROR(query.Run());
  }
  for (const auto& [aside, result] : document.publications)
    EASEL_RETURN_IF_ERROR(WritePublication(database, aside, result));
  // An empty table numbers its rows from 1 on: a count of publications is the number of the last of them.
  for (const auto& [run, through] : document.runs) EASEL_RETURN_IF_ERROR(WriteRun(database, run, through));
  for (const AttemptRecord& attempt : document.attempts)
    EASEL_RETURN_IF_ERROR(WriteAttempt(database, attempt));
  for (const BlockRecord& block : document.blocks) EASEL_RETURN_IF_ERROR(WriteBlock(database, block));
  for (const auto& names : document.renames) EASEL_RETURN_IF_ERROR(WriteRename(database, names));
  return {};
}

}  // namespace easel
