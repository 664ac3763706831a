// Two readings of one canvas brought together: blocks keep their places, so that what holds an index goes on holding it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "canvas/canvas.h"

namespace easel {

/// Names of blocks and what they are called now, all at once: a swap is {a: b, b: a}.
using Renames = std::map<std::string, std::string, std::less<>>;

/// Renames one after the other as one step: a -> t, b -> a, t -> b is {a: b, b: a}. What ends as it began is left out.
Renames ComposeRenames(const std::vector<std::pair<std::string, std::string>>& steps);

/// What a block called `name` is called now.
std::string_view NameAfter(const Renames& renames, std::string_view name);

/// `next` with every block of `now` at the index that it has there, by its name after `renames`. New blocks come behind
/// those; what `next` does not have stays as `removed`: without edges, in neither `topological` nor `index`. One that comes
/// back under its name gets its old place. What `next` itself has as removed does not count. Both are valid canvases; O(blocks + edges).
Canvas MergeCanvas(const Canvas& now, Canvas next, const Renames& renames = {});

}  // namespace easel
