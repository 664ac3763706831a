// The records of the metadata store as rows: the SQL of every table, and nothing about transactions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "metadata/metadata_store.h"
#include "metadata/sqlite_connection.h"

namespace easel {

Status WriteRun(SqliteConnection& database, const RunRecord& run);
Status WriteAttempt(SqliteConnection& database, const AttemptRecord& attempt);
Status WriteBlock(SqliteConnection& database, const BlockRecord& block);
Status WriteAnalysis(SqliteConnection& database, const PutAnalysis& analysis);
Status WriteCursor(SqliteConnection& database, const SetCursor& cursor);
Status DeleteAttempt(SqliteConnection& database, const std::string& attempt);
Status DeleteAttemptsOf(SqliteConnection& database, const std::string& block);
Status DeleteRun(SqliteConnection& database, const std::string& run);
Status DeleteAnalyses(SqliteConnection& database, const std::string& source_digest);

/// The record of a block, with epoch 0 and nothing else if it never ran.
Result<BlockRecord> ReadBlock(SqliteConnection& database, const std::string& block);
/// The block for which `attempt` is published, if any.
Result<std::optional<std::string>> BlockPublishing(SqliteConnection& database, const std::string& attempt);
Result<MetadataSnapshot> ReadSnapshot(SqliteConnection& database);
Result<std::optional<std::string>> ReadAnalysis(SqliteConnection& database, const std::string& source_digest,
                                                const std::string& runtime);
Result<std::vector<AttemptRecord>> ReadAttemptsWithKey(SqliteConnection& database, const std::string& block,
                                                       const std::string& base_key, int limit);
Result<std::vector<AttemptRecord>> ReadHistory(SqliteConnection& database, const std::string& block,
                                               int limit);
Result<std::vector<RunRecord>> ReadRuns(SqliteConnection& database, int limit);
Result<std::vector<std::string>> ReadAnalysedSources(SqliteConnection& database);
Result<std::int64_t> CountMostAttempts(SqliteConnection& database);

}  // namespace easel
