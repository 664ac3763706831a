#include "blob/local_object_store.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>

#include "base/file.h"
#include "base/ids.h"
#include "blob/listing.h"

namespace easel {
namespace {

constexpr std::string_view kOwnFolder = ".easel-store";
constexpr std::size_t kPieceBytes = std::size_t{8} << 20;

std::int64_t Nanoseconds(const timespec& t) { return t.tv_sec * 1'000'000'000LL + t.tv_nsec; }

ObjectInfo InfoOf(std::string_view key, const struct stat& info) {
  return {.key = std::string(key),
          .size_bytes = info.st_size,
          .generation = Nanoseconds(info.st_mtim),
          .metageneration = Nanoseconds(info.st_ctim),
          .updated_ms = Nanoseconds(info.st_ctim) / 1'000'000};
}

bool IsAbsence(int error) { return error == ENOENT || error == ENOTDIR; }

/// Copies `size` bytes at `offset`, in the kernel; stops between pieces.
Status CopyRange(const CallContext& context, int from, int to, std::int64_t size, const std::string& what) {
  while (size > 0) {
    if (context.stop.stop_requested()) return Fail(Code::kCancelled, "CANCELLED", what + ": stopped");
    const ssize_t n =
        ::sendfile(to, from, nullptr, std::min<std::size_t>(kPieceBytes, static_cast<std::size_t>(size)));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno("copy " + what, errno);
    if (n == 0) return Fail(Code::kAborted, "FILE_CHANGED", what + ": became shorter while it was copied");
    size -= n;
  }
  return {};
}

class LocalObjectStore final : public ObjectStore {
 public:
  explicit LocalObjectStore(std::string folder) : folder_(std::move(folder)) {}

  std::string name() const override { return folder_; }

  Result<ObjectInfo> Put(const CallContext& context, std::string_view key, std::string_view bytes,
                         const PutOptions& options) override {
    return Write(context, key, options, [&](int fd, const std::string&) { return WriteAll(fd, bytes); });
  }

  Result<ObjectInfo> PutFile(const CallContext& context, std::string_view key, const std::string& path,
                             const PutOptions& options) override {
    const UniqueFd from(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!from.valid()) return FailErrno("open " + path, errno);
    struct stat before{}, after{};
    if (::fstat(from.get(), &before) != 0) return FailErrno("stat " + path, errno);
    return Write(context, key, options, [&](int fd, const std::string&) -> Status {
      EASEL_RETURN_IF_ERROR(CopyRange(context, from.get(), fd, before.st_size, path));
      if (::fstat(from.get(), &after) != 0) return FailErrno("stat " + path, errno);
      if (after.st_size != before.st_size || Nanoseconds(after.st_mtim) != Nanoseconds(before.st_mtim))
        return Fail(Code::kAborted, "FILE_CHANGED", path + ": was changed while it was copied");
      return {};
    });
  }

  Result<ObjectContent> Get(const CallContext& context, std::string_view key,
                            const GetOptions& options) override {
    struct stat info{};
    EASEL_TRY(const UniqueFd fd, Open(context, key, options.generation, info));
    if (options.offset > info.st_size)
      return Fail(Code::kOutOfRange, "OFFSET_BEYOND_END", PathOf(key) + ": is shorter");
    const std::int64_t length = std::min<std::int64_t>(options.length, info.st_size - options.offset);
    if (length > options.max_bytes)
      return Fail(Code::kResourceExhausted, "OBJECT_TOO_LARGE", PathOf(key) + ": is too large");
    ObjectContent out{InfoOf(key, info), std::string(static_cast<std::size_t>(length), '\0')};
    for (std::size_t done = 0; done < out.bytes.size();) {
      const ssize_t n = ::pread(fd.get(), out.bytes.data() + done, out.bytes.size() - done,
                                options.offset + static_cast<std::int64_t>(done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FailErrno("read " + PathOf(key), errno);
      if (n == 0) return Fail(Code::kDataLoss, "OBJECT_CORRUPT", PathOf(key) + ": became shorter");
      done += static_cast<std::size_t>(n);
    }
    return out;
  }

  Result<ObjectInfo> GetFile(const CallContext& context, std::string_view key, const std::string& path,
                             Generation generation) override {
    struct stat info{};
    EASEL_TRY(const UniqueFd from, Open(context, key, generation, info));
    const UniqueFd to(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644));
    if (!to.valid()) return FailErrno("create " + path, errno);
    if (Status copied = CopyRange(context, from.get(), to.get(), info.st_size, PathOf(key)); !copied) {
      ::unlink(path.c_str());
      return std::unexpected(std::move(copied).error());
    }
    return InfoOf(key, info);
  }

  Result<ObjectInfo> Stat(const CallContext& context, std::string_view key) override {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    EASEL_TRY(const auto info, Find(key));
    if (!info) return FailAbsent(folder_, key);
    return InfoOf(key, *info);
  }

  Result<ObjectInfo> Touch(const CallContext& context, std::string_view key) override {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    EASEL_TRY(const UniqueFd lock, Lock());
    EASEL_TRY(const auto before, Find(key));
    if (!before) return FailAbsent(folder_, key);
    // The clock of files ticks every few milliseconds: two touches within one tick must differ, too.
    for (;;) {
      if (::chmod(PathOf(key).c_str(), before->st_mode & 07777) != 0)
        return FailErrno("touch " + PathOf(key), errno);
      EASEL_TRY(const auto after, Find(key));
      if (!after) return FailAbsent(folder_, key);
      if (Nanoseconds(after->st_ctim) != Nanoseconds(before->st_ctim)) return InfoOf(key, *after);
      const timespec tick{.tv_sec = 0, .tv_nsec = 1'000'000};
      ::nanosleep(&tick, nullptr);
    }
  }

  Result<Listing> List(const CallContext& context, const ListOptions& options) override {
    if (context.stop.stop_requested()) return Fail(Code::kCancelled, "CANCELLED", folder_ + ": stopped");
    std::vector<std::string> keys;
    const auto slash = options.prefix.rfind('/');
    const std::string begin = slash == std::string::npos ? "" : options.prefix.substr(0, slash + 1);
    if (!begin.empty() && !CheckFolderKey(begin)) return Listing{};
    Gather(begin, options, keys);
    std::ranges::sort(keys);
    return PageOf(keys, options, [&](const std::string& key) -> std::optional<ObjectInfo> {
      const auto info = Find(key);
      if (!info || !*info) return std::nullopt;
      return InfoOf(key, **info);
    });
  }

  Status Delete(const CallContext& context, const Deletion& deletion) override {
    EASEL_RETURN_IF_ERROR(Enter(context, deletion.key));
    EASEL_TRY(const UniqueFd lock, Lock());
    EASEL_TRY(const auto info, Find(deletion.key));
    if (!info) return FailAbsent(folder_, deletion.key);
    const ObjectInfo now = InfoOf(deletion.key, *info);
    if (deletion.if_generation.value_or(now.generation) != now.generation ||
        deletion.if_metageneration.value_or(now.metageneration) != now.metageneration)
      return FailMismatch(folder_, deletion.key);
    if (::unlink(PathOf(deletion.key).c_str()) != 0)
      return FailErrno("remove " + PathOf(deletion.key), errno);
    return {};
  }

  std::vector<Status> DeleteAll(const CallContext& context, const std::vector<Deletion>& deletions) override {
    std::vector<Status> out;
    for (const Deletion& deletion : deletions) out.push_back(Delete(context, deletion));
    return out;
  }

  Status CreateFolder(const CallContext& context, std::string_view key) override {
    EASEL_RETURN_IF_ERROR(CheckFolderKey(key));
    EASEL_RETURN_IF_ERROR(Enter(context, key.substr(0, key.size() - 1)));
    const std::string path = PathOf(key);
    EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(path.substr(0, path.size() - 1))));
    if (::mkdir(path.c_str(), 0755) == 0) return {};
    if (errno != EEXIST) return FailErrno("create folder " + path, errno);
    return Fail(Code::kAlreadyExists, "FOLDER_EXISTS", path + ": is there already");
  }

  Status DeleteFolder(const CallContext& context, std::string_view key) override {
    EASEL_RETURN_IF_ERROR(CheckFolderKey(key));
    EASEL_RETURN_IF_ERROR(Enter(context, key.substr(0, key.size() - 1)));
    const std::string path = PathOf(key);
    if (::rmdir(path.c_str()) == 0) return {};
    if (IsAbsence(errno)) return Fail(Code::kNotFound, "FOLDER_ABSENT", path + ": there is no such folder");
    if (errno == ENOTEMPTY || errno == EEXIST)
      return Fail(Code::kFailedPrecondition, "FOLDER_NOT_EMPTY", path + ": is not empty");
    return FailErrno("remove folder " + path, errno);
  }

  Status RenameFolder(const CallContext& context, std::string_view from, std::string_view to) override {
    for (const std::string_view key : {from, to}) {
      EASEL_RETURN_IF_ERROR(CheckFolderKey(key));
      EASEL_RETURN_IF_ERROR(Enter(context, key.substr(0, key.size() - 1)));
    }
    const std::string source = PathOf(from.substr(0, from.size() - 1)),
                      target = PathOf(to.substr(0, to.size() - 1));
    struct stat info{};
    if (::lstat(source.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
      return Fail(Code::kNotFound, "FOLDER_ABSENT", source + ": there is no such folder");
    if (::renameat2(AT_FDCWD, source.c_str(), AT_FDCWD, target.c_str(), RENAME_NOREPLACE) == 0) return {};
    if (IsAbsence(errno))
      return Fail(Code::kNotFound, "FOLDER_ABSENT", ParentOf(target) + ": there is no such folder");
    if (errno == EEXIST || errno == ENOTEMPTY)
      return Fail(Code::kAlreadyExists, "FOLDER_EXISTS", target + ": is there already");
    return FailErrno("rename " + source, errno);
  }

 private:
  std::string PathOf(std::string_view key) const { return folder_ + "/" + std::string(key); }

  Status Enter(const CallContext& context, std::string_view key) const {
    EASEL_RETURN_IF_ERROR(CheckKey(key));
    if (key == kOwnFolder || key.starts_with(std::string(kOwnFolder) + "/"))
      return Fail(Code::kInvalidArgument, "KEY_INVALID", "`" + std::string(key) + "` is the store's own");
    if (context.stop.stop_requested()) return Fail(Code::kCancelled, "CANCELLED", PathOf(key) + ": stopped");
    return {};
  }

  /// Of the plain file; nullopt if there is none.
  Result<std::optional<struct stat>> Find(std::string_view key) const {
    struct stat info{};
    if (::lstat(PathOf(key).c_str(), &info) != 0) {
      if (IsAbsence(errno)) return std::nullopt;
      return FailErrno("stat " + PathOf(key), errno);
    }
    if (!S_ISREG(info.st_mode)) return std::nullopt;
    return info;
  }

  Result<UniqueFd> Lock() const {
    const std::string path = PathOf(kOwnFolder) + "/lock";
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
    if (!fd.valid()) return FailErrno("open " + path, errno);
    while (::flock(fd.get(), LOCK_EX) != 0)
      if (errno != EINTR) return FailErrno("lock " + path, errno);
    return fd;
  }

  Result<UniqueFd> Open(const CallContext& context, std::string_view key, Generation generation,
                        struct stat& info) const {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    const std::string path = PathOf(key);
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!fd.valid() && (IsAbsence(errno) || errno == ELOOP)) return FailAbsent(folder_, key);
    if (!fd.valid()) return FailErrno("open " + path, errno);
    if (::fstat(fd.get(), &info) != 0) return FailErrno("stat " + path, errno);
    if (!S_ISREG(info.st_mode) || (generation != 0 && generation != Nanoseconds(info.st_mtim)))
      return FailAbsent(folder_, key);
    return fd;
  }

  /// Write beside, make durable, then under the lock compare and rename.
  template <typename Fill>
  Result<ObjectInfo> Write(const CallContext& context, std::string_view key, const PutOptions& options,
                           Fill fill) {
    EASEL_RETURN_IF_ERROR(Enter(context, key));
    const std::string beside = PathOf(kOwnFolder) + "/" + RandomBase32(20), path = PathOf(key);
    auto written = WriteBeside(beside, path, key, options, fill);
    if (!written) ::unlink(beside.c_str());
    return written;
  }

  template <typename Fill>
  Result<ObjectInfo> WriteBeside(const std::string& beside, const std::string& path, std::string_view key,
                                 const PutOptions& options, Fill& fill) {
    const UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!fd.valid()) return FailErrno("create " + beside, errno);
    EASEL_RETURN_IF_ERROR(fill(fd.get(), path));
    if (::fsync(fd.get()) != 0) return FailErrno("save " + beside, errno);
    EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(path)));
    EASEL_TRY(const UniqueFd lock, Lock());
    EASEL_TRY(const auto before, Find(key));
    const Generation now = before ? Nanoseconds(before->st_mtim) : 0;
    if (options.if_generation && *options.if_generation != now) return FailMismatch(folder_, key);
    timespec stamp{};
    ::clock_gettime(CLOCK_REALTIME, &stamp);
    const std::int64_t generation = std::max(Nanoseconds(stamp), now + 1);
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
                               {.tv_sec = generation / 1'000'000'000, .tv_nsec = generation % 1'000'000'000}};
    if (::futimens(fd.get(), times) != 0) return FailErrno("date " + beside, errno);
    if (::rename(beside.c_str(), path.c_str()) != 0) return FailErrno("save " + path, errno);
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0) return FailErrno("stat " + path, errno);
    EASEL_RETURN_IF_ERROR(SyncDirectory(ParentOf(path)));
    return InfoOf(key, info);
  }

  void Gather(const std::string& folder, const ListOptions& options, std::vector<std::string>& keys) const {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(PathOf(folder), error)) {
      const std::string key = folder + entry.path().filename().string();
      if (key == kOwnFolder) continue;
      const auto type = entry.symlink_status(error).type();
      if (type == std::filesystem::file_type::regular) keys.push_back(key);
      if (type != std::filesystem::file_type::directory) continue;
      const std::string below = key + "/";
      const bool inside = below.starts_with(options.prefix);
      if (inside) keys.push_back(below);
      if ((inside && !options.shallow) || options.prefix.starts_with(below)) Gather(below, options, keys);
    }
  }

  const std::string folder_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenLocalObjectStore(std::string folder) {
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  EASEL_RETURN_IF_ERROR(MakeDirectories(folder + "/" + std::string(kOwnFolder)));
  return std::make_unique<LocalObjectStore>(std::move(folder));
}

}  // namespace easel
