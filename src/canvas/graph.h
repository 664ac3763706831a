// The graph of a canvas: joins blocks and edges into parents, children and an order, or says what is wrong with them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "canvas/canvas.h"

namespace easel {

/// One thing that is wrong with the graph: `block` or `edge` is the position of what causes it, the other is -1.
struct GraphProblem {
  std::int32_t block = -1;
  std::int32_t edge = -1;
  std::string reason;  ///< BLOCK_NAME_INVALID, BLOCK_DUPLICATE, BLOCK_CYCLE, EDGE_UNKNOWN_BLOCK, …
  std::string message;
};

using NamedEdge = std::pair<std::string, std::string>;  ///< parent, child

/// Make a canvas of blocks and edges without a folder. Pure, O(blocks + edges).
///
/// Errors: kInvalidArgument with the reason of the first GraphProblem.
Result<Canvas> MakeCanvas(std::vector<Block> blocks, std::vector<NamedEdge> edges);

/// Fill index, parents, children and topological of `canvas` from its blocks and `edges`, and return everything that is
/// wrong; with problems the canvas is not to be used.
std::vector<GraphProblem> BuildGraph(Canvas& canvas, const std::vector<NamedEdge>& edges);

/// A block's name: [A-Za-z_][A-Za-z0-9_-]{0,63}. It is a key in canvas.yaml, part of an attempt's id, and of a path.
bool IsBlockName(std::string_view name);

}  // namespace easel
