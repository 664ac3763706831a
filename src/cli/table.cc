#include "cli/table.h"

#include <algorithm>

namespace easel {
namespace {

constexpr int kGap = 2;
constexpr int kNarrowest = 8;  ///< a shrinking column keeps this much

const std::string& CellOf(const std::vector<std::string>& row, std::size_t column) {
  static const std::string kEmpty;
  return column < row.size() ? row[column] : kEmpty;
}

}  // namespace

std::string Table::Render(const Terminal& terminal, int indent) const {
  std::vector<int> widths(columns_.size(), 0);
  int total = indent - kGap;
  for (std::size_t c = 0; c < columns_.size(); ++c) {
    for (const auto& row : rows_) widths[c] = std::max(widths[c], DisplayWidth(CellOf(row, c)));
    if (widths[c] == 0) continue;
    widths[c] = std::max(widths[c], DisplayWidth(columns_[c].header));
    total += widths[c] + kGap;
  }
  while (terminal.width > 0 && total > terminal.width) {
    int widest = -1;
    for (std::size_t c = 0; c < columns_.size(); ++c)
      if (columns_[c].shrinks && widths[c] > kNarrowest && (widest < 0 || widths[c] > widths[widest]))
        widest = static_cast<int>(c);
    if (widest < 0) break;
    --widths[widest];
    --total;
  }

  std::string out;
  const auto add_line = [&](const auto& cell_of, bool header) {
    std::string line(indent, ' ');
    int pending = 0;
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      if (widths[c] == 0) continue;
      const std::string cell = Truncate(terminal, cell_of(c), widths[c]);
      const int room = widths[c] - DisplayWidth(cell);
      // Spaces wait until something follows them, so that no line ends in blanks.
      if (!cell.empty()) {
        line += std::string(pending + (columns_[c].right ? room : 0), ' ');
        line += Styled(terminal, header ? Style::kDim : columns_[c].style, cell);
        pending = (columns_[c].right ? 0 : room) + kGap;
      } else {
        pending += room + kGap;
      }
    }
    out += line + '\n';
  };
  if (std::ranges::any_of(columns_, [](const Column& column) { return !column.header.empty(); }))
    add_line([&](std::size_t c) -> const std::string& { return columns_[c].header; }, true);
  for (const auto& row : rows_)
    add_line([&](std::size_t c) -> const std::string& { return CellOf(row, c); }, false);
  return out;
}

}  // namespace easel
