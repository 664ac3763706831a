#include "blob/object_store.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace easel {
namespace {

constexpr std::size_t kMostKeyBytes = 1024, kMostSegmentBytes = 255;

std::unexpected<Error> FailKey(std::string_view key, std::string_view problem) {
  return Fail(Code::kInvalidArgument, "KEY_INVALID",
              "the name of an object `" + std::string(key.substr(0, 200)) + "` " + std::string(problem));
}

/// Is `text` well-formed UTF-8: no overlong forms, no surrogates? Source: RFC 3629.
bool IsUtf8(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
  for (std::size_t i = 0; i < text.size();) {
    const unsigned first = byte(i);
    const std::size_t more = first < 0x80   ? 0
                             : first < 0xC2 ? 4
                             : first < 0xE0 ? 1
                             : first < 0xF0 ? 2
                             : first < 0xF5 ? 3
                                            : 4;
    if (more == 4) return false;
    for (std::size_t k = 1; k <= more; ++k)
      if ((byte(i + k) & 0xC0U) != 0x80) return false;
    const unsigned second = byte(i + 1);
    if ((first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
        (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F))
      return false;
    i += more + 1;
  }
  return true;
}

}  // namespace

Status CheckKey(std::string_view key) {
  if (key.empty()) return FailKey(key, "is empty");
  if (key.size() > kMostKeyBytes) return FailKey(key, "is longer than 1024 bytes");
  for (const char c : key)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) return FailKey(key, "has a control character");
  if (!IsUtf8(key)) return FailKey(key, "is not UTF-8");
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view segment = key.substr(begin, end - begin);
    if (segment.empty())
      return FailKey(key, "has an empty part: it begins or ends in '/', or has two in a row");
    if (segment == "." || segment == "..") return FailKey(key, "has a part that is `.` or `..`");
    if (segment.size() > kMostSegmentBytes) return FailKey(key, "has a part of more than 255 bytes");
    begin = end + 1;
  }
  return {};
}

Status CheckFolderKey(std::string_view key) {
  if (!key.ends_with('/')) return FailKey(key, "is a folder's and does not end in '/'");
  return CheckKey(key.substr(0, key.size() - 1));
}

Result<Listing> ListAll(ObjectStore& store, const CallContext& context, ListOptions options) {
  Listing all;
  for (;;) {
    EASEL_TRY(Listing page, store.List(context, options));
    std::move(page.objects.begin(), page.objects.end(), std::back_inserter(all.objects));
    std::move(page.folders.begin(), page.folders.end(), std::back_inserter(all.folders));
    if (page.next_page_token.empty()) return all;
    options.page_token = std::move(page.next_page_token);
  }
}

std::unexpected<Error> FailAbsent(std::string_view name, std::string_view key) {
  return Fail(Code::kNotFound, "OBJECT_ABSENT",
              std::string(name) + ": there is no object " + std::string(key));
}

std::unexpected<Error> FailMismatch(std::string_view name, std::string_view key) {
  return Fail(Code::kFailedPrecondition, "GENERATION_MISMATCH",
              std::string(name) + ": " + std::string(key) + " was written by somebody else meanwhile");
}

}  // namespace easel
