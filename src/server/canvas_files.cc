#include "server/canvas_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "canvas/problem.h"
#include "canvas/utf8.h"

namespace easel {
namespace {

std::int64_t ModifiedMs(const struct stat& info) {
  return info.st_mtim.tv_sec * 1000LL + info.st_mtim.tv_nsec / 1'000'000;
}

std::unexpected<Error> FailPath(const std::string& path, int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return Fail(Code::kNotFound, "FILE_UNKNOWN", Ticked(path) + ": there is no such file or folder");
    case EEXIST:
    case ENOTEMPTY:
      return Fail(Code::kAlreadyExists, "FILE_EXISTS", Ticked(path) + ": something is there already");
    case EXDEV:
    case ELOOP:
      return Fail(Code::kPermissionDenied, "OUTSIDE_CANVAS",
                  Ticked(path) + ": leads out of the canvas's files by a link");
    default: return FailErrno(Ticked(path), error_number);
  }
}

std::string KindOf(mode_t mode) {
  if (S_ISREG(mode)) return "file";
  if (S_ISDIR(mode)) return "folder";
  return S_ISLNK(mode) ? "link" : "other";
}

/// In the trash: what it was called, beside what it is.
std::string NotePath(const std::string& state_root, const std::string& trash) {
  return state_root + "/trash/" + trash + ".path";
}

}  // namespace

Status CheckFilePath(std::string_view path, bool may_be_empty) {
  const auto bad = [&](const std::string& what) {
    return Fail(Code::kInvalidArgument, "BAD_PATH", Ticked(path) + " is not a path below `files`: " + what);
  };
  if (path.empty()) return may_be_empty ? Status{} : bad("it is empty");
  if (path.size() > 4000) return bad("it is too long");
  if (FindInvalidUtf8(path)) return bad("it is not UTF-8");
  for (const std::string& part : Split(path, '/')) {
    if (part.empty() || part == "." || part == "..") return bad("it has an empty part, `.` or `..`");
    if (part.size() > 255) return bad("a part of it is longer than 255 bytes");
    for (const char c : part)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return bad("it has a control character");
  }
  return {};
}

Result<CanvasFiles> CanvasFiles::Open(const std::string& canvas_root) {
  const std::string path = canvas_root + "/files";
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST) return FailErrno("create " + path, errno);
  UniqueFd folder(::open(path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder.valid()) return FailErrno("open " + path, errno);
  return CanvasFiles(std::move(folder), canvas_root + "/.easel");
}

Result<UniqueFd> CanvasFiles::OpenAt(const std::string& path, int flags) const {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(flags | O_CLOEXEC);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int tries = 0;; ++tries) {
    const long fd =
        ::syscall(SYS_openat2, folder_.get(), path.empty() ? "." : path.c_str(), &how, sizeof how);
    if (fd >= 0) return UniqueFd(static_cast<int>(fd));
    if (errno != EAGAIN || tries == 10) return FailPath(path, errno);  // something was renamed meanwhile
  }
}

Result<std::pair<UniqueFd, std::string>> CanvasFiles::Parent(const std::string& path, bool make) const {
  EASEL_RETURN_IF_ERROR(CheckFilePath(path, false));
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash);
  auto opened = OpenAt(folder, O_PATH | O_DIRECTORY);
  if (!opened && make && opened.error().code == Code::kNotFound) {
    EASEL_RETURN_IF_ERROR(MakeFolder(folder));
    opened = OpenAt(folder, O_PATH | O_DIRECTORY);
  }
  if (!opened) return std::unexpected(opened.error());
  return std::pair{*std::move(opened), slash == std::string::npos ? path : path.substr(slash + 1)};
}

Result<std::vector<FileEntry>> CanvasFiles::List(const std::string& path) const {
  EASEL_RETURN_IF_ERROR(CheckFilePath(path, true));
  EASEL_TRY(UniqueFd fd, OpenAt(path, O_RDONLY | O_DIRECTORY));
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::fdopendir(fd.Release()), ::closedir);
  if (folder == nullptr) return FailErrno(Ticked(path), errno);
  std::vector<FileEntry> out;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    struct stat info{};
    if (name == "." || name == ".." ||
        ::fstatat(::dirfd(folder.get()), name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    out.push_back({name, KindOf(info.st_mode), S_ISREG(info.st_mode) ? info.st_size : 0, ModifiedMs(info)});
  }
  std::ranges::sort(out, [](const FileEntry& a, const FileEntry& b) {
    return std::pair(a.kind != "folder", a.name) < std::pair(b.kind != "folder", b.name);
  });
  return out;
}

Result<CanvasFiles::OpenFile> CanvasFiles::Read(const std::string& path) const {
  EASEL_RETURN_IF_ERROR(CheckFilePath(path, false));
  OpenFile out;
  EASEL_TRY(out.fd, OpenAt(path, O_RDONLY | O_NONBLOCK));
  if (::fstat(out.fd.get(), &out.info) != 0) return FailErrno(Ticked(path), errno);
  if (!S_ISREG(out.info.st_mode))
    return Fail(Code::kInvalidArgument, "NOT_A_FILE",
                Ticked(path) + " is a " + KindOf(out.info.st_mode) + ", not a file");
  return out;
}

Status CanvasFiles::MakeFolder(const std::string& path) const {
  EASEL_RETURN_IF_ERROR(CheckFilePath(path, false));
  std::string sofar;
  for (const std::string& part : Split(path, '/')) {
    EASEL_TRY(const UniqueFd parent, OpenAt(sofar, O_PATH | O_DIRECTORY));
    sofar += (sofar.empty() ? "" : "/") + part;
    if (::mkdirat(parent.get(), part.c_str(), 0777) != 0 && errno != EEXIST) return FailPath(sofar, errno);
  }
  if (const auto made = OpenAt(path, O_PATH | O_DIRECTORY); !made) {
    if (made.error().code == Code::kNotFound) return FailPath(path, EEXIST);  // a file has the name
    return std::unexpected(made.error());
  }
  return {};
}

Status CanvasFiles::Rename(const std::string& from, const std::string& to) const {
  EASEL_TRY(const auto source, Parent(from, false));
  EASEL_TRY(const auto target, Parent(to, true));
  if (::renameat2(source.first.get(), source.second.c_str(), target.first.get(), target.second.c_str(),
                  RENAME_NOREPLACE) == 0)
    return {};
  if (errno == EINVAL)
    return Fail(Code::kInvalidArgument, "BAD_PATH", Ticked(from) + ": a folder cannot go into itself");
  return FailPath(errno == EEXIST ? to : from, errno);
}

Result<std::string> CanvasFiles::Remove(const std::string& path) const {
  EASEL_TRY(const auto source, Parent(path, false));
  EASEL_RETURN_IF_ERROR(MakeDirectories(state_root_ + "/trash"));
  const UniqueFd trash(::open((state_root_ + "/trash").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!trash.valid()) return FailErrno("open " + state_root_ + "/trash", errno);
  std::string name = RandomBase32(16);
  EASEL_RETURN_IF_ERROR(WriteFileAtomically(NotePath(state_root_, name), path));
  if (::renameat2(source.first.get(), source.second.c_str(), trash.get(), name.c_str(), RENAME_NOREPLACE) ==
      0)
    return name;
  const int failed = errno;
  ::unlink(NotePath(state_root_, name).c_str());
  return FailPath(path, failed);
}

Result<std::string> CanvasFiles::Restore(const std::string& trash) const {
  const auto unknown = [] {
    return Fail(Code::kNotFound, "TRASH_UNKNOWN",
                "there is nothing like that in the trash; it may be back already");
  };
  if (trash.size() != 16 || trash.find_first_not_of("0123456789abcdefghijklmnopqrstuv") != std::string::npos)
    return unknown();
  const auto path = ReadFile(NotePath(state_root_, trash), 1 << 16);
  if (!path) return unknown();
  EASEL_RETURN_IF_ERROR(Take(state_root_ + "/trash/" + trash, *path, false));
  ::unlink(NotePath(state_root_, trash).c_str());
  return *path;
}

Status CanvasFiles::Take(const std::string& source, const std::string& path, bool replace) const {
  EASEL_TRY(const auto target, Parent(path, true));
  const unsigned flags = replace ? 0 : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, source.c_str(), target.first.get(), target.second.c_str(), flags) == 0) return {};
  return FailPath(path, errno == EISDIR ? EEXIST : errno);
}

Result<bool> CanvasFiles::Exists(const std::string& path) const {
  EASEL_TRY(const auto parent, Parent(path, true));
  struct stat info{};
  return ::fstatat(parent.first.get(), parent.second.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
}

}  // namespace easel
