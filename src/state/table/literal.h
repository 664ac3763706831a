// Values that a person typed, as values of a column.
#pragma once

#include <arrow/result.h>

#include <string_view>

#include "state/table/column.h"

namespace easel::table {

/// A value between whole numbers of a column's unit: `whole`, or (`above`) a little more than it.
struct WholeLiteral {
  __int128 whole = 0;
  bool above = false;
};

/// Read `text` as a value of a column of whole numbers, decimals (in units of the last digit) or times (in the type's unit;
/// of an instant without zone: UTC): `12`, `-0.5`, `1e6`, `2024-02-29`, `2024-02-29T13:37:00.25+01:00`, `13:37`, `1d 02:03:04`,
/// `2024-02`, `2024Q1`.
///
/// Errors: Invalid, saying what the column takes.
arrow::Result<WholeLiteral> ParseWhole(const Column& column, std::string_view text);

/// Errors: as ParseWhole.
arrow::Result<double> ParseFloat(const Column& column, std::string_view text);
arrow::Result<bool> ParseBool(const Column& column, std::string_view text);

}  // namespace easel::table
