// Verifies state objects before a worker gets them: each once, however many attempts need it, and not again as long as
// its stamp holds.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "base/error.h"
#include "state/stamps.h"

namespace easel {

/// Thread-safe. Stamps are kept per state root, on disk.
class ObjectCache {
 public:
  /// Is the object `name` there, and was it verified as it is now? Costs one stat.
  ///
  /// Errors: kDataLoss OBJECT_MISSING or OBJECT_DAMAGED (not a regular file), naming the file; others as stat.
  Result<bool> IsKnown(const std::string& state_root, const std::string& name);

  /// Check that the object `name` is there and whole, reading all of it unless it is known. Of several callers at once
  /// one reads, the others wait. `stop` gives up.
  ///
  /// Errors: as IsKnown; kCancelled; others as open and read give them.
  Status Verify(const std::string& state_root, const std::string& name,
                const std::atomic<bool>* stop = nullptr);

  /// Remember that the object was verified when its file was as `info` has it.
  void Remember(const std::string& state_root, const std::string& name, const struct stat& info);

 private:
  ObjectStamps& StampsOf(const std::string& state_root);

  std::mutex mutex_;
  std::condition_variable read_;
  std::set<std::string> reading_;  ///< paths
  std::map<std::string, std::unique_ptr<ObjectStamps>> stamps_;
};

}  // namespace easel
