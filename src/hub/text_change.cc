#include "hub/text_change.h"

#include <algorithm>

#include "hub/line_diff.h"

namespace easel {
namespace {

/// No text that a canvas takes is as long; sums of lengths stay far from overflow.
constexpr std::int64_t kMaxUnits = std::int64_t{1} << 32;

std::unexpected<Error> Invalid(std::string message) {
  return Fail(Code::kInvalidArgument, "TEXT_INVALID", "text update: " + std::move(message));
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }
/// Units of the character that begins with `c`.
int UnitsOf(char c) { return IsContinuation(c) ? 0 : static_cast<unsigned char>(c) >= 0xF0 ? 2 : 1; }

/// The byte `units` behind `at`, or npos: behind the end, or inside a character.
std::size_t Advance(std::string_view text, std::size_t at, std::int64_t units) {
  while (units > 0 && at < text.size()) {
    units -= UnitsOf(text[at++]);
    while (at < text.size() && IsContinuation(text[at])) ++at;
  }
  return units == 0 ? at : std::string_view::npos;
}

}  // namespace

std::int64_t Utf16Length(std::string_view utf8) {
  std::int64_t units = 0;
  for (const char c : utf8) units += UnitsOf(c);
  return units;
}

std::string WithPlainLineBreaks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
      continue;
    }
    out += '\n';
    if (i + 1 < text.size() && text[i + 1] == '\n') ++i;
  }
  return out;
}

void TextChange::Keep(std::int64_t units) {
  if (units == 0) return;
  if (!parts_.empty() && parts_.back().keeps)
    parts_.back().units += units;
  else
    parts_.push_back({units, true, {}});
}

void TextChange::Replace(std::int64_t units, std::string_view text) {
  if (units == 0 && text.empty()) return;
  if (!parts_.empty() && !parts_.back().keeps) {
    parts_.back().units += units;
    parts_.back().text += text;
  } else {
    parts_.push_back({units, false, std::string(text)});
  }
}

Result<TextChange> TextChange::FromJson(const json::value& value) {
  if (!value.is_array()) return Invalid("`changes` is a list");
  TextChange out;
  std::int64_t total = 0;
  const auto length = [&](const json::value& number) -> std::int64_t {
    if (!number.is_int64() || number.get_int64() < 0 || number.get_int64() > kMaxUnits) return -1;
    total += number.get_int64();
    return total > kMaxUnits ? -1 : number.get_int64();
  };
  for (const json::value& part : value.get_array()) {
    const json::array* list = part.if_array();
    if (list != nullptr && list->empty()) return Invalid("a part is empty");
    const std::int64_t units = length(list == nullptr ? part : (*list)[0]);
    if (units < 0) return Invalid("a length is not a whole number of at least 0, or too large");
    if (list == nullptr) {
      out.Keep(units);
      continue;
    }
    std::string text;
    for (std::size_t i = 1; i < list->size(); ++i) {
      const json::string* line = (*list)[i].if_string();
      if (line == nullptr) return Invalid("what is inserted is a list of lines");
      if (std::string_view(*line).find_first_of(std::string_view("\n\r\0", 3)) != std::string_view::npos)
        return Invalid("a line holds a line break or a NUL");
      if (i > 1) text += '\n';
      text += std::string_view(*line);
    }
    out.Replace(units, text);
  }
  return out;
}

json::array TextChange::ToJson() const {
  json::array out;
  for (const Part& part : parts_) {
    if (part.keeps) {
      out.emplace_back(part.units);
      continue;
    }
    json::array list{part.units};
    if (!part.text.empty())
      for (std::size_t at = 0;;) {
        const std::size_t end = part.text.find('\n', at);
        list.emplace_back(std::string_view(part.text).substr(at, end - at));
        if (end == std::string::npos) break;
        at = end + 1;
      }
    out.push_back(std::move(list));
  }
  return out;
}

TextChange TextChange::Between(std::string_view before, std::string_view after) {
  TextChange out;
  std::size_t at = 0;
  for (const LineHunk& hunk : DiffLines(before, after)) {
    std::string_view old = before.substr(hunk.before_byte, hunk.before_byte_end - hunk.before_byte);
    std::string_view now = after.substr(hunk.after_byte, hunk.after_byte_end - hunk.after_byte);
    std::size_t front = 0, back = 0;
    const std::size_t least = std::min(old.size(), now.size());
    while (front < least && old[front] == now[front]) ++front;
    // Never between the bytes of a character.
    while (front > 0 && ((front < old.size() && IsContinuation(old[front])) ||
                         (front < now.size() && IsContinuation(now[front]))))
      --front;
    while (back < least - front && old[old.size() - 1 - back] == now[now.size() - 1 - back]) ++back;
    while (back > 0 && (IsContinuation(old[old.size() - back]) || IsContinuation(now[now.size() - back])))
      --back;
    old = old.substr(front, old.size() - front - back);
    now = now.substr(front, now.size() - front - back);
    const std::size_t begin = hunk.before_byte + front;
    out.Keep(Utf16Length(before.substr(at, begin - at)));
    out.Replace(Utf16Length(old), now);
    at = begin + old.size();
  }
  out.Keep(Utf16Length(before.substr(at)));
  return out;
}

std::int64_t TextChange::old_units() const {
  std::int64_t units = 0;
  for (const Part& part : parts_) units += part.units;
  return units;
}

std::int64_t TextChange::new_units() const {
  std::int64_t units = 0;
  for (const Part& part : parts_) units += part.keeps ? part.units : Utf16Length(part.text);
  return units;
}

bool TextChange::empty() const {
  return std::ranges::all_of(parts_, [](const Part& part) { return part.keeps; });
}

Result<std::string> TextChange::Apply(std::string_view text) const {
  std::string out;
  out.reserve(text.size() + 64);
  std::size_t at = 0;
  for (const Part& part : parts_) {
    const std::size_t end = Advance(text, at, part.units);
    if (end == std::string_view::npos)
      return Invalid("it does not fit: the text is shorter, or a character would be cut in two");
    if (part.keeps)
      out.append(text.substr(at, end - at));
    else
      out += part.text;
    at = end;
  }
  if (at != text.size()) return Invalid("it does not fit: the text is longer");
  return out;
}

TextChange TextChange::MappedOver(const TextChange& other) const {
  TextChange out;
  std::size_t a = 0, b = 0;
  std::int64_t a_left = 0, b_left = 0;  // of the old text in the part under way
  bool a_open = false, b_open = false;  // the part under way has begun
  for (;;) {
    if (b < other.parts_.size() && !b_open) {
      b_open = true;
      b_left = other.parts_[b].units;
      if (!other.parts_[b].keeps) out.Keep(Utf16Length(other.parts_[b].text));  // theirs stands first
    }
    if (a < parts_.size() && !a_open) {
      a_open = true;
      a_left = parts_[a].units;
      if (!parts_[a].keeps) out.Replace(0, parts_[a].text);
    }
    if (b_open && b_left == 0) {
      ++b, b_open = false;
      continue;
    }
    if (a_open && a_left == 0) {
      ++a, a_open = false;
      continue;
    }
    if (!a_open || !b_open) return out;  // both are of one length, so both have ended
    const std::int64_t units = std::min(a_left, b_left);
    if (other.parts_[b].keeps) {
      if (parts_[a].keeps)
        out.Keep(units);
      else
        out.Replace(units, "");
    }
    a_left -= units, b_left -= units;
  }
}

}  // namespace easel
