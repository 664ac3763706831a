// Manifests: what is read is closed, and is the same after it is written and read again.
#include <cstdint>
#include <cstdlib>

#include "state/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto manifest = easel::ParseManifest({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!manifest) return 0;
  for (const auto& [name, variable] : manifest->state.variables)
    if (!variable.slot.empty() && !manifest->state.slots.contains(variable.slot)) std::abort();
  const std::string text = easel::SerializeManifest(*manifest);
  const auto again = easel::ParseManifest(text, "again");
  if (!again || easel::SerializeManifest(*again) != text) std::abort();
  return 0;
}
