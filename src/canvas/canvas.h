// A canvas as a value: named blocks, edges between them, and what its folder says of each.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace easel {

enum class BlockKind { kPython, kMarkdown };

std::string_view BlockKindName(BlockKind kind);

/// What a block may use. Zero means "no limit".
struct Compute {
  double cpu = 0;  ///< cores, counts against --jobs' cores when blocks are scheduled
  std::int64_t memory_bytes = 0;
  std::int64_t timeout_ms = 0;
};

/// How long a result stays good: until its inputs change, never, or for a while.
struct CachePolicy {
  enum class Kind { kAuto, kNever, kFor } kind = Kind::kAuto;
  std::int64_t for_ms = 0;  ///< with kFor
};

struct Block {
  std::string name;
  BlockKind kind = BlockKind::kPython;
  std::string file;              ///< relative to the canvas folder, e.g. "blocks/load.py"
  std::string source;            ///< the file's content when the canvas was read
  double x = 0, y = 0;           ///< position on the stage
  double width = 0, height = 0;  ///< on the stage; 0: the default of its kind
  std::string environment;       ///< name; empty: the canvas's
  Compute compute;
  CachePolicy cache;
  bool removed =
      false;  ///< deleted from a canvas whose places must stay (merge.h); never in one that was read
};

/// A canvas whose names are unique and whose edges form no cycle (ReadCanvas checks). Blocks are in the order of the
/// file; `parents[i]` are indices of block i's parents in edge order, `children[i]` likewise.
struct Canvas {
  std::string root;  ///< absolute path of the folder
  std::string name;
  std::string environment = "default";
  std::vector<Block> blocks;
  std::vector<std::vector<std::int32_t>> parents;
  std::vector<std::vector<std::int32_t>> children;
  /// Block indices, parents before children, stable in file order; without what is removed.
  std::vector<std::int32_t> topological;

  std::optional<std::int32_t> Find(std::string_view block) const;
  const std::string& EnvironmentOf(std::int32_t block) const {
    return blocks[block].environment.empty() ? environment : blocks[block].environment;
  }

  std::map<std::string, std::int32_t, std::less<>> index;  ///< name -> position in `blocks`, of what is there
};

}  // namespace easel
