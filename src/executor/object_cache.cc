#include "executor/object_cache.h"

#include <cerrno>

#include "base/digest.h"

namespace easel {

ObjectCache::Seen ObjectCache::SeenOf(const struct stat& info) {
  return {info.st_dev, info.st_ino, info.st_size,
          info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec,
          info.st_ctim.tv_sec * 1'000'000'000LL + info.st_ctim.tv_nsec};
}

void ObjectCache::Remember(const std::string& path, const struct stat& info) {
  std::lock_guard lock(mutex_);
  seen_[path] = SeenOf(info);
}

Status ObjectCache::Verify(const std::string& path, const std::string& digest) {
  struct stat before{};
  if (::lstat(path.c_str(), &before) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return Fail(Code::kDataLoss, "OBJECT_MISSING", path + " is missing");
    return FailErrno("stat " + path, errno);
  }
  if (!S_ISREG(before.st_mode))
    return Fail(Code::kDataLoss, "OBJECT_DAMAGED", path + " is not a regular file");
  {
    std::lock_guard lock(mutex_);
    if (auto found = seen_.find(path); found != seen_.end() && found->second == SeenOf(before)) return {};
  }
  EASEL_TRY(const std::string actual, DigestOfFile(path));
  if (actual != digest)
    return Fail(Code::kDataLoss, "OBJECT_DAMAGED",
                path + " is damaged: its content is not what it was when it was written (" +
                    std::to_string(before.st_size) + " bytes)");
  // Remembered as it was before hashing: a change meanwhile makes the memory void, not wrong.
  Remember(path, before);
  return {};
}

}  // namespace easel
