#include "executor/doctor.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/text.h"
#include "executor/group_tree.h"

namespace easel {
namespace {

#ifndef SYS_landlock_create_ruleset
constexpr long SYS_landlock_create_ruleset = 444;
#endif
#ifndef SYS_mount_setattr
constexpr long SYS_mount_setattr = 442;
#endif

/// Run `attempt` in a child and return 0 or the errno that it exits with. Only system calls are made in it, because
/// other threads may hold locks while it is forked.
template <typename F>
int TryInChild(F attempt) {
  const pid_t child = ::fork();
  if (child < 0) return errno;
  if (child == 0) ::_exit(attempt() & 0x7f);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

int WriteSmall(const char* path, const char* text) {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const bool written = ::write(fd, text, std::strlen(text)) == static_cast<ssize_t>(std::strlen(text));
  const int problem = errno;
  ::close(fd);
  return written ? 0 : problem;
}

/// Become root of a user namespace of one's own.
int EnterUserNamespace(const char* uid_map, const char* gid_map) {
  if (::unshare(CLONE_NEWUSER) != 0) return errno;
  if (const int problem = WriteSmall("/proc/self/uid_map", uid_map)) return problem;
  WriteSmall("/proc/self/setgroups", "deny");
  return WriteSmall("/proc/self/gid_map", gid_map);
}

DoctorFinding Finding(const char* name, int problem, const char* good, const char* advice) {
  return {name, problem == 0, problem == 0 ? good : std::strerror(problem), problem == 0 ? "" : advice, true};
}

DoctorFinding ExamineLandlock() {
  const long abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, 1U);
  if (abi > 0) return {"landlock", true, "version " + std::to_string(abi), "", true};
  return Finding("landlock", errno, "",
                 "Start the kernel with landlock among lsm=; files are then protected twice.");
}

DoctorFinding ExamineCgroups() {
  const GroupTree groups = GroupTree::Find("", /*prepare=*/false);
  DoctorFinding out{.name = "cgroups", .ok = groups.missing().empty(), .advice = groups.advice()};
  std::vector<std::string> seen;
  for (const GroupPlace& place : groups.places())
    if (!place.folder.empty())
      seen.push_back(place.controller + " in " + place.folder + " (version " + std::to_string(place.version) +
                     ")");
  out.detail = seen.empty() ? "blocks of isolation `strict` cannot be put into groups" : JoinWords(seen);
  return out;
}

}  // namespace

std::vector<DoctorFinding> ExamineHost() {
  std::vector<DoctorFinding> out;
  char uid_map[32], gid_map[32];
  std::snprintf(uid_map, sizeof uid_map, "0 %u 1", ::getuid());
  std::snprintf(gid_map, sizeof gid_map, "0 %u 1", ::getgid());
  const auto user = [&] { return EnterUserNamespace(uid_map, gid_map); };
  const char* namespaces =
      "Allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
      "user.max_user_namespaces > 0, and on "
      "Ubuntu kernel.apparmor_restrict_unprivileged_userns=0), or run the container with them. Until then "
      "blocks are "
      "separated by the layers of mode `pod`.";
  out.push_back(Finding("user_namespaces", TryInChild(user), "can be made", namespaces));
  out.push_back(Finding("mount_namespaces", TryInChild([&] {
                          if (const int problem = user()) return problem;
                          if (::unshare(CLONE_NEWNS) != 0) return errno;
                          if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
                          return ::mount("tmpfs", "/tmp", "tmpfs", 0, "size=1m") == 0 ? 0 : errno;
                        }),
                        "private mounts work",
                        "See user_namespaces; in a container the seccomp profile must allow mount."));
  out.push_back(
      Finding("pid_namespaces", TryInChild([&] {
                if (const int problem = user()) return problem;
                return ::unshare(CLONE_NEWPID) == 0 ? 0 : errno;
              }),
              "can be made",
              "See user_namespaces. Without, processes that a block leaves behind are found by scanning."));
  out.push_back(Finding(
      "proc_mount", TryInChild([&] {
        if (const int problem = user()) return problem;
        if (::unshare(CLONE_NEWNS | CLONE_NEWPID) != 0) return errno;
        if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
        return TryInChild([] {
          return ::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) == 0 ? 0 : errno;
        });
      }),
      "a fresh /proc can be mounted",
      "The container masks parts of /proc (Docker: --security-opt systempaths=unconfined)."));
  out.push_back(Finding("network_namespaces", TryInChild([&] {
                          if (const int problem = user()) return problem;
                          return ::unshare(CLONE_NEWNET) == 0 ? 0 : errno;
                        }),
                        "can be made",
                        "See user_namespaces. Blocks with `network: false` cannot be cut off until then."));
  out.back().needed_by_local = false;
  out.push_back(ExamineLandlock());
  out.push_back(Finding("seccomp", TryInChild([] {
                          sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
                          sock_fprog program{1, &allow};
                          if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno;
                          return ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0 ? 0 : errno;
                        }),
                        "filters can be loaded", "The kernel lacks CONFIG_SECCOMP_FILTER."));
  out.push_back(Finding("pidfd", TryInChild([] {
                          const long fd = ::syscall(SYS_pidfd_open, ::getpid(), 0);
                          return fd >= 0 ? 0 : errno;
                        }),
                        "processes can be held", "Linux 5.4 or newer is needed."));
  out.push_back(Finding("mount_setattr", TryInChild([] {
                          // A wrong descriptor tells a kernel that knows the call from one that does not.
                          ::syscall(SYS_mount_setattr, -1, "", 0, nullptr, 0);
                          return errno == ENOSYS ? ENOSYS : 0;
                        }),
                        "known to the kernel",
                        "Linux 5.12 or newer is needed for read-only views of whole trees."));
  out.push_back(ExamineCgroups());
  return out;
}

}  // namespace easel
