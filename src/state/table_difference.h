// What differs between two tables: their columns, and in how many rows the values of a column differ.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

struct TableDifference {
  /// `kCategories`: no value differs, but the values that a categorical column may have.
  enum class Change { kAdded, kRemoved, kRetyped, kValues, kCategories };
  struct Column {
    std::string name;
    Change change = Change::kValues;
    std::string type_before, type_after;  ///< in Arrow's words; empty where there is no such column
    std::int64_t rows = 0;                ///< in which the values differ, with kValues
  };
  std::vector<Column> columns;  ///< that differ: removed ones first, then in the order of the newer table
  std::int64_t rows_before = 0, rows_after = 0;  ///< of the two tables given
  std::int64_t compared_rows = 0;                ///< by position: as many as the shorter one has
  std::int64_t differing_rows = 0;               ///< in any column that both have
  bool reordered = false;                        ///< columns that both have stand in another order
};

std::string_view TableChangeName(TableDifference::Change change);

/// Compare two Arrow IPC files; `where` is for messages. A NaN equals a NaN, null equals null, -0.0 does not equal 0.0.
/// Thread-safe; needs libeasel_table.so as ReadTablePreview does.
///
/// Errors: kUnimplemented TABLES_UNAVAILABLE; kDataLoss TABLE_DAMAGED.
Result<TableDifference> CompareTables(std::string_view before, std::string_view after,
                                      const std::string& where);

}  // namespace easel
