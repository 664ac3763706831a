// Files and descriptors: owning a descriptor, reading whole files, and writing so that a reader sees old or new.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace easel {

/// Owns one file descriptor; closes it at the end. Movable. -1 means none.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) Reset(other.Release());
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }
  void Reset(int fd = -1);

 private:
  int fd_ = -1;
};

/// Read a whole file of at most `max_bytes`.
///
/// Errors: kNotFound and others as open gives them; kFailedPrecondition NOT_A_FILE for pipes and devices;
///         kResourceExhausted FILE_TOO_LARGE.
Result<std::string> ReadFile(const std::string& path, std::size_t max_bytes = std::size_t{1} << 30);

/// Write all of `bytes` to `fd`, retrying short writes.
Status WriteAll(int fd, std::string_view bytes);

struct WriteOptions {
  bool sync = false;         ///< fsync the file and its folder before returning
  bool create_only = false;  ///< kAlreadyExists if the path is there
  int mode = 0644;
};

/// Write beside and rename, so that a reader sees the old content or all of the new.
Status WriteFileAtomically(const std::string& path, std::string_view bytes, WriteOptions options = {});

/// mkdir -p.
Status MakeDirectories(const std::string& path);

/// fsync a folder, so that names made in it survive a power cut.
Status SyncDirectory(const std::string& path);

/// The folder of a path: "a/b" -> "a", "b" -> ".".
std::string ParentOf(const std::string& path);

}  // namespace easel
