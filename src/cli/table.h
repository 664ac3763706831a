// A table for people: columns aligned by display width, cut to fit a terminal, tab-free plain text otherwise.
#pragma once

#include <string>
#include <vector>

#include "cli/terminal.h"

namespace easel {

struct Column {
  std::string header;
  bool right = false;    ///< numbers align right
  bool shrinks = false;  ///< gives way when the terminal is narrow
  Style style = Style::kPlain;
};

/// Collects rows, then renders them. Cells must be one line of safe text (render.h: EscapeValue). Not thread-safe.
class Table {
 public:
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Missing cells are empty.
  void Add(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  /// Header and rows, each ending in a newline; columns without any content are left out. Without a terminal nothing
  /// is cut.
  std::string Render(const Terminal& terminal, int indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace easel
