#include "environment/command.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace easel {
namespace {

constexpr std::size_t kKeptBytes = 1 << 20;  ///< of each stream; enough for any resolver's explanation
constexpr int kGraceMs = 2000;

/// Read what is there; false at the end of the stream.
bool Drain(int fd, std::string& into) {
  char buffer[16384];
  for (;;) {
    const ssize_t n = ::read(fd, buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    into.append(buffer, static_cast<std::size_t>(n));
    if (into.size() > kKeptBytes) into.erase(0, into.size() - kKeptBytes);
  }
}

class LineSplitter {
 public:
  explicit LineSplitter(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}

  void Add(std::string_view text) {
    pending_ += text;
    std::size_t start = 0;
    for (std::size_t end; (end = pending_.find_first_of("\r\n", start)) != std::string::npos; start = end + 1)
      if (end > start && on_line_) on_line_(std::string_view(pending_).substr(start, end - start));
    pending_.erase(0, start);
  }

 private:
  const std::function<void(std::string_view)>& on_line_;
  std::string pending_;
};

}  // namespace

Result<CommandResult> RunCommand(const ChildOptions& options,
                                 const std::function<void(std::string_view)>& on_line, std::stop_token stop) {
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake.valid()) return FailErrno("eventfd", errno);
  std::stop_callback on_stop(stop, [&wake] {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t n = ::write(wake.get(), &one, sizeof one);
  });
  EASEL_TRY(ChildProcess child, ChildProcess::Start(options));
  CommandResult result;
  LineSplitter lines(on_line);
  pollfd waits[3] = {{child.output(), POLLIN, 0}, {child.errors(), POLLIN, 0}, {wake.get(), POLLIN, 0}};
  bool interrupted = false;
  while (waits[0].fd >= 0 || waits[1].fd >= 0) {
    const int ready = ::poll(waits, 3, interrupted ? kGraceMs : -1);
    if (ready < 0 && errno != EINTR) return FailErrno("poll", errno);
    if (ready == 0) break;  // told to end and still there: the child's destructor kills it
    if (ready < 0) continue;
    if (waits[2].revents != 0) {
      interrupted = true;
      child.Signal(SIGINT);
      waits[2].fd = -1;
    }
    if (waits[0].revents != 0 && !Drain(waits[0].fd, result.output)) waits[0].fd = -1;
    if (waits[1].revents != 0) {
      std::string more;
      if (!Drain(waits[1].fd, more)) waits[1].fd = -1;
      lines.Add(more);
      result.errors += more;
    }
  }
  if (interrupted)
    return Fail(Code::kCancelled, "COMMAND_CANCELLED", "cancelled while " + options.argv[0] + " was running");
  lines.Add("\n");
  const int status = child.Wait();
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return result;
}

}  // namespace easel
