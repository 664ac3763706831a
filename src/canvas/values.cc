#include "canvas/values.h"

#include <charconv>
#include <cmath>

#include "canvas/problem.h"

namespace easel {

namespace {

/// Take a number off the front of `text`; NaN if there is none.
double TakeNumber(std::string_view& text) {
  double value = 0;
  const char* begin = text.data();
  const auto [end, error] = std::from_chars(begin, begin + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(value)) return std::nan("");
  text.remove_prefix(static_cast<std::size_t>(end - begin));
  return value;
}

std::string_view TakeLetters(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && ((text[n] >= 'a' && text[n] <= 'z') || (text[n] >= 'A' && text[n] <= 'Z'))) ++n;
  const std::string_view letters = text.substr(0, n);
  text.remove_prefix(n);
  return letters;
}

double UnitMs(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1e3;
  if (unit == "m" || unit == "min") return 60e3;
  if (unit == "h") return 3600e3;
  if (unit == "d") return 86400e3;
  if (unit == "w") return 7 * 86400e3;
  return 0;
}

double UnitBytes(std::string_view unit) {
  if (unit.empty() || unit == "B") return 1;
  double factor = 0;
  switch (unit[0]) {
    case 'k':
    case 'K': factor = 1; break;
    case 'M': factor = 2; break;
    case 'G': factor = 3; break;
    case 'T': factor = 4; break;
    default: return 0;
  }
  unit.remove_prefix(1);
  const bool binary = unit.starts_with("i");
  if (binary) unit.remove_prefix(1);
  if (!unit.empty() && unit != "B") return 0;
  return std::pow(binary ? 1024 : 1000, factor);
}

}  // namespace

ValueOr<double> ParseNumber(std::string_view text) {
  double value = 0;
  const char* begin = text.data();
  if (text.starts_with("+") && !text.starts_with("+-")) ++begin;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(begin, end, value);
  if (error != std::errc{} || stop != end || !std::isfinite(value))
    return std::unexpected(Ticked(text) + " is not a number");
  return value;
}

ValueOr<std::int64_t> ParseDurationMs(std::string_view text) {
  const std::string_view whole = text;
  const auto bad = [&] {
    return std::unexpected(Ticked(whole) +
                           " is not a duration: write a number and a unit, for example 90s, 30m, 1h or 7d");
  };
  if (text.empty()) return bad();
  double total = 0;
  while (!text.empty()) {
    const double value = TakeNumber(text);
    if (std::isnan(value) || value < 0) return bad();
    while (text.starts_with(" ")) text.remove_prefix(1);
    const double unit = UnitMs(TakeLetters(text));
    if (unit == 0) return bad();
    total += value * unit;
    while (text.starts_with(" ")) text.remove_prefix(1);
  }
  if (total < 1) return std::unexpected(Ticked(whole) + " is too short: at least 1ms");
  if (total > 3660 * 86400e3) return std::unexpected(Ticked(whole) + " is too long: at most ten years");
  return static_cast<std::int64_t>(std::llround(total));
}

ValueOr<std::int64_t> ParseMemoryBytes(std::string_view text) {
  const std::string_view whole = text;
  const double value = TakeNumber(text);
  while (text.starts_with(" ")) text.remove_prefix(1);
  const double unit = UnitBytes(TakeLetters(text));
  if (std::isnan(value) || value < 0 || unit == 0 || !text.empty())
    return std::unexpected(Ticked(whole) +
                           " is not a size: write a number and a unit, for example 512Mi or 8Gi");
  const double bytes = value * unit;
  if (bytes < 1048576)
    return std::unexpected(Ticked(whole) + " is less than 1 MiB: write the unit, for example " +
                           (unit == 1 && value >= 1 ? FormatNumber(value) : "8") + "Gi");
  if (bytes > 1e15) return std::unexpected(Ticked(whole) + " is too much: at most 900Ti");
  return static_cast<std::int64_t>(bytes);
}

std::string FormatNumber(double value) {
  char out[64];
  if (value == 0) value = 0;  // "-0" would be a strange position
  const auto [end, error] = std::fabs(value) < 1e15
                                ? std::to_chars(out, out + sizeof out, value, std::chars_format::fixed)
                                : std::to_chars(out, out + sizeof out, value);
  return error == std::errc{} ? std::string(out, end) : "0";
}

}  // namespace easel
