#include "metadata/sqlite_connection.h"

#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <cstring>

#include "base/file.h"

namespace easel {

std::unexpected<Error> FailDamaged(const std::string& path, std::string_view what) {
  return Fail(
      Code::kDataLoss, "DATABASE_DAMAGED",
      path + ": the database of this canvas is damaged (" + std::string(what) +
          "). Delete the folder `.easel/` for a clean start: blocks, files and canvas.yaml stay as they are, "
          "the blocks run again.");
}

std::unexpected<Error> FailSqlite(sqlite3* handle, int result, const std::string& path) {
  const std::string text = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(result);
  const int system_error = handle != nullptr ? sqlite3_system_errno(handle) : 0;
  const int primary = result & 0xff;
  // SQLite says FULL for a full disk, but only a failed write for a quota or a limit of file size.
  if (primary == SQLITE_FULL || result == SQLITE_IOERR_WRITE || result == SQLITE_IOERR_SHMSIZE)
    return Fail(
        Code::kResourceExhausted, "DISK_FULL",
        path + ": could not be written (" + text +
            "): the disk is full, or a quota is used up. Nothing of this " +
            "change was kept, everything before it was. Free some space (`easel gc CANVAS` removes old " +
            "attempts) and run again.");
  if (result == SQLITE_READONLY_DBMOVED)
    return Fail(Code::kAborted, "DATABASE_GONE", path + ": was moved or deleted while in use; run again.");
  switch (primary) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return FailDamaged(path, text);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Fail(Code::kUnavailable, "DATABASE_BUSY",
                  path + ": another process is writing to it (" + text + ").");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Fail(Code::kPermissionDenied, "DATABASE_READ_ONLY",
                  path + ": may not be written (" + text + ").");
    case SQLITE_CANTOPEN:
      return Fail(
          system_error == ENOENT ? Code::kNotFound : Code::kPermissionDenied, "DATABASE_NOT_OPENED",
          path + ": cannot be opened (" + (system_error != 0 ? std::strerror(system_error) : text) + ").");
    case SQLITE_NOMEM: return Fail(Code::kResourceExhausted, "OUT_OF_MEMORY", path + ": out of memory.");
    default:
      return Fail(
          Code::kInternal, "DATABASE_FAILED",
          path + ": " + text + (system_error != 0 ? std::string(": ") + std::strerror(system_error) : ""));
  }
}

Query::Query(Query&& other) noexcept
    : statement_(std::exchange(other.statement_, nullptr)),
      path_(other.path_),
      bound_(other.bound_),
      column_(other.column_),
      checksum_(other.checksum_) {}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

void Query::Mix(std::string_view bytes) {
  const std::uint64_t size = bytes.size();
  checksum_ =
      static_cast<std::uint32_t>(::crc32(checksum_, reinterpret_cast<const Bytef*>(&size), sizeof size));
  checksum_ = static_cast<std::uint32_t>(
      ::crc32(checksum_, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

Query& Query::Text(std::string_view value) {
  Mix(value);
  // A view's data may be null when it is empty, which SQLite would store as NULL.
  sqlite3_bind_text64(statement_, ++bound_, value.empty() ? "" : value.data(), value.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Query& Query::Int(std::int64_t value) {
  Mix({reinterpret_cast<const char*>(&value), sizeof value});
  sqlite3_bind_int64(statement_, ++bound_, value);
  return *this;
}

Query& Query::Seal() {
  sqlite3_bind_int64(statement_, ++bound_, checksum_);
  return *this;
}

Status Query::Run() {
  EASEL_TRY(const bool row, Step());
  EASEL_CHECK(!row);
  return {};
}

Result<bool> Query::Step() {
  column_ = 0;
  checksum_ = 0;
  const int result = sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result == SQLITE_DONE) return false;
  sqlite3* handle = sqlite3_db_handle(statement_);
  return FailSqlite(handle, sqlite3_extended_errcode(handle), *path_);
}

std::string Query::TextColumn() {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column_));
  std::string out =
      text == nullptr
          ? std::string()
          : std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column_)));
  ++column_;
  Mix(out);
  return out;
}

std::int64_t Query::IntColumn() {
  const std::int64_t value = sqlite3_column_int64(statement_, column_++);
  Mix({reinterpret_cast<const char*>(&value), sizeof value});
  return value;
}

Status Query::CheckSeal() {
  if (sqlite3_column_int64(statement_, column_++) != checksum_)
    return FailDamaged(*path_, "a row's checksum is wrong");
  return {};
}

namespace {

/// A server has three connections for each open canvas, nearly all idle. By default each takes 86 KB of page cache and 48
/// to 120 KB for small allocations in advance; now what it uses, and 20 KB.
void KeepConnectionsSmall() {
  static const bool kDone = [] {
    ::sqlite3_config(SQLITE_CONFIG_PAGECACHE, nullptr, 0, 0);
    ::sqlite3_config(SQLITE_CONFIG_LOOKASIDE, 512, 40);
    return true;
  }();
  (void)kDone;
}

}  // namespace

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, Access access) {
  KeepConnectionsSmall();
  sqlite3* handle = nullptr;
  // Each connection is used by one thread at a time, so SQLite's own mutexes are not needed.
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  flags |= access == Access::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  if (access == Access::kCreate) flags |= SQLITE_OPEN_CREATE;
  std::string name = path;
  if (access == Access::kReadOnly && ::access(ParentOf(path).c_str(), W_OK) != 0 &&
      ::access((path + "-wal").c_str(), F_OK) != 0) {
    // A reader needs the -shm file and cannot make it here. Without a log nobody can be writing: read the file alone.
    name = "file:";
    for (const char c : path) {
      if (c == '%' || c == '?' || c == '#') {
        static constexpr char kHex[] = "0123456789ABCDEF";
        name += {'%', kHex[static_cast<unsigned char>(c) >> 4], kHex[c & 15]};
      } else {
        name += c;
      }
    }
    name += "?immutable=1";
    flags |= SQLITE_OPEN_URI;
  }
  const int result = sqlite3_open_v2(name.c_str(), &handle, flags, nullptr);
  if (result != SQLITE_OK) {
    auto failure = FailSqlite(handle, result, path);
    sqlite3_close(handle);
    return failure;
  }
  sqlite3_busy_timeout(handle, 10'000);
  return std::unique_ptr<SqliteConnection>(new SqliteConnection(handle, path));
}

SqliteConnection::~SqliteConnection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<Query> SqliteConnection::Use(const char* sql) {
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    const int result = sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    if (result != SQLITE_OK) return FailSqlite(handle_, result, path_);
  }
  return Query(statement, path_);
}

Status SqliteConnection::Execute(const std::string& sql) {
  const int result = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (result != SQLITE_OK) return FailSqlite(handle_, result, path_);
  return {};
}

Result<std::int64_t> SqliteConnection::Number(const char* sql) {
  EASEL_TRY(Query query, Use(sql));
  EASEL_TRY(const bool row, query.Step());
  return row ? query.IntColumn() : 0;
}

}  // namespace easel
