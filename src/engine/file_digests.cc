#include "engine/file_digests.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "base/digest.h"

namespace easel {
namespace {

std::int64_t Nanoseconds(const timespec& t) { return t.tv_sec * 1'000'000'000LL + t.tv_nsec; }

std::string ListingDigest(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  if (folder == nullptr) return errno == ENOENT || errno == ENOTDIR ? "absent" : "unreadable";
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != ".." && name != "__pycache__") names.push_back(name);
  }
  std::ranges::sort(names);
  Sha256 hash;
  for (const std::string& name : names) hash.Update(name).Update("\n");
  return hash.Finish();
}

}  // namespace

std::string FileDigests::Of(const std::string& path) {
  const bool outside = path.starts_with('/');
  const std::string full = outside ? path : folder_ + "/" + path;
  if (!outside && path.ends_with('/')) return ListingDigest(full);
  struct stat info{};
  if (::stat(full.c_str(), &info) != 0) return errno == ENOENT || errno == ENOTDIR ? "absent" : "unreadable";
  if (outside) return std::to_string(info.st_size) + ":" + std::to_string(Nanoseconds(info.st_mtim));
  Known now{info.st_dev, info.st_ino, info.st_size, Nanoseconds(info.st_mtim), Nanoseconds(info.st_ctim), ""};
  Known& known = known_[path];
  if (known.device == now.device && known.inode == now.inode && known.size == now.size &&
      known.mtime_ns == now.mtime_ns && known.ctime_ns == now.ctime_ns)
    return known.digest;
  if (!S_ISREG(info.st_mode)) return "unreadable";
  const auto digest = DigestOfFile(full);
  now.digest = digest ? *digest : "unreadable";
  known = std::move(now);
  return known.digest;
}

}  // namespace easel
