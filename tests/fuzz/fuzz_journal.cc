// Journals: a reader ends, never passes the end of the file, and stays where it found damage.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>

#include "state/journal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const int fd = ::memfd_create("journal", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(fd);
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, data, size, 0) != static_cast<ssize_t>(size)) std::abort();
  auto reader = easel::JournalReader::Open(path);
  if (!reader) return 0;
  for (;;) {
    const std::int64_t before = reader->offset();
    const auto record = reader->Next();
    if (!record || !*record) {
      if (reader->offset() != before) std::abort();
      return 0;
    }
    if (reader->offset() <= before || reader->offset() > static_cast<std::int64_t>(size)) std::abort();
  }
}
