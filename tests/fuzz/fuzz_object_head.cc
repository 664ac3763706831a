// Heads of components: the input is the head's text, framed here so that its checksum is right. Whatever is accepted lies
// inside the component, its runs make up its extents, and no sum overflows.
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "state/object.h"

namespace {

constexpr std::int64_t kRoom = 1 << 16;  // behind the head

std::string Framed(const std::uint8_t* data, std::size_t size) {
  std::string out("ECMP\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  const auto length = static_cast<std::uint32_t>(size);
  const auto crc = static_cast<std::uint32_t>(::crc32_z(::crc32_z(0, nullptr, 0), data, size));
  std::memcpy(out.data() + 4, &length, 4);
  std::memcpy(out.data() + 8, &crc, 4);
  return out.append(reinterpret_cast<const char*>(data), size);
}

void Check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string component = Framed(data, size);
  const auto begin = static_cast<std::int64_t>(component.size()), length = begin + kRoom;
  const auto head = easel::ParseComponentHead(component, length, "fuzz");
  if (!head) return 0;
  const auto inside = [&](const easel::ByteRange& range) {
    Check(range.offset >= begin && range.length >= 0 && range.offset + range.length <= length);
    Check(range.offset + range.length <= head->end);
  };
  Check(head->end <= length);
  inside(head->stream);
  if (head->debug) inside(head->debug->range);
  if (head->table) inside(head->table->range);
  for (const easel::Extent& extent : head->extents) {
    inside({extent.chunks, extent.chunk_count() * 32});
    Check(!extent.runs.empty() && extent.runs.size() <= 256);
    unsigned __int128 sum = 0;
    for (const easel::Run& run : extent.runs) {
      Check(run.object <= head->objects.size() && run.offset >= 16 && run.length > 0);
      Check(run.offset <= INT64_MAX - run.length);
      sum += static_cast<unsigned __int128>(run.length);
    }
    Check(sum == static_cast<unsigned __int128>(extent.length));
  }
  for (const easel::BufferRange& buffer : head->buffers)
    Check(buffer.extent < head->extents.size() && buffer.offset >= 0 && buffer.length >= 0 &&
          buffer.offset + buffer.length <= head->extents[buffer.extent].length);
  const easel::ObjectLayout layout{.meta = 1 << 20, .trailer = 1 << 21};
  if (easel::CheckOwnRuns(*head, layout, "fuzz"))
    for (const easel::Extent& extent : head->extents)
      for (const easel::Run& run : extent.runs)
        Check(run.object != 0 || run.offset + run.length <= layout.meta);
  return 0;
}
