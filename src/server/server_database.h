// `server.db`: sessions, tokens, and in a team its members and what they did. docs/formats/server_database.md.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/error.h"
#include "metadata/sqlite_connection.h"

namespace easel {

/// Thread-safe; whoever works on it has it alone. Several processes of one user may have it open.
class ServerDatabase {
 public:
  using Work = std::function<Status(SqliteConnection& database)>;

  /// Open (or make) `folder`/server.db. Nobody else can read it at any moment.
  ///
  /// Errors: kDataLoss, kPermissionDenied and others as SQLite gives them; kFailedPrecondition DATABASE_NEWER.
  static Result<std::unique_ptr<ServerDatabase>> Open(const std::string& folder);

  /// Do `work` in one transaction: when this returns without error all of it is on the disk, otherwise nothing.
  Status Change(const Work& work);
  /// Do `work`, which only reads, or is one statement.
  Status Use(const Work& work);

 private:
  explicit ServerDatabase(std::unique_ptr<SqliteConnection> connection)
      : connection_(std::move(connection)) {}

  std::mutex mutex_;
  const std::unique_ptr<SqliteConnection> connection_;
};

}  // namespace easel
