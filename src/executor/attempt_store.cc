#include "executor/attempt_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <mutex>
#include <optional>
#include <set>
#include <vector>

#include "base/digest.h"
#include "base/fault.h"

namespace easel {
namespace {

/// Above this, hashing again what the worker has just hashed would cost more than saving it. The canvas is the trust
/// boundary: a worker that lies about its own objects harms only its own canvas, and the next reader finds out.
constexpr std::int64_t kTrustedAboveBytes = std::int64_t{64} << 20;

/// Begin to write a file's bytes, so that one commit of the file system's journal serves all that are synced next.
void StartWriting(int fd) { ::sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); }

std::string ObjectFolder(const AttemptSpec& spec, const std::string& digest) {
  return spec.state_root + "/objects/" + digest.substr(0, 2);
}

Status MakeDirectory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) return FailErrno("create folder " + path, errno);
  return {};
}

Result<std::string> DigestOfOpenFile(int fd, const std::string& name) {
  Sha256 hash;
  std::vector<char> buffer(1 << 18);
  for (off_t at = 0;;) {
    const ssize_t n = ::pread(fd, buffer.data(), buffer.size(), at);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno("read " + name, errno);
    if (n == 0) return hash.Finish();
    hash.Update({buffer.data(), static_cast<std::size_t>(n)});
    at += n;
  }
}

/// A staged file that was checked, and its place in the object store.
struct StagedObject {
  UniqueFd fd;
  std::string digest, target;
  struct stat info{};
};

/// Check a staged file and make it read-only. Nothing when the store has that object already.
Result<std::optional<StagedObject>> TakeStaged(const AttemptSpec& spec, const AttemptFiles& files,
                                               const std::string& digest, ObjectCache& cache) {
  StagedObject out{.digest = digest, .target = ObjectFolder(spec, digest) + "/" + digest};
  const auto damaged = [&](std::string_view problem) {
    return Fail(Code::kDataLoss, "OBJECT_DAMAGED", "the saved object " + digest + " " + std::string(problem));
  };
  // Opened without following links and checked to be the only name of a plain file: a worker must not get its
  // executor to change the mode of somebody else's file.
  out.fd.Reset(
      ::openat(files.staging_fd.get(), digest.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!out.fd.valid()) return damaged("is not in the staging folder");
  if (::fstat(out.fd.get(), &out.info) != 0) return FailErrno("stat " + digest, errno);
  if (!S_ISREG(out.info.st_mode) || out.info.st_nlink != 1) return damaged("is not a plain file");
  if (out.info.st_size < kTrustedAboveBytes) {
    EASEL_TRY(const std::string actual, DigestOfOpenFile(out.fd.get(), digest));
    if (actual != digest) return damaged("has content " + actual);
  }
  if (cache.Verify(out.target, digest)) {
    ::unlinkat(files.staging_fd.get(), digest.c_str(), 0);
    return std::nullopt;
  }
  if (::fchmod(out.fd.get(), 0444) != 0) return FailErrno("make read-only " + digest, errno);
  StartWriting(out.fd.get());
  return out;
}

/// Give a durable staged file its name; the folder is the caller's to sync.
Status PlaceStaged(const StagedObject& object, const AttemptFiles& files, ObjectCache& cache) {
  // Over an older file of that name only if it was found damaged just now.
  if (::renameat(files.staging_fd.get(), object.digest.c_str(), AT_FDCWD, object.target.c_str()) != 0)
    return FailErrno("save " + object.target, errno);
  struct stat placed{};
  if (::lstat(object.target.c_str(), &placed) != 0) return FailErrno("stat " + object.target, errno);
  if (placed.st_ino != object.info.st_ino || placed.st_dev != object.info.st_dev)
    return Fail(Code::kDataLoss, "OBJECT_DAMAGED",
                "the saved object " + object.digest + " was exchanged while it was stored");
  cache.Remember(object.target, placed);
  return {};
}

/// Take a damaged object out of the store, so that its makers count as not restorable; its bytes stay for a person.
void SetAside(const AttemptSpec& spec, const std::string& digest) {
  const std::string path = ObjectFolder(spec, digest) + "/" + digest;
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

Status VerifyNeeded(const AttemptSpec& spec, ObjectCache& cache) {
  for (const NeededObject& object : spec.needed) {
    Status whole = cache.Verify(ObjectFolder(spec, object.digest) + "/" + object.digest, object.digest);
    if (whole) continue;
    if (whole.error().code != Code::kDataLoss) return whole;
    if (whole.error().reason == "OBJECT_DAMAGED") SetAside(spec, object.digest);
    return Fail(Code::kDataLoss, "STATE_DAMAGED",
                "The state of block `" + object.origin + "` cannot be read: " + whole.error().message +
                    ". It was set aside: run the canvas again, and what needs it is made anew.");
  }
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
  std::set<std::string> folders;
  std::vector<StagedObject> objects;
  for (const std::string& digest : result.objects) {
    const std::string folder = ObjectFolder(spec, digest);
    if (::mkdir(folder.c_str(), 0755) == 0) {
      folders.insert(ParentOf(folder));
    } else if (errno != EEXIST) {
      return FailErrno("create folder " + folder, errno);
    }
    EASEL_TRY(std::optional<StagedObject> object, TakeStaged(spec, files, digest, cache));
    if (object) objects.push_back(std::move(*object));
    folders.insert(folder);
  }
  const std::string path = files.folder + "/manifest.json", beside = path + ".part";
  EASEL_TRY(const UniqueFd written, WriteBeside(beside, manifest));

  // First all bytes, then all names: two commits of the file system's journal, however many files there are. The
  // manifest's name is made last, so it is not there without its objects' after a kill; and after a power cut neither,
  // because journaling file systems keep the order of names.
  EASEL_RETURN_IF_ERROR(journal.Sync());
  for (const StagedObject& object : objects)
    if (::fdatasync(object.fd.get()) != 0) return FailErrno("save " + object.target, errno);
  if (::fdatasync(written.get()) != 0) return FailErrno("save " + path, errno);
  for (const StagedObject& object : objects) {
    EASEL_RETURN_IF_ERROR(PlaceStaged(object, files, cache));
    FaultPoint("executor.object_stored");
  }
  FaultPoint("executor.before_manifest");
  const int linked = ::link(beside.c_str(), path.c_str());
  const int error_number = errno;
  ::unlink(beside.c_str());
  if (linked != 0) return FailErrno("create " + path, error_number);
  FaultPoint("executor.after_manifest");
  for (const std::string& folder : folders) EASEL_RETURN_IF_ERROR(SyncDirectory(folder));
  return SyncFolders(spec, files);
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
