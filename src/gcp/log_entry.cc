#include "gcp/log_entry.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <ctime>
#include <utility>

#include "canvas/utf8.h"

namespace easel::gcp {
namespace {

constexpr std::array<std::string_view, 7> kSeverities = {"DEFAULT", "DEBUG", "INFO",    "NOTICE",
                                                         "WARNING", "ERROR", "CRITICAL"};

constexpr std::array<std::pair<std::string_view, std::string LogLabels::*>, 5> kLabels = {{
    {"organization", &LogLabels::organization},
    {"canvas", &LogLabels::canvas},
    {"block", &LogLabels::block},
    {"run", &LogLabels::run},
    {"attempt", &LogLabels::attempt},
}};

std::unexpected<Error> NotEntries() {
  return Fail(Code::kUnavailable, "GCP_NOT_JSON", "the answer of entries:list is not of its documented form");
}

std::string Text(const json::object& object, std::string_view field) {
  const json::value* found = object.if_contains(field);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

std::string PayloadOf(const json::object& raw) {
  if (raw.contains("textPayload")) return Text(raw, "textPayload");
  for (const char* field : {"jsonPayload", "protoPayload"})
    if (const json::value* payload = raw.if_contains(field)) {
      const json::object* object = payload->if_object();
      if (object != nullptr && object->size() == 1 && object->contains("message"))
        return Text(*object, "message");
      return json::serialize(*payload);
    }
  return {};
}

}  // namespace

std::string LogInsertId(std::string_view attempt, std::uint64_t number) {
  std::string id(attempt);
  std::ranges::replace_if(
      id, [](unsigned char c) { return std::isalnum(c) == 0 && c != '.' && c != '_' && c != '-'; }, '-');
  char digits[24];
  std::snprintf(digits, sizeof digits, "-%010llu", static_cast<unsigned long long>(number));
  return id + digits;
}

std::vector<std::string> LogPieces(std::string_view text) {
  const std::string valid = ValidUtf8(text);
  std::vector<std::string> pieces;
  for (std::size_t at = 0; at < valid.size();) {
    std::size_t end = std::min(valid.size(), at + kLongestLogText_bytes);
    while (end < valid.size() && (valid[end] & 0xc0) == 0x80) --end;
    pieces.push_back(valid.substr(at, end - at));
    at = end;
  }
  return pieces;
}

json::object ToJson(const LogEntry& entry) {
  json::object labels;
  for (const auto& [name, field] : kLabels)
    if (!(entry.labels.*field).empty()) labels[name] = entry.labels.*field;
  return {{"insertId", entry.insert_id},
          {"timestamp", Rfc3339(entry.unix_ms)},
          {"severity", kSeverities[static_cast<std::size_t>(entry.severity)]},
          {"labels", std::move(labels)},
          {"textPayload", entry.text}};
}

Result<LogPage> ParseLogPage(const json::value& answer) {
  if (answer.is_null()) return LogPage{};
  const json::object* object = answer.if_object();
  if (object == nullptr) return NotEntries();
  LogPage page{.next_page = Text(*object, "nextPageToken")};
  const json::value* entries = object->if_contains("entries");
  if (entries == nullptr) return page;
  if (!entries->is_array()) return NotEntries();
  for (const json::value& item : entries->get_array()) {
    const json::object* raw = item.if_object();
    if (raw == nullptr) return NotEntries();
    LogEntry entry{.insert_id = Text(*raw, "insertId"), .text = PayloadOf(*raw)};
    const auto at = FromRfc3339(Text(*raw, "timestamp"));
    if (!at) return NotEntries();
    entry.unix_ms = *at;
    const auto severity = std::ranges::find(kSeverities, Text(*raw, "severity"));
    if (severity != kSeverities.end()) entry.severity = static_cast<Severity>(severity - kSeverities.begin());
    if (const json::value* labels = raw->if_contains("labels"); labels != nullptr && labels->is_object())
      for (const auto& [name, field] : kLabels) entry.labels.*field = Text(labels->get_object(), name);
    page.entries.push_back(std::move(entry));
  }
  return page;
}

std::string Rfc3339(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
                utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, static_cast<int>(unix_ms % 1000));
  return text;
}

Result<std::int64_t> FromRfc3339(std::string_view text) {
  const auto refused = [] { return Fail(Code::kInvalidArgument, "BAD_TIME", "not a time in RFC 3339, UTC"); };
  if (text.size() < 20 || text.size() > 40 || !text.ends_with('Z')) return refused();
  std::tm parts{};
  const std::string copy(text);
  const char* rest = ::strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || parts.tm_year < 0 || parts.tm_year > 1000) return refused();
  std::int64_t ms = 0;
  if (*rest == '.') {
    ++rest;
    for (int digit = 100; *rest >= '0' && *rest <= '9'; ++rest, digit /= 10) ms += (*rest - '0') * digit;
  }
  if (*rest != 'Z' || rest[1] != '\0') return refused();
  return ::timegm(&parts) * 1000LL + ms;
}

}  // namespace easel::gcp
