#include "metadata/sqlite_schema.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace easel {
namespace {

// "EASL", kept in SQLite's header: tells our files from anybody else's.
constexpr std::int64_t kApplicationId = 0x4541534c;

// `sequence` is the order in which attempts were opened: newest first is by it, not by a clock that may jump.
// `publications` only grows: what stood when a run ended are the newest rows up to the number that the run's row has.
constexpr Migration kMigrations[] = {{2, R"sql(
CREATE TABLE runs(
  sequence INTEGER PRIMARY KEY,
  run TEXT NOT NULL UNIQUE, mode TEXT NOT NULL, request TEXT NOT NULL, created_ms INTEGER NOT NULL,
  finished_ms INTEGER NOT NULL, status TEXT NOT NULL, summary TEXT NOT NULL, at TEXT NOT NULL, through INTEGER NOT NULL,
  checksum INTEGER NOT NULL);
CREATE INDEX open_runs ON runs(sequence) WHERE finished_ms = 0;

CREATE TABLE attempts(
  sequence INTEGER PRIMARY KEY,
  attempt TEXT NOT NULL UNIQUE, run TEXT NOT NULL, block TEXT NOT NULL, epoch INTEGER NOT NULL,
  status INTEGER NOT NULL, base_key TEXT NOT NULL, inputs TEXT NOT NULL, key TEXT NOT NULL, manifest TEXT NOT NULL, failure TEXT NOT NULL,
  started_ms INTEGER NOT NULL, finished_ms INTEGER NOT NULL, at TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE INDEX attempts_of_block ON attempts(block, sequence);
CREATE INDEX open_attempts ON attempts(sequence) WHERE status < 2;

CREATE TABLE blocks(
  block TEXT PRIMARY KEY, epoch INTEGER NOT NULL, published_attempt TEXT NOT NULL, published_manifest TEXT NOT NULL,
  published_base_key TEXT NOT NULL, published_inputs TEXT NOT NULL, published_ms INTEGER NOT NULL, last_status TEXT NOT NULL,
  last_reason TEXT NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;

CREATE TABLE publications(
  sequence INTEGER PRIMARY KEY,
  aside TEXT NOT NULL, block TEXT NOT NULL, attempt TEXT NOT NULL, manifest TEXT NOT NULL, published_ms INTEGER NOT NULL,
  checksum INTEGER NOT NULL);
CREATE INDEX publications_of_block ON publications(aside, block, sequence);

CREATE TABLE analyses(
  source_digest TEXT NOT NULL, runtime TEXT NOT NULL, document TEXT NOT NULL, checksum INTEGER NOT NULL,
  PRIMARY KEY(source_digest, runtime)) WITHOUT ROWID;

CREATE TABLE cursors(
  executor TEXT PRIMARY KEY, through INTEGER NOT NULL, checksum INTEGER NOT NULL) WITHOUT ROWID;
)sql"},
                                     {3, R"sql(
CREATE TABLE renames(sequence INTEGER PRIMARY KEY, names TEXT NOT NULL, checksum INTEGER NOT NULL);
)sql"}};

Status FillNewDatabase(const std::string& path) {
  EASEL_TRY(auto database, SqliteConnection::Open(path, SqliteConnection::Access::kCreate));
  // Nobody sees the file yet: it needs no journal, only one sync before it gets its name.
  EASEL_RETURN_IF_ERROR(
      database->Execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=4096;"
                        "PRAGMA application_id=" +
                        std::to_string(kApplicationId)));
  EASEL_RETURN_IF_ERROR(BringUpToDate(*database, Migrations(), false));
  return database->Execute("PRAGMA journal_mode=WAL");
}

}  // namespace

std::span<const Migration> Migrations() { return kMigrations; }

Status MarkAsOurs(SqliteConnection& database) {
  return database.Execute("PRAGMA page_size=4096; PRAGMA application_id=" + std::to_string(kApplicationId));
}

Status CreateDatabase(const std::string& path) {
  const std::string beside = path + ".part" + std::to_string(::getpid());
  Status made = FillNewDatabase(beside);
  if (made) {
    UniqueFd fd(::open(beside.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) made = FailErrno("fsync " + beside, errno);
  }
  if (made) {
    // The log of a database that is gone would be replayed into the new one.
    ::unlink((path + "-wal").c_str());
    ::unlink((path + "-shm").c_str());
    if (::link(beside.c_str(), path.c_str()) != 0 && errno != EEXIST)
      made = FailErrno("create " + path, errno);
  }
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) ::unlink((beside + suffix).c_str());
  EASEL_RETURN_IF_ERROR(made);
  return SyncDirectory(ParentOf(path));
}

Status BringUpToDate(SqliteConnection& database, std::span<const Migration> migrations, bool read_only) {
  EASEL_TRY(const std::int64_t application, database.Number("PRAGMA application_id"));
  if (application != kApplicationId)
    return FailDamaged(database.path(), "it is not a database that Easel made");
  EASEL_TRY(const std::int64_t version, database.Number("PRAGMA user_version"));
  const std::int64_t newest = migrations.back().version;
  if (version == newest) return {};
  const std::string formats =
      "has format " + std::to_string(version) + ", this Easel knows " + std::to_string(newest);
  if (version > newest)
    return Fail(Code::kFailedPrecondition, "DATABASE_NEWER",
                database.path() + ": was written by a newer Easel (it " + formats +
                    "). Use that version, or delete the folder `.easel/` for a clean start.");
  if (version != 0 && version < migrations.front().version)
    return Fail(Code::kFailedPrecondition, "DATABASE_TOO_OLD",
                database.path() + ": was made by an earlier build of Easel (it " + formats +
                    "). Delete the folder `.easel/` to start again.");
  if (read_only)
    return Fail(Code::kFailedPrecondition, "DATABASE_OLDER",
                database.path() + ": was written by an older Easel (it " + formats +
                    "). `easel run CANVAS` brings it up to date.");
  EASEL_RETURN_IF_ERROR(database.Execute("BEGIN IMMEDIATE"));
  for (const Migration& migration : migrations) {
    if (migration.version <= version) continue;
    Status applied = database.Execute(migration.sql);
    if (applied) applied = database.Execute("PRAGMA user_version=" + std::to_string(migration.version));
    if (!applied) {
      (void)database.Execute("ROLLBACK");
      return applied;
    }
  }
  return database.Execute("COMMIT");
}

}  // namespace easel
