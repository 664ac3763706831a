// The records of the metadata store as rows: the SQL of every table, and nothing about transactions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "metadata/metadata_document.h"
#include "metadata/metadata_store.h"
#include "metadata/sqlite_connection.h"

namespace easel {

/// `through`: the newest publication that the run's end saw; 0 while it is under way.
Status WriteRun(SqliteConnection& database, const RunRecord& run, std::int64_t through);
/// `aside`: the run for which alone the result stands; empty: it is published.
Status WritePublication(SqliteConnection& database, const std::string& aside, const StandingResult& result);
Status WriteAttempt(SqliteConnection& database, const AttemptRecord& attempt);
Status WriteBlock(SqliteConnection& database, const BlockRecord& block);
Status WriteAnalysis(SqliteConnection& database, const PutAnalysis& analysis);
Status WriteCursor(SqliteConnection& database, const SetCursor& cursor);
Status DeleteAttempt(SqliteConnection& database, const std::string& attempt);
Status DeleteAttemptsOf(SqliteConnection& database, const std::string& block);
Status DeleteRun(SqliteConnection& database, const std::string& run);
Status DeleteAnalyses(SqliteConnection& database, const std::string& source_digest);
Status DeletePublicationsOf(SqliteConnection& database, const std::string& block);

Status WriteRename(SqliteConnection& database, const std::map<std::string, std::string, std::less<>>& names);
/// Give the publications of blocks the names that they have in `names`.
Status RenamePublications(SqliteConnection& database,
                          const std::map<std::string, std::string, std::less<>>& names);

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
Result<std::optional<AttemptRecord>> ReadAttempt(SqliteConnection& database, const std::string& attempt);
/// The number of the newest publication, 0 if there is none.
Result<std::int64_t> NewestPublication(SqliteConnection& database);
/// As MetadataStore::ResultsAfter; the caller holds a transaction.
Result<std::optional<std::vector<StandingResult>>> ReadResultsAfter(SqliteConnection& database,
                                                                    const std::string& run);
Result<std::vector<RunRecord>> ReadRuns(SqliteConnection& database, int limit);
Result<std::vector<std::string>> ReadAnalysedSources(SqliteConnection& database);
Result<std::int64_t> CountMostAttempts(SqliteConnection& database);

/// As MetadataStore::Export and ReplaceAll; the caller holds a transaction.
Result<MetadataDocument> ReadDocument(SqliteConnection& database);
Status WriteDocument(SqliteConnection& database, const MetadataDocument& document);

}  // namespace easel
