#include <algorithm>

#include "canvas/document.h"

namespace easel {

std::expected<std::string, std::string> CleanPath(std::string_view path) {
  if (path.empty()) return std::unexpected("the path is empty: name a file, for example blocks/load.py");
  const auto shown = [&] { return Ticked(path); };
  if (path.front() == '/')
    return std::unexpected(
        shown() +
        " is an absolute path: a block's file is inside the canvas folder, for example blocks/load.py");
  if (path.size() > 1024) return std::unexpected(shown() + " is too long a path: at most 1024 bytes");
  if (std::any_of(path.begin(), path.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }))
    return std::unexpected("the path " + shown() + " has a control character in it");
  std::string out;
  out.reserve(path.size());
  for (std::size_t start = 0, end = 0; start < path.size(); start = end + 1) {
    end = std::min(path.find('/', start), path.size());
    const std::string_view part = path.substr(start, end - start);
    if (part.empty() || part == ".") continue;
    if (part == "..")
      return std::unexpected(shown() + " leads out of the canvas folder: a block's file is inside it");
    if (out.empty() && part == ".easel")
      return std::unexpected(shown() + " is inside .easel, which is generated and may be deleted");
    if (!out.empty()) out += '/';
    out += part;
  }
  if (out.empty() || path.back() == '/')
    return std::unexpected(shown() + " is a folder: name a file, for example blocks/load.py");
  return out;
}

}  // namespace easel
