#include "state/table/literal.h"

#include <arrow/type.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string>

namespace easel::table {
namespace {

constexpr int kMostDigits = 37;

arrow::Status Refuse(const Column& column, std::string_view text, std::string_view takes) {
  return arrow::Status::Invalid("`", std::string(text.substr(0, 100)), "` is no value of column `",
                                column.name(), "` (", column.type_text(), "): write ", std::string(takes));
}

/// Reads a text from its front; anything that does not fit makes it bad.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool Take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void Need(bool holds) { good_ = good_ && holds; }
  /// A whole number of `least` to `most` digits.
  std::int64_t Number(std::size_t least, std::size_t most) {
    std::int64_t value = 0;
    std::size_t n = 0;
    while (n < most && n < rest_.size() && rest_[n] >= '0' && rest_[n] <= '9')
      value = value * 10 + (rest_[n++] - '0');
    Need(n >= least);
    rest_.remove_prefix(n);
    return value;
  }
  char Peek() const { return rest_.empty() ? '\0' : rest_[0]; }
  bool AtEnd() const { return rest_.empty(); }
  bool good() const { return good_; }
  std::string_view rest() const { return rest_; }
  void Skip(std::size_t n) { rest_.remove_prefix(n); }

 private:
  std::string_view rest_;
  bool good_ = true;
};

/// Days since 1970 of a day of the Gregorian calendar. Source: H. Hinnant, "chrono-compatible low-level date algorithms".
std::int64_t DaysOf(std::int64_t year, std::int64_t month, std::int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const std::int64_t of_era = year - era * 400;
  const std::int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719'468;
}

/// Nanoseconds of `.25`, and whether there is more behind them.
std::int64_t Fraction(Cursor& in, bool& more) {
  if (!in.Take('.')) return 0;
  std::int64_t ns = 0;
  int digits = 0;
  while (in.Peek() >= '0' && in.Peek() <= '9') {
    const auto digit = in.Number(1, 1);
    if (digits < 9)
      ns = ns * 10 + digit;
    else
      more = more || digit != 0;
    ++digits;
  }
  in.Need(digits > 0);
  for (; digits < 9; ++digits) ns *= 10;
  return ns;
}

/// Nanoseconds since midnight of `13:37[:00[.25]]`.
__int128 ClockOf(Cursor& in, bool& more, std::int64_t most_hours) {
  const std::int64_t hours = in.Number(1, 9);
  in.Need(in.Take(':'));
  const std::int64_t minutes = in.Number(2, 2);
  const std::int64_t seconds = in.Take(':') ? in.Number(2, 2) : 0;
  in.Need(hours <= most_hours && minutes < 60 && seconds < 60);
  return static_cast<__int128>(hours * 3600 + minutes * 60 + seconds) * 1'000'000'000 + Fraction(in, more);
}

std::int64_t DateOf(Cursor& in) {
  const bool negative = in.Take('-');
  const std::int64_t year = in.Number(1, 9);
  in.Need(in.Take('-'));
  const std::int64_t month = in.Number(1, 2);
  in.Need(in.Take('-'));
  const std::int64_t day = in.Number(1, 2);
  in.Need(month >= 1 && month <= 12 && day >= 1 && day <= 31);
  return in.good() ? DaysOf(negative ? -year : year, month, day) : 0;
}

struct Instant {
  __int128 ns = 0;
  bool more = false;
};

std::optional<Instant> InstantOf(std::string_view text) {
  Cursor in(text);
  Instant out;
  out.ns = static_cast<__int128>(DateOf(in)) * 86'400 * 1'000'000'000;
  if (in.Take('T') || in.Take(' ')) out.ns += ClockOf(in, out.more, 24);
  if (!in.Take('Z') && (in.Peek() == '+' || in.Peek() == '-')) {
    const bool east = in.Take('+');
    if (!east) in.Take('-');
    const std::int64_t hours = in.Number(2, 2);
    in.Take(':');
    const __int128 shift = static_cast<__int128>(hours * 3600 + in.Number(2, 2) * 60) * 1'000'000'000;
    out.ns += east ? -shift : shift;
  }
  if (!in.good() || !in.AtEnd()) return std::nullopt;
  return out;
}

std::optional<Instant> DurationOf(std::string_view text) {
  Cursor in(text);
  Instant out;
  const bool negative = in.Take('-');
  const std::size_t d = in.rest().find('d');
  std::int64_t days = 0;
  if (d != std::string_view::npos) {
    days = in.Number(1, 9);
    in.Take(' ');
    in.Need(in.Take('d'));
    if (in.rest().starts_with("ays")) in.Skip(3);
    if (in.rest().starts_with("ay")) in.Skip(2);
    while (in.Take(' ')) {
    }
  }
  out.ns = static_cast<__int128>(days) * 86'400 * 1'000'000'000;
  if (d == std::string_view::npos || !in.AtEnd()) out.ns += ClockOf(in, out.more, 999'999'999);
  if (!in.good() || !in.AtEnd()) return std::nullopt;
  if (negative) {
    out.ns = -out.ns - (out.more ? 1 : 0);
  }
  return out;
}

WholeLiteral InUnits(const Instant& instant, __int128 ns_per_unit) {
  __int128 whole = instant.ns / ns_per_unit;
  if (instant.ns % ns_per_unit < 0) --whole;
  return {whole, instant.more || whole * ns_per_unit != instant.ns};
}

std::int64_t NsOf(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND: return 1'000'000'000;
    case arrow::TimeUnit::MILLI: return 1'000'000;
    case arrow::TimeUnit::MICRO: return 1'000;
    case arrow::TimeUnit::NANO: return 1;
  }
  return 1;
}

std::optional<WholeLiteral> PeriodOf(const std::string& frequency, std::string_view text) {
  Cursor in(text);
  if (frequency == "Y-DEC" || frequency == "M" || frequency == "Q-DEC") {
    const std::int64_t years = in.Number(1, 9) - 1970;
    std::int64_t ordinal = years;
    if (frequency == "M") {
      in.Need(in.Take('-'));
      const std::int64_t month = in.Number(1, 2);
      in.Need(month >= 1 && month <= 12);
      ordinal = years * 12 + month - 1;
    } else if (frequency == "Q-DEC") {
      in.Need(in.Take('Q'));
      const std::int64_t quarter = in.Number(1, 1);
      in.Need(quarter >= 1 && quarter <= 4);
      ordinal = years * 4 + quarter - 1;
    }
    if (!in.good() || !in.AtEnd()) return std::nullopt;
    return WholeLiteral{ordinal, false};
  }
  const __int128 second = 1'000'000'000;
  const __int128 unit = frequency == "D"     ? 86'400 * second
                        : frequency == "h"   ? 3'600 * second
                        : frequency == "min" ? 60 * second
                        : frequency == "s"   ? second
                        : frequency == "ms"  ? second / 1'000
                        : frequency == "us"  ? second / 1'000'000
                        : frequency == "ns"  ? 1
                                             : 0;
  if (unit != 0) {
    const auto instant = InstantOf(text);
    if (!instant) return std::nullopt;
    return InUnits(*instant, unit);
  }
  const bool negative = in.Take('-');
  const std::int64_t ordinal = in.Number(1, 18);
  if (!in.good() || !in.AtEnd()) return std::nullopt;
  return WholeLiteral{negative ? -ordinal : ordinal, false};
}

/// `-12.5e3` in units of 10^-scale.
std::optional<WholeLiteral> NumberOf(std::string_view text, int scale) {
  Cursor in(text);
  const bool negative = in.Take('-');
  if (!negative) in.Take('+');
  __int128 value = 0;
  int digits = 0, behind = 0;
  bool point = false, any = false, more = false;
  std::string kept;
  for (; !in.AtEnd(); in.Skip(1)) {
    const char c = in.Peek();
    if (c == '.' && !point) {
      point = true;
    } else if (c >= '0' && c <= '9') {
      any = true;
      kept += c;
      behind += point ? 1 : 0;
    } else {
      break;
    }
  }
  std::int64_t exponent = 0;
  if (any && (in.Take('e') || in.Take('E'))) {
    const bool down = in.Take('-');
    if (!down) in.Take('+');
    exponent = in.Number(1, 4) * (down ? -1 : 1);
  }
  if (!any || !in.good() || !in.AtEnd()) return std::nullopt;
  // Digits before the place that counts make the number; the others only say that there is more.
  const std::int64_t taken = static_cast<std::int64_t>(kept.size()) - behind + exponent + scale;
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(kept.size()); ++i) {
    const int digit = kept[static_cast<std::size_t>(i)] - '0';
    if (i >= taken) {
      more = more || digit != 0;
      continue;
    }
    if (digits == 0 && digit == 0) continue;
    if (++digits <= kMostDigits) value = value * 10 + digit;
  }
  if (value != 0)
    for (auto i = static_cast<std::int64_t>(kept.size()); i < taken; ++i)
      if (++digits <= kMostDigits) value *= 10;
  if (digits > kMostDigits) value = static_cast<__int128>(1) << 126;  // beyond every column
  if (!negative) return WholeLiteral{value, more};
  return WholeLiteral{-value - (more ? 1 : 0), more};
}

}  // namespace

arrow::Result<WholeLiteral> ParseWhole(const Column& column, std::string_view text) {
  const arrow::DataType& type = *column.array().type();
  std::optional<WholeLiteral> out;
  if (!column.period().empty()) {
    out = PeriodOf(column.period(), text);
    if (!out) return Refuse(column, text, "a period as the column shows them");
    return *out;
  }
  switch (type.id()) {
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIMESTAMP: {
      const auto instant = InstantOf(text);
      if (!instant) return Refuse(column, text, "a time such as 2024-02-29 or 2024-02-29T13:37:00Z");
      if (type.id() == arrow::Type::TIMESTAMP)
        return InUnits(*instant, NsOf(static_cast<const arrow::TimestampType&>(type).unit()));
      return InUnits(*instant, type.id() == arrow::Type::DATE64
                                   ? static_cast<__int128>(1'000'000)
                                   : static_cast<__int128>(86'400) * 1'000'000'000);
    }
    case arrow::Type::TIME32:
    case arrow::Type::TIME64: {
      Cursor in(text);
      Instant clock;
      clock.ns = ClockOf(in, clock.more, 24);
      if (!in.good() || !in.AtEnd()) return Refuse(column, text, "a time of day such as 13:37:00");
      return InUnits(clock, NsOf(static_cast<const arrow::TimeType&>(type).unit()));
    }
    case arrow::Type::DURATION: {
      const auto duration = DurationOf(text);
      if (!duration) return Refuse(column, text, "a duration such as 1d 02:03:04 or 00:00:30");
      return InUnits(*duration, NsOf(static_cast<const arrow::DurationType&>(type).unit()));
    }
    default:
      out = NumberOf(text, column.scale());
      if (!out) return Refuse(column, text, "a number such as 12 or -0.5");
      return *out;
  }
}

arrow::Result<double> ParseFloat(const Column& column, std::string_view text) {
  double value = 0;
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (end != digits.data() + digits.size() ||
      (error != std::errc{} && error != std::errc::result_out_of_range))
    return Refuse(column, text, "a number such as 12 or -0.5");
  if (error == std::errc::result_out_of_range) value = std::strtod(std::string(digits).c_str(), nullptr);
  if (std::isnan(value)) return Refuse(column, text, "a number; NaN is found with `is missing`");
  return value;
}

arrow::Result<bool> ParseBool(const Column& column, std::string_view text) {
  if (text == "true" || text == "True" || text == "1") return true;
  if (text == "false" || text == "False" || text == "0") return false;
  return Refuse(column, text, "true or false");
}

}  // namespace easel::table
