#include "canvas/problem.h"

#include <algorithm>

namespace easel {

std::string Problem::ToString() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  return out + ": " + message;
}

Error ProblemsAsError(const std::vector<Problem>& problems) {
  static constexpr std::size_t kShown = 20;
  std::string message;
  for (std::size_t i = 0; i < problems.size() && i < kShown; ++i) {
    if (i > 0) message += "\n";
    message += problems[i].ToString();
  }
  if (problems.size() > kShown)
    message +=
        "\n… and " + std::to_string(problems.size() - kShown) + " more problems (`easel check` lists them)";
  return Error{Code::kInvalidArgument, "CANVAS_INVALID", std::move(message)};
}

std::string Ticked(std::string_view text) {
  static constexpr std::size_t kShown = 80;
  std::size_t end = std::min(text.size(), kShown);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  std::string out = "`";
  for (const char c : text.substr(0, end)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      out += c;
    } else {
      static constexpr char kHex[] = "0123456789abcdef";
      out += {'\\', 'x', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out + (end < text.size() ? "…`" : "`");
}

}  // namespace easel
