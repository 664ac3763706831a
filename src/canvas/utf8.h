// UTF-8 as the canvas's files must be: checked strictly, once, where bytes come in.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace easel {

/// The length of the UTF-8 sequence at `at`, or 0 if there is none (overlong forms and surrogates included).
std::size_t Utf8SequenceLength(std::string_view text, std::size_t at);

/// `text` with U+FFFD for every byte that is not UTF-8, as JSON needs it.
std::string ValidUtf8(std::string_view text);

/// The position of the first byte that is not UTF-8.
std::optional<std::size_t> FindInvalidUtf8(std::string_view text);

}  // namespace easel
