#include "executor/interpreter.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "executor/argument_pointers.h"
#include "executor/process_tree.h"

namespace easel {
namespace {

// What a person sets on a machine for every program on it, and what no secret hides in.
constexpr const char* kPassedOn[] = {"LANG",
                                     "LC_ALL",
                                     "LC_CTYPE",
                                     "TZ",
                                     "USER",
                                     "LOGNAME",
                                     "http_proxy",
                                     "https_proxy",
                                     "no_proxy",
                                     "all_proxy",
                                     "HTTP_PROXY",
                                     "HTTPS_PROXY",
                                     "NO_PROXY",
                                     "ALL_PROXY",
                                     "SSL_CERT_FILE",
                                     "SSL_CERT_DIR",
                                     "REQUESTS_CA_BUNDLE",
                                     "CURL_CA_BUNDLE"};

/// Between fork and exec: only calls that are safe while other threads may hold locks.
[[noreturn]] void ExecInterpreter(int control, int output, pid_t parent, char* const* arguments,
                                  char* const* environment) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
  const int null = ::open("/dev/null", O_RDONLY);
  // Above the numbers that are about to be replaced.
  const int control_copy = ::fcntl(control, F_DUPFD, 10);
  const int output_copy = ::fcntl(output, F_DUPFD, 10);
  ::dup2(null, 0);
  ::dup2(output_copy, 1);
  ::dup2(output_copy, 2);
  ::dup2(control_copy, 3);
  ::syscall(SYS_close_range, 4U, ~0U, 0U);
  [[maybe_unused]] int changed = ::chdir("/");
  ::execve(arguments[0], arguments, environment);
  const char* problem = std::strerror(errno);
  [[maybe_unused]] ssize_t n = ::write(2, problem, std::strlen(problem));
  ::_exit(127);
}

}  // namespace

std::vector<std::string> InterpreterEnvironment(const InterpreterOptions& options, bool single) {
  const std::string bin = ParentOf(options.environment.python);
  std::vector<std::string> out{"PATH=" + bin + ":/usr/local/bin:/usr/bin:/bin", "HOME=" + options.home};
  if (const char* fault = std::getenv("EASEL_FAULT"))
    out.push_back("EASEL_FAULT=" + std::string(fault));  // tests/fault
  bool language = false;
  for (const char* name : kPassedOn)
    if (const char* value = std::getenv(name)) {
      out.push_back(std::string(name) + "=" + value);
      language |= std::strncmp(name, "L", 1) == 0 && std::strcmp(name, "LOGNAME") != 0;
    }
  if (!language) out.emplace_back("LANG=C.UTF-8");
  json::array preload(options.environment.preload.begin(), options.environment.preload.end());
  json::array hide(options.hide.begin(), options.hide.end());
  json::object zygote{{"mode", options.isolation},
                      {"preload", std::move(preload)},
                      {"network", options.network},
                      {"home", options.home},
                      {"hide", std::move(hide)},
                      {"shim", options.shim},
                      {"environment", options.environment.name}};
  if (single) zygote["single"] = true;
  if (options.isolation == "strict") zygote["slots"] = json::array{options.first_slot_user, kSlots};
  out.push_back("EASEL_ZYGOTE=" + json::serialize(zygote));
  return out;
}

Result<std::unique_ptr<Interpreter>> Interpreter::Start(EventLoop& loop, const InterpreterOptions& options,
                                                        bool single, Listener listener) {
  const std::string& python = options.environment.python;
  if (::access(python.c_str(), X_OK) != 0)
    return Fail(Code::kNotFound, "ENVIRONMENT_MISSING",
                "The interpreter " + python + " of environment `" + options.environment.name +
                    "` cannot be run: " + std::strerror(errno) + ". Make the environment again.");
  int control[2];
  int output[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, control) != 0)
    return FailErrno("create control channel", errno);
  std::unique_ptr<Interpreter> out(new Interpreter(loop, std::move(listener)));
  out->control_.Reset(control[0]);
  UniqueFd theirs(control[1]);
  // The zygote's own loop is written for a blocking descriptor.
  ::fcntl(theirs.get(), F_SETFL, ::fcntl(theirs.get(), F_GETFL) & ~O_NONBLOCK);
  if (::pipe2(output, O_CLOEXEC) != 0) return FailErrno("create pipe", errno);
  out->output_.Reset(output[0]);
  UniqueFd output_end(output[1]);
  ::fcntl(output[0], F_SETFL, O_NONBLOCK);
  out->log_fd_ = options.log_fd;

  std::vector<std::string> arguments{python, "-I", options.runtime + "/easel_runtime/zygote.py"};
  std::vector<std::string> environment = InterpreterEnvironment(options, single);
  const std::vector<char*> argument_pointers = ArgumentPointers(arguments);
  const std::vector<char*> environment_pointers = ArgumentPointers(environment);
  const pid_t parent = ::getpid();
  out->pid_ = ::fork();
  if (out->pid_ < 0) return FailErrno("start " + python, errno);
  if (out->pid_ == 0)
    ExecInterpreter(theirs.get(), output_end.get(), parent, argument_pointers.data(),
                    environment_pointers.data());
  out->pidfd_.Reset(static_cast<int>(::syscall(SYS_pidfd_open, out->pid_, 0)));
  Interpreter* raw = out.get();
  loop.Watch(raw->control_.get(), EPOLLIN, [raw](std::uint32_t) { raw->OnControl(); });
  loop.Watch(raw->output_.get(), EPOLLIN, [raw](std::uint32_t) { raw->OnOutput(); });
  return out;
}

Interpreter::~Interpreter() {
  Kill();
  if (control_.valid()) loop_.Forget(control_.get());
  if (output_.valid()) loop_.Forget(output_.get());
}

void Interpreter::Kill() { SignalPidfd(pidfd_.get(), SIGKILL); }

bool Interpreter::SendPark(std::uint64_t id, int slot, int channel, int out, int err) {
  if (!control_.valid()) return false;
  std::string text = json::serialize(json::object{{"op", "park"}, {"id", id}, {"slot", slot}});
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(3 * sizeof(int));
  const int descriptors[3] = {channel, out, err};
  std::memcpy(CMSG_DATA(header), descriptors, sizeof descriptors);
  return ::sendmsg(control_.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
         static_cast<ssize_t>(text.size());
}

void Interpreter::OnControl() {
  static thread_local std::string buffer(1 << 16, '\0');
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = {};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const ssize_t n = ::recvmsg(control_.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  UniqueFd descriptor;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); n > 0 && header != nullptr;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      descriptor.Reset(fd);
    }
  }
  if (n <= 0) {
    OnOutput();
    loop_.Forget(control_.get());
    control_.Reset();
    const auto closed = listener_.on_closed;  // may destroy this object
    closed();
    return;
  }
  auto parsed = ParseJson({buffer.data(), static_cast<std::size_t>(n)}, "zygote message");
  if (!parsed || !parsed->is_object()) {
    Kill();
    return;
  }
  listener_.on_message(*parsed, std::move(descriptor));
}

void Interpreter::OnOutput() {
  if (!output_.valid()) return;
  char buffer[4096];
  for (int i = 0; i < 16; ++i) {
    const ssize_t n = ::read(output_.get(), buffer, sizeof buffer);
    if (n < 0) return;
    if (n == 0) {
      loop_.Forget(output_.get());
      output_.Reset();
      return;
    }
    [[maybe_unused]] ssize_t logged = ::write(log_fd_, buffer, static_cast<std::size_t>(n));
    tail_.append(buffer, static_cast<std::size_t>(n));
    if (tail_.size() > 8192) tail_.erase(0, tail_.size() - 4096);
  }
}

std::string Interpreter::OutputTail() {
  OnOutput();
  std::string out = tail_.size() > 2000 ? tail_.substr(tail_.size() - 2000) : tail_;
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

}  // namespace easel
