#include "gcp/provision/names.h"

#include <algorithm>
#include <cctype>

namespace easel {

bool OfThese(std::string_view text, std::string_view more, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most && std::ranges::all_of(text, [&](unsigned char c) {
           return std::islower(c) || std::isdigit(c) || more.contains(c);
         });
}

bool IsProject(std::string_view text) {
  const std::size_t colon = text.rfind(':');  // "example.com:project" of old domains
  const std::string_view id = colon == std::string_view::npos ? text : text.substr(colon + 1);
  return OfThese(id, "-", 6, 30) && std::islower(static_cast<unsigned char>(id[0])) && id.back() != '-' &&
         (colon == std::string_view::npos || OfThese(text.substr(0, colon), "-.", 1, 64));
}

bool IsLocation(std::string_view text) {
  return !text.empty() && text.size() < 40 &&
         std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '-'; });
}

bool IsLabel(std::string_view text, std::size_t most) {
  return OfThese(text, "-", 1, most) && text.front() != '-' && text.back() != '-';
}

bool IsEmail(std::string_view text) {
  const std::size_t at = text.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
         text.find('@', at + 1) == std::string_view::npos &&
         std::ranges::none_of(text, [](unsigned char c) { return std::isspace(c) || c == '[' || c == ']'; });
}

bool IsBucketName(std::string_view text) {
  return OfThese(text, "-_.", 3, 63) && !text.starts_with("goog") && !text.contains("google") &&
         std::isalnum(static_cast<unsigned char>(text.front())) &&
         std::isalnum(static_cast<unsigned char>(text.back()));
}

}  // namespace easel
