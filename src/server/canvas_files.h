// The files of a canvas (`files/`): every path is resolved by the kernel beneath that folder, whatever links lie in it.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace easel {

struct FileEntry {
  std::string name;
  std::string kind;  ///< file, folder, link, other
  std::int64_t bytes = 0;
  std::int64_t modified_ms = 0;
};

/// An open folder `files/`. Paths are relative, without empty segments, `.` and `..`; "" is the folder itself. Links that
/// lead outside lead nowhere. Thread-safe.
///
/// Errors of all: kInvalidArgument BAD_PATH; kNotFound FILE_UNKNOWN; kAlreadyExists FILE_EXISTS; kPermissionDenied
/// OUTSIDE_CANVAS; those of the file system.
class CanvasFiles {
 public:
  /// The folder is made if it is missing.
  static Result<CanvasFiles> Open(const std::string& canvas_root);

  /// Sorted: folders first, then by name.
  Result<std::vector<FileEntry>> List(const std::string& path) const;
  struct OpenFile {
    UniqueFd fd;
    struct stat info{};
  };
  /// A regular file, to be read.
  Result<OpenFile> Read(const std::string& path) const;
  Status MakeFolder(const std::string& path) const;
  /// Never replaces anything.
  Status Rename(const std::string& from, const std::string& to) const;
  /// Move into the canvas's trash; gives what brings it back.
  Result<std::string> Remove(const std::string& path) const;
  /// Bring back to where it was; gives the path.
  Result<std::string> Restore(const std::string& trash) const;
  /// Put the file at `source` (absolute, on the same disk) at `path`, making folders on the way.
  Status Take(const std::string& source, const std::string& path, bool replace) const;
  Result<bool> Exists(const std::string& path) const;

 private:
  CanvasFiles(UniqueFd folder, std::string state_root)
      : folder_(std::move(folder)), state_root_(std::move(state_root)) {}
  Result<UniqueFd> OpenAt(const std::string& path, int flags) const;
  /// The folder that holds the last part of `path`, and that part.
  Result<std::pair<UniqueFd, std::string>> Parent(const std::string& path, bool make) const;

  UniqueFd folder_;
  std::string state_root_;
};

/// "a//b" and the like are refused.
///
/// Errors: kInvalidArgument BAD_PATH.
Status CheckFilePath(std::string_view path, bool may_be_empty);

}  // namespace easel
