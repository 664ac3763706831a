#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace easel {

void UniqueFd::Reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return FailErrno("stat " + path, errno);
  if (S_ISDIR(info.st_mode)) return FailErrno("read " + path, EISDIR);
  if (!S_ISREG(info.st_mode))  // a pipe may never end, a device neither
    return Fail(Code::kFailedPrecondition, "NOT_A_FILE", path + ": is not a regular file");
  std::string out;
  // The kernel's files say 0 and have more; each read of them makes them again.
  out.resize(info.st_size > 0 ? static_cast<std::size_t>(info.st_size) + 1 : std::size_t{16} << 10);
  std::size_t have = 0;
  for (;;) {
    if (have == out.size()) out.resize(out.size() * 2);
    ssize_t n = ::read(fd.get(), out.data() + have, out.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno("read " + path, errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
    if (have > max_bytes)
      return Fail(Code::kResourceExhausted, "FILE_TOO_LARGE",
                  path + ": larger than " + std::to_string(max_bytes) + " bytes");
  }
  out.resize(have);
  return out;
}

Status WriteAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno("write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

std::string ParentOf(const std::string& path) {
  auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Status SyncDirectory(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  if (::fsync(fd.get()) != 0 && errno != EINVAL) return FailErrno("fsync " + path, errno);
  return {};
}

Status WriteFileAtomically(const std::string& path, std::string_view bytes, WriteOptions options) {
  static std::atomic<unsigned> counter{0};
  const std::string beside = path + ".part" + std::to_string(::getpid()) + "." + std::to_string(counter++);
  {
    UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, options.mode));
    if (!fd.valid()) return FailErrno("create " + beside, errno);
    Status written = WriteAll(fd.get(), bytes);
    if (written && options.sync && ::fdatasync(fd.get()) != 0) written = FailErrno("fsync", errno);
    if (!written) {
      ::unlink(beside.c_str());
      written.error().message = path + ": " + written.error().message;
      return written;
    }
  }
  if (options.create_only) {
    const int linked = ::link(beside.c_str(), path.c_str());
    const int error_number = errno;
    ::unlink(beside.c_str());
    if (linked != 0) return FailErrno("create " + path, error_number);
  } else if (::rename(beside.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    ::unlink(beside.c_str());
    return FailErrno("rename to " + path, error_number);
  }
  return options.sync ? SyncDirectory(ParentOf(path)) : Status{};
}

Status MakeDirectories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return FailErrno("create folder " + path, error.value());
  return {};
}

}  // namespace easel
