// The executor as a process: serves engines on a socket, runs attempts in workers, and ends after a time without either.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace easel {

struct ExecutorOptions {
  std::string folder;   ///< runtime folder with socket, lock and log; empty: RuntimeFolder()
  std::string runtime;  ///< folder with easel_runtime/; empty: FindRuntime()
  std::string shim;     ///< path of libeasel_trace.so; empty: FindShim()
  std::string home;     ///< HOME of user code; empty: $XDG_CACHE_HOME/easel/home, else ~/.cache/easel/home
  std::int64_t linger_ms = 600'000;  ///< how long to stay after the last attempt and connection
  int parked = 2;                    ///< workers to keep parked per environment
};

/// Options as the environment gives them: EASEL_RUNTIME_DIR, EASEL_RUNTIME, EASEL_SHIM, EASEL_LINGER_S, EASEL_PARKED.
ExecutorOptions ExecutorOptionsFromEnvironment();

/// Serve until told to stop or until the linger time is over. The exit status for main(): 0, also when another executor
/// holds the folder; 3 when it could not start (the reason is on stderr). Call it from a process's only thread.
int RunExecutor(ExecutorOptions options);

}  // namespace easel
