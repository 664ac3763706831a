// Running a program to its end: its output kept, its progress lines passed on, cancellable.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "environment/child_process.h"

namespace easel {

struct CommandResult {
  int exit_code = 0;  ///< 128 + the signal's number when a signal ended it
  std::string output;
  std::string errors;
};

/// Run a program and wait for it. `on_line` gets each line of its stderr as it comes.
///
/// When `stop` is requested the program gets SIGINT, two seconds later SIGKILL.
/// Errors: as ChildProcess::Start; kCancelled COMMAND_CANCELLED. A program that fails is a result, not an error.
Result<CommandResult> RunCommand(const ChildOptions& options,
                                 const std::function<void(std::string_view)>& on_line = {},
                                 std::stop_token stop = {});

}  // namespace easel
