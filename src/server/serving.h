// Who serves a workspace: a lock, and a note for others how to reach the server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace easel {

/// Holds `.easel/serve.lock` of a workspace while it lives; the kernel frees it with the process, however that ends.
class ServingLock {
 public:
  struct Holder {
    std::int64_t pid = 0;  ///< 0: not known yet
    std::string url;
    bool team = false;  ///< members sign in, not whoever has a link
  };

  /// The lock, or who has it.
  static Result<std::optional<ServingLock>> TryAcquire(const std::string& state_folder);
  /// What the holder has noted.
  static Holder Read(const std::string& state_folder);
  /// Note how to reach this process.
  Status Note(const std::string& url, bool team) const;

 private:
  ServingLock(UniqueFd fd, std::string folder) : fd_(std::move(fd)), folder_(std::move(folder)) {}
  UniqueFd fd_;
  std::string folder_;
};

}  // namespace easel
