// What a block that need not run again hands on, after blocks above it have left something else that it does not read.
#pragma once

#include <string>
#include <string_view>

#include "engine/analysis.h"
#include "engine/join.h"

namespace easel {

/// A block's attempt left a state that lists all it inherited, too. When a name that it neither reads nor changes becomes
/// different above, the block is still up to date, and a block below must see the new value.
struct HandedOn {
  /// What it would leave if it ran again on what its parents hand on now; null: just what it left.
  StatePtr state;
  /// Not empty: that cannot be told without running it, because of this name.
  std::string unclear;
  std::string origin;  ///< block that made the newer value of `unclear`, if there is one
};

/// `left`: what the attempt of `block` left; `joined`: what its parents hand on now. Whatever its key counts must be the
/// same in `joined` as it was for the attempt.
///
/// What the block made, changed or deleted is as it left it; all else is as in `joined`. It is unclear for a name that the
/// block may have set to what it had been, and where something that the block made refers to what was made anew above.
HandedOn HandOn(std::string_view block, std::string_view attempt, const Analysis& analysis, StateIndex& left,
                StateIndex& joined);

}  // namespace easel
