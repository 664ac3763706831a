#include "gcp/log_reader.h"

#include <utility>

namespace easel::gcp {
namespace {

constexpr std::int64_t kMinute_ms = 60'000;
constexpr std::size_t kLongestFilter = 20'000;
constexpr int kMostEmptyPages = 5;
constexpr int kTries = 3;

std::unexpected<Error> BadQuery(const std::string& what) {
  return Fail(Code::kInvalidArgument, "BAD_LOG_QUERY", "logs: " + what);
}

/// `name="value"`. Source: "Logging query language", strings.
Status AddEqual(std::string& filter, std::string_view name, std::string_view value) {
  if (value.empty()) return {};
  filter += " AND " + std::string(name) + "=\"";
  for (const char c : value) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      return BadQuery("a name with a control character cannot be looked for");
    if (c == '"' || c == '\\') filter += '\\';
    filter += c;
  }
  filter += '"';
  return {};
}

}  // namespace

std::optional<std::chrono::milliseconds> MinuteQuota::TakeOrWait() {
  const std::lock_guard lock(mutex_);
  const std::int64_t now = clock_.MonotonicMs();
  while (!taken_ms_.empty() && taken_ms_.front() + kMinute_ms <= now) taken_ms_.pop_front();
  if (taken_ms_.size() >= per_minute_) return std::chrono::milliseconds(taken_ms_.front() + kMinute_ms - now);
  taken_ms_.push_back(now);
  return std::nullopt;
}

Result<std::string> LogFilter(const LogReaderOptions& options, const LogQuery& query) {
  std::string filter = "logName=\"projects/" + options.project + "/logs/" + options.log + "\"";
  const LogLabels& labels = query.labels;
  EASEL_RETURN_IF_ERROR(AddEqual(filter, "labels.organization", labels.organization));
  EASEL_RETURN_IF_ERROR(AddEqual(filter, "labels.canvas", labels.canvas));
  EASEL_RETURN_IF_ERROR(AddEqual(filter, "labels.block", labels.block));
  EASEL_RETURN_IF_ERROR(AddEqual(filter, "labels.run", labels.run));
  EASEL_RETURN_IF_ERROR(AddEqual(filter, "labels.attempt", labels.attempt));
  filter += " AND timestamp>=\"" + Rfc3339(query.from_unix_ms) + "\"";
  if (query.until_unix_ms > 0) filter += " AND timestamp<=\"" + Rfc3339(query.until_unix_ms) + "\"";
  if (filter.size() > kLongestFilter) return BadQuery("the names are too long to be looked for");
  return filter;
}

LogReader::LogReader(RestClient& rest, const Clock& clock, Sleeper& sleeper, LogReaderOptions options)
    : rest_(rest),
      sleeper_(sleeper),
      options_(std::move(options)),
      quota_(clock, options_.lists_per_minute) {}

Result<LogPage> LogReader::Read(const LogQuery& query, std::stop_token stop) {
  EASEL_TRY(std::string filter, LogFilter(options_, query));
  if (query.page_size < 1 || query.page_size > 1000) return BadQuery("a page has 1 to 1000 entries");
  json::object body{{"resourceNames", json::array{"projects/" + options_.project}},
                    {"filter", std::move(filter)},
                    {"orderBy", query.newest_first ? "timestamp desc" : "timestamp asc"},
                    {"pageSize", query.page_size}};
  std::string page = query.page;
  std::chrono::milliseconds waited{0};
  for (int empty = 0, failed = 0;;) {
    while (const auto wait = quota_.TakeOrWait()) {
      waited += *wait;
      if (waited > options_.longest_wait)
        return Fail(Code::kResourceExhausted, "GCP_LOGS_BUSY",
                    "old logs are read only so often in a minute; ask again in " +
                        std::to_string((wait->count() + 999) / 1000) + " s");
      if (!sleeper_.Sleep(*wait, stop)) return Fail(Code::kCancelled, "REQUEST_STOPPED", "logs: stopped");
    }
    if (!page.empty()) body["pageToken"] = page;
    // Each try counts against the quota, so none is made behind our back.
    auto answer = rest_.Call({.service = Service::kLogging,
                              .method = "POST",
                              .path = "/v2/entries:list",
                              .body = body,
                              .idempotency = Idempotency::kNot,
                              .stop = stop});
    if (!answer) {
      if (answer.error().code == Code::kResourceExhausted)
        return Fail(
            Code::kResourceExhausted, "GCP_LOGS_BUSY",
            "the project's old logs are read too often; ask again in a minute: " + answer.error().message);
      if (!IsTransient(answer.error()) || ++failed == kTries)
        return std::unexpected(std::move(answer).error());
      continue;
    }
    EASEL_TRY(LogPage found, ParseLogPage(*answer));
    if (!found.entries.empty() || found.next_page.empty() || ++empty == kMostEmptyPages) return found;
    page = found.next_page;
  }
}

}  // namespace easel::gcp
