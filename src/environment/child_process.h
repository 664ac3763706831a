// A child process with pipes, which never outlives its owner.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace easel {

struct ChildOptions {
  std::vector<std::string> argv;         ///< argv[0] is a path; no search in PATH
  std::vector<std::string> environment;  ///< "NAME=value", all of it; nothing is inherited
  std::string folder;                    ///< working directory; empty: the caller's
  bool with_input = false;               ///< otherwise its standard input is /dev/null
};

/// A running child. The destructor kills and reaps it; so does the kernel (PR_SET_PDEATHSIG) when the thread that
/// started it ends. The child has default signal handling, nothing blocked, and no descriptor beyond 0, 1 and 2.
/// Not thread-safe. Movable.
class ChildProcess {
 public:
  /// Errors: as fork gives them; kNotFound and others with the program's path when it cannot be executed.
  static Result<ChildProcess> Start(const ChildOptions& options);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  int input() const { return input_.get(); }    ///< a socket, non-blocking; send with MSG_NOSIGNAL
  int output() const { return output_.get(); }  ///< its stdout, non-blocking
  int errors() const { return errors_.get(); }  ///< its stderr, non-blocking

  void Signal(int number) const;
  /// Wait for its end; the status as waitpid gives it. At most once.
  int Wait();

 private:
  ChildProcess() = default;

  pid_t pid_ = -1;
  UniqueFd input_, output_, errors_;
};

}  // namespace easel
