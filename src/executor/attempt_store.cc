#include "executor/attempt_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "base/fault.h"
#include "state/manifest.h"
#include "state/object_file.h"
#include "state/objects_lock.h"

namespace easel {
namespace {

/// Above this, hashing again what the worker has just hashed would cost more than saving it. The canvas is the trust
/// boundary: a worker that lies about its own objects harms only its own canvas, and the next reader finds out.
constexpr std::int64_t kTrustedAboveBytes = std::int64_t{64} << 20;

/// Begin to write a file's bytes, so that the device works while more is prepared.
void StartWriting(int fd) { ::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); }

/// Wait until a file's bytes are with the device, in its cache at least; metadata is not waited for.
Status WaitForBytes(int fd, const std::string& path) {
  static constexpr unsigned kAll =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  if (::sync_file_range(fd, 0, 0, kAll) != 0) return FailErrno("save " + path, errno);
  return {};
}

/// Does one fsync make durable whatever was done to names and sizes before it, of other files, too? True of file systems
/// with one journal for all; docs/decisions/0006-one-sync-per-attempt.md says why that is enough.
bool KeepsOneJournal(int fd) {
  struct statfs info{};
  if (::fstatfs(fd, &info) != 0) return false;
  const auto type = static_cast<std::uint64_t>(info.f_type);
  return type == 0xEF53 /* ext4 */ || type == 0x58465342 /* xfs */ || type == 0x01021994 /* tmpfs */;
}

std::string ObjectFolder(const AttemptSpec& spec, const std::string& digest) {
  return spec.state_root + "/objects/" + digest.substr(0, 2);
}

Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return FailErrno("create folder " + path, errno);
  return {};
}

/// A staged file that was checked, and its place in the object store.
struct StagedObject {
  UniqueFd fd;
  std::string name, target;
  struct stat info{};
};

/// Renew the modification time of an object that is used again, so that the collection takes it for a new one.
Status UseAgain(const AttemptSpec& spec, const std::string& name, ObjectCache& cache) {
  const std::string path = ObjectPath(spec.state_root, name);
  struct stat info{};
  if (::utimensat(AT_FDCWD, path.c_str(), nullptr, AT_SYMLINK_NOFOLLOW) != 0 ||
      ::lstat(path.c_str(), &info) != 0)
    return FailErrno("use " + path, errno);
  cache.Remember(spec.state_root, name, info);
  return {};
}

/// Check a staged file and make it read-only. Nothing when the store has that object already.
Result<std::optional<StagedObject>> TakeStaged(const AttemptSpec& spec, const AttemptFiles& files,
                                               const std::string& name, ObjectCache& cache) {
  StagedObject out{.name = name, .target = ObjectPath(spec.state_root, name)};
  const auto damaged = [&](std::string_view problem) {
    return Fail(Code::kDataLoss, "OBJECT_DAMAGED", "the saved object " + name + " " + std::string(problem));
  };
  // Opened without following links and checked to be the only name of a plain file: a worker must not get its
  // executor to change the mode of somebody else's file.
  UniqueFd fd(::openat(files.staging_fd.get(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return damaged("is not in the staging folder");
  struct stat found{};
  if (::fstat(fd.get(), &found) != 0) return FailErrno("stat " + name, errno);
  if (!S_ISREG(found.st_mode) || found.st_nlink != 1) return damaged("is not a plain file");
  StartWriting(fd.get());
  EASEL_TRY(ObjectFile file, ObjectFile::Adopt(std::move(fd), "the saved object " + name));
  EASEL_RETURN_IF_ERROR(file.Verify(name, {.max_data_bytes = kTrustedAboveBytes}));
  out.info = file.info();
  out.fd = file.TakeFd();
  if (cache.Verify(spec.state_root, name)) {
    EASEL_RETURN_IF_ERROR(UseAgain(spec, name, cache));
    ::unlinkat(files.staging_fd.get(), name.c_str(), 0);
    return std::nullopt;
  }
  if (::fchmod(out.fd.get(), 0444) != 0) return FailErrno("make read-only " + name, errno);
  return out;
}

/// Give a staged file its name; return what it is then. It must be the file that was checked, as it was, unless another
/// attempt stored the same object at this moment: then that one stands for both.
Result<struct stat> PlaceStaged(const AttemptSpec& spec, const StagedObject& object,
                                const AttemptFiles& files, ObjectCache& cache) {
  const int from = files.staging_fd.get();
  const char *name = object.name.c_str(), *target = object.target.c_str();
  int placed = ::renameat2(from, name, AT_FDCWD, target, RENAME_NOREPLACE);
  if (placed != 0 && errno == EEXIST && cache.Verify(spec.state_root, object.name)) {
    EASEL_RETURN_IF_ERROR(UseAgain(spec, object.name, cache));
    ::unlinkat(from, name, 0);
    struct stat info{};
    if (::lstat(target, &info) != 0) return FailErrno("stat " + object.target, errno);
    return info;
  }
  // Over a file that is damaged; or the file system does not know how to keep one.
  if (placed != 0) placed = ::renameat(from, name, AT_FDCWD, target);
  if (placed != 0) return FailErrno("save " + object.target, errno);
  struct stat info{};
  if (::lstat(target, &info) != 0) return FailErrno("stat " + object.target, errno);
  const bool same = info.st_ino == object.info.st_ino && info.st_dev == object.info.st_dev &&
                    info.st_size == object.info.st_size &&
                    info.st_mtim.tv_sec == object.info.st_mtim.tv_sec &&
                    info.st_mtim.tv_nsec == object.info.st_mtim.tv_nsec;
  if (same) return info;
  // Another attempt that stored the same renewed its time, or took its place, since: what counts is what it holds.
  if (cache.Verify(spec.state_root, object.name)) {
    if (::lstat(target, &info) != 0) return FailErrno("stat " + object.target, errno);
    return info;
  }
  ::unlink(target);
  return Fail(Code::kDataLoss, "OBJECT_DAMAGED",
              "the saved object " + object.name + " was changed while it was stored");
}

/// Take a damaged object out of the store, so that its makers count as not restorable; its bytes stay for a person.
void SetAside(const AttemptSpec& spec, const std::string& digest) {
  const std::string path = ObjectPath(spec.state_root, digest);
  ::rename(path.c_str(), (path + ".damaged").c_str());
}

/// Write the manifest beside its place; return it open.
Result<UniqueFd> WriteBeside(const std::string& beside, const std::string& text) {
  ::unlink(beside.c_str());
  UniqueFd fd(::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444));
  if (!fd.valid()) return FailErrno("create " + beside, errno);
  if (Status written = WriteAll(fd.get(), text); !written) {
    written.error().message = beside + ": " + written.error().message;
    return std::unexpected(std::move(written).error());
  }
  StartWriting(fd.get());
  return fd;
}

/// Whether the name of a run's folder is known to be durable; true from the second question on. Runs have names of
/// their own for all time, so a canvas whose state was deleted asks anew.
bool NamedDurably(const std::string& run_folder, bool now) {
  static std::mutex mutex;
  static std::set<std::string> known;
  const std::lock_guard lock(mutex);
  if (now) known.insert(run_folder);
  return known.contains(run_folder);
}

}  // namespace

std::string_view FailureKindOf(const Error& error, std::string_view otherwise) {
  return error.reason == "DISK_FULL" || error.reason == "DISK_LIMIT" ? "disk_full" : otherwise;
}

AttemptFiles NameFiles(const AttemptSpec& spec) {
  AttemptFiles files;
  files.folder = spec.state_root + "/attempts/" + spec.attempt;
  files.working = spec.canvas_root + "/files";
  files.staging =
      spec.state_root + "/staging/" + spec.run + "_" + spec.block + "." + std::to_string(spec.epoch);
  return files;
}

Status CheckIsNew(const AttemptSpec& spec, const AttemptFiles& files) {
  if (::access((files.folder + "/journal").c_str(), F_OK) != 0) return {};
  return Fail(Code::kAlreadyExists, "ATTEMPT_EXISTS", "the attempt " + spec.attempt + " ran already");
}

Status MakeStaging(const AttemptSpec& spec, AttemptFiles& files) {
  for (const std::string& path : {spec.state_root, spec.state_root + "/staging", files.working})
    EASEL_RETURN_IF_ERROR(MakeDirectory(path));
  std::error_code ignored;
  if (::mkdir(files.staging.c_str(), 0700) != 0) {
    if (errno != EEXIST) return FailErrno("create folder " + files.staging, errno);
    std::filesystem::remove_all(files.staging, ignored);
    EASEL_RETURN_IF_ERROR(MakeDirectory(files.staging));
  }
  files.staging_fd.Reset(::open(files.staging.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!files.staging_fd.valid()) return FailErrno("open " + files.staging, errno);
  ::flock(files.staging_fd.get(), LOCK_EX | LOCK_NB);
  return {};
}

Status MakeAttemptFolder(const AttemptSpec& spec, const AttemptFiles& files) {
  for (const std::string& path : {spec.state_root, spec.state_root + "/objects",
                                  spec.state_root + "/attempts", ParentOf(files.folder), files.folder})
    EASEL_RETURN_IF_ERROR(MakeDirectory(path));
  return {};
}

namespace {

/// What a problem with an object means for the attempt that needs it.
Status NeededProblem(const AttemptSpec& spec, const NeededObject& object, Error error) {
  if (error.code != Code::kDataLoss && error.code != Code::kNotFound)
    return std::unexpected(std::move(error));
  const bool damaged = error.reason == "OBJECT_DAMAGED";
  if (damaged) SetAside(spec, object.digest);
  // What a reader on the command line should do is not what helps here.
  const std::string what = error.message.substr(0, error.message.rfind("; run the block that made it"));
  return Fail(Code::kDataLoss, "STATE_DAMAGED",
              "The state of block `" + object.origin + "` cannot be read: " + what +
                  (damaged ? ". It was set aside: run" : ". Run") +
                  " the canvas again, and what needs it is made anew.");
}

}  // namespace

Result<std::vector<NeededObject>> FindUnverified(const AttemptSpec& spec, ObjectCache& cache) {
  std::vector<NeededObject> out;
  for (const NeededObject& object : spec.needed) {
    auto known = cache.IsKnown(spec.state_root, object.digest);
    if (!known) {
      EASEL_RETURN_IF_ERROR(NeededProblem(spec, object, std::move(known).error()));
    } else if (!*known) {
      out.push_back(object);
    }
  }
  return out;
}

Status VerifyNeeded(const AttemptSpec& spec, const std::vector<NeededObject>& objects, ObjectCache& cache,
                    const std::atomic<bool>& stop) {
  for (const NeededObject& object : objects)
    if (Status whole = cache.Verify(spec.state_root, object.digest, &stop); !whole)
      return NeededProblem(spec, object, std::move(whole).error());
  return {};
}

Status SyncFolders(const AttemptSpec& spec, const AttemptFiles& files) {
  EASEL_RETURN_IF_ERROR(SyncDirectory(files.folder));
  const std::string run = ParentOf(files.folder);
  EASEL_RETURN_IF_ERROR(SyncDirectory(run));
  if (NamedDurably(run, false)) return {};
  EASEL_RETURN_IF_ERROR(SyncDirectory(spec.state_root + "/attempts"));
  EASEL_RETURN_IF_ERROR(SyncDirectory(spec.state_root));
  NamedDurably(run, true);
  return {};
}

std::string ManifestText(const AttemptSpec& spec, const AttemptResult& result, const ManifestFacts& facts) {
  const auto take = [](const json::object& from, std::string_view field, json::value otherwise) {
    const json::value* found = from.if_contains(field);
    return found == nullptr || found->is_null() ? std::move(otherwise) : *found;
  };
  return json::serialize(json::object{{"easel_manifest", 1},
                                      {"canvas", spec.canvas},
                                      {"attempt", spec.attempt},
                                      {"run", spec.run},
                                      {"block", spec.block},
                                      {"epoch", spec.epoch},
                                      {"key", spec.key},
                                      {"environment", spec.environment.digest},
                                      {"python", take(result.body, "python", "")},
                                      {"platform", take(result.body, "platform", "")},
                                      {"started_ms", facts.started_ms},
                                      {"finished_ms", facts.finished_ms},
                                      {"phases_ms", facts.phases_ms},
                                      {"peak_memory_bytes", facts.peak_memory_bytes},
                                      {"flags", take(result.body, "flags", json::array())},
                                      {"files", take(result.body, "files", json::object())},
                                      {"parents", take(spec.document, "parents", json::array())},
                                      {"state", take(result.body, "state", json::object())}}) +
         "\n";
}

Status StoreResult(const AttemptSpec& spec, const AttemptFiles& files, const AttemptResult& result,
                   const std::string& manifest, AttemptJournal& journal, ObjectCache& cache) {
  EASEL_RETURN_IF_ERROR(MakeDirectory(spec.state_root + "/objects"));
  // From here until the manifest names them, no object that is used again may be collected.
  EASEL_TRY(const ObjectsLock lock, ObjectsLock::Take(spec.state_root, ObjectsLock::Mode::kShared));
  std::set<std::string> folders;
  std::vector<StagedObject> objects;
  journal.StartWriting();
  for (const std::string& name : result.objects) {
    const std::string folder = ObjectFolder(spec, name);
    if (::mkdir(folder.c_str(), 0755) == 0) {
      folders.insert(ParentOf(folder));
    } else if (errno != EEXIST) {
      return FailErrno("create folder " + folder, errno);
    }
    EASEL_TRY(std::optional<StagedObject> object, TakeStaged(spec, files, name, cache));
    if (object) objects.push_back(std::move(*object));
    folders.insert(folder);
  }
  const std::string path = files.folder + "/manifest.json", beside = path + ".part";
  EASEL_TRY(const UniqueFd written, WriteBeside(beside, manifest));

  // First all bytes, then all names, the manifest's last: it is not there without its objects.
  const bool one_sync = KeepsOneJournal(written.get());
  if (one_sync) {
    EASEL_RETURN_IF_ERROR(journal.WaitForBytes());
    for (const StagedObject& object : objects)
      EASEL_RETURN_IF_ERROR(WaitForBytes(object.fd.get(), object.target));
    EASEL_RETURN_IF_ERROR(WaitForBytes(written.get(), path));
  } else {
    EASEL_RETURN_IF_ERROR(journal.Sync());
    for (const StagedObject& object : objects)
      if (::fdatasync(object.fd.get()) != 0) return FailErrno("save " + object.target, errno);
    if (::fdatasync(written.get()) != 0) return FailErrno("save " + path, errno);
  }
  std::vector<struct stat> placed;
  for (const StagedObject& object : objects) {
    EASEL_TRY(placed.emplace_back(), PlaceStaged(spec, object, files, cache));
    FaultPoint("executor.object_stored");
  }
  FaultPoint("executor.before_manifest");
  const int linked = ::link(beside.c_str(), path.c_str());
  const int error_number = errno;
  ::unlink(beside.c_str());
  if (linked != 0) return FailErrno("create " + path, error_number);
  FaultPoint("executor.after_manifest");
  if (one_sync) {
    // The manifest's name is the newest entry of the file system's journal: what was done before goes with it.
    if (::fsync(written.get()) != 0) return FailErrno("save " + path, errno);
  } else {
    for (const std::string& folder : folders) EASEL_RETURN_IF_ERROR(SyncDirectory(folder));
    EASEL_RETURN_IF_ERROR(SyncFolders(spec, files));
  }
  // Only what is durable has a stamp: a power cut must not leave a stamp for bytes that it took.
  for (std::size_t i = 0; i < objects.size(); ++i)
    cache.Remember(spec.state_root, objects[i].name, placed[i]);
  return {};
}

void RemoveStaging(AttemptFiles& files) {
  if (files.staging.empty()) return;
  std::error_code ignored;
  std::filesystem::remove_all(files.staging, ignored);
  files.staging_fd.Reset();
  files.staging.clear();
}

void RemoveAbandonedStaging(const std::string& state_root) {
  const std::string folder = state_root + "/staging";
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    UniqueFd fd(::open(entry.path().c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd.valid() || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) continue;
    // A folder made a moment ago may not be held yet.
    struct stat info{};
    if (::fstat(fd.get(), &info) != 0 || ::time(nullptr) - info.st_mtime < 60) continue;
    std::error_code ignored;
    std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace easel
