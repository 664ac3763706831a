#include "exchange/zip_writer.h"

#include <dirent.h>
#include <fcntl.h>
#include <minizip/zip.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <memory>

#include "base/file.h"

namespace easel {
namespace {

constexpr std::size_t kReadBytes = 256 << 10;
constexpr int kDeepest = 100;
constexpr unsigned long kMadeOnUnix = (3 << 8) | 45;
constexpr unsigned long kNamesAreUtf8 = 1 << 11;
constexpr std::int64_t kSmallBytes = std::int64_t{2} << 30;  ///< beyond, an entry's sizes get 64 bits

class Packing {
 public:
  Packing(zipFile archive, const std::function<bool(std::string_view)>& wanted)
      : archive_(archive), wanted_(wanted) {}

  std::vector<std::string> left_out;

  /// `path` is relative to the canvas, "" for itself; `inside` is the name in the archive, with a '/' at its end.
  Status Folder(UniqueFd fd, const std::string& path, const std::string& inside, int depth) {
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return FailErrno("read " + inside, errno);
    EASEL_RETURN_IF_ERROR(Begin(inside, info));
    EASEL_RETURN_IF_ERROR(End(inside));
    const std::unique_ptr<DIR, int (*)(DIR*)> listing(::fdopendir(::dup(fd.get())), ::closedir);
    if (listing == nullptr) return FailErrno("read " + inside, errno);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(listing.get()))
      if (const std::string name = entry->d_name; name != "." && name != "..") names.push_back(name);
    std::ranges::sort(names);
    for (const std::string& name : names) {
      const std::string below = path.empty() ? name : path + "/" + name;
      if (!wanted_(below)) continue;
      UniqueFd one(::openat(fd.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
      if (!one.valid() && errno == ENOENT) continue;  // gone meanwhile
      struct stat is{};
      const bool there = one.valid() && ::fstat(one.get(), &is) == 0;
      if (!there && errno != ELOOP && errno != ENXIO) return FailErrno("read " + below, errno);
      if (there && S_ISDIR(is.st_mode) && depth < kDeepest) {
        EASEL_RETURN_IF_ERROR(Folder(std::move(one), below, inside + name + "/", depth + 1));
      } else if (there && S_ISREG(is.st_mode)) {
        EASEL_RETURN_IF_ERROR(File(one, is, inside + name));
      } else if (left_out.size() < 100) {
        left_out.push_back(below);
      }
    }
    return {};
  }

 private:
  Status Begin(const std::string& inside, const struct stat& info) {
    zip_fileinfo about{};
    struct tm when{};
    ::gmtime_r(&info.st_mtim.tv_sec, &when);
    const auto word = [](int part) { return static_cast<uInt>(part); };
    about.tmz_date = {word(when.tm_sec),  word(when.tm_min), word(when.tm_hour),
                      word(when.tm_mday), word(when.tm_mon), word(std::max(1980, when.tm_year + 1900))};
    about.external_fa = static_cast<unsigned long>(info.st_mode & 0170777) << 16;
    const bool large = S_ISREG(info.st_mode) && info.st_size > kSmallBytes;
    if (zipOpenNewFileInZip4_64(archive_, inside.c_str(), &about, nullptr, 0, nullptr, 0, nullptr, Z_DEFLATED,
                                S_ISDIR(info.st_mode) ? 0 : 4, 0, -MAX_WBITS, DEF_MEM_LEVEL,
                                Z_DEFAULT_STRATEGY, nullptr, 0, kMadeOnUnix, kNamesAreUtf8,
                                large ? 1 : 0) != ZIP_OK)
      return Failed(inside);
    return {};
  }
  Status End(const std::string& inside) {
    return zipCloseFileInZip(archive_) == ZIP_OK ? Status{} : Failed(inside);
  }
  static Status Failed(const std::string& inside) {
    return Fail(Code::kResourceExhausted, "EXPORT_FAILED",
                "packing " + inside + " failed; is the server's disk full?");
  }

  Status File(const UniqueFd& fd, const struct stat& info, const std::string& inside) {
    EASEL_RETURN_IF_ERROR(Begin(inside, info));
    std::int64_t left = info.st_size;  // what grows meanwhile is packed as long as it was
    while (left > 0) {
      const ssize_t n = ::read(fd.get(), piece_.data(),
                               std::min<std::size_t>(piece_.size(), static_cast<std::size_t>(left)));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailErrno("read " + inside, errno);
      if (n == 0) break;
      left -= n;
      if (zipWriteInFileInZip(archive_, piece_.data(), static_cast<unsigned>(n)) != ZIP_OK)
        return Failed(inside);
    }
    return End(inside);
  }

  const zipFile archive_;
  const std::function<bool(std::string_view)>& wanted_;
  std::string piece_ = std::string(kReadBytes, '\0');
};

}  // namespace

Result<std::vector<std::string>> PackZip(const std::string& folder, std::string_view top,
                                         const std::string& file,
                                         const std::function<bool(std::string_view path)>& wanted) {
  UniqueFd root(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return FailErrno("open " + folder, errno);
  zipFile archive = zipOpen64(file.c_str(), APPEND_STATUS_CREATE);
  if (archive == nullptr) return FailErrno("create an archive", errno);
  Packing packing(archive, wanted);
  const Status packed = packing.Folder(std::move(root), "", std::string(top) + "/", 0);
  const int closed = zipClose(archive, nullptr);
  EASEL_RETURN_IF_ERROR(packed);
  if (closed != ZIP_OK)
    return Fail(Code::kResourceExhausted, "EXPORT_FAILED", "packing failed; is the server's disk full?");
  return std::move(packing.left_out);
}

}  // namespace easel
