// A run as a person names it, and a canvas as it stood when that run ended.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/stored_canvas.h"

namespace easel {

/// The run among `runs` (newest first) that `words` means: its id or the unique beginning or end of one; `last`, the
/// newest that has ended, `last~1`, the one before it; or a local time ("2026-11-23", "2026-11-23 09:15", "09:15:30",
/// the clock alone is today's): the newest that had ended by the end of that day, minute or second. Pure.
///
/// Errors: kNotFound RUN_UNKNOWN, with the newest runs; kInvalidArgument RUN_AMBIGUOUS, with those that fit;
///         kFailedPrecondition RUN_UNDER_WAY.
Result<RunRecord> PickRun(const std::vector<RunRecord>& runs, std::string_view words, std::int64_t now_ms);

/// As PickRun, among the runs of `canvas`.
Result<RunRecord> FindRun(const StoredCanvas& canvas, std::string_view words);

/// Let `canvas` publish, for whoever reads it, what stood when `run` ended; `canvas.at` is set.
Status ShowAsOf(StoredCanvas& canvas, const RunRecord& run);

/// ShowAsOf what the flag's words mean; does nothing if they are empty.
Status ShowAsOf(StoredCanvas& canvas, const std::string& words);

/// "2 ran, 5 up to date", "nothing" of a run's summary.
std::string SummaryText(const RunRecord& run);

}  // namespace easel
