// The values that a canvas writes as words: durations ("30m"), sizes ("8Gi"), numbers.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace easel {

/// What is wrong with a value, as the rest of a sentence: "`8` needs a unit, for example `8Gi`".
template <typename T>
using ValueOr = std::expected<T, std::string>;

/// "250ms", "30s", "30m", "1h", "2d", "1w", "1h30m": milliseconds, more than zero, at most ten years.
ValueOr<std::int64_t> ParseDurationMs(std::string_view text);

/// "8Gi", "512MiB", "1.5G", "2000k", or whole bytes: at least 1 MiB, since a smaller number lacks its unit.
ValueOr<std::int64_t> ParseMemoryBytes(std::string_view text);

/// A finite decimal number.
ValueOr<double> ParseNumber(std::string_view text);

/// The shortest text that reads back as `value`: 420 -> "420", 0.5 -> "0.5".
std::string FormatNumber(double value);

}  // namespace easel
