// The words of the terminal for what a block left.
#pragma once

#include <string>

#include "cli/terminal.h"
#include "results/block_state.h"

namespace easel {

/// "100 × 3", or "" for a value without a shape.
std::string ShapeText(const Terminal& terminal, const Variable& variable);

}  // namespace easel
