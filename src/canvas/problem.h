// One thing that is wrong in a canvas folder: where it is, and a sentence that says what to do.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

/// `line` and `column` count from 1, in characters; 0 means "the file as a whole".
struct Problem {
  std::string file;  ///< relative to the canvas folder
  int line = 0;
  int column = 0;
  std::string message;

  /// "canvas.yaml:7:12: unknown key `kid`, did you mean `kind`?"
  std::string ToString() const;
};

/// All problems as one kInvalidArgument CANVAS_INVALID, one line each; `problems` is not empty.
Error ProblemsAsError(const std::vector<Problem>& problems);

/// `text` as it is shown inside a sentence: in backticks, at most 80 bytes, control characters as \xNN.
std::string Ticked(std::string_view text);

}  // namespace easel
