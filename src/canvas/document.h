// canvas.yaml as written: the canvas that its text describes, before its files are looked at. Private to this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "canvas/canvas.h"
#include "canvas/graph.h"
#include "canvas/problem.h"
#include "canvas/yaml.h"

namespace easel {

/// Collects problems; keeps the first thousand, so that a file that is wrong everywhere stays readable.
class ProblemList {
 public:
  void Add(std::string file, int line, int column, std::string message);
  void Add(const YamlNode& node, std::string message);
  /// Sorted by place; the lines of canvas.yaml first.
  std::vector<Problem> Take();
  bool empty() const { return problems_.empty(); }
  /// True for the first few calls: whether to spend time on a suggestion.
  bool MaySuggest() { return ++suggested_ <= 20; }

 private:
  std::vector<Problem> problems_;
  int suggested_ = 0;
};

/// Where a block is in the tree: indices of nodes, 0 if it has no such key (node 0 is the document's mapping).
struct BlockPlace {
  std::uint32_t key = 0;
  std::uint32_t value = 0;
  std::uint32_t file = 0;
};

/// One item of `edges`.
struct EdgeItem {
  std::uint32_t node = 0;
  std::vector<std::string> names;
};

struct CanvasDocument {
  YamlDocument yaml;
  Canvas canvas;                   ///< graph not built
  std::vector<BlockPlace> places;  ///< parallel to canvas.blocks
  std::uint32_t blocks_node = 0;   ///< the value of `blocks`, 0 if absent
  std::uint32_t edges_node = 0;
  std::uint32_t blocks_key = 0;
  std::uint32_t edges_key = 0;
  std::vector<EdgeItem> items;
  std::vector<NamedEdge> edges;
  std::vector<std::pair<int, int>> edge_places;  ///< line and column of each edge
};

/// Read the tree of `text` by the schema; problems are added to `problems`.
CanvasDocument ReadDocument(std::string_view text, ProblemList& problems);

/// Build the graph and add its problems with their lines.
void CheckGraph(CanvasDocument& document, ProblemList& problems);

/// A path inside the canvas folder in its shortest form ("./a//b" -> "a/b"), or why it is refused.
std::expected<std::string, std::string> CleanPath(std::string_view path);

}  // namespace easel
