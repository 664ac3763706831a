// One SQLite connection and the statements prepared on it: the only file that talks to SQLite's C interface.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/error.h"

namespace easel {

/// One use of a prepared statement: bind in order, run or step, read columns in order; it is reset at the end.
///
/// Every row ends in a checksum of its other columns, because SQLite itself does not notice a flipped bit in a value:
/// Seal() binds it after the last value, CheckSeal() compares it after the last column.
class Query {
 public:
  Query(sqlite3_stmt* statement, const std::string& path) : statement_(statement), path_(&path) {}
  Query(Query&& other) noexcept;
  Query& operator=(Query&&) = delete;
  ~Query();

  /// Bind the next parameter. The text must stay unchanged until the query is run: it is not copied.
  Query& Text(std::string_view value);
  Query& Int(std::int64_t value);
  Query& Seal();

  /// Run to the end; rows are not expected.
  Status Run();
  /// Go to the next row; false when there is none left.
  Result<bool> Step();

  std::string TextColumn();
  std::int64_t IntColumn();
  /// Errors: kDataLoss DATABASE_DAMAGED when the row is not what was written.
  Status CheckSeal();

 private:
  void Mix(std::string_view bytes);

  sqlite3_stmt* statement_;
  const std::string* path_;
  int bound_ = 0;
  int column_ = 0;
  std::uint32_t checksum_ = 0;
};

/// An open database. Confined to one thread at a time. Statements are prepared once and kept.
class SqliteConnection {
 public:
  enum class Access { kReadOnly, kReadWrite, kCreate };

  static Result<std::unique_ptr<SqliteConnection>> Open(const std::string& path, Access access);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  /// `sql` must be a literal or otherwise outlive the connection: its address names the prepared statement.
  Result<Query> Use(const char* sql);
  /// Run statements that are not worth keeping.
  Status Execute(const std::string& sql);
  /// The first column of the first row, as a number.
  Result<std::int64_t> Number(const char* sql);
  bool InTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  const std::string& path() const { return path_; }

 private:
  SqliteConnection(sqlite3* handle, std::string path) : handle_(handle), path_(std::move(path)) {}

  sqlite3* handle_;
  std::string path_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

/// The Error for a result code of SQLite: DATABASE_DAMAGED, DISK_FULL, DATABASE_BUSY, DATABASE_READ_ONLY, …
std::unexpected<Error> FailSqlite(sqlite3* handle, int result, const std::string& path);
std::unexpected<Error> FailDamaged(const std::string& path, std::string_view what);

}  // namespace easel
