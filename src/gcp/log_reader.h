// Reads old logs from Cloud Logging for the app, inside the 60 lists a minute that a whole project has. Live logs never come this way.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "gcp/log_entry.h"
#include "gcp/rest_client.h"

namespace easel::gcp {

/// So many in any 60 s. Thread-safe.
class MinuteQuota {
 public:
  /// `clock` must outlive it.
  MinuteQuota(const Clock& clock, std::size_t per_minute) : clock_(clock), per_minute_(per_minute) {}

  /// Take one, or say how long until there is one.
  std::optional<std::chrono::milliseconds> TakeOrWait();

 private:
  const Clock& clock_;
  const std::size_t per_minute_;
  std::mutex mutex_;
  std::deque<std::int64_t> taken_ms_;
};

struct LogQuery {
  LogLabels labels;                                  ///< those that are not empty must be the same
  std::int64_t from_unix_ms = 0, until_unix_ms = 0;  ///< until 0: now
  bool newest_first = true;                          ///< the other way is slow over recent data
  int page_size = 1'000;                             ///< at most
  std::string page;                                  ///< LogPage::next_page of the page before, good for 24 h
};

struct LogReaderOptions {
  std::string project;
  std::string log = "easel";
  std::size_t lists_per_minute = 45;  ///< of the project's 60: others read, too
  std::chrono::milliseconds longest_wait{5'000};
};

/// Thread-safe. One per project and process: it holds the quota.
class LogReader {
 public:
  /// All must outlive it.
  LogReader(RestClient& rest, const Clock& clock, Sleeper& sleeper, LogReaderOptions options);

  /// One page. It may be empty although there is a next one, when Google found nothing in time.
  ///
  /// Errors: kInvalidArgument BAD_LOG_QUERY; kResourceExhausted GCP_LOGS_BUSY, saying in how many seconds to ask again;
  ///         RestClient::Call's.
  Result<LogPage> Read(const LogQuery& query, std::stop_token stop);

 private:
  RestClient& rest_;
  Sleeper& sleeper_;
  const LogReaderOptions options_;
  MinuteQuota quota_;
};

/// The filter of a query: comparisons joined by AND, values quoted.
///
/// Errors: kInvalidArgument BAD_LOG_QUERY for a value with control characters, or a filter beyond 20,000 characters.
Result<std::string> LogFilter(const LogReaderOptions& options, const LogQuery& query);

}  // namespace easel::gcp
