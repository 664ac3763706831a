#include "executor/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/file.h"
#include "executor/event_loop.h"

namespace easel {
namespace {

/// Read a small file of /proc whole; empty when it is gone.
std::string ReadProc(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return {};
  std::string out(4096, '\0');
  std::size_t have = 0;
  for (;;) {
    const ssize_t n = ::read(fd.get(), out.data() + have, out.size() - have);
    if (n <= 0) break;
    have += static_cast<std::size_t>(n);
    if (have == out.size()) out.resize(out.size() * 2);
  }
  out.resize(have);
  return out;
}

std::string ProcPath(pid_t pid, const char* file) { return "/proc/" + std::to_string(pid) + "/" + file; }

/// The text after `field` on its line of a status file.
std::string_view StatusField(std::string_view status, std::string_view field) {
  std::size_t at = status.starts_with(field) ? 0 : status.find("\n" + std::string(field));
  if (at == std::string_view::npos) return {};
  at += field.size() + (at == 0 && status.starts_with(field) ? 0 : 1);
  return status.substr(at, status.find('\n', at) - at);
}

template <typename Visit>
void ForEachNumber(const std::string& folder, Visit visit) {
  DIR* directory = ::opendir(folder.c_str());
  if (directory == nullptr) return;
  while (const dirent* entry = ::readdir(directory))
    if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
      visit(static_cast<pid_t>(std::atoi(entry->d_name)));
  ::closedir(directory);
}

bool KernelListsChildren() {
  static const bool listed =
      ::access(("/proc/self/task/" + std::to_string(::getpid()) + "/children").c_str(), R_OK) == 0;
  return listed;
}

/// Append the children of `pid`, each of its threads having its own.
void AppendChildren(pid_t pid, std::vector<pid_t>& out) {
  const std::string tasks = ProcPath(pid, "task");
  ForEachNumber(tasks, [&](pid_t task) {
    const std::string text = ReadProc(tasks + "/" + std::to_string(task) + "/children");
    for (const char* at = text.c_str(); *at != '\0';) {
      char* end = nullptr;
      const long child = std::strtol(at, &end, 10);
      if (end == at) break;
      out.push_back(static_cast<pid_t>(child));
      at = *end == ' ' ? end + 1 : end;
    }
  });
}

std::vector<pid_t> TreeByChildrenFiles(pid_t root) {
  std::vector<pid_t> out{root};
  for (std::size_t i = 0; i < out.size(); ++i) AppendChildren(out[i], out);
  return out;
}

using Parentage = std::unordered_map<pid_t, std::vector<pid_t>>;

Parentage ScanParents() {
  Parentage children;
  ForEachNumber("/proc", [&](pid_t pid) {
    const std::string stat = ReadProc(ProcPath(pid, "stat"));
    const std::size_t end = stat.rfind(')');
    char state = 0;
    int parent = 0;
    if (end != std::string::npos && std::sscanf(stat.c_str() + end + 1, " %c %d", &state, &parent) == 2)
      children[parent].push_back(pid);
  });
  return children;
}

std::vector<pid_t> TreeByScan(pid_t root) {
  const Parentage children = ScanParents();
  std::vector<pid_t> out{root};
  for (std::size_t i = 0; i < out.size(); ++i)
    if (auto found = children.find(out[i]); found != children.end())
      out.insert(out.end(), found->second.begin(), found->second.end());
  return out;
}

bool IsZombie(pid_t pid) {
  const std::string stat = ReadProc(ProcPath(pid, "stat"));
  const std::size_t end = stat.rfind(')');
  return end == std::string::npos || end + 2 >= stat.size() || stat[end + 2] == 'Z' || stat[end + 2] == 'X';
}

}  // namespace

pid_t PidOfPidfd(int pidfd) {
  const std::string info = ReadProc("/proc/self/fdinfo/" + std::to_string(pidfd));
  const std::string_view pid = StatusField(info, "Pid:");
  return pid.empty() ? -1 : static_cast<pid_t>(std::atoi(std::string(pid).c_str()));
}

bool OwnsPidNamespace(pid_t pid) {
  const std::string status = ReadProc(ProcPath(pid, "status"));
  const std::string_view levels = StatusField(status, "NSpid:");
  const std::size_t last = levels.find_last_of("\t ");
  const std::size_t first = levels.find_first_not_of("\t ");
  return last != std::string_view::npos && last > first && levels.substr(last + 1) == "1";
}

std::vector<pid_t> TreeOf(pid_t root) {
  return KernelListsChildren() ? TreeByChildrenFiles(root) : TreeByScan(root);
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  if (!KernelListsChildren()) return ScanParents()[pid];
  std::vector<pid_t> out;
  AppendChildren(pid, out);
  return out;
}

std::int64_t MemoryOfTree(pid_t root) {
  std::int64_t total = 0;
  for (const pid_t pid : TreeOf(root)) {
    const std::string status = ReadProc(ProcPath(pid, "status"));
    for (const std::string_view field : {"RssAnon:", "RssShmem:"})
      total += std::atoll(std::string(StatusField(status, field)).c_str()) * 1024;
  }
  return total;
}

bool SignalPidfd(int pidfd, int signal_number) {
  return pidfd >= 0 && ::syscall(SYS_pidfd_send_signal, pidfd, signal_number, nullptr, 0) == 0;
}

std::int64_t KernelOomKills() {
  auto text = ReadFile("/proc/vmstat");
  if (!text) return 0;
  const std::size_t at = text->find("\noom_kill ");
  return at == std::string::npos ? 0 : std::atoll(text->c_str() + at + 10);
}

bool KillTree(pid_t root, int root_pidfd, std::int64_t deadline_ms) {
  const std::int64_t deadline = EventLoop::NowMs() + deadline_ms;
  bool clean = false;
  // The root stays until last: as a subreaper it keeps orphans of its tree below itself, where the scan finds them.
  // A stopped process cannot fork while the rest is being found.
  for (int quiet = 0; EventLoop::NowMs() < deadline;) {
    std::vector<pid_t> tree = TreeOf(root);
    std::erase_if(tree, [&](pid_t pid) { return pid == root || IsZombie(pid); });
    if (tree.empty()) {
      if (++quiet == 2) {
        clean = true;
        break;
      }
      continue;
    }
    quiet = 0;
    for (const pid_t pid : tree) ::kill(pid, SIGSTOP);
    for (const pid_t pid : tree) ::kill(pid, SIGKILL);
    timespec pause{0, 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
  SignalPidfd(root_pidfd, SIGKILL);
  pollfd exited{root_pidfd, POLLIN, 0};
  return ::poll(&exited, 1, static_cast<int>(std::max<std::int64_t>(deadline - EventLoop::NowMs(), 100))) ==
             1 &&
         clean;
}

}  // namespace easel
