#include "executor/slot_mounts.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <tuple>

namespace easel {
namespace {

constexpr std::size_t kMostKept = 1024;

std::unexpected<Error> Refused(const std::string& folder, const char* step, int problem) {
  return Fail(Code::kFailedPrecondition, "SLOT_MOUNT_REFUSED",
              folder + " cannot be given to a block of its own user (" + step + ": " +
                  std::strerror(problem) +
                  "). Isolation `strict` needs root, Linux 5.12, and a file system that can map owners: "
                  "ext4, xfs, btrfs, tmpfs since 6.3");
}

bool WriteMap(pid_t pid, const char* name, std::uint32_t owner, std::uint32_t slot) {
  char path[64], text[64];
  std::snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
  const int size = std::snprintf(text, sizeof text, "%u %u 1\n", owner, slot);
  const UniqueFd fd(::open(path, O_WRONLY | O_CLOEXEC));
  return fd.valid() && ::write(fd.get(), text, static_cast<std::size_t>(size)) == size;
}

/// A user namespace that says that `slot` is who owns the folder. It needs a process only until it is held.
Result<UniqueFd> MakeMap(const std::string& folder, const struct stat& owner, std::uint32_t slot) {
  int there[2];
  if (::pipe2(there, O_CLOEXEC) != 0) return FailErrno("create pipe", errno);
  UniqueFd reading(there[0]), writing(there[1]);
  const pid_t child = ::fork();
  if (child < 0) return FailErrno("map the owner of " + folder, errno);
  if (child == 0) {  // only system calls: other threads may hold locks
    const char made = ::unshare(CLONE_NEWUSER) == 0 ? '+' : '-';
    [[maybe_unused]] ssize_t n = ::write(writing.get(), &made, 1);
    for (;;) ::pause();
  }
  char made = '-';
  while (::read(reading.get(), &made, 1) < 0 && errno == EINTR) {
  }
  UniqueFd map;
  int problem = EPERM;
  if (made == '+') {
    char path[64];
    std::snprintf(path, sizeof path, "/proc/%d/ns/user", child);
    if (WriteMap(child, "uid_map", owner.st_uid, slot) && WriteMap(child, "gid_map", owner.st_gid, slot))
      map.Reset(::open(path, O_RDONLY | O_CLOEXEC));
    problem = errno;
  }
  ::kill(child, SIGKILL);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!map.valid()) return Refused(folder, "map its owner", problem);
  return map;
}

/// Kept, because a canvas runs many blocks in few slots.
Result<int> MapFor(const std::string& folder, const struct stat& owner, std::uint32_t slot) {
  static std::map<std::tuple<uid_t, gid_t, std::uint32_t>, UniqueFd> known;
  const std::tuple key{owner.st_uid, owner.st_gid, slot};
  if (const auto found = known.find(key); found != known.end()) return found->second.get();
  if (known.size() >= kMostKept) known.clear();
  EASEL_TRY(UniqueFd made, MakeMap(folder, owner, slot));
  return known.emplace(key, std::move(made)).first->second.get();
}

Result<UniqueFd> Mount(const std::string& folder, std::uint32_t slot, bool writable) {
  UniqueFd tree(static_cast<int>(
      ::syscall(SYS_open_tree, AT_FDCWD, folder.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
  if (!tree.valid()) return Refused(folder, "open_tree", errno);
  struct stat owner{};
  if (::fstat(tree.get(), &owner) != 0) return Refused(folder, "stat", errno);
  EASEL_TRY(const int map, MapFor(folder, owner, slot));
  struct mount_attr attributes{};
  attributes.attr_set = MOUNT_ATTR_IDMAP | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV |
                        (writable ? 0U : static_cast<unsigned>(MOUNT_ATTR_RDONLY));
  attributes.userns_fd = static_cast<std::uint64_t>(map);
  if (::syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
    return Refused(folder, "mount_setattr", errno);
  return tree;
}

Status MakeHome(const std::string& canvas_root, const std::string& home) {
  if (::mkdir(home.c_str(), 0700) != 0)
    return errno == EEXIST ? Status{} : FailErrno("create " + home, errno);
  struct stat owner{};
  if (::stat(canvas_root.c_str(), &owner) != 0 || ::chown(home.c_str(), owner.st_uid, owner.st_gid) != 0)
    return FailErrno("create " + home, errno);
  return {};
}

}  // namespace

Result<std::vector<UniqueFd>> MountsForSlot(const std::string& canvas_root, const std::string& state_root,
                                            const std::string& staging, std::uint32_t slot) {
  const std::string home = state_root + "/home";
  EASEL_RETURN_IF_ERROR(MakeHome(canvas_root, home));
  std::vector<UniqueFd> out;
  for (const auto& [folder, writable] : {std::pair<std::string, bool>{canvas_root, false},
                                         {canvas_root + "/files", true},
                                         {staging, true},
                                         {home, true}}) {
    EASEL_TRY(UniqueFd mount, Mount(folder, slot, writable));
    out.push_back(std::move(mount));
  }
  return out;
}

Status TryMountForSlot(const std::string& folder) {
  constexpr std::uint32_t kAnyUser = 2'000'000'000;
  EASEL_TRY(const UniqueFd mount, Mount(folder, kAnyUser, /*writable=*/true));
  return {};
}

ssize_t SendWithDescriptors(int socket, const char* bytes, std::size_t size,
                            const std::vector<UniqueFd>& descriptors) {
  if (descriptors.empty()) return ::send(socket, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
  iovec part{const_cast<char*>(bytes), size};
  std::vector<int> numbers;
  for (const UniqueFd& fd : descriptors) numbers.push_back(fd.get());
  const std::size_t length = numbers.size() * sizeof(int);
  std::vector<char> control(CMSG_SPACE(length));
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(length);
  std::memcpy(CMSG_DATA(header), numbers.data(), length);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

}  // namespace easel
