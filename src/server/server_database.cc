#include "server/server_database.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/file.h"

namespace easel {
namespace {

constexpr std::int64_t kServerDatabaseVersion = 3;

constexpr char kServerSchema[] =
    "CREATE TABLE IF NOT EXISTS about (word TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS credentials (digest TEXT PRIMARY KEY, kind INTEGER NOT NULL, id TEXT NOT "
    "NULL, user TEXT NOT NULL, name TEXT NOT NULL, scope TEXT NOT NULL, created_ms INTEGER NOT NULL,"
    " expires_ms INTEGER NOT NULL, used_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS sign_in_tokens (digest TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) "
    "WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS answers (user TEXT NOT NULL, key TEXT NOT NULL, route TEXT NOT NULL,"
    " status INTEGER NOT NULL, body TEXT NOT NULL, at_ms INTEGER NOT NULL, PRIMARY KEY (user, key, route))"
    " WITHOUT ROWID;"
    // Version 2: teams.
    "CREATE TABLE IF NOT EXISTS organization (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL,"
    " created_ms INTEGER NOT NULL);"
    "CREATE TABLE IF NOT EXISTS members (id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    " role TEXT NOT NULL, password TEXT NOT NULL, created_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS canvas_roles (canvas TEXT NOT NULL, member TEXT NOT NULL, role TEXT NOT NULL,"
    " PRIMARY KEY (canvas, member)) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS setup_tokens (digest TEXT PRIMARY KEY, expires_ms INTEGER NOT NULL) "
    "WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS invitations (digest TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, role TEXT NOT "
    "NULL, email TEXT NOT NULL, inviter TEXT NOT NULL, created_ms INTEGER NOT NULL, expires_ms INTEGER NOT "
    "NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS password_resets (member TEXT PRIMARY KEY, digest TEXT NOT NULL UNIQUE, maker "
    "TEXT NOT NULL, expires_ms INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS audit (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL, person "
    "TEXT NOT NULL, name TEXT NOT NULL, token TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,"
    " canvas TEXT NOT NULL, subject TEXT NOT NULL, detail TEXT NOT NULL);"
    "CREATE INDEX IF NOT EXISTS audit_person ON audit (person, id);"
    "CREATE INDEX IF NOT EXISTS audit_canvas ON audit (canvas, id);"
    "CREATE INDEX IF NOT EXISTS audit_action ON audit (action, id);"
    // Version 3: uploads that go straight to the bucket.
    "CREATE TABLE IF NOT EXISTS uploads (id TEXT PRIMARY KEY, canvas TEXT NOT NULL, path TEXT NOT NULL, "
    "bytes "
    "INTEGER NOT NULL, replace_file INTEGER NOT NULL, content_type TEXT NOT NULL, in_bucket INTEGER NOT NULL,"
    " session TEXT NOT NULL, origin TEXT NOT NULL, offset INTEGER NOT NULL, used_ms INTEGER NOT NULL, done "
    "INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS files_in_bucket (key TEXT PRIMARY KEY, canvas TEXT NOT NULL, path TEXT NOT "
    "NULL, tag TEXT NOT NULL, generation INTEGER NOT NULL) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS files_in_bucket_path ON files_in_bucket (canvas, path);"
    // What is written there stays as it is, whatever mistake code makes.
    "CREATE TRIGGER IF NOT EXISTS audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit "
    "log is only added to'); END;"
    "CREATE TRIGGER IF NOT EXISTS audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit "
    "log is only added to'); END;"
    // Version 3: where an organization is on Google Cloud.
    "CREATE TABLE IF NOT EXISTS self_hosting (one INTEGER PRIMARY KEY CHECK (one = 1), document TEXT NOT "
    "NULL, changed_ms INTEGER NOT NULL, person TEXT NOT NULL, name TEXT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS self_hosting_secrets (name TEXT PRIMARY KEY, sealed TEXT NOT NULL, set_ms "
    "INTEGER NOT NULL) WITHOUT ROWID;";

}  // namespace

Result<std::unique_ptr<ServerDatabase>> ServerDatabase::Open(const std::string& folder) {
  EASEL_RETURN_IF_ERROR(MakeDirectories(folder));
  const std::string path = folder + "/server.db";
  // Made before SQLite opens it, so that nobody else can read it at any moment.
  const UniqueFd made(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600));
  if (!made.valid()) return FailErrno("open " + path, errno);
  EASEL_TRY(auto database, SqliteConnection::Open(path, SqliteConnection::Access::kCreate));
  EASEL_RETURN_IF_ERROR(database->Execute("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL"));
  EASEL_TRY(const std::int64_t version, database->Number("PRAGMA user_version"));
  if (version > kServerDatabaseVersion)
    return Fail(Code::kFailedPrecondition, "DATABASE_NEWER",
                path +
                    ": was written by a newer Easel; use that one, or move the file away (everybody then "
                    "has to sign in again, and a team has to be set up again)");
  EASEL_RETURN_IF_ERROR(database->Execute("BEGIN IMMEDIATE"));
  EASEL_RETURN_IF_ERROR(database->Execute(kServerSchema));
  EASEL_RETURN_IF_ERROR(database->Execute("PRAGMA user_version=" + std::to_string(kServerDatabaseVersion)));
  EASEL_RETURN_IF_ERROR(database->Execute("COMMIT"));
  return std::unique_ptr<ServerDatabase>(new ServerDatabase(std::move(database)));
}

Status ServerDatabase::Change(const Work& work) {
  const std::lock_guard lock(mutex_);
  EASEL_RETURN_IF_ERROR(connection_->Execute("BEGIN IMMEDIATE"));
  Status done = work(*connection_);
  if (done) done = connection_->Execute("COMMIT");
  // After some errors SQLite has rolled back by itself.
  if (!done && connection_->InTransaction()) (void)connection_->Execute("ROLLBACK");
  return done;
}

Status ServerDatabase::Use(const Work& work) {
  const std::lock_guard lock(mutex_);
  return work(*connection_);
}

}  // namespace easel
