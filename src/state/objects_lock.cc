#include "state/objects_lock.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace easel {

Result<ObjectsLock> ObjectsLock::Take(const std::string& state_root, Mode mode) {
  const std::string path = state_root + "/objects";
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  while (::flock(fd.get(), mode == Mode::kShared ? LOCK_SH : LOCK_EX) != 0)
    if (errno != EINTR) return FailErrno("lock " + path, errno);
  return ObjectsLock(std::move(fd));
}

}  // namespace easel
