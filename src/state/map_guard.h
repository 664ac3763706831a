// What keeps a process alive when a file that it has mapped is cut short by somebody else.
//
// The kernel answers a read beyond a file's end with SIGBUS, which ends a process. For ranges that are guarded, a page
// of zeros takes the missing page's place instead, and the guard says so: whoever reads looks at cut() afterwards, and
// throws away what was found. Readers must bear zeros where there was something else a moment ago.
#pragma once

#include <cstddef>

namespace easel {

/// One range of memory while it is mapped. Movable. The handler is installed with the first one; a SIGBUS elsewhere ends
/// the process as before. More than some thousand guards at a time guard nothing.
class MapGuard {
 public:
  MapGuard() = default;
  MapGuard(const void* address, std::size_t bytes);
  MapGuard(MapGuard&& other) noexcept;
  MapGuard& operator=(MapGuard&& other) noexcept;
  /// Before the range is unmapped.
  ~MapGuard();

  /// A page was missing; thread-safe. It stays so.
  bool cut() const;

 private:
  int slot_ = -1;
};

}  // namespace easel
