// Stamps: any bytes give stamps whose records were whole, and those are the same after they are written and read.
#include <cstdint>
#include <cstdlib>

#include "state/stamps.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto stamps = easel::ParseStamps({reinterpret_cast<const char*>(data), size});
  if (16 + 72 * stamps.size() > size && !stamps.empty()) std::abort();
  const auto again = easel::ParseStamps(easel::SerializeStamps(stamps));
  if (again.size() != stamps.size()) std::abort();
  for (std::size_t i = 0; i < stamps.size(); ++i)
    if (again[i].name != stamps[i].name || again[i].stamp != stamps[i].stamp) std::abort();
  return 0;
}
