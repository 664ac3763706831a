#include "executor/launch.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/file.h"
#include "executor/argument_pointers.h"
#include "executor/client.h"
#include "executor/event_loop.h"
#include "executor/runtime_folder.h"

namespace easel {
namespace {

constexpr std::int64_t kStopDeadlineMs = 10'000;
constexpr off_t kLogLimitBytes = 4 << 20;

bool IsPassedOn(std::string_view variable) {
  // Paths, language, and what people set once for every program of their machine; nothing of the session's secrets.
  static constexpr std::string_view kNames[] = {"PATH",           "HOME",
                                                "USER",           "LOGNAME",
                                                "TMPDIR",         "TZ",
                                                "LANG",           "http_proxy",
                                                "https_proxy",    "no_proxy",
                                                "all_proxy",      "HTTP_PROXY",
                                                "HTTPS_PROXY",    "NO_PROXY",
                                                "ALL_PROXY",      "SSL_CERT_FILE",
                                                "SSL_CERT_DIR",   "REQUESTS_CA_BUNDLE",
                                                "CURL_CA_BUNDLE", "XDG_RUNTIME_DIR",
                                                "XDG_CACHE_HOME", "ASAN_OPTIONS",
                                                "UBSAN_OPTIONS",  "TSAN_OPTIONS"};
  const std::string_view name = variable.substr(0, variable.find('='));
  if (name.starts_with("EASEL_") || name.starts_with("LC_")) return true;
  for (const std::string_view known : kNames)
    if (name == known) return true;
  return false;
}

/// Between fork and exec: only calls that are safe while other threads may hold locks.
[[noreturn]] void Detach(int log, char* const* arguments, char* const* environment) {
  ::setsid();
  // Not the session's leader: it can never get a terminal.
  const pid_t child = ::fork();
  if (child != 0) ::_exit(child < 0 ? 1 : 0);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (int number = 1; number < 32; ++number) ::signal(number, SIG_DFL);
  [[maybe_unused]] int changed = ::chdir("/");
  ::umask(022);
  const int copy = ::fcntl(log, F_DUPFD, 10);
  const int null = ::open("/dev/null", O_RDONLY);
  const int null_copy = ::fcntl(null, F_DUPFD, 10);
  ::dup2(null_copy, 0);
  ::dup2(copy, 1);
  ::dup2(copy, 2);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  ::execve(arguments[0], arguments, environment);
  const char* problem = std::strerror(errno);
  [[maybe_unused]] ssize_t n = ::write(2, problem, std::strlen(problem));
  ::_exit(127);
}

}  // namespace

Status StartExecutor(const LaunchOptions& options) {
  std::string folder = options.folder;
  if (folder.empty()) {
    EASEL_TRY(folder, RuntimeFolder());
  }
  std::vector<std::string> command = options.command;
  if (command.empty()) {
    std::error_code error;
    const auto binary = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return FailErrno("find this program", error.value());
    command = {binary.string(), "executor", "serve"};
  }
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (IsPassedOn(*variable) && !std::string_view(*variable).starts_with("EASEL_RUNTIME_DIR="))
      environment.emplace_back(*variable);
  environment.push_back("EASEL_RUNTIME_DIR=" + folder);

  const std::string log_path = ExecutorLogPath(folder);
  struct stat info{};
  if (::stat(log_path.c_str(), &info) == 0 && info.st_size > kLogLimitBytes)
    ::rename(log_path.c_str(), (log_path + ".old").c_str());
  const UniqueFd log(::open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  if (!log.valid()) return FailErrno("open " + log_path, errno);

  const std::vector<char*> arguments = ArgumentPointers(command);
  const std::vector<char*> variables = ArgumentPointers(environment);
  const pid_t child = ::fork();
  if (child < 0) return FailErrno("start the executor", errno);
  if (child == 0) Detach(log.get(), arguments.data(), variables.data());
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return {};
}

Result<json::value> ExecutorStatus(const std::string& folder) {
  std::string place = folder;
  if (place.empty()) {
    EASEL_TRY(place, RuntimeFolder());
  }
  EASEL_TRY(const auto client, ExecutorClient::Connect(place, {}));
  EASEL_TRY(json::object status, client->Call({{"op", "status"}}));
  return json::value(std::move(status));
}

Status StopExecutor(bool force, const std::string& folder) {
  std::string place = folder;
  if (place.empty()) {
    EASEL_TRY(place, RuntimeFolder());
  }
  EASEL_TRY(const auto client, ExecutorClient::Connect(place, {}));
  EASEL_TRY(const json::object answer, client->Call({{"op", "stop"}, {"force", force}}));
  // The lock is free when the process has ended or is about to: only then may a test or an upgrade rely on it.
  const std::int64_t deadline = EventLoop::NowMs() + kStopDeadlineMs;
  while (EventLoop::NowMs() < deadline) {
    if (auto lock = LockFolder(place)) return {};
    timespec pause{0, 2'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return Fail(Code::kDeadlineExceeded, "EXECUTOR_SLOW", "the executor has not ended yet");
}

}  // namespace easel
