// canvas.yaml: any bytes give a canvas whose graph holds, or problems that can be printed.
#include <cstdint>
#include <cstdlib>

#include "canvas/reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const easel::CanvasReading reading = easel::ParseCanvas({reinterpret_cast<const char*>(data), size});
  if (reading.canvas.has_value() != reading.problems.empty()) std::abort();
  for (const easel::Problem& problem : reading.problems) {
    if (problem.message.empty() || problem.line < 0 || problem.column < 0) std::abort();
    for (const char c : problem.ToString())
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
        std::abort();  // a message must not drive the terminal
  }
  if (!reading.canvas) return 0;
  const easel::Canvas& canvas = *reading.canvas;
  std::vector<char> done(canvas.blocks.size());
  if (canvas.topological.size() != canvas.blocks.size()) std::abort();
  for (const std::int32_t block : canvas.topological) {
    for (const std::int32_t parent : canvas.parents[block])
      if (!done[parent]) std::abort();
    if (std::exchange(done[block], 1)) std::abort();
  }
  return 0;
}
