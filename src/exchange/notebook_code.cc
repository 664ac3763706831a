// What IPython adds to Python, found in a cell without running it.

#include <algorithm>
#include <array>

#include "base/text.h"
#include "exchange/notebook.h"

namespace easel {
namespace {

/// Where a line of Python ends: inside a string, inside brackets, or with a backslash the next line goes on.
class LineScan {
 public:
  /// Does the next line begin a statement?
  bool fresh() const { return quote_.empty() && depth_ == 0 && !continued_; }

  void Take(std::string_view line) {
    continued_ = false;
    for (std::size_t at = 0; at < line.size(); ++at) {
      const char c = line[at];
      if (!quote_.empty()) {
        if (c == '\\') {
          ++at;
        } else if (line.substr(at).starts_with(quote_)) {
          at += quote_.size() - 1;
          quote_.clear();
        }
        continue;
      }
      if (c == '#') return;
      if (c == '"' || c == '\'') {
        const std::string three(3, c);
        quote_ = line.substr(at).starts_with(three) ? three : std::string(1, c);
        at += quote_.size() - 1;
      } else if (c == '(' || c == '[' || c == '{') {
        ++depth_;
      } else if ((c == ')' || c == ']' || c == '}') && depth_ > 0) {
        --depth_;
      } else if (c == '\\' && at + 1 == line.size()) {
        continued_ = true;
      }
    }
    if (quote_.size() == 1 && !line.ends_with('\\')) quote_.clear();  // a string that ends with its line
  }

 private:
  std::string quote_;
  int depth_ = 0;
  bool continued_ = false;
};

std::string_view Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/// A line that begins a statement and that Python would not understand: `%magic`, `!command`, `name?`, `x = !command`.
bool IsMagic(std::string_view line) {
  const std::string_view text = Trimmed(line);
  if (text.empty() || text.front() == '#') return false;
  if (text.front() == '!' || text.front() == '?') return true;
  if (text.front() == '%') return text.size() > 1 && (IsWord(text[1]) || text[1] == '%');
  if (text.back() == '?')
    return std::ranges::all_of(text, [](char c) { return IsWord(c) || c == '.' || c == '?' || c == '*'; });
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view names = text.substr(0, equals), value = Trimmed(text.substr(equals + 1));
  const bool plain = std::ranges::all_of(
      names, [](char c) { return IsWord(c) || c == ' ' || c == ',' || c == '.' || c == '[' || c == ']'; });
  return plain && value.size() > 1 && (value.front() == '!' || value.front() == '%') && value[1] != '=';
}

/// Of a cell that begins with one of these, the rest is Python.
bool KeepsPython(std::string_view first) {
  constexpr std::array<std::string_view, 7> kAround = {"%%time",  "%%timeit", "%%capture", "%%prun",
                                                       "%%memit", "%%mprun",  "%%debug"};
  return std::ranges::find(kAround, first.substr(0, first.find_first_of(" \t\r"))) != kAround.end();
}

}  // namespace

PlainCode WithoutMagics(std::string_view cell) {
  PlainCode out;
  LineScan scan;
  const std::vector<std::string> lines = Split(cell, '\n');
  bool other = false, begun = false;  // `other`: the cell is in another language
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string& line = lines[i];
    if (i > 0) out.code += '\n';
    const std::string_view text = Trimmed(line);
    if (!begun && text.starts_with("%%")) other = !KeepsPython(text);
    const bool first = !begun && !text.empty();
    begun = begun || !text.empty();
    if (other || (scan.fresh() && IsMagic(line))) {
      if (!other || first) out.magics.emplace_back(text);
      const std::size_t indent = static_cast<std::size_t>(
          std::ranges::find_if(line, [](char c) { return c != ' ' && c != '\t'; }) - line.begin());
      // Where it was the only statement of an indented block, something must stand.
      out.code += line.substr(0, indent) + (indent > 0 && !other ? "pass  # " : "# ") + line.substr(indent);
      // A command may go on in the next lines.
      while (!other && lines[i].ends_with('\\') && i + 1 < lines.size()) out.code += "\n# " + lines[++i];
      continue;
    }
    scan.Take(line);
    out.code += line;
  }
  return out;
}

}  // namespace easel
