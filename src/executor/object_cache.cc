#include "executor/object_cache.h"

#include <cerrno>
#include <chrono>

#include "state/manifest.h"
#include "state/object_file.h"

namespace easel {

ObjectStamps& ObjectCache::StampsOf(const std::string& state_root) {
  const std::lock_guard lock(mutex_);
  std::unique_ptr<ObjectStamps>& stamps = stamps_[state_root];
  if (!stamps) stamps = std::make_unique<ObjectStamps>(state_root);
  return *stamps;
}

void ObjectCache::Remember(const std::string& state_root, const std::string& name, const struct stat& info) {
  StampsOf(state_root).Put(name, info);
}

Result<bool> ObjectCache::IsKnown(const std::string& state_root, const std::string& name) {
  const std::string path = ObjectPath(state_root, name);
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR)
      return Fail(Code::kDataLoss, "OBJECT_MISSING", path + " is missing");
    return FailErrno("stat " + path, errno);
  }
  if (!S_ISREG(info.st_mode)) return Fail(Code::kDataLoss, "OBJECT_DAMAGED", path + " is not a regular file");
  return StampsOf(state_root).Holds(name, info);
}

Status ObjectCache::Verify(const std::string& state_root, const std::string& name,
                           const std::atomic<bool>* stop) {
  const std::string path = ObjectPath(state_root, name);
  {
    std::unique_lock lock(mutex_);
    while (reading_.contains(path)) {
      if (stop != nullptr && *stop) return Fail(Code::kCancelled, "CANCELLED", path + ": not verified");
      read_.wait_for(lock, std::chrono::milliseconds(100));
    }
    reading_.insert(path);
  }
  const auto verify = [&]() -> Status {
    EASEL_TRY(const bool known, IsKnown(state_root, name));
    if (known) return {};
    EASEL_TRY(const ObjectFile file, ObjectFile::Open(path));
    EASEL_RETURN_IF_ERROR(file.Verify(name, {.stop = stop}));
    // As it was before it was read: a change meanwhile makes the stamp void, not wrong.
    Remember(state_root, name, file.info());
    return {};
  };
  Status verified = verify();
  const std::lock_guard lock(mutex_);
  reading_.erase(path);
  read_.notify_all();
  return verified;
}

}  // namespace easel
