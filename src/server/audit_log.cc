#include "server/audit_log.h"

#include <array>
#include <utility>

namespace easel {
namespace {

constexpr unsigned kByPerson = 1, kByCanvas = 2, kByAction = 4;

/// One statement for each combination of filters, so that the index of what is asked for is used.
const char* PageQuery(unsigned filters) {
  static const std::array<std::string, 8> kQueries = [] {
    std::array<std::string, 8> out;
    for (unsigned one = 0; one < out.size(); ++one)
      out[one] =
          "SELECT id, at_ms, person, name, token, address, action, canvas, subject, detail FROM audit "
          "WHERE id < ?" +
          std::string((one & kByPerson) != 0 ? " AND person = ?" : "") +
          ((one & kByCanvas) != 0 ? " AND canvas = ?" : "") +
          ((one & kByAction) != 0 ? " AND action >= ? AND action <= ?" : "") + " ORDER BY id DESC LIMIT ?";
    return out;
  }();
  return kQueries[filters].c_str();
}

}  // namespace

Status AuditLog::Write(SqliteConnection& database, const Actor& actor, std::string_view action,
                       std::string_view canvas, std::string_view subject, const json::object& detail) const {
  EASEL_TRY(Query put, database.Use("INSERT INTO audit (at_ms, person, name, token, address, action, canvas,"
                                    " subject, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  const Principal& who = actor.principal;
  const std::string token = who.means == Principal::Means::kToken ? who.credential : "";
  const std::string text = json::serialize(detail);
  return put.Int(clock_.UnixMs())
      .Text(who.user)
      .Text(who.name)
      .Text(token)
      .Text(actor.address)
      .Text(action)
      .Text(canvas)
      .Text(subject)
      .Text(text)
      .Run();
}

Status AuditLog::Record(const Actor& actor, std::string_view action, std::string_view canvas,
                        std::string_view subject, const json::object& detail) {
  return database_.Use(
      [&](SqliteConnection& database) { return Write(database, actor, action, canvas, subject, detail); });
}

Result<std::vector<AuditEntry>> AuditLog::Page(const AuditFilter& filter, std::int64_t before,
                                               std::int64_t limit) {
  std::vector<AuditEntry> out;
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query find, database.Use(PageQuery((filter.person.empty() ? 0 : kByPerson) |
                                                 (filter.canvas.empty() ? 0 : kByCanvas) |
                                                 (filter.action.empty() ? 0 : kByAction))));
    const std::string last = filter.action + (filter.action.ends_with('.') ? "\x7f" : "");
    find.Int(before);
    if (!filter.person.empty()) find.Text(filter.person);
    if (!filter.canvas.empty()) find.Text(filter.canvas);
    if (!filter.action.empty()) find.Text(filter.action).Text(last);
    find.Int(limit);
    for (;;) {
      EASEL_TRY(const bool row, find.Step());
      if (!row) return {};
      AuditEntry one;
      one.id = find.IntColumn();
      one.at_ms = find.IntColumn();
      one.person = find.TextColumn();
      one.name = find.TextColumn();
      one.token = find.TextColumn();
      one.address = find.TextColumn();
      one.action = find.TextColumn();
      one.canvas = find.TextColumn();
      one.subject = find.TextColumn();
      const auto detail = ParseJson(find.TextColumn(), "detail");
      if (detail && detail->is_object()) one.detail = detail->get_object();
      out.push_back(std::move(one));
    }
  }));
  return out;
}

}  // namespace easel
