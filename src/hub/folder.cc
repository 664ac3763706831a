#include "hub/folder.h"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/fault.h"
#include "canvas/reader.h"

namespace easel {
namespace {

constexpr std::string_view kMark = "\xEF\xBB\xBF";

/// The text with the line breaks that `like` has.
std::string Styled(std::string_view text, std::string_view like) {
  const auto lines = std::ranges::count(like, '\n');
  std::int64_t windows = 0;
  for (std::size_t at = like.find("\r\n"); at != std::string_view::npos; at = like.find("\r\n", at + 2))
    ++windows;
  std::string out(like.starts_with(kMark) ? kMark : std::string_view());
  if (windows * 2 <= lines || text.find("\r\n") != std::string_view::npos) return out += text;
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

}  // namespace

Result<CanvasFolder> CanvasFolder::Open(const std::string& path) {
  std::error_code error;
  const std::string real = std::filesystem::canonical(path, error).string();
  struct stat info{};
  if (error || ::stat(real.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return Fail(Code::kNotFound, "CANVAS_NOT_FOUND", path + ": there is no such folder");
  CanvasFolder folder(real);
  folder.device_ = info.st_dev;
  folder.inode_ = info.st_ino;
  folder.watch_.Reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  return folder;
}

Status CanvasFolder::CheckThere() const {
  struct stat info{};
  if (::stat(path_.c_str(), &info) == 0 && info.st_dev == device_ && info.st_ino == inode_) return {};
  return Fail(Code::kFailedPrecondition, "FOLDER_GONE",
              path_ + ": the folder of this canvas was moved or deleted; open it where it is now");
}

Result<std::string> CanvasFolder::Read(const std::string& file) const {
  EASEL_TRY(std::string text, ReadFile(Full(file), std::size_t{64} << 20));
  if (text.starts_with(kMark)) text.erase(0, kMark.size());
  return text;
}

Status CanvasFolder::Write(const std::string& file, std::string_view text, bool sync) {
  EASEL_RETURN_IF_ERROR(CheckThere());
  std::string path = Full(file);
  std::error_code error;
  if (const auto real = std::filesystem::canonical(path, error); !error) path = real.string();
  struct stat info{};
  int mode = 0644;
  std::string before;
  if (::stat(path.c_str(), &info) == 0) {
    mode = static_cast<int>(info.st_mode & 0777);
    if (auto read = ReadFile(path, std::size_t{64} << 20)) before = *std::move(read);
  } else {
    EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(path)));
  }
  const std::string styled = Styled(text, before);
  if (!before.empty() && styled == before) return {};
  FaultPoint("hub.before_file");
  EASEL_RETURN_IF_ERROR(WriteFileAtomically(path, styled, {.sync = sync, .mode = mode}));
  FaultPoint("hub.after_file");
  return {};
}

Status CanvasFolder::Remove(const std::string& file) {
  EASEL_RETURN_IF_ERROR(CheckThere());
  FaultPoint("hub.before_remove");
  if (::unlink(Full(file).c_str()) != 0 && errno != ENOENT && errno != ENOTDIR)
    return FailErrno("remove " + Full(file), errno);
  return {};
}

Status CanvasFolder::Sync() const {
  UniqueFd fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.valid() || ::syncfs(fd.get()) != 0) return FailErrno("sync " + path_, errno);
  return {};
}

bool CanvasFolder::Exists(const std::string& file) const {
  struct stat info{};
  return ::lstat(Full(file).c_str(), &info) == 0;
}

void CanvasFolder::Watch(const std::set<std::string>& files) {
  std::set<std::string> wanted{""};
  for (const std::string& file : files)
    // Every folder on the way: one of them may be replaced as a whole.
    for (std::size_t slash = file.find('/'); slash != std::string::npos; slash = file.find('/', slash + 1))
      wanted.insert(file.substr(0, slash));
  for (const std::string& folder : wanted) {
    // Adding one that is there already does nothing, and finds one that was made anew.
    ::inotify_add_watch(watch_.get(), (path_ + "/" + folder).c_str(),
                        IN_CLOSE_WRITE | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE |
                            IN_DELETE_SELF | IN_MOVE_SELF | IN_MODIFY | IN_ONLYDIR | IN_EXCL_UNLINK);
  }
}

bool CanvasFolder::TakeEvents() {
  alignas(inotify_event) char bytes[16 << 10];
  bool any = false;
  for (;;) {
    const ssize_t n = ::read(watch_.get(), bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return any;
    for (ssize_t at = 0; at < n;) {
      const auto* event = reinterpret_cast<const inotify_event*>(bytes + at);
      const std::string_view name = event->len > 0 ? event->name : "";
      // What is written beside on its way to be renamed, and our own state, are nobody's business.
      any = any || name != ".easel";
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
    }
  }
}

std::set<std::string> CanvasFolder::Changed(const std::set<std::string>& files) {
  std::map<std::string, Stamp> now;
  std::set<std::string> out;
  for (const std::string& file : files) {
    struct stat info{};
    Stamp& stamp = now[file];
    if (::stat(Full(file).c_str(), &info) == 0)
      stamp = {info.st_ino, info.st_size, info.st_mtim.tv_sec, info.st_mtim.tv_nsec};
    const auto before = stamps_.find(file);
    if (before == stamps_.end() || before->second != stamp) out.insert(file);
  }
  stamps_ = std::move(now);
  return out;
}

}  // namespace easel
