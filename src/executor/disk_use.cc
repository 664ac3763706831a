#include "executor/disk_use.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/text.h"
#include "executor/process_tree.h"

namespace easel {
namespace {

constexpr std::int64_t kLeastOfAnEntry = 4096;  // names cost, too
constexpr std::size_t kDeepest = 128;
constexpr std::int64_t kLookMs = 100;
constexpr std::int64_t kMeasureMs = 2000;
constexpr std::int64_t kMeasureShare = 20;  // measuring takes at most a 20th of the time

using Inodes = std::set<std::pair<dev_t, ino_t>>;

std::int64_t BytesOf(const struct stat& status) {
  return std::max<std::int64_t>(std::int64_t{status.st_blocks} * 512, kLeastOfAnEntry);
}

std::unexpected<Error> TooDeep() {
  return Fail(Code::kResourceExhausted, "DISK_LIMIT",
              "There are folders nested deeper than " + std::to_string(kDeepest) +
                  " in the files of the canvas, where nobody can tell how much they hold.");
}

class OpenFolder {
 public:
  OpenFolder(int above, const char* name) {
    const int fd = ::openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && (stream_ = ::fdopendir(fd)) == nullptr) ::close(fd);
  }
  OpenFolder(OpenFolder&& other) noexcept : stream_(std::exchange(other.stream_, nullptr)) {}
  OpenFolder& operator=(OpenFolder&&) = delete;
  ~OpenFolder() {
    if (stream_ != nullptr) ::closedir(stream_);
  }
  bool valid() const { return stream_ != nullptr; }
  int fd() const { return ::dirfd(stream_); }
  const dirent* Next() { return ::readdir(stream_); }

 private:
  DIR* stream_ = nullptr;
};

/// Add what is in `top`. Deeper folders are walked by descriptor: a block may rename and nest while this looks.
Status AddFolder(const std::string& top, Inodes& seen, std::int64_t& bytes) {
  std::vector<OpenFolder> path;
  path.emplace_back(AT_FDCWD, top.c_str());
  if (!path.back().valid()) return {};
  while (!path.empty()) {
    const dirent* entry = path.back().Next();
    if (entry == nullptr) {
      path.pop_back();
      continue;
    }
    const std::string_view name = entry->d_name;
    struct stat status{};
    if (name == "." || name == ".." ||
        ::fstatat(path.back().fd(), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    const bool folder = S_ISDIR(status.st_mode);
    if (!folder && status.st_nlink > 1 && !seen.emplace(status.st_dev, status.st_ino).second) continue;
    bytes += BytesOf(status);
    if (!folder) continue;
    if (path.size() >= kDeepest) return TooDeep();
    OpenFolder below(path.back().fd(), entry->d_name);
    if (below.valid()) path.push_back(std::move(below));
  }
  return {};
}

void AddUnnamed(const std::string& folder, Inodes& seen, std::int64_t& bytes) {
  OpenFolder links(AT_FDCWD, folder.c_str());
  if (!links.valid()) return;
  while (const dirent* entry = links.Next()) {
    struct stat status{};
    if (::fstatat(links.fd(), entry->d_name, &status, 0) != 0 || !S_ISREG(status.st_mode) ||
        status.st_nlink > 0)
      continue;
    const UniqueFd file(::openat(links.fd(), entry->d_name, O_PATH | O_CLOEXEC));
    struct statfs system{};
    if (!file.valid() || ::fstatfs(file.get(), &system) != 0 || system.f_type == TMPFS_MAGIC)
      continue;  // memory
    if (seen.emplace(status.st_dev, status.st_ino).second) bytes += BytesOf(status);
  }
}

std::int64_t FreeBytes(const std::string& folder) {
  struct statvfs info{};
  if (::statvfs(folder.c_str(), &info) != 0) return 0;
  return static_cast<std::int64_t>(info.f_bfree) * static_cast<std::int64_t>(info.f_frsize) +
         static_cast<std::int64_t>(info.f_ffree) * kLeastOfAnEntry;
}

}  // namespace

Result<std::int64_t> MeasureFolders(const std::vector<std::string>& folders) {
  Inodes seen;
  std::int64_t bytes = 0;
  for (const std::string& folder : folders) EASEL_RETURN_IF_ERROR(AddFolder(folder, seen, bytes));
  return bytes;
}

std::int64_t UnnamedBytes(pid_t tree) {
  Inodes seen;
  std::int64_t bytes = 0;
  for (const pid_t pid : TreeOf(tree))
    for (const char* kind : {"/fd", "/map_files"})
      AddUnnamed("/proc/" + std::to_string(pid) + kind, seen, bytes);
  return bytes;
}

Status CheckAllowance(const DiskAllowance& allowance, pid_t tree) {
  EASEL_TRY(std::int64_t bytes, MeasureFolders(allowance.folders));
  bytes += UnnamedBytes(tree);
  if (bytes <= allowance.limit_bytes || bytes <= allowance.at_start_bytes) return {};
  return Fail(Code::kResourceExhausted, "DISK_LIMIT",
              "The canvas's files, its home and what the block leaves take " + HumanBytes(bytes) +
                  " of the disk; the limit is " + HumanBytes(allowance.limit_bytes) +
                  ". Remove what is not needed from `files/`, or have the limit raised (setting "
                  "`block_disk_mib`). The "
                  "block's last good result stays.");
}

DiskWatch::DiskWatch(EventLoop& loop, WorkPool& pool, DiskAllowance allowance, pid_t tree,
                     std::function<void(const std::string&)> exceeded)
    : loop_(loop),
      pool_(pool),
      allowance_(std::move(allowance)),
      tree_(tree),
      exceeded_(std::move(exceeded)),
      free_bytes_(FreeBytes(allowance_.folders.front())),
      next_measure_ms_(EventLoop::NowMs() + kMeasureMs) {
  Look();
}

DiskWatch::~DiskWatch() {
  *alive_ = false;
  loop_.CancelTimer(timer_);
}

void DiskWatch::Look() {
  const std::int64_t taken = free_bytes_ - FreeBytes(allowance_.folders.front());
  const std::int64_t room = std::max<std::int64_t>(0, allowance_.limit_bytes - allowance_.at_start_bytes);
  if ((taken > 0 && taken > room) || EventLoop::NowMs() >= next_measure_ms_) return Measure();
  timer_ = loop_.After(kLookMs, [this] {
    timer_ = 0;
    Look();
  });
}

void DiskWatch::Measure() {
  auto outcome = std::make_shared<Status>();
  const std::int64_t began = EventLoop::NowMs();
  pool_.Submit(
      [outcome, allowance = allowance_, tree = tree_] { *outcome = CheckAllowance(allowance, tree); },
      [this, outcome, began, alive = alive_] {
        if (!*alive) return;
        const std::int64_t now = EventLoop::NowMs();
        next_measure_ms_ = now + std::max(kMeasureMs, kMeasureShare * (now - began));
        if (!*outcome) {
          const auto exceeded = exceeded_;  // which may end this watch
          return exceeded(outcome->error().message);
        }
        timer_ = loop_.After(std::max(kLookMs, kMeasureShare * (now - began)), [this] {
          timer_ = 0;
          Look();
        });
      });
}

}  // namespace easel
