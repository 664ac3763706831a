// One entry of Cloud Logging as Easel writes and reads it: a piece of what a block said, and which block, run and attempt that was.
//
// Entries are for display, never truth: what a run did stands in its manifests. Source: Logging API v2, LogEntry.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace easel::gcp {

/// What entries are found by. Empty ones are left out.
struct LogLabels {
  std::string organization, canvas, block, run, attempt;

  bool operator==(const LogLabels&) const = default;
};

enum class Severity { kDefault, kDebug, kInfo, kNotice, kWarning, kError, kCritical };

struct LogEntry {
  LogLabels labels;
  /// The same id, time and log are one entry, however often they are written. Sorts entries of one millisecond.
  std::string insert_id;
  std::int64_t unix_ms = 0;
  Severity severity = Severity::kDefault;
  std::string text;

  bool operator==(const LogEntry&) const = default;
};

/// The longest text of one entry: with every byte escaped it stays below the 256 KiB that an entry may have.
inline constexpr std::size_t kLongestLogText_bytes = 60 << 10;

/// "<attempt>-0000000012", of characters that Logging takes.
std::string LogInsertId(std::string_view attempt, std::uint64_t number);

/// `text` in pieces of at most kLongestLogText_bytes, each of whole characters; bytes that are not UTF-8 become U+FFFD.
std::vector<std::string> LogPieces(std::string_view text);

json::object ToJson(const LogEntry& entry);

struct LogPage {
  std::vector<LogEntry> entries;
  std::string next_page;  ///< empty: there is no more
};

/// Read the answer of entries:list. Entries of others, with another payload, become their JSON text.
///
/// Errors: kUnavailable GCP_NOT_JSON.
Result<LogPage> ParseLogPage(const json::value& answer);

/// "2026-01-01T00:00:00.123Z", and back. Errors of the way back: kInvalidArgument.
std::string Rfc3339(std::int64_t unix_ms);
Result<std::int64_t> FromRfc3339(std::string_view text);

}  // namespace easel::gcp
