// Whole object files: checksums of the end and of heads are made right here, so that the fuzzer reaches what is behind
// them. Reading every component, mapping every extent and verifying ends, without a byte read outside.
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>

#include "base/digest.h"
#include "state/object_file.h"

namespace {

std::uint32_t Crc(const char* data, std::size_t size) {
  return static_cast<std::uint32_t>(::crc32_z(0, reinterpret_cast<const unsigned char*>(data), size));
}

/// Make the checksums right that a mutation breaks first.
void Mend(std::string& file) {
  if (file.size() < 48) return;
  char* end = file.data() + file.size() - 32;
  const std::uint32_t crc = Crc(end, 16);
  std::memcpy(end + 16, &crc, 4);
  for (std::size_t at = 0; at + 16 <= file.size(); at += 64) {
    if (std::memcmp(file.data() + at, "ECMP", 4) != 0) continue;
    std::uint32_t length = 0;
    std::memcpy(&length, file.data() + at + 4, 4);
    if (length > file.size() - at - 16) continue;
    const std::uint32_t head = Crc(file.data() + at + 16, length);
    std::memcpy(file.data() + at + 8, &head, 4);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("object", 0);
  std::string bytes(reinterpret_cast<const char*>(data), size);
  Mend(bytes);
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, bytes.data(), size, 0) != static_cast<ssize_t>(size))
    std::abort();
  const auto file = easel::ObjectFile::Adopt(easel::UniqueFd(::dup(fd)), "fuzz");
  if (!file) return 0;
  const easel::ObjectLayout& layout = file->layout();
  if (layout.meta < 16 || layout.meta > layout.trailer ||
      layout.trailer + 32 != static_cast<std::int64_t>(size))
    std::abort();
  // With the name that it has, so that verifying goes on to the data.
  const std::string name = easel::Sha256()
                               .Update(bytes.substr(0, 16))
                               .Update(bytes.substr(static_cast<std::size_t>(layout.meta)))
                               .Finish();
  const bool whole = file->Verify(name).has_value();
  const auto components = file->Components();
  if (whole && !components) std::abort();
  if (!components) return 0;
  for (const easel::PlacedComponent& component : *components) {
    if (component.offset < layout.meta || component.offset + component.head.end > layout.trailer)
      std::abort();
    (void)file->CheckStream(component.offset, component.head);
    if (component.head.table) (void)file->ReadChecked(component.offset, *component.head.table);
    for (const easel::Extent& extent : component.head.extents)
      if (!file->ReadChunkTable(component.offset, extent)) std::abort();
  }
  return 0;
}
