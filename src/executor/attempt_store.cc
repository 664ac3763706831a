#include "executor/attempt_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <set>
#include <vector>

#include "base/digest.h"

namespace easel {
namespace {

/// Above this, hashing again what the worker has just hashed would cost more than saving it. The canvas is the trust
/// boundary: a worker that lies about its own objects harms only its own canvas, and the next reader finds out.
constexpr std::int64_t kTrustedAboveBytes = std::int64_t{64} << 20;

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

/// Move one staged file to its place and make it durable; its folder is the caller's to sync.
Status StoreObject(const AttemptSpec& spec, const AttemptFiles& files, const std::string& digest, ObjectCache& cache) {
  const std::string target = ObjectFolder(spec, digest) + "/" + digest;
  const auto damaged = [&](std::string_view problem) {
    return Fail(Code::kDataLoss, "OBJECT_DAMAGED", "the saved object " + digest + " " + std::string(problem));
  };
  // Opened without following links and checked to be the only name of a plain file: a worker must not get its
  // executor to change the mode of somebody else's file.
  UniqueFd fd(::openat(files.staging_fd.get(), digest.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd.valid()) return damaged("is not in the staging folder");
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return FailErrno("stat " + digest, errno);
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1) return damaged("is not a plain file");
  if (info.st_size < kTrustedAboveBytes) {
    EASEL_TRY(const std::string actual, DigestOfOpenFile(fd.get(), digest));
    if (actual != digest) return damaged("has content " + actual);
  }
  if (cache.Verify(target, digest)) {
    ::unlinkat(files.staging_fd.get(), digest.c_str(), 0);
    return {};
  }
  if (::fchmod(fd.get(), 0444) != 0) return FailErrno("make read-only " + digest, errno);
  if (::fdatasync(fd.get()) != 0) return FailErrno("save " + target, errno);
  // Over an older file of that name only if it was found damaged just now.
  if (::renameat(files.staging_fd.get(), digest.c_str(), AT_FDCWD, target.c_str()) != 0)
    return FailErrno("save " + target, errno);
  struct stat placed {};
  if (::lstat(target.c_str(), &placed) != 0) return FailErrno("stat " + target, errno);
  if (placed.st_ino != info.st_ino || placed.st_dev != info.st_dev) return damaged("was exchanged while it was stored");
  cache.Remember(target, placed);
  return {};
}

}  // namespace

Result<AttemptFiles> PrepareFiles(const AttemptSpec& spec) {
  AttemptFiles files;
  files.folder = spec.state_root + "/attempts/" + spec.attempt;
  files.working = spec.canvas_root + "/files";
  files.staging = spec.state_root + "/staging/" + spec.run + "_" + spec.block + "." + std::to_string(spec.epoch);
  for (const std::string& path : {spec.state_root, spec.state_root + "/attempts", spec.state_root + "/attempts/" + spec.run,
                                  files.folder, spec.state_root + "/objects", spec.state_root + "/staging", files.working})
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
  return files;
}

Status VerifyNeeded(const AttemptSpec& spec, ObjectCache& cache) {
  for (const NeededObject& object : spec.needed) {
    Status whole = cache.Verify(ObjectFolder(spec, object.digest) + "/" + object.digest, object.digest);
    if (whole) continue;
    if (whole.error().code != Code::kDataLoss) return whole;
    return Fail(Code::kDataLoss, "STATE_DAMAGED",
                "The state of block `" + object.origin + "` cannot be read: " + whole.error().message +
                    ". Run `" + object.origin + "` again with --force to make it anew.");
  }
  return {};
}

Status SyncFolders(const AttemptSpec& spec, const AttemptFiles& files) {
  EASEL_RETURN_IF_ERROR(SyncDirectory(ParentOf(files.folder)));
  EASEL_RETURN_IF_ERROR(SyncDirectory(spec.state_root + "/attempts"));
  return SyncDirectory(spec.state_root);
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

Status StoreObjects(const AttemptSpec& spec, const AttemptFiles& files, const AttemptResult& result, ObjectCache& cache) {
  std::set<std::string> folders;
  for (const std::string& digest : result.objects) {
    const std::string folder = ObjectFolder(spec, digest);
    if (::mkdir(folder.c_str(), 0755) == 0) {
      folders.insert(ParentOf(folder));
    } else if (errno != EEXIST) {
      return FailErrno("create folder " + folder, errno);
    }
    EASEL_RETURN_IF_ERROR(StoreObject(spec, files, digest, cache));
    folders.insert(folder);
  }
  for (const std::string& folder : folders) EASEL_RETURN_IF_ERROR(SyncDirectory(folder));
  return {};
}

Status WriteManifest(const AttemptFiles& files, const std::string& text) {
  return WriteFileAtomically(files.folder + "/manifest.json", text, {.sync = true, .create_only = true, .mode = 0444});
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
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0 || ::time(nullptr) - info.st_mtime < 60) continue;
    std::error_code ignored;
    std::filesystem::remove_all(entry.path(), ignored);
  }
}

}  // namespace easel
