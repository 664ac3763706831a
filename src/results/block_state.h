// What a block's published attempt left, with the sums that people ask for.
#pragma once

#include <cstdint>
#include <string>

#include "base/json.h"
#include "results/stored_canvas.h"
#include "state/manifest.h"

namespace easel {

struct BlockState {
  std::string block;
  std::string attempt;
  Manifest manifest;
  std::int64_t total_bytes = 0;  ///< of all files that the state needs
  std::int64_t added_bytes =
      0;  ///< of those that no parent needs, as far as parents' manifests are still there
};

/// Read the manifest of what `record` publishes.
///
/// Errors: kNotFound or kDataLoss MANIFEST_DAMAGED, naming the file; kNotFound STATE_COLLECTED (of an older run).
Result<BlockState> ReadBlockState(const StoredCanvas& canvas, const BlockRecord& record);

/// {"name", "type", "shape", "bytes", "origin", "preview", "carried", "not_carried"?}
json::object VariableDocument(const std::string& name, const Variable& variable);
json::object StateDocument(const BlockState& state);

}  // namespace easel
