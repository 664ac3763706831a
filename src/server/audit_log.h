// Who did what: a table that is only added to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "server/principal.h"
#include "server/server_database.h"

namespace easel {

/// Who does something, and from where.
struct Actor {
  Principal principal;  ///< of means kNone: nobody who is signed in, or the operator of the server
  std::string address;  ///< numeric; may be empty
};

struct AuditEntry {
  std::int64_t id = 0, at_ms = 0;
  std::string person, name;  ///< id, and the name that they had; empty: nobody who was signed in
  std::string token;         ///< id of the API token
  std::string address;
  std::string action;  ///< "member.remove"
  std::string canvas, subject;
  json::object detail;
};

struct AuditFilter {
  std::string person, canvas, action;  ///< empty: any; an action that ends in a dot: all that begin so
};

/// Thread-safe, but for Write, which belongs to a change of the database.
class AuditLog {
 public:
  AuditLog(ServerDatabase& database, const Clock& clock) : database_(database), clock_(clock) {}

  /// Add an entry within a change: what was done and that it was done are on the disk together, or neither.
  Status Write(SqliteConnection& database, const Actor& actor, std::string_view action,
               std::string_view canvas = "", std::string_view subject = "",
               const json::object& detail = {}) const;
  /// Add an entry by itself.
  Status Record(const Actor& actor, std::string_view action, std::string_view canvas = "",
                std::string_view subject = "", const json::object& detail = {});
  /// Entries with an id below `before`, newest first, at most `limit`.
  Result<std::vector<AuditEntry>> Page(const AuditFilter& filter, std::int64_t before, std::int64_t limit);

 private:
  ServerDatabase& database_;
  const Clock& clock_;
};

}  // namespace easel
