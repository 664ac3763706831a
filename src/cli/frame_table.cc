#include "cli/frame_table.h"

#include <algorithm>

#include "cli/escape.h"
#include "cli/table.h"
#include "state/slot_table.h"

namespace easel {
namespace {

constexpr int kWidestCell = 40;
constexpr std::int64_t kMostColumns = 50;

bool IsNumber(std::string_view type) {
  for (const std::string_view start : {"int", "uint", "float", "double", "halffloat", "decimal"})
    if (type.starts_with(start)) return true;
  return false;
}

/// How many columns fit beside each other, at least one.
std::size_t ColumnsThatFit(const Terminal& terminal, const TablePreview& frame) {
  if (terminal.width <= 0) return frame.columns.size();
  int used = 0;
  for (std::size_t c = 0; c < frame.columns.size(); ++c) {
    int width = std::max(DisplayWidth(frame.columns[c].name), DisplayWidth(frame.columns[c].type));
    for (const auto& row : frame.rows) width = std::max(width, c < row.size() ? DisplayWidth(row[c]) : 0);
    used += std::min(width, kWidestCell) + 2;
    if (used - 2 > terminal.width) return std::max<std::size_t>(c, 1);
  }
  return frame.columns.size();
}

}  // namespace

Result<std::optional<TablePreview>> ReadFrame(const StoredCanvas& canvas, const BlockState& state,
                                              const Variable& variable, std::int64_t rows) {
  const auto slot = state.manifest.state.slots.find(variable.slot);
  if (slot == state.manifest.state.slots.end() || !slot->second.table) return std::nullopt;
  ObjectStamps stamps(canvas.state_root);
  return ReadSlotTable(canvas.state_root, slot->second, stamps, rows, kMostColumns);
}

std::string RenderFrame(const Terminal& terminal, const TablePreview& frame) {
  const std::size_t shown = ColumnsThatFit(terminal, frame);
  std::vector<Column> columns;
  std::vector<std::string> types;
  const auto cut = [&](const std::string& text) {
    return terminal.width > 0 ? Truncate(terminal, EscapeValue(text), kWidestCell) : EscapeValue(text);
  };
  for (std::size_t c = 0; c < shown; ++c) {
    columns.push_back(
        {.header = cut(frame.columns[c].name), .right = IsNumber(frame.columns[c].type), .shrinks = true});
    types.push_back(Styled(terminal, Style::kDim, cut(frame.columns[c].type)));
  }
  Table table(std::move(columns));
  table.Add(std::move(types));
  for (const auto& row : frame.rows) {
    std::vector<std::string> cells;
    for (std::size_t c = 0; c < std::min(shown, row.size()); ++c) cells.push_back(cut(row[c]));
    table.Add(std::move(cells));
  }
  std::string counts =
      std::to_string(frame.rows.size()) + " of " + std::to_string(frame.total_rows) + " rows, ";
  if (static_cast<std::int64_t>(shown) < frame.total_columns) counts += std::to_string(shown) + " of ";
  counts += std::to_string(frame.total_columns) + " columns";
  return table.Render(terminal) + Styled(terminal, Style::kDim, counts) + "\n";
}

json::object FrameDocument(const TablePreview& frame) {
  json::array columns, rows;
  for (const TablePreview::Column& column : frame.columns)
    columns.push_back(json::object{{"name", ValidUtf8(column.name)}, {"type", column.type}});
  for (const auto& row : frame.rows) {
    json::array cells;
    for (const std::string& cell : row) cells.push_back(json::string(ValidUtf8(cell)));
    rows.push_back(std::move(cells));
  }
  return {{"columns", std::move(columns)},
          {"rows", std::move(rows)},
          {"total_rows", frame.total_rows},
          {"total_columns", frame.total_columns}};
}

}  // namespace easel
