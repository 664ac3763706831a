// The words of `easel run` and `easel plan` as a request to an engine.
#pragma once

#include "cli/arguments.h"
#include "engine/engine.h"

namespace easel {

/// Errors: kInvalidArgument USAGE.
Result<RunRequest> RunRequestOf(const Invocation& invocation);

/// The run whose results --at names, by its id; empty without --at.
///
/// Errors: as FindRun (run_words.h) has them.
Result<std::string> RunToBeginFrom(const Invocation& invocation);

}  // namespace easel
