// The present content of the files that blocks use, as manifests record it.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

namespace easel {

/// Digests of files below a canvas's `files/`, remembered by size, times and inode. Confined to one thread.
class FileDigests {
 public:
  explicit FileDigests(std::string files_folder) : folder_(std::move(files_folder)) {}

  /// `path` relative to the folder: the file's SHA-256, "absent", or, ending in '/', the digest of the sorted listing.
  /// An absolute path: "<size>:<mtime ns>", or "absent". What cannot be read is "unreadable".
  std::string Of(const std::string& path);

 private:
  struct Known {
    std::uint64_t device = 0, inode = 0;
    std::int64_t size = -1, mtime_ns = 0, ctime_ns = 0;
    std::string digest;
  };
  std::string folder_;
  std::unordered_map<std::string, Known> known_;
};

}  // namespace easel
