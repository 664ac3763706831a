// Changes to a canvas.yaml that leave what a person wrote as it is: comments, order, quotes, and every other line.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "canvas/canvas.h"
#include "canvas/graph.h"

namespace easel {

/// The text of one canvas.yaml under change. Each call edits the bytes that it is about, reads the result, and checks
/// that it says exactly what was asked; otherwise the text stays as it was. Not thread-safe.
///
/// Errors of all calls: kNotFound BLOCK_UNKNOWN, EDGE_UNKNOWN; kAlreadyExists BLOCK_DUPLICATE, EDGE_DUPLICATE;
/// kInvalidArgument (the text before or after is no valid canvas); kUnimplemented EDIT_FAILED (a form of YAML that
/// cannot be edited in place: a person has to).
class CanvasText {
 public:
  explicit CanvasText(std::string text) : text_(std::move(text)) {}
  const std::string& text() const { return text_; }

  /// Name the canvas: one line of at most 200 bytes.
  Status SetName(std::string_view name);
  /// Append a block (name, kind, file, position, and what else is set in it) behind the last one.
  Status AddBlock(const Block& block);
  /// Remove a block and every edge to or from it. Its file stays.
  Status RemoveBlock(std::string_view name);
  /// Rename a block here and in all edges. Its file stays.
  Status RenameBlock(std::string_view name, std::string_view new_name);
  Status MoveBlock(std::string_view name, double x, double y);
  /// Set a key of a block (`kind`, `file`, `at`, `size`, `environment`, `cache`, `compute`) to a value in YAML; an empty value
  /// removes the key.
  Status SetBlockKey(std::string_view name, std::string_view key, std::string_view value);
  Status AddEdge(std::string_view parent, std::string_view child);
  /// Remove an edge; a chain that it was part of is split.
  Status RemoveEdge(std::string_view parent, std::string_view child);

  /// A block as it shall be, and the name that it has in the text; empty: it is new.
  struct Wanted {
    Block block;
    std::string was;
  };
  /// Make the text say exactly these blocks and edges, in one step: what is already so keeps its bytes. Names are swapped
  /// as easily as changed. `edges` are by child in order of precedence, in the names that hold afterwards.
  Status Become(const std::vector<Wanted>& blocks, const std::vector<NamedEdge>& edges);

 private:
  std::string text_;
};

/// Read the canvas.yaml of `folder`, apply `change`, check the result with its files, and write it atomically.
///
/// Errors: those of `change`; kInvalidArgument CANVAS_INVALID; kAborted CANVAS_CHANGED if somebody else wrote it meanwhile.
Result<Canvas> EditCanvas(const std::string& folder, const std::function<Status(CanvasText&)>& change);

}  // namespace easel
