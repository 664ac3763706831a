// One change to a canvas.yaml: the document before, the splices that make it, what it must mean after. Private to this folder.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "canvas/document.h"
#include "canvas/splice.h"

namespace easel {

/// What must hold after a change, apart from places in the text.
struct CanvasMeaning {
  std::string name, environment;
  std::vector<Block> blocks;
  std::vector<NamedEdge> edges;
};

/// Equal; of edges the order counts among the parents of one child, of blocks with `any_order` not at all.
bool SameMeaning(CanvasMeaning a, CanvasMeaning b, bool any_order = false);
/// What canvas.yaml says of a block is the same; the source does not count.
bool SameEntry(const Block& a, const Block& b);

/// The keys of a block in YAML: "a: {kind: python, …}", "[0, 0]", "{for: 1h}", "{cpu: 2}"; empty: the key is not needed.
std::string EntryYaml(const Block& block);
std::string PairYaml(double x, double y);
std::string SizeYaml(const Block& block);
std::string CacheYaml(const CachePolicy& cache);
std::string ComputeYaml(const Compute& compute);
/// A value for a one-line flow mapping: as it is if it reads back so, else quoted.
std::string ScalarYaml(std::string_view text);

class YamlEdit {
 public:
  /// Errors: kInvalidArgument CANVAS_INVALID.
  static Result<YamlEdit> Begin(const std::string& text);

  Result<std::int32_t> FindBlock(std::string_view name) const;
  const YamlNode& Node(std::uint32_t i) const { return document.yaml.nodes[i]; }

  /// Add entries to `blocks` (mapping) or `edges`, making the key if it is missing or empty.
  void Append(Splices& splices, bool to_blocks, const std::vector<std::string>& entries) const;
  /// Put an entry into `edges` before the item `item` of the document.
  void InsertEdge(Splices& splices, std::size_t item, const std::string& entry) const;
  using Drop = std::function<bool(const std::string& parent, const std::string& child)>;
  using Rename = std::function<std::string(const std::string& name)>;
  /// Rewrite the items of `edges` so that those for which `drop` holds are gone and names are mapped by `rename`.
  void RewriteEdges(Splices& splices, const Drop& drop, const Rename& rename) const;
  /// Remove children of a collection; without any left it becomes `empty`, because a bracketless list cannot be empty.
  void RemoveChildren(Splices& splices, std::uint32_t collection, const std::vector<std::uint32_t>& gone,
                      std::size_t all, std::string_view empty, bool is_key) const;
  /// Set keys of a block to values in YAML; an empty one removes the key.
  void SetKeys(Splices& splices, std::int32_t block,
               const std::vector<std::pair<std::string, std::string>>& keys) const;
  void RemoveBlocks(Splices& splices, const std::vector<std::int32_t>& blocks) const;

  /// The text after the splices, if it means `meaning`.
  ///
  /// Errors: kInvalidArgument CANVAS_INVALID; kUnimplemented EDIT_FAILED.
  Status Finish(std::string& text, const Splices& splices, bool any_order = false) const;

  std::string mark;  ///< a byte order mark or nothing
  std::string body;
  CanvasDocument document;
  CanvasMeaning meaning;  ///< to be changed by the caller into what it wants

 private:
  YamlEdit(std::string mark_, std::string body_, CanvasDocument document_);
  void RemoveFlowRuns(Splices& splices, std::uint32_t collection, const std::vector<std::uint32_t>& gone,
                      bool is_key) const;
};

}  // namespace easel
