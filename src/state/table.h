// A look into a table: the first rows of a slot's Arrow data as text, without Python.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

struct TablePreview {
  struct Column {
    std::string name;
    std::string type;  ///< in Arrow's words: int64, string, timestamp[us, tz=UTC], …
  };
  std::vector<Column> columns;
  std::vector<std::vector<std::string>>
      rows;  ///< texts: nulls as `null`, times in ISO 8601, control characters escaped
  std::int64_t total_rows = 0;
  std::int64_t total_columns = 0;
};

/// Read the first rows and columns of the Arrow IPC file `bytes`; `where` is for messages. Thread-safe; the first call
/// loads libeasel_table.so, found beside the executable or in ../lib.
///
/// Errors: kUnimplemented TABLES_UNAVAILABLE (the module is not there); kDataLoss TABLE_DAMAGED.
Result<TablePreview> ReadTablePreview(std::string_view bytes, const std::string& where,
                                      std::int64_t max_rows = 20, std::int64_t max_columns = 50);

}  // namespace easel
