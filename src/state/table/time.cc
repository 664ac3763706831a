#include "state/table/time.h"

#include <cstdio>

namespace easel::table {

namespace {

struct Unit {
  std::int64_t per_second;
  int digits;
};

Unit UnitOf(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return {1, 0};
    case arrow::TimeUnit::MILLI: return {1'000, 3};
    case arrow::TimeUnit::MICRO: return {1'000'000, 6};
    default: return {1'000'000'000, 9};
  }
}

std::int64_t FloorDivide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

std::int64_t FloorModulo(std::int64_t a, std::int64_t b) { return a % b + (a % b < 0 ? b : 0); }

/// ".250" without trailing zeros beyond groups of three, "" for zero.
std::string Fraction(std::int64_t part, int digits) {
  if (part == 0) return "";
  char text[16];
  std::snprintf(text, sizeof text, "%0*lld", digits, static_cast<long long>(part));
  std::string out(text);
  while (out.size() > 3 && out.ends_with("000")) out.resize(out.size() - 3);
  return "." + out;
}

std::string Clock(std::int64_t seconds, std::int64_t part, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%02lld:%02lld:%02lld", static_cast<long long>(seconds / 3600),
                static_cast<long long>(seconds / 60 % 60), static_cast<long long>(seconds % 60));
  return text + Fraction(part, digits);
}

}  // namespace

// Source: the civil calendar from days in eras of 400 years (146,097 days), years beginning in March.
std::string FormatDate(std::int64_t days) {
  const std::int64_t shifted = days + 719'468;
  const std::int64_t era = FloorDivide(shifted, 146'097);
  const std::int64_t day_of_era = shifted - era * 146'097;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const std::int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t march_month = (5 * day_of_year + 2) / 153;
  const std::int64_t day = day_of_year - (153 * march_month + 2) / 5 + 1;
  const std::int64_t month = march_month < 10 ? march_month + 3 : march_month - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  char text[64];
  std::snprintf(text, sizeof text, "%04lld-%02lld-%02lld", static_cast<long long>(year),
                static_cast<long long>(month), static_cast<long long>(day));
  return text;
}

std::string FormatTime(std::int64_t count, arrow::TimeUnit::type unit) {
  const auto [per_second, digits] = UnitOf(unit);
  if (count < 0 || count / per_second >= 86'400)
    return std::to_string(count);  // not a time of day: show what is there
  return Clock(count / per_second, count % per_second, digits);
}

std::string FormatTimestamp(std::int64_t count, arrow::TimeUnit::type unit) {
  const auto [per_second, digits] = UnitOf(unit);
  const std::int64_t seconds = FloorDivide(count, per_second);
  const std::int64_t part = FloorModulo(count, per_second);
  const std::int64_t days = FloorDivide(seconds, 86'400);
  return FormatDate(days) + "T" + Clock(FloorModulo(seconds, 86'400), part, digits);
}

std::string FormatDuration(std::int64_t count, arrow::TimeUnit::type unit) {
  const auto [per_second, digits] = UnitOf(unit);
  const std::string sign = count < 0 ? "-" : "";
  // The lowest number has no positive counterpart.
  if (count == INT64_MIN && per_second == 1) return std::to_string(count) + "s";
  const std::int64_t seconds = count / per_second < 0 ? -(count / per_second) : count / per_second;
  const std::int64_t part = count % per_second < 0 ? -(count % per_second) : count % per_second;
  const std::string days = seconds >= 86'400 ? std::to_string(seconds / 86'400) + "d " : "";
  return sign + days + Clock(seconds % 86'400, part, digits);
}

std::string FormatPeriod(std::int64_t ordinal, std::string_view frequency) {
  constexpr std::int64_t kFar = 100'000'000'000'000;  // beyond it the arithmetic below might not fit
  const auto year = [](std::int64_t years) {
    char text[32];
    std::snprintf(text, sizeof text, "%04lld", static_cast<long long>(1970 + years));
    return std::string(text);
  };
  if (ordinal > kFar || ordinal < -kFar) {
    if (frequency == "us") return FormatTimestamp(ordinal, arrow::TimeUnit::MICRO);
    if (frequency == "ns") return FormatTimestamp(ordinal, arrow::TimeUnit::NANO);
    return std::to_string(ordinal);
  }
  if (frequency == "D") return FormatDate(ordinal);
  if (frequency == "Y-DEC") return year(ordinal);
  if (frequency == "Q-DEC")
    return year(FloorDivide(ordinal, 4)) + "Q" + std::to_string(FloorModulo(ordinal, 4) + 1);
  if (frequency == "M") {
    const std::string month = std::to_string(FloorModulo(ordinal, 12) + 1);
    return year(FloorDivide(ordinal, 12)) + (month.size() == 1 ? "-0" : "-") + month;
  }
  if (frequency == "h") return FormatTimestamp(ordinal * 3600, arrow::TimeUnit::SECOND);
  if (frequency == "min") return FormatTimestamp(ordinal * 60, arrow::TimeUnit::SECOND);
  if (frequency == "s") return FormatTimestamp(ordinal, arrow::TimeUnit::SECOND);
  if (frequency == "ms") return FormatTimestamp(ordinal, arrow::TimeUnit::MILLI);
  if (frequency == "us") return FormatTimestamp(ordinal, arrow::TimeUnit::MICRO);
  if (frequency == "ns") return FormatTimestamp(ordinal, arrow::TimeUnit::NANO);
  return std::to_string(ordinal);
}

}  // namespace easel::table
