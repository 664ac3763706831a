#include "state/table/fold.h"

#include <cstdint>

namespace easel::table {
namespace {

/// Of characters that are two bytes in UTF-8, both cases.
std::uint32_t FoldCharacter(std::uint32_t code) {
  if (code >= 0xC0 && code <= 0xDE && code != 0xD7) return code + 0x20;
  if (code >= 0x100 && code <= 0x137 && code != 0x130 && code != 0x131) return code | 1;
  if (code >= 0x139 && code <= 0x148) return code % 2 == 1 ? code + 1 : code;
  if (code >= 0x14A && code <= 0x177) return code | 1;
  if (code == 0x178) return 0xFF;
  if (code >= 0x179 && code <= 0x17E) return code % 2 == 1 ? code + 1 : code;
  if (code >= 0x391 && code <= 0x3AB && code != 0x3A2) return code + 0x20;
  if (code >= 0x400 && code <= 0x40F) return code + 0x50;
  if (code >= 0x410 && code <= 0x42F) return code + 0x20;
  return code;
}

}  // namespace

void AppendFolded(std::string_view text, std::string& out) {
  const std::size_t start = out.size();
  out.append(text);
  for (std::size_t i = start; i < out.size(); ++i) {
    const auto byte = static_cast<unsigned char>(out[i]);
    if (byte < 0x80) {
      if (byte >= 'A' && byte <= 'Z') out[i] = static_cast<char>(byte | 0x20);
      continue;
    }
    if (byte < 0xC3 || byte > 0xD0 || i + 1 == out.size()) continue;
    const auto second = static_cast<unsigned char>(out[i + 1]);
    if ((second & 0xC0) != 0x80) continue;
    const std::uint32_t code = FoldCharacter((byte & 0x1Fu) << 6 | (second & 0x3Fu));
    out[i] = static_cast<char>(0xC0 | code >> 6);
    out[++i] = static_cast<char>(0x80 | (code & 0x3F));
  }
}

std::string Folded(std::string_view text) {
  std::string out;
  AppendFolded(text, out);
  return out;
}

}  // namespace easel::table
