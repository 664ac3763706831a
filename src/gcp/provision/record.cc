#include "gcp/provision/record.h"

#include "base/json.h"

namespace easel {
namespace {
constexpr int kFormat = 1;
}

std::string GrantId(std::string_view policy, std::string_view role, std::string_view member) {
  return "grant/" + std::string(policy) + "#" + std::string(role) + "#" + std::string(member);
}

ProvisionRecord Joined(ProvisionRecord a, const ProvisionRecord& b) {
  for (const auto& [id, state] : b.entries) {
    RecordState& into = a.entries.try_emplace(id, state).first->second;
    if (state == RecordState::kMade) into = state;
  }
  return a;
}

std::string RecordText(const ProvisionRecord& record) {
  json::array made, intended;
  for (const auto& [id, state] : record.entries)
    (state == RecordState::kMade ? made : intended).push_back(json::string(id));
  return json::serialize(json::object{{"format", kFormat},
                                      {"project", record.project},
                                      {"bucket", record.bucket},
                                      {"prefix", record.prefix},
                                      {"made", std::move(made)},
                                      {"intended", std::move(intended)}});
}

Result<ProvisionRecord> ParseRecord(std::string_view text, const std::string& where) {
  auto value = ParseJson(text, where);
  if (!value) return Fail(Code::kInvalidArgument, "RECORD_INVALID", value.error().message);
  JsonReader reader(*value, where);
  const std::int64_t format = reader.Int("format");
  if (reader.ok() && format > kFormat)
    return Fail(
        Code::kFailedPrecondition, "RECORD_NEWER",
        where + " was written by a newer Easel (format " + std::to_string(format) + "); use that one");
  ProvisionRecord record{.project = reader.String("project"),
                         .bucket = reader.String("bucket"),
                         .prefix = reader.String("prefix"),
                         .entries = {}};
  for (const std::string& id : reader.StringsOr("intended")) record.entries[id] = RecordState::kIntended;
  for (const std::string& id : reader.StringsOr("made")) record.entries[id] = RecordState::kMade;
  if (!reader.ok()) return Fail(Code::kInvalidArgument, "RECORD_INVALID", reader.status().error().message);
  return record;
}

}  // namespace easel
