// Rows of a table as a Parquet file.
#pragma once

#include <arrow/status.h>

#include "state/table/abi.h"
#include "state/table/selection.h"

namespace easel::table {

/// Numbers, times, decimals, booleans, texts and bytes keep their type; a category is written as its values, what is nested
/// as text. Row groups of some 4 M cells, snappy.
///
/// Errors: Invalid (the request); SerializationError (damage); Cancelled.
arrow::Status WriteParquet(Frame& frame, Selection& selection, const EaselTablePageRequest& request,
                           const EaselTableControl& control, const EaselTableWriter& writer);

}  // namespace easel::table
