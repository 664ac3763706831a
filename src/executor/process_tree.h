// A worker's whole process tree: its memory, and its end.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace easel {

/// The process that a pidfd stands for, in this process's pid namespace; -1 when it has been reaped.
pid_t PidOfPidfd(int pidfd);

/// True when `pid` is the first process of a pid namespace of its own, so that the kernel ends its tree with it.
bool OwnsPidNamespace(pid_t pid);

/// `root` and everything below it, root first. Blocking for some 10 us a process.
std::vector<pid_t> TreeOf(pid_t root);

/// The direct children of `pid`.
std::vector<pid_t> ChildrenOf(pid_t pid);

/// Anonymous and shared memory of the tree in bytes. Mapped state files do not count: they can be dropped at any time.
std::int64_t MemoryOfTree(pid_t root);

/// How often the kernel has ended a process of this machine for want of memory since it started.
std::int64_t KernelOomKills();

/// End the tree below a root that is a subreaper but owns no pid namespace: stop then kill everything below it until
/// nothing is left, then the root. Blocks, up to `deadline_ms`; returns false when something was still alive then.
bool KillTree(pid_t root, int root_pidfd, std::int64_t deadline_ms);

/// Send `signal_number` by pidfd; false when the process is gone.
bool SignalPidfd(int pidfd, int signal_number);

}  // namespace easel
