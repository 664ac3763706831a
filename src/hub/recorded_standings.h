// How blocks stood when their engine last wrote it down: what can be said of a canvas whose engine is in another process (a
// command line run), or is not open yet, because its environment is being made.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "canvas/canvas.h"
#include "metadata/metadata_store.h"

namespace easel {

/// A RunState of contracts/openapi.yaml. A block whose file is newer than its result is stale: nothing is analysed here.
std::string_view RecordedState(const Block& block, const std::string& root, const MetadataSnapshot& known);

/// What a LiveBlock says of how it stands, by the name of the block. Blocks for reading; empty if nothing is recorded yet or
/// the database cannot be read.
std::map<std::string, json::object> RecordedStandings(const std::string& root, const Canvas& canvas);

}  // namespace easel
