#include "canvas/problem.h"

namespace easel {

std::string Problem::ToString() const {
  std::string out = file;
  if (line > 0) out += ":" + std::to_string(line) + ":" + std::to_string(column);
  return out + ": " + message;
}

Error ProblemsAsError(const std::vector<Problem>& problems) {
  static constexpr std::size_t kShown = 20;
  std::string message;
  for (std::size_t i = 0; i < problems.size() && i < kShown; ++i) {
    if (i > 0) message += "\n";
    message += problems[i].ToString();
  }
  if (problems.size() > kShown)
    message += "\n… and " + std::to_string(problems.size() - kShown) + " more problems (`easel check` lists them)";
  return Error{Code::kInvalidArgument, "CANVAS_INVALID", std::move(message)};
}

}  // namespace easel
