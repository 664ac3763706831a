// Archives of strangers: any bytes are refused with a reason, or give entries whose paths stay below the folder.
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "exchange/zip_reader.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::string folder = [] {
    char name[] = "/dev/shm/fuzz_zip.XXXXXX";
    return std::string(::mkdtemp(name));
  }();
  const easel::UniqueFd fd(::memfd_create("zip", MFD_CLOEXEC));
  if (!easel::WriteAll(fd.get(), {reinterpret_cast<const char*>(data), size})) return 0;
  const auto zip = easel::ZipReader::Open("/proc/self/fd/" + std::to_string(fd.get()),
                                          {.entries = 100, .bytes = 1 << 20, .free_bytes = 1 << 20});
  if (!zip) {
    if (zip.error().reason.empty() || zip.error().message.empty()) std::abort();
    return 0;
  }
  for (const easel::ZipEntry& entry : (*zip)->entries()) {
    const std::filesystem::path path(entry.path);
    if (path.is_absolute() || path.lexically_normal().string() != entry.path || *path.begin() == "..")
      std::abort();
    if (entry.bytes < 0 || entry.bytes > 1 << 20) std::abort();
  }
  const std::string place = folder + "/place";
  std::filesystem::create_directory(place);
  (void)(*zip)->Unpack(place, [](const easel::ZipEntry& entry) { return entry.path; });
  std::size_t outside = 0;
  for (const auto& one : std::filesystem::directory_iterator(folder)) outside += one.path() == place ? 0 : 1;
  for (const auto& one : std::filesystem::recursive_directory_iterator(place))
    if (one.is_symlink() || (!one.is_regular_file() && !one.is_directory())) std::abort();
  std::filesystem::remove_all(place);
  if (outside != 0) std::abort();
  return 0;
}
