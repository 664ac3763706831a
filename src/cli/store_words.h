// The store that a command line names, and what is said of what went there and came from there.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cli/arguments.h"
#include "metadata/metadata_store.h"
#include "store/canvas_store.h"

namespace easel {

/// The store of `--store`; without it the one that the canvas's folder went with the last time, if `remembered`. Null: none.
///
/// Errors: those of OpenObjectStore.
Result<std::shared_ptr<CanvasStore>> StoreOf(const Invocation& invocation, const std::string& canvas_root,
                                             bool remembered, const CallContext& context);

/// "3 attempts, 5 objects (12 MiB)".
std::string MovedWords(const Moved& moved);

}  // namespace easel
