// Keeps the collection out while somebody decides to use an object that is there already.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"

namespace easel {

/// A lock (flock) on `.easel/objects`, held while it lives. Writers share it from the moment in which they look whether
/// an object is there until the manifest that names it is; the collection has it alone while it looks at an object's
/// age and removes it. A writer that uses an old object again renews its modification time: then the collection sees it
/// young, or has removed it before the writer looked.
class ObjectsLock {
 public:
  enum class Mode { kShared, kExclusive };

  /// Wait for the lock.
  ///
  /// Errors: as open and flock give them.
  static Result<ObjectsLock> Take(const std::string& state_root, Mode mode);

 private:
  explicit ObjectsLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace easel
