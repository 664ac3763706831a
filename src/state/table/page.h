// Cells of a table as JSON and as CSV.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <string>
#include <vector>

#include "state/table/abi.h"
#include "state/table/frame.h"
#include "state/table/selection.h"

namespace easel::table {

/// Append one value as JSON: `null`, true and false, whole numbers up to 2^53 and floats as numbers, the rest of numbers,
/// decimals, times and nested values as text; `{"is": "NaN"}` (`NaT`, `Infinity`, `-Infinity`) and, for a long text,
/// `{"cut": its beginning, "bytes": its length}`. The row was checked.
void AppendJsonCell(const Column& column, std::int64_t row, std::string& out);

/// Append the value as text without escapes for people, which a CSV and a JSON string do themselves; stops soon after `limit` bytes.
void AppendPlain(const Column& column, std::int64_t row, std::size_t limit, std::string& out);

/// Errors: Invalid if the columns are not there, or if it asks for more than a page has and `bounded`.
arrow::Status CheckRequest(const Frame& frame, const EaselTablePageRequest& request, bool bounded);

/// Append one value as CSV has it: quoted where needed, empty if it is missing.
void AppendCsvCell(const Column& column, std::int64_t row, std::string& out);

arrow::Status WriteDescription(const Frame& frame, const EaselTableWriter& writer);
arrow::Status WritePage(Frame& frame, Selection& selection, const EaselTablePageRequest& request,
                        const EaselTableControl& control, const EaselTableWriter& writer);
arrow::Status WriteCsv(Frame& frame, Selection& selection, const EaselTablePageRequest& request,
                       const EaselTableControl& control, const EaselTableWriter& writer);

}  // namespace easel::table
