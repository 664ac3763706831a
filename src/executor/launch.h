// Starting an executor that outlives whoever needed it first, and asking it things from the command line.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace easel {

struct LaunchOptions {
  std::string folder;  ///< runtime folder; empty: RuntimeFolder()
  /// What to run; empty: this program as `easel executor serve`.
  std::vector<std::string> command;
};

/// Start an executor in a session of its own, holding none of this process's descriptors: stdin is /dev/null, stdout and
/// stderr go to executor.log in the runtime folder, the working directory is /, the environment is a short explicit
/// list. Returns when the process has been started, not when it listens; when another one is faster it ends by itself.
///
/// Errors: as fork and open give them.
Status StartExecutor(const LaunchOptions& options = {});

/// The `status` answer of the running executor.
///
/// Errors: kNotFound EXECUTOR_NOT_RUNNING.
Result<json::value> ExecutorStatus(const std::string& folder = "");

/// End the running executor and wait until its socket has gone.
///
/// Errors: kNotFound EXECUTOR_NOT_RUNNING; kFailedPrecondition ATTEMPTS_RUNNING unless `force`.
Status StopExecutor(bool force, const std::string& folder = "");

}  // namespace easel
