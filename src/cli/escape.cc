#include "cli/escape.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <utility>

namespace easel {
namespace {

constexpr std::size_t kLongestLine = 64 << 10;

std::uint32_t CodePoint(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  if (character.size() == 1) return byte(0);
  std::uint32_t code = byte(0) & (0xffu >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i) code = (code << 6) | (byte(i) & 0x3f);
  return code;
}

/// Characters that change the order of others: text with them reads differently from what it is.
bool Reorders(std::uint32_t code) {
  return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

bool IsControl(std::uint32_t code) { return code < 0x20 || (code >= 0x7f && code < 0xa0); }

/// Length of the control sequence that starts with the ESC at the start of `text`. Source: ECMA-48, 5.4 and 5.6.
std::size_t SequenceLength(std::string_view text) {
  if (text.size() < 2) return 1;
  std::size_t i = 2;
  switch (text[1]) {
    case '[':  // CSI: parameters, intermediates, one final byte
      while (i < text.size() && text[i] >= 0x20 && text[i] <= 0x3f) ++i;
      return i < text.size() && text[i] >= 0x40 && text[i] <= 0x7e ? i + 1 : i;
    case ']':
    case 'P':
    case 'X':
    case '^':
    case '_':  // OSC, DCS, SOS, PM, APC: until ST or BEL, or the line's end
      for (; i < text.size() && text[i] != '\n'; ++i) {
        if (text[i] == '\a') return i + 1;
        if (text[i] == '\x1b') return i + 1 < text.size() && text[i + 1] == '\\' ? i + 2 : i;
      }
      return i;
    default:  // ESC, intermediates, one final byte
      i = 1;
      while (i < text.size() && text[i] >= 0x20 && text[i] <= 0x2f) ++i;
      return i < text.size() && text[i] >= 0x30 && text[i] <= 0x7e ? i + 1 : i;
  }
}

/// A sequence that only sets colours and weight. Conceal (8) is refused: text must not hide.
bool IsColor(std::string_view sequence) {
  if (sequence.size() < 3 || sequence.size() > 64 || sequence[1] != '[' || sequence.back() != 'm')
    return false;
  const std::string_view parameters = sequence.substr(2, sequence.size() - 3);
  if (parameters.find_first_not_of("0123456789;:") != std::string_view::npos) return false;
  return parameters != "8" && !parameters.starts_with("8;") && !parameters.ends_with(";8") &&
         parameters.find(";8;") == std::string_view::npos;
}

}  // namespace

std::string EscapeValue(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  char escaped[16];
  while (!text.empty()) {
    const int length = CharacterLength(text);
    if (length == 0) {
      std::snprintf(escaped, sizeof escaped, "\\x%02x", static_cast<unsigned char>(text[0]));
      out += escaped;
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = text.substr(0, length);
    text.remove_prefix(length);
    const std::uint32_t code = CodePoint(character);
    if (code == '\n')
      out += "\\n";
    else if (code == '\t')
      out += "\\t";
    else if (code == '\r')
      out += "\\r";
    else if (IsControl(code) || Reorders(code) || code == 0x2028 || code == 0x2029) {
      std::snprintf(escaped, sizeof escaped, code < 0x100 ? "\\x%02x" : "\\u%04x", code);
      out += escaped;
    } else {
      out += character;
    }
  }
  return out;
}

std::string SafeText(const Terminal& terminal, std::string_view text) {
  std::string out;
  out.reserve(text.size());
  bool colored = false;
  while (!text.empty()) {
    if (text[0] == '\x1b') {
      const std::size_t length = SequenceLength(text);
      const std::string_view sequence = text.substr(0, length);
      if (terminal.color && IsColor(sequence)) {
        out += sequence;
        colored = sequence != "\x1b[0m" && sequence != "\x1b[m";
      }
      text.remove_prefix(length);
      continue;
    }
    const int length = CharacterLength(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    const std::string_view character = text.substr(0, length);
    text.remove_prefix(length);
    const std::uint32_t code = CodePoint(character);
    if (code == '\n' || code == '\t' || (!IsControl(code) && !Reorders(code))) out += character;
  }
  if (colored) out += "\x1b[0m";
  return out;
}

std::string LineAssembler::Add(std::string_view chunk) {
  std::string out;
  while (!chunk.empty()) {
    const std::size_t plain = std::min(chunk.find_first_of("\n\r\b"), chunk.size());
    if (plain > 0) {
      if (returned_) line_.clear();
      returned_ = false;
      line_ += chunk.substr(0, plain);
      chunk.remove_prefix(plain);
      if (line_.size() > kLongestLine) {
        out += line_;
        line_.clear();
      }
      continue;
    }
    if (chunk[0] == '\n') {
      out += line_ + '\n';
      line_.clear();
      returned_ = false;
    } else if (chunk[0] == '\r') {
      returned_ = true;
    } else {
      // Backspace takes back one character: its continuation bytes, then its first one.
      while (!line_.empty() && (static_cast<unsigned char>(line_.back()) & 0xc0) == 0x80) line_.pop_back();
      if (!line_.empty()) line_.pop_back();
    }
    chunk.remove_prefix(1);
  }
  return out;
}

std::string LineAssembler::Flush() {
  returned_ = false;
  return std::exchange(line_, {});
}

}  // namespace easel
