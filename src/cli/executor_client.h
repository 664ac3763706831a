// Asks the running executor one question. Runs use the backend instead; this is for `easel executor` and `easel doctor`.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"

namespace easel {

struct ExecutorAnswer {
  json::object hello;
  json::object answer;
};

/// Connect to the executor of `folder` (executor/runtime_folder.h), send one request and wait at most `timeout_ms`.
///
/// Errors: kNotFound EXECUTOR_ABSENT; kUnavailable (it does not answer); what it answered, e.g. kFailedPrecondition
///         ATTEMPTS_RUNNING.
Result<ExecutorAnswer> AskExecutor(const std::string& folder, json::object request, int timeout_ms = 5000);

}  // namespace easel
