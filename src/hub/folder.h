// The folder of an open canvas: reads and writes its files, and hears when others do.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace easel {

/// Confined to one thread. Text in here is as people wrote it but for a byte order mark, which is put back on writing.
class CanvasFolder {
 public:
  /// Errors: kNotFound CANVAS_NOT_FOUND.
  static Result<CanvasFolder> Open(const std::string& path);

  const std::string& path() const { return path_; }

  /// Is this still the folder that was opened, at its path?
  ///
  /// Errors: kFailedPrecondition FOLDER_GONE.
  Status CheckThere() const;

  /// Errors: kNotFound and others of reading.
  Result<std::string> Read(const std::string& file) const;
  /// Write beside and rename; folders on the way are made, a link is followed and stays, permissions stay. The
  /// text's line breaks become those that most lines of the file have now.
  Status Write(const std::string& file, std::string_view text, bool sync);
  /// Remove a file; it need not be there.
  Status Remove(const std::string& file);
  /// Make what was written without `sync` durable.
  Status Sync() const;
  bool Exists(const std::string& file) const;

  /// Become readable when something in the folder or beside the given files changes; -1 if the kernel gives no watch.
  int watch_fd() const { return watch_.get(); }
  /// Watch the folders of these files, and the canvas's own.
  void Watch(const std::set<std::string>& files);
  /// Has anything happened since the last call? Says nothing of what: names alone prove nothing.
  bool TakeEvents();

  /// Those of these files that are not as they were when this was last asked.
  std::set<std::string> Changed(const std::set<std::string>& files);

 private:
  explicit CanvasFolder(std::string path) : path_(std::move(path)) {}
  std::string Full(const std::string& file) const { return path_ + "/" + file; }

  std::string path_;
  dev_t device_ = 0;
  ino_t inode_ = 0;
  UniqueFd watch_;
  std::set<std::string> watched_;  ///< folders, relative; "" is the canvas's
  struct Stamp {
    ino_t inode = 0;
    std::int64_t size = -1, seconds = 0, nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  std::map<std::string, Stamp> stamps_;
};

}  // namespace easel
