// Makes a canvas of a Jupyter notebook.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "canvas/canvas.h"
#include "canvas/graph.h"

namespace easel {

struct NotebookCanvas {
  std::vector<Block> blocks;  ///< in the order of the cells, with names, files, sources and places
  std::vector<NamedEdge>
      edges;  ///< each block of code below the one before: it sees what the notebook's cell saw
  std::vector<std::string> notices;  ///< for people: what is not as it was in the notebook
};

/// Cells become blocks: code to Python, Markdown to Markdown, raw text to Markdown as it stands. Empty cells and outputs are
/// left out. What only IPython understands (`%matplotlib inline`, `!pip install x`, `df?`) is put into comments.
/// Pure. Source: nbformat 4.
///
/// Errors: kInvalidArgument NOTEBOOK_INVALID, NOTEBOOK_OLD (before nbformat 4), NOTEBOOK_LANGUAGE, NOTEBOOK_TOO_LARGE.
Result<NotebookCanvas> CanvasOfNotebook(std::string_view text);

/// Python with what only IPython understands in comments.
struct PlainCode {
  std::string code;
  std::vector<std::string> magics;  ///< lines that are comments now, as they were
};
PlainCode WithoutMagics(std::string_view cell);

}  // namespace easel
