// Several blocking calls at once.
#pragma once

#include <functional>
#include <vector>

#include "base/error.h"

namespace easel {

/// Run all `tasks` on at most `width` threads and return when all have ended: the first error in their order, if any.
Status RunTogether(const std::vector<std::function<Status()>>& tasks, std::size_t width = 16);

}  // namespace easel
