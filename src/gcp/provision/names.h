// Whether a word can be a name of Google Cloud's: forms only, nothing is asked.
#pragma once

#include <string_view>

namespace easel {

/// `text` has `least` to `most` characters, each a-z, 0-9 or one of `more`.
bool OfThese(std::string_view text, std::string_view more, std::size_t least, std::size_t most);
/// A project's id, "example.com:project" of old domains too.
bool IsProject(std::string_view text);
/// A region, zone or multi-region.
bool IsLocation(std::string_view text);
/// Of Kubernetes: a-z, 0-9 and -, between letters or digits.
bool IsLabel(std::string_view text, std::size_t most);
bool IsEmail(std::string_view text);
bool IsBucketName(std::string_view text);

}  // namespace easel
