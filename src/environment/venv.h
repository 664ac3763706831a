// What uv does for us: writing a lock, and filling a virtual environment from one.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/file.h"
#include "environment/interpreter.h"
#include "environment/options.h"

namespace easel {

/// Where a step of preparation reports to, and what ends it early.
struct Progress {
  std::function<void(std::string_view)> line;
  std::stop_token stop;

  void Say(std::string_view text) const {
    if (line) line(text);
  }
};

/// One process at a time for the thing at `path`; the lock is given back at the end, or by the kernel.
class PathLock {
 public:
  /// Wait until it is ours, saying once that we wait. Errors: kCancelled ENVIRONMENT_CANCELLED.
  static Result<PathLock> Take(const std::string& path, const Progress& progress);

 private:
  explicit PathLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

/// Resolve the requirements at `spec_path` to exact versions with hashes, wheels only, and write them to `lock_path`.
/// Versions that an older lock at that path has are kept where they still fit.
///
/// Errors: kFailedPrecondition UV_MISSING, RESOLUTION_FAILED; kCancelled.
Status WriteLock(const EnvironmentOptions& options, const InterpreterInfo& interpreter,
                 const std::string& spec_path, const std::string& lock_path, const Progress& progress);

/// Make the venv `folder` from a lock: beside it, byte-compiled, marked last, then renamed. The caller holds its lock.
///
/// Errors: kFailedPrecondition UV_MISSING, INSTALL_FAILED; kCancelled; those of the file system.
Status BuildVenv(const EnvironmentOptions& options, const InterpreterInfo& interpreter,
                 const std::string& lock_path, const std::string& folder, const Progress& progress);

/// Does a complete venv whose interpreter still exists stand at `folder`?
bool IsVenvReady(const std::string& folder);

}  // namespace easel
