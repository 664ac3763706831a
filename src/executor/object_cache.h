// Remembers which state objects this executor has seen whole, so that a file is hashed once and not once a block.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/error.h"

namespace easel {

/// Keyed by path; valid while device, inode, size and both time stamps are what they were. Thread-safe.
class ObjectCache {
 public:
  /// Check that the object file at `path` is there and its content has `digest`, hashing it unless it is remembered.
  ///
  /// Errors: kDataLoss OBJECT_MISSING or OBJECT_DAMAGED, naming the file; others as open and read give them.
  Status Verify(const std::string& path, const std::string& digest);

  /// Remember `path` as whole, as `info` (its fstat) has it.
  void Remember(const std::string& path, const struct stat& info);

 private:
  struct Seen {
    std::uint64_t device, inode;
    std::int64_t size_bytes, mtime_ns, ctime_ns;
    bool operator==(const Seen&) const = default;
  };
  static Seen SeenOf(const struct stat& info);

  std::mutex mutex_;
  std::unordered_map<std::string, Seen> seen_;
};

}  // namespace easel
