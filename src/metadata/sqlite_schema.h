// The tables of a canvas's database, its format version, and how an older database becomes a current one.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "metadata/sqlite_connection.h"

namespace easel {

/// One step of the format: the statements that take a database from version - 1 to `version`.
struct Migration {
  std::int64_t version = 0;
  const char* sql = "";
};

/// All steps, the first of which makes the tables of an empty database and has the oldest format that can be brought
/// up to date. docs/formats/database.md has the result.
std::span<const Migration> Migrations();

/// Make the file `path` with current tables. It appears under its name complete or not at all, so that an empty or
/// half-written file there is always damage. Does nothing if somebody else was faster.
Status CreateDatabase(const std::string& path);

/// Put Easel's application id into a database that has no page yet.
Status MarkAsOurs(SqliteConnection& database);

/// Check that this is a canvas's database of a format that we know, and apply the migrations it lacks in one
/// transaction (not when `read_only`).
///
/// Errors: kDataLoss DATABASE_DAMAGED (or foreign); kFailedPrecondition DATABASE_NEWER, DATABASE_OLDER (read only),
///         DATABASE_TOO_OLD.
Status BringUpToDate(SqliteConnection& database, std::span<const Migration> migrations, bool read_only);

}  // namespace easel
