#include "hub/line_diff.h"

#include <algorithm>
#include <unordered_map>

namespace easel {
namespace {

constexpr int kMostDifferences = 400;

struct Lines {
  std::vector<std::size_t> begin;  ///< byte of each line, and behind the last
  std::vector<std::int32_t> id;    ///< equal lines have equal ids
};

Lines Split(std::string_view text, std::unordered_map<std::string_view, std::int32_t>& ids) {
  Lines out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t newline = text.find('\n', at);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline + 1;
    out.begin.push_back(at);
    out.id.push_back(
        ids.emplace(text.substr(at, end - at), static_cast<std::int32_t>(ids.size())).first->second);
    at = end;
  }
  out.begin.push_back(text.size());
  return out;
}

/// Which lines of `a` and `b` are kept, by Myers' greedy search from the front. Source: Myers 1986, section 4.
bool FindKept(const std::vector<std::int32_t>& a, const std::vector<std::int32_t>& b,
              std::vector<char>& kept_a, std::vector<char>& kept_b) {
  const int n = static_cast<int>(a.size()), m = static_cast<int>(b.size());
  const int most = std::min(n + m, kMostDifferences);
  std::vector<int> furthest(static_cast<std::size_t>(2 * most + 3), 0);
  std::vector<std::vector<int>> trace;
  const auto at = [&](std::vector<int>& v, int k) -> int& {
    return v[static_cast<std::size_t>(k + most + 1)];
  };
  for (int d = 0; d <= most; ++d) {
    trace.push_back(furthest);
    for (int k = -d; k <= d; k += 2) {
      const bool down = k == -d || (k != d && at(furthest, k - 1) < at(furthest, k + 1));
      int x = down ? at(furthest, k + 1) : at(furthest, k - 1) + 1;
      int y = x - k;
      while (x < n && y < m && a[static_cast<std::size_t>(x)] == b[static_cast<std::size_t>(y)]) ++x, ++y;
      at(furthest, k) = x;
      if (x < n || y < m) continue;
      for (; d >= 0; --d) {  // back along the way
        std::vector<int>& before = trace[static_cast<std::size_t>(d)];
        const int diagonal = x - y;
        const bool came_down =
            diagonal == -d || (diagonal != d && at(before, diagonal - 1) < at(before, diagonal + 1));
        const int from = came_down ? diagonal + 1 : diagonal - 1;
        const int from_x = d == 0 ? 0 : at(before, from), from_y = d == 0 ? 0 : from_x - from;
        while (x > from_x && y > from_y) {
          if (d != 0 && x == from_x + (came_down ? 0 : 1) && y == from_y + (came_down ? 1 : 0)) break;
          --x, --y;
          kept_a[static_cast<std::size_t>(x)] = kept_b[static_cast<std::size_t>(y)] = 1;
        }
        x = from_x, y = from_y;
      }
      return true;
    }
  }
  return false;
}

}  // namespace

std::vector<LineHunk> DiffLines(std::string_view before, std::string_view after) {
  std::unordered_map<std::string_view, std::int32_t> ids;
  const Lines a = Split(before, ids), b = Split(after, ids);
  std::size_t front = 0, a_end = a.id.size(), b_end = b.id.size();
  while (front < a_end && front < b_end && a.id[front] == b.id[front]) ++front;
  while (a_end > front && b_end > front && a.id[a_end - 1] == b.id[b_end - 1]) --a_end, --b_end;
  const std::vector<std::int32_t> middle_a(a.id.begin() + static_cast<std::ptrdiff_t>(front),
                                           a.id.begin() + static_cast<std::ptrdiff_t>(a_end));
  const std::vector<std::int32_t> middle_b(b.id.begin() + static_cast<std::ptrdiff_t>(front),
                                           b.id.begin() + static_cast<std::ptrdiff_t>(b_end));
  std::vector<char> kept_a(middle_a.size(), 0), kept_b(middle_b.size(), 0);
  if (!FindKept(middle_a, middle_b, kept_a, kept_b)) {
    std::ranges::fill(kept_a, 0);
    std::ranges::fill(kept_b, 0);
  }
  std::vector<LineHunk> out;
  for (std::size_t i = 0, j = 0; i < kept_a.size() || j < kept_b.size();) {
    if (i < kept_a.size() && j < kept_b.size() && kept_a[i] && kept_b[j]) {
      ++i, ++j;
      continue;
    }
    LineHunk hunk{.before_begin = front + i, .after_begin = front + j};
    while (i < kept_a.size() && !kept_a[i]) ++i;
    while (j < kept_b.size() && !kept_b[j]) ++j;
    hunk.before_end = front + i, hunk.after_end = front + j;
    hunk.before_byte = a.begin[hunk.before_begin], hunk.before_byte_end = a.begin[hunk.before_end];
    hunk.after_byte = b.begin[hunk.after_begin], hunk.after_byte_end = b.begin[hunk.after_end];
    out.push_back(hunk);
  }
  return out;
}

LineCounts CountDifference(std::string_view before, std::string_view after) {
  LineCounts out;
  for (const LineHunk& hunk : DiffLines(before, after)) {
    out.removed += static_cast<std::int64_t>(hunk.before_end - hunk.before_begin);
    out.added += static_cast<std::int64_t>(hunk.after_end - hunk.after_begin);
  }
  return out;
}

}  // namespace easel
