#include "cli/terminal.h"

#include <locale.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <cwchar>

namespace easel {
namespace {

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// Only a locale that names another character set says that UTF-8 will not do; none at all is usual in containers.
bool LocaleAllowsUnicode() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == 0) continue;
    std::string lower(value);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return Contains(lower, "utf-8") || Contains(lower, "utf8");
  }
  return true;
}

int EnvironmentNumber(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? 0 : std::atoi(value);
}

/// Columns of one character: the C library's table, in a UTF-8 locale whatever the process's own is.
int CharacterWidth(std::string_view character) {
  static const locale_t kUtf8 = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  const auto* bytes = reinterpret_cast<const unsigned char*>(character.data());
  if (character.size() == 1) return bytes[0] >= 32 && bytes[0] != 127;
  wchar_t code = bytes[0] & (0xff >> (character.size() + 1));
  for (std::size_t i = 1; i < character.size(); ++i)
    code = static_cast<wchar_t>((code << 6) | (bytes[i] & 0x3f));
  if (kUtf8 == nullptr) return 1;
  const locale_t old = ::uselocale(kUtf8);
  const int width = ::wcwidth(code);
  ::uselocale(old);
  return width < 0 ? 1 : width;
}

/// Length of a colour sequence (ESC [ … m) at the start of `text`, or 0.
std::size_t ColorLength(std::string_view text) {
  if (text.size() < 3 || text[0] != '\x1b' || text[1] != '[') return 0;
  const std::size_t end = text.find_first_not_of("0123456789;:", 2);
  return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

}  // namespace

Terminal DescribeTerminal(int fd, std::string_view color) {
  Terminal terminal;
  terminal.is_terminal = ::isatty(fd) == 1;
  const char* term = std::getenv("TERM");
  const bool dumb = term == nullptr || std::strcmp(term, "dumb") == 0;
  if (terminal.is_terminal) {
    winsize size{};
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0) {
      terminal.width = size.ws_col;
      terminal.height = size.ws_row;
    }
    if (terminal.width <= 0) terminal.width = EnvironmentNumber("COLUMNS");
    if (terminal.height <= 0) terminal.height = EnvironmentNumber("LINES");
    if (terminal.width <= 0) terminal.width = 80;
    if (terminal.height <= 0) terminal.height = 24;
  }
  const char* no_color = std::getenv("NO_COLOR");
  const bool unwanted = no_color != nullptr && *no_color != 0;
  terminal.color = color == "always" || (color != "never" && terminal.is_terminal && !dumb && !unwanted);
  terminal.unicode = LocaleAllowsUnicode();
  return terminal;
}

std::string Styled(const Terminal& terminal, Style style, std::string_view text) {
  static constexpr const char* kCodes[] = {"", "1", "2", "31", "32", "33", "34", "36"};
  if (!terminal.color || style == Style::kPlain || text.empty()) return std::string(text);
  return std::string("\x1b[") + kCodes[static_cast<int>(style)] + "m" + std::string(text) + "\x1b[0m";
}

int CharacterLength(std::string_view text) {
  if (text.empty()) return 0;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const int length = byte(0) >= 0xf0 ? 4 : byte(0) >= 0xe0 ? 3 : 2;
  if (byte(0) < 0xc2 || byte(0) > 0xf4 || text.size() < static_cast<std::size_t>(length)) return 0;
  for (int i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  // Overlong forms, surrogates, and what lies beyond the last code point.
  if ((byte(0) == 0xe0 && byte(1) < 0xa0) || (byte(0) == 0xed && byte(1) > 0x9f)) return 0;
  if ((byte(0) == 0xf0 && byte(1) < 0x90) || (byte(0) == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    if (const std::size_t color = ColorLength(text); color > 0) {
      text.remove_prefix(color);
      continue;
    }
    const int length = CharacterLength(text);
    width += length == 0 ? 1 : CharacterWidth(text.substr(0, length));
    text.remove_prefix(std::max(length, 1));
  }
  return width;
}

std::string Truncate(const Terminal& terminal, std::string_view text, int width) {
  if (width <= 0) return "";
  if (DisplayWidth(text) <= width) return std::string(text);
  const std::string_view ellipsis = terminal.unicode ? "…" : width >= 3 ? "..." : ".";
  const int room = width - DisplayWidth(ellipsis);
  std::string out;
  bool full = false;
  for (int used = 0; !text.empty();) {
    if (const std::size_t color = ColorLength(text); color > 0) {
      out += text.substr(0, color);
      text.remove_prefix(color);
      continue;
    }
    const int length = std::max(CharacterLength(text), 1);
    if (!full) {
      used += CharacterLength(text) == 0 ? 1 : CharacterWidth(text.substr(0, length));
      full = used > room;
      out += full ? ellipsis : text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

}  // namespace easel
