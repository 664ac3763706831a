// What a column holds: how much is missing, its range, its spread, its most frequent values.
#pragma once

#include <arrow/status.h>

#include "state/table/abi.h"
#include "state/table/frame.h"
#include "state/table/selection.h"

namespace easel::table {

/// Write {"rows", "missing", "nan"?, "distinct"?, "distinct_exact"?, "min"?, "max"?, "mean"?, "bins"?: {"edges": 21 texts,
/// "counts": 20}, "top"?: [{"value", "count"}], "top_exact"?}: of numbers and times range and bins, of texts, categories and
/// truth values the ten most frequent values. Infinities count, but are in no bin and not in the mean.
arrow::Status WriteSummary(Frame& frame, Selection& selection, std::int32_t column,
                           const EaselTableControl& control, const EaselTableWriter& writer);

/// Write {"count", "missing", "numbers", "sum"?, "mean"?, "min"?, "max"?} of a rectangle of at most a million cells.
arrow::Status WriteCells(Frame& frame, Selection& selection, const EaselTablePageRequest& request,
                         const EaselTableControl& control, const EaselTableWriter& writer);

}  // namespace easel::table
