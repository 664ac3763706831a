// What execve takes, of strings that we keep.
#pragma once

#include <string>
#include <vector>

namespace easel {

/// Pointers into `strings`, which must stay as they are, and a null behind them.
inline std::vector<char*> ArgumentPointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (std::string& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

}  // namespace easel
