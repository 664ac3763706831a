// What readers of a canvas's results say to a person when there are none, and when something was.
#pragma once

#include <cstdint>
#include <string>

#include "results/stored_canvas.h"

namespace easel {

/// "2026-11-23 06:33:09" in local time.
std::string LocalTime(std::int64_t unix_ms);

/// What every reader says when there is no `.easel/` yet.
std::string NothingHasRun(const StoredCanvas& canvas);

/// What a reader of results says when `block` (any block, if empty) publishes nothing.
std::string NoResultYet(const StoredCanvas& canvas, const std::string& block);

}  // namespace easel
