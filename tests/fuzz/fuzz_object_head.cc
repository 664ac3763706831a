// Heads of components: every range that is accepted lies inside the component.
#include <cstdint>
#include <cstdlib>

#include "state/object.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto length = static_cast<std::int64_t>(size);
  const auto head = easel::ParseComponentHead({reinterpret_cast<const char*>(data), size}, length, "fuzz");
  if (!head) return 0;
  const auto check = [&](const easel::ByteRange& range) {
    if (range.offset < 8 || range.length < 0 || range.offset + range.length > length) std::abort();
  };
  check(head->stream);
  for (const easel::ByteRange& range : head->buffers) check(range);
  return 0;
}
