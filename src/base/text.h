// Words for people: sizes, durations, and the nearest name for "did you mean".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace easel {

/// The candidate that `word` most likely meant, if any is near enough (Damerau-Levenshtein at most 2, or a third).
std::optional<std::string> NearestWord(std::string_view word, const std::vector<std::string>& candidates);

/// " (did you mean `kind`?)" or "".
std::string DidYouMean(std::string_view word, const std::vector<std::string>& candidates);

/// 1536 -> "1.5 KiB".
std::string HumanBytes(std::int64_t bytes);

/// 0.0123 s -> "12 ms"; 75 s -> "1 m 15 s".
std::string HumanDuration(double seconds);

/// "1, 2 and 3".
std::string JoinWords(const std::vector<std::string>& words);

/// Split at every `separator`; "a,,b" has three parts, "" one.
std::vector<std::string> Split(std::string_view text, char separator);

}  // namespace easel
