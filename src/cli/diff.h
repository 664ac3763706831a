// What differs between two moments of a canvas, block by block, as `easel diff` shows it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "cli/terminal.h"
#include "engine/difference.h"
#include "metadata/metadata_store.h"
#include "state/manifest.h"
#include "state/table_difference.h"

namespace easel {

/// One of the two moments: the end of a run, or an attempt.
struct DiffSide {
  std::optional<RunRecord> run;
  std::optional<AttemptRecord> attempt;  ///< if no run
};

struct FrameDifference {
  TableDifference table;
  bool complete = false;                         ///< all rows were there to compare, on both sides
  std::int64_t rows_before = 0, rows_after = 0;  ///< of the frames themselves
};

struct BlockDifference {
  std::string block;
  std::string before, after;                              ///< attempts; empty: it had no result
  std::optional<bool> code_changed, environment_changed;  ///< empty: not known any more
  std::vector<std::string> read, written;                 ///< files that had another content
  std::shared_ptr<const Manifest> manifest_before, manifest_after;
  StateDifference state;                          ///< borrows from the manifests
  std::map<std::string, FrameDifference> frames;  ///< by variable
  std::string problem;                            ///< why it could not be compared

  /// Something differs that does not come from a block above.
  bool DiffersItself() const;
};

struct Difference {
  DiffSide before, after;
  bool one_block = false;               ///< of one block all is shown, what it inherited included
  std::vector<BlockDifference> blocks;  ///< whose attempts are not the same
  std::vector<std::string> same;        ///< blocks whose attempt is the same
};

/// As text for a person.
std::string RenderDifference(const Terminal& terminal, const Difference& difference);

json::object DifferenceDocument(const Difference& difference);

}  // namespace easel
