// A canvas together with what its `.easel/` has of it, opened for reading only: no lock, also while a run is under way.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "canvas/canvas.h"
#include "metadata/metadata_store.h"

namespace easel {

struct StoredCanvas {
  std::string shown;       ///< the folder as the person typed it
  std::string state_root;  ///< absolute path of `.easel`
  /// Names of all blocks: those of canvas.yaml in its order, then those that only the database knows.
  std::vector<std::string> blocks;
  std::unique_ptr<MetadataStore> metadata;  ///< null: nothing has run yet
  MetadataSnapshot snapshot;
  /// The run as of whose end `snapshot.blocks` publishes (run_words.h); empty: as of now.
  std::optional<RunRecord> at;

  bool HasRun() const { return metadata != nullptr; }
  /// The block's record, or nullptr if it never ran.
  const BlockRecord* Find(std::string_view block) const;
};

/// Open the canvas at `folder`. A canvas.yaml with mistakes does not stand in the way of looking at results.
///
/// Errors: kNotFound CANVAS_NOT_FOUND; kDataLoss DATABASE_DAMAGED.
Result<StoredCanvas> OpenStoredCanvas(const std::string& folder);

/// Check that `block` is one of the canvas's.
///
/// Errors: kNotFound BLOCK_UNKNOWN, with the nearest name.
Status CheckBlock(const StoredCanvas& canvas, const std::string& block);

/// The newest attempt of `block` that has begun, whatever became of it, runs from an older state (--at) left out; none
/// if it never ran.
Result<std::optional<AttemptRecord>> NewestAttempt(const StoredCanvas& canvas, const std::string& block);

/// The attempt that `words` means: a whole id, or its part after the last '/', or an epoch of `block`.
///
/// Errors: kNotFound ATTEMPT_UNKNOWN.
Result<AttemptRecord> FindAttempt(const StoredCanvas& canvas, const std::string& block,
                                  const std::string& words);

/// The attempt whose log a person means: the one that runs or failed last, otherwise the one whose result is there (after a
/// restore that is not the newest).
Result<std::optional<AttemptRecord>> AttemptToShow(const StoredCanvas& canvas, const std::string& block);

}  // namespace easel
