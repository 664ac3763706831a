// Notebooks of strangers: any bytes are refused with a reason or become a canvas that is one.
#include <cstdint>
#include <cstdlib>

#include "exchange/notebook.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto made = easel::CanvasOfNotebook({reinterpret_cast<const char*>(data), size});
  if (!made) {
    if (made.error().reason.empty() || made.error().message.empty()) std::abort();
    return 0;
  }
  for (const easel::Block& block : made->blocks)
    if (!easel::IsBlockName(block.name) || block.file.find("..") != std::string::npos) std::abort();
  if (!easel::MakeCanvas(made->blocks, made->edges)) std::abort();
  return 0;
}
