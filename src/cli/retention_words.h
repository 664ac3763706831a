// What `easel gc` and the end of a run say of what was removed, and the limits that a person set.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "cli/arguments.h"
#include "engine/retention.h"
#include "engine/world.h"

namespace easel {

/// The limits of this machine's user: EASEL_KEEP_ATTEMPTS and EASEL_KEEP_BYTES, or the defaults.
///
/// Errors: kInvalidArgument USAGE naming the variable.
Result<RetentionOptions> RetentionOfThisMachine();

/// The same with `--keep` and `--max-bytes` over it.
Result<RetentionOptions> RetentionOf(const Invocation& invocation);

/// Digests of the sources that the canvas has today.
std::vector<std::string> SourceDigests(const Canvas& canvas);

/// Apply retention at the end of a run if it is due; return what to tell, if there is anything. The caller holds the lock
/// and has neither a session nor a server any more.
std::optional<std::string> TidyUp(const std::string& state_root, const Canvas& canvas,
                                  MetadataStore& metadata);

}  // namespace easel
