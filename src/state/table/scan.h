// Work over all rows of a table: cut into pieces, spread over threads, told how far it is, stopped when nobody wants it.
#pragma once

#include <arrow/status.h>

#include <cstdint>
#include <functional>

#include "state/table/abi.h"

namespace easel::table {

/// Rows that a kernel takes at once: what it makes of them stays in the first cache.
inline constexpr std::int64_t kBlockRows = 4096;
/// Rows of a piece of work: between two pieces it may be stopped. A multiple of kBlockRows.
inline constexpr std::int64_t kPieceRows = 1 << 18;

/// Call `piece(begin, end, worker)` for every stretch of [0, rows), on up to `control.threads` threads (`worker` counts them
/// from 0); `from` to `to` is the share of the whole work that this is.
///
/// Errors: Cancelled if the control's owner stops it; the first error of a piece.
arrow::Status Scan(
    std::int64_t rows, const EaselTableControl& control, double from, double to,
    const std::function<arrow::Status(std::int64_t begin, std::int64_t end, int worker)>& piece);

/// How many workers Scan uses at most.
int WorkersOf(const EaselTableControl& control);

}  // namespace easel::table
