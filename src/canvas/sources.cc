#include "canvas/sources.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <filesystem>
#include <map>
#include <system_error>

#include "base/file.h"
#include "base/text.h"
#include "canvas/utf8.h"

namespace easel {

namespace {

// A source travels to the executor in one frame of at most 16 MiB, escaped.
constexpr off_t kMaxSourceBytes = off_t{4} << 20;

/// Opens files below one folder, whatever links are in it.
class Folder {
 public:
  explicit Folder(const std::string& root)
      : root_(root), fd_(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}

  /// A descriptor, or -1 and errno; EXDEV says that the path leads out of the folder.
  UniqueFd Open(const std::string& path) {
    // Non-blocking, so that a FIFO does not hold us; it is refused by its type afterwards.
    static constexpr int kFlags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    if (beneath_) {
      open_how how{};
      how.flags = kFlags;
      how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
      const long fd = ::syscall(SYS_openat2, fd_.get(), path.c_str(), &how, sizeof how);
      if (fd >= 0 || (errno != ENOSYS && errno != EPERM)) return UniqueFd(static_cast<int>(fd));
      beneath_ = false;  // an old kernel or a container's filter: open, then look where it led
    }
    UniqueFd fd(::openat(fd_.get(), path.c_str(), kFlags));
    if (!fd.valid()) return fd;
    char real[PATH_MAX];
    const ssize_t n = ::readlink(("/proc/self/fd/" + std::to_string(fd.get())).c_str(), real, sizeof real);
    std::error_code error;
    const std::string root = std::filesystem::canonical(root_, error).string();
    if (n <= 0 || error ||
        !std::string_view(real, static_cast<std::size_t>(n)).starts_with(root == "/" ? root : root + "/")) {
      errno = EXDEV;
      return UniqueFd();
    }
    return fd;
  }

 private:
  std::string root_;
  UniqueFd fd_;
  bool beneath_ = true;
};

/// ", did you mean `blocks/load.py`?" from the files that are there.
std::string SuggestFile(const std::string& root, const std::string& missing) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string> by_name;  // file name -> path
  const fs::path parent = fs::path(missing).parent_path();
  for (const fs::path& folder : {parent, fs::path("blocks"), fs::path()}) {
    std::error_code error;
    for (fs::directory_iterator it(fs::path(root) / folder, error), end; !error && it != end;
         it.increment(error)) {
      if (by_name.size() > 2000) break;
      const std::string name = it->path().filename().string();
      std::error_code ignored;
      if (it->is_regular_file(ignored) && name != "canvas.yaml" && !name.starts_with("."))
        by_name.emplace(name, (folder / name).string());
    }
  }
  std::vector<std::string> names;
  for (const auto& [name, path] : by_name) names.push_back(name);
  const std::string wanted = fs::path(missing).filename().string();
  const auto same = by_name.find(wanted);
  if (same != by_name.end()) return ", did you mean " + Ticked(same->second) + "?";
  const auto nearest = NearestWord(wanted, names);
  return nearest ? ", did you mean " + Ticked(by_name[*nearest]) + "?" : "; make it, or remove the block";
}

std::string OpenProblem(const std::string& path, int error) {
  const std::string shown = Ticked(path);
  if (error == EXDEV)
    return "file " + shown + " is a symbolic link that leads out of the canvas folder: copy the file into it";
  if (error == ELOOP) return "file " + shown + " is a symbolic link that leads to itself";
  return "file " + shown + " cannot be read: " + std::strerror(error);
}

class SourceReader {
 public:
  SourceReader(const std::string& root, CanvasDocument& document, ProblemList& problems)
      : root_(root), folder_(root), document_(document), problems_(problems) {}

  void Run() {
    for (std::size_t i = 0; i < document_.canvas.blocks.size(); ++i)
      if (!document_.canvas.blocks[i].file.empty()) Read(i);
  }

 private:
  void Reject(std::size_t block, std::string message) {
    problems_.Add(document_.yaml.nodes[document_.places[block].file], std::move(message));
  }

  void Read(std::size_t i) {
    Block& block = document_.canvas.blocks[i];
    const UniqueFd fd = folder_.Open(block.file);
    if (!fd.valid()) {
      const int error = errno;
      struct stat info{};
      if (error == ENOTDIR || (error == ENOENT && ::lstat((root_ + "/" + block.file).c_str(), &info) != 0))
        return Reject(i, "file " + Ticked(block.file) + " is missing" +
                             (problems_.MaySuggest() ? SuggestFile(root_, block.file) : ""));
      return Reject(i, OpenProblem(block.file, error));
    }
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return Reject(i, OpenProblem(block.file, errno));
    if (!S_ISREG(info.st_mode))
      return Reject(i, Ticked(block.file) +
                           (S_ISDIR(info.st_mode) ? " is a folder, not a file" : " is not an ordinary file"));
    const auto [other, fresh] = inodes_.emplace(std::pair(info.st_dev, info.st_ino), i);
    if (!fresh)
      return Reject(i, "blocks " + Ticked(document_.canvas.blocks[other->second].name) + " and " +
                           Ticked(block.name) + " have the same file (a link): give each its own");
    if (info.st_size > kMaxSourceBytes)
      return Reject(i, "file " + Ticked(block.file) + " has " + HumanBytes(info.st_size) +
                           ", and a block's source has at most 4 MiB: keep data in files/");
    if (ReadAll(i, fd.get(), static_cast<std::size_t>(info.st_size), block.source)) CheckText(block);
  }

  bool ReadAll(std::size_t i, int fd, std::size_t expected, std::string& out) {
    out.resize(expected);
    std::size_t have = 0;
    while (have < expected) {
      const ssize_t n = ::read(fd, out.data() + have, expected - have);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return Reject(i, OpenProblem(document_.canvas.blocks[i].file, errno)), false;
      if (n == 0) break;
      have += static_cast<std::size_t>(n);
    }
    out.resize(have);
    return true;
  }

  void CheckText(Block& block) {
    if (block.source.starts_with("\xEF\xBB\xBF")) block.source.erase(0, 3);
    std::optional<std::size_t> bad = FindInvalidUtf8(block.source);
    std::string what = "this is not UTF-8 text: save the file as UTF-8";
    if (const std::size_t nul = block.source.find('\0'); !bad && nul != std::string::npos) {
      bad = nul;
      what = "a NUL byte is here: this is not a text file";
    }
    if (!bad) return;
    const std::string_view before = std::string_view(block.source).substr(0, *bad);
    const std::size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    problems_.Add(block.file, static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
                  static_cast<int>(before.size() - line_start) + 1, what);
  }

  const std::string& root_;
  Folder folder_;
  CanvasDocument& document_;
  ProblemList& problems_;
  std::map<std::pair<dev_t, ino_t>, std::size_t> inodes_;
};

}  // namespace

void ReadSources(const std::string& root, CanvasDocument& document, ProblemList& problems) {
  SourceReader(root, document, problems).Run();
}

}  // namespace easel
