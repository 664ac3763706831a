#include "executor/executor.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <memory>

#include "base/log.h"
#include "executor/runtime_folder.h"
#include "executor/service.h"

namespace easel {
namespace {

Result<std::unique_ptr<ExecutorService>> MakeService(ExecutorOptions options) {
  if (options.folder.empty()) {
    EASEL_TRY(options.folder, RuntimeFolder());
  }
  if (options.runtime.empty()) {
    EASEL_TRY(options.runtime, FindRuntime());
  }
  if (options.shim.empty()) options.shim = FindShim(options.runtime);
  if (options.home.empty()) {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    options.home = cache != nullptr && cache[0] == '/' ? std::string(cache) + "/easel/home"
                   : home != nullptr && home[0] == '/' ? std::string(home) + "/.cache/easel/home"
                                                       : options.folder + "/home";
  }
  EASEL_RETURN_IF_ERROR(MakeDirectories(options.home));
  EASEL_TRY(UniqueFd lock, LockFolder(options.folder));
  EASEL_TRY(UniqueFd listener, ListenInFolder(options.folder));
  EASEL_TRY(std::unique_ptr<EventLoop> loop, EventLoop::Make());
  return std::make_unique<ExecutorService>(std::move(loop), std::move(options), std::move(lock),
                                           std::move(listener));
}

std::int64_t NumberFrom(const char* name, std::int64_t otherwise) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return otherwise;
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  return *end == '\0' && value >= 0 && value < 1e9 ? static_cast<std::int64_t>(value * 1000) : otherwise;
}

}  // namespace

ExecutorOptions ExecutorOptionsFromEnvironment() {
  ExecutorOptions out;
  out.linger_ms = NumberFrom("EASEL_LINGER_S", out.linger_ms);
  out.parked = static_cast<int>(NumberFrom("EASEL_PARKED", out.parked * 1000LL) / 1000);
  return out;
}

int RunExecutor(ExecutorOptions options) {
  sigset_t handled;
  ::sigemptyset(&handled);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&handled, number);
  ::pthread_sigmask(SIG_BLOCK, &handled, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error like a full disk
  ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
  // Four descriptors an attempt, and many attempts: take what the system gives.
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
  auto service = MakeService(std::move(options));
  if (!service) {
    if (service.error().reason == "EXECUTOR_RUNNING") return 0;
    Log(LogLevel::kError, "executor", service.error().message);
    return 3;
  }
  (*service)->Run();
  return 0;
}

}  // namespace easel
