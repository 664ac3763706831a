// Which lines differ between two texts. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace easel {

/// Lines [before_begin, before_end) were replaced by lines [after_begin, after_end); bytes likewise.
struct LineHunk {
  std::size_t before_begin = 0, before_end = 0, after_begin = 0, after_end = 0;
  std::size_t before_byte = 0, before_byte_end = 0, after_byte = 0, after_byte_end = 0;
};

/// The hunks in order; empty if the texts are equal. Minimal for texts that differ in up to some hundred lines, one hunk
/// for what lies between beyond that: O((lines + differences²)). A line includes its line end.
std::vector<LineHunk> DiffLines(std::string_view before, std::string_view after);

struct LineCounts {
  std::int64_t added = 0, removed = 0;
};
LineCounts CountDifference(std::string_view before, std::string_view after);

}  // namespace easel
