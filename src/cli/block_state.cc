#include "cli/block_state.h"

namespace easel {

std::string ShapeText(const Terminal& terminal, const Variable& variable) {
  std::string out;
  for (std::size_t i = 0; i < variable.shape.size(); ++i) {
    if (i > 0) out += terminal.unicode ? " × " : " x ";
    out += std::to_string(variable.shape[i]);
  }
  return out;
}

}  // namespace easel
