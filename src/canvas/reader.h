// Reads a canvas folder: canvas.yaml and the sources of its blocks, with everything that is wrong and where it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "canvas/canvas.h"
#include "canvas/graph.h"
#include "canvas/problem.h"

namespace easel {

inline constexpr std::string_view kCanvasFile = "canvas.yaml";

/// The version of the folder's form that this program reads and writes (key `easel`).
inline constexpr int kCanvasFormat = 1;

struct ReadOptions {
  /// Read the blocks' sources, too. Without it no file but canvas.yaml is touched, and missing files go unnoticed.
  bool sources = true;
};

/// What reading gave: a canvas if there is no problem, else the problems in the order of the file.
struct CanvasReading {
  std::optional<Canvas> canvas;
  std::vector<Problem> problems;
};

/// Read `folder` (or the path of a canvas.yaml).
///
/// Errors: kNotFound CANVAS_NOT_FOUND; kInvalidArgument CANVAS_INVALID with all problems, one line each.
Result<Canvas> ReadCanvas(const std::string& folder, ReadOptions options = {});

/// The same for those who show problems one by one.
///
/// Errors: kNotFound CANVAS_NOT_FOUND, kPermissionDenied; what is wrong inside the folder are problems, not errors.
Result<CanvasReading> ReadCanvasWithProblems(const std::string& folder, ReadOptions options = {});

/// Read the text of a canvas.yaml without touching the disk: `source` and `root` stay empty.
CanvasReading ParseCanvas(std::string_view text);

/// The edges of a canvas as names, by child in the order of the blocks, a child's parents in edge order.
std::vector<NamedEdge> EdgesOf(const Canvas& canvas);

}  // namespace easel
