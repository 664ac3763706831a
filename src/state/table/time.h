// Dates, times and durations of Arrow as ISO 8601 text.
#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace easel::table {

/// "2024-02-29" for days since 1970.
std::string FormatDate(std::int64_t days);
/// "13:37:00.250" for a count of `unit` since midnight.
std::string FormatTime(std::int64_t count, arrow::TimeUnit::type unit);
/// "2024-02-29T13:37:00.250" for a count of `unit` since 1970.
std::string FormatTimestamp(std::int64_t count, arrow::TimeUnit::type unit);
/// A pandas Period by its ordinal: "2024-02-29" for `D`, "2024-02" for `M`, "2024Q1" for `Q-DEC`, …; the ordinal itself for
/// frequencies that have no such form.
std::string FormatPeriod(std::int64_t ordinal, std::string_view frequency);
/// "-1d 02:03:04.5"
std::string FormatDuration(std::int64_t count, arrow::TimeUnit::type unit);

}  // namespace easel::table
