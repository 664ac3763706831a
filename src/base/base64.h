// Base 64, in the ordinary alphabet and in the one of URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace easel {

/// With padding. Source: RFC 4648 section 4.
std::string Base64(std::string_view bytes);
/// With `-` and `_`, without padding, as tokens have it. Source: RFC 4648 section 5, RFC 7515.
std::string Base64Url(std::string_view bytes);
/// Of either alphabet, with or without padding. nullopt for any other character, or a length that nothing has.
std::optional<std::string> FromBase64(std::string_view text);

}  // namespace easel
