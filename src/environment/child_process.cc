#include "environment/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/close_range.h>
#include <cerrno>

namespace easel {
namespace {

struct Pipe {
  UniqueFd read, write;
};

Result<Pipe> MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return FailErrno("pipe", errno);
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

void SetNonBlocking(int fd) { ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK); }

std::vector<char*> Pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& s : strings) out.push_back(const_cast<char*>(s.c_str()));
  out.push_back(nullptr);
  return out;
}

/// What the child does between fork and exec: system calls only, since other threads may hold any lock.
[[noreturn]] void BecomeProgram(const char* folder, char* const* argv, char* const* environment, pid_t parent,
                                int in, int out, int err, int report) {
  struct sigaction ordinary{};
  ordinary.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &ordinary, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  // `report` must survive the dup2 calls below: move it above the three.
  const int safe_report = ::fcntl(report, F_DUPFD_CLOEXEC, 3);
  if (::dup2(in, 0) >= 0 && ::dup2(out, 1) >= 0 && ::dup2(err, 2) >= 0 &&
      (folder == nullptr || ::chdir(folder) == 0)) {
    ::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC);
    ::execve(argv[0], argv, environment);
  }
  const int error_number = errno;
  [[maybe_unused]] const ssize_t n = ::write(safe_report, &error_number, sizeof error_number);
  ::_exit(127);
}

}  // namespace

Result<ChildProcess> ChildProcess::Start(const ChildOptions& options) {
  ChildProcess child;
  EASEL_TRY(Pipe out, MakePipe());
  EASEL_TRY(Pipe err, MakePipe());
  EASEL_TRY(Pipe report, MakePipe());
  UniqueFd in;
  if (options.with_input) {
    // A socket, because a write to a pipe whose reader died raises SIGPIPE in us.
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
      return FailErrno("socketpair", errno);
    child.input_.Reset(ends[0]);
    in.Reset(ends[1]);
    SetNonBlocking(child.input_.get());
  } else {
    in.Reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (!in.valid()) return FailErrno("open /dev/null", errno);
  }
  const std::vector<char*> argv = Pointers(options.argv);
  const std::vector<char*> environment = Pointers(options.environment);
  const char* folder = options.folder.empty() ? nullptr : options.folder.c_str();
  const pid_t parent = ::getpid();
  child.pid_ = ::fork();
  if (child.pid_ < 0) return FailErrno("fork", errno);
  if (child.pid_ == 0)
    BecomeProgram(folder, argv.data(), environment.data(), parent, in.get(), out.write.get(), err.write.get(),
                  report.write.get());
  report.write.Reset();
  int error_number = 0;
  ssize_t n;
  do n = ::read(report.read.get(), &error_number, sizeof error_number);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    child.Wait();
    return FailErrno("run " + options.argv[0], error_number);
  }
  child.output_ = std::move(out.read);
  child.errors_ = std::move(err.read);
  SetNonBlocking(child.output_.get());
  SetNonBlocking(child.errors_.get());
  return child;
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      input_(std::move(other.input_)),
      output_(std::move(other.output_)),
      errors_(std::move(other.errors_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(input_, other.input_);
  std::swap(output_, other.output_);
  std::swap(errors_, other.errors_);
  return *this;
}

ChildProcess::~ChildProcess() {
  if (pid_ < 0) return;
  Signal(SIGKILL);
  Wait();
}

void ChildProcess::Signal(int number) const {
  if (pid_ > 0) ::kill(pid_, number);
}

int ChildProcess::Wait() {
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

}  // namespace easel
