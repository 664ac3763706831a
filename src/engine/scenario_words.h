// The words of a scenario's line.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace easel {

/// Splits at blanks; what follows ": " stays one piece.
struct Line {
  int number = 0;
  std::vector<std::string> words;
  std::string rest;  ///< after ": "
};

Line ParseLine(int number, std::string text);

/// What stands between the separators, without what is empty.
std::vector<std::string> Pieces(const std::string& text, char at);

/// "90s", "5m", "2h", "1500" (milliseconds).
std::int64_t Milliseconds(const std::string& text);

}  // namespace easel
