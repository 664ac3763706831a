#include "executor/runtime_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>

#include "base/digest.h"

namespace easel {
namespace {

constexpr const char* kSocketName = "executor.sock";

std::string FromEnvironment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string RunningBinary() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored).string();
}

/// An address for `name` in the open `folder` that fits, however long the folder's own path is.
sockaddr_un AddressIn(int folder, const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", folder, name.c_str());
  return address;
}

Result<UniqueFd> OpenFolder(const std::string& folder) {
  UniqueFd fd(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid()) return FailErrno("open " + folder, errno);
  return fd;
}

void AddFile(const std::filesystem::path& path, const std::string& name,
             std::map<std::string, std::string>& facts) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return;
  facts[name] = std::to_string(info.st_size) + ":" + std::to_string(info.st_mtim.tv_sec) + "." +
                std::to_string(info.st_mtim.tv_nsec);
}

}  // namespace

Result<std::string> RuntimeFolder() {
  std::string folder = FromEnvironment("EASEL_RUNTIME_DIR");
  if (folder.empty()) {
    const std::string base = FromEnvironment("XDG_RUNTIME_DIR");
    folder = !base.empty() && ::access(base.c_str(), W_OK) == 0 ? base + "/easel"
                                                                : "/tmp/easel-" + std::to_string(::getuid());
  }
  folder = std::filesystem::absolute(folder).lexically_normal().string();
  if (folder.size() > 1 && folder.back() == '/') folder.pop_back();
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(folder)));
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
      return FailErrno("create folder " + folder, errno);
  }
  struct stat info{};
  if (::lstat(folder.c_str(), &info) != 0) return FailErrno("stat " + folder, errno);
  if (!S_ISDIR(info.st_mode) || info.st_uid != ::getuid())
    return Fail(Code::kPermissionDenied, "RUNTIME_FOLDER_FOREIGN",
                folder + " is not a folder of yours. Set EASEL_RUNTIME_DIR to a folder that is.");
  if ((info.st_mode & 077) != 0 && ::chmod(folder.c_str(), 0700) != 0)
    return FailErrno("close " + folder + " to others", errno);
  return folder;
}

std::string SocketPath(const std::string& folder) { return folder + "/" + kSocketName; }
std::string ExecutorLogPath(const std::string& folder) { return folder + "/executor.log"; }

Result<UniqueFd> LockFolder(const std::string& folder) {
  const std::string path = folder + "/executor.lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0)
    return Fail(Code::kAlreadyExists, "EXECUTOR_RUNNING", "an executor of this user is running already");
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) == 0) [[maybe_unused]]
    ssize_t n = ::pwrite(fd.get(), pid.data(), pid.size(), 0);
  return fd;
}

Result<UniqueFd> ListenInFolder(const std::string& folder) {
  EASEL_TRY(const UniqueFd directory, OpenFolder(folder));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return FailErrno("create socket", errno);
  const std::string beside = std::string(kSocketName) + "." + std::to_string(::getpid());
  ::unlinkat(directory.get(), beside.c_str(), 0);
  const sockaddr_un address = AddressIn(directory.get(), beside);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return FailErrno("bind " + SocketPath(folder), errno);
  if (::listen(socket.get(), 64) != 0) return FailErrno("listen on " + SocketPath(folder), errno);
  if (::renameat(directory.get(), beside.c_str(), directory.get(), kSocketName) != 0)
    return FailErrno("create " + SocketPath(folder), errno);
  return socket;
}

Result<UniqueFd> ConnectInFolder(const std::string& folder) {
  EASEL_TRY(const UniqueFd directory, OpenFolder(folder));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return FailErrno("create socket", errno);
  const sockaddr_un address = AddressIn(directory.get(), kSocketName);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return FailErrno("connect to " + SocketPath(folder), errno);
  return socket;
}

Result<std::string> FindRuntime() {
  if (const std::string given = FromEnvironment("EASEL_RUNTIME"); !given.empty()) return given;
  const std::filesystem::path binary = RunningBinary();
  for (std::filesystem::path at = binary.parent_path(); at.has_relative_path(); at = at.parent_path())
    for (const char* place : {"share/easel/python", "runtime/python"}) {
      std::error_code ignored;
      if (std::filesystem::is_directory(at / place / "easel_runtime", ignored)) return (at / place).string();
    }
  return Fail(Code::kNotFound, "RUNTIME_MISSING",
              "The Python runtime (easel_runtime) was not found near " + binary.string() +
                  ". Set EASEL_RUNTIME to its folder.");
}

std::string FindShim(const std::string& runtime) {
  if (const std::string given = FromEnvironment("EASEL_SHIM"); !given.empty()) return given;
  const std::string path = runtime + "/libeasel_trace.so";
  if (::access(path.c_str(), R_OK) == 0) return path;
  return "";
}

std::string BuildId(const std::string& runtime) {
  std::map<std::string, std::string> facts;
  AddFile("/proc/self/exe", "binary", facts);
  std::error_code error;
  for (std::filesystem::recursive_directory_iterator at(runtime, error), end; !error && at != end;
       at.increment(error)) {
    const std::string extension = at->path().extension().string();
    if (extension == ".py" || extension == ".so") AddFile(at->path(), at->path().string(), facts);
  }
  if (const std::string shim = FindShim(runtime); !shim.empty()) AddFile(shim, "shim", facts);
  Sha256 hash;
  for (const auto& [name, fact] : facts) hash.UpdateField(name).UpdateField(fact);
  return hash.Finish();
}

}  // namespace easel
