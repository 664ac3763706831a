#include "engine/scenario_words.h"

#include <sstream>

namespace easel {

std::vector<std::string> Pieces(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string piece; std::getline(in, piece, at);)
    if (!piece.empty()) out.push_back(piece);
  return out;
}

Line ParseLine(int number, std::string text) {
  Line line{.number = number};
  if (const auto colon = text.find(": "); colon != std::string::npos) {
    line.rest = text.substr(colon + 2);
    text.resize(colon);
  }
  std::istringstream in(text);
  for (std::string word; in >> word;) line.words.push_back(word);
  return line;
}

std::int64_t Milliseconds(const std::string& text) {
  const std::int64_t number = std::stoll(text);
  switch (text.back()) {
    case 'h': return number * 3'600'000;
    case 'm': return number * 60'000;
    case 's': return number * 1000;
    default: return number;
  }
}

}  // namespace easel
