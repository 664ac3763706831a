// The first rows of a frame in a state, for a terminal and as JSON, read from its Arrow data.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/json.h"
#include "cli/block_state.h"
#include "cli/terminal.h"
#include "state/table.h"

namespace easel {

/// The first `rows` rows of `variable`; nothing if it is not a table.
///
/// Errors: as ReadTablePreview gives them.
Result<std::optional<TablePreview>> ReadFrame(const StoredCanvas& canvas, const BlockState& state,
                                              const Variable& variable, std::int64_t rows);

/// Header, types and rows; columns that do not fit are counted below, together with the rows that are not shown.
std::string RenderFrame(const Terminal& terminal, const TablePreview& frame);

/// {"columns": [{"name", "type"}], "rows": [[text]], "total_rows", "total_columns"}
json::object FrameDocument(const TablePreview& frame);

}  // namespace easel
