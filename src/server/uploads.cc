#include "server/uploads.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>

#include "base/file.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/text.h"
#include "server/canvas_files.h"

namespace easel {
namespace {

constexpr std::int64_t kAbandonedSeconds = std::int64_t{7} * 24 * 3600;

std::string FolderOf(const std::string& canvas_root) { return canvas_root + "/.easel/uploads"; }
std::string PartOf(const std::string& canvas_root, const std::string& id) {
  return FolderOf(canvas_root) + "/" + id + ".part";
}
std::string NoteOf(const std::string& canvas_root, const std::string& id) {
  return FolderOf(canvas_root) + "/" + id + ".json";
}

/// Uploads that nobody has gone on with for a week.
void RemoveAbandoned(const std::string& canvas_root) {
  std::error_code error;
  const std::int64_t now = ::time(nullptr);
  for (std::filesystem::directory_iterator it(FolderOf(canvas_root), error), end; !error && it != end;
       it.increment(error)) {
    struct stat info{};
    if (::stat(it->path().c_str(), &info) == 0 && now - info.st_mtim.tv_sec > kAbandonedSeconds)
      ::unlink(it->path().c_str());
  }
}

bool HasRoom(const std::string& folder, std::int64_t bytes) {
  struct statvfs disk{};
  return ::statvfs(folder.c_str(), &disk) != 0 ||
         static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) > static_cast<double>(bytes);
}

Status PutIntoPlace(const std::string& canvas_root, Upload& upload) {
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(canvas_root));
  const std::string part = PartOf(canvas_root, upload.id);
  const UniqueFd fd(::open(part.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid() || ::fsync(fd.get()) != 0) return FailErrno("sync " + part, errno);
  EASEL_RETURN_IF_ERROR(files.Take(part, upload.path, upload.replace));
  ::unlink(NoteOf(canvas_root, upload.id).c_str());
  upload.done = true;
  return {};
}

}  // namespace

Result<Upload> Uploads::Begin(const std::string& canvas_root, const std::string& path, std::int64_t bytes,
                              bool replace) {
  EASEL_RETURN_IF_ERROR(CheckFilePath(path, false));
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(canvas_root));
  EASEL_TRY(const bool there, files.Exists(path));
  if (there && !replace)
    return Fail(Code::kAlreadyExists, "FILE_EXISTS",
                "`" + path + "` is there already; send `replace` to replace it");
  EASEL_RETURN_IF_ERROR(MakeDirectories(FolderOf(canvas_root)));
  RemoveAbandoned(canvas_root);
  if (!HasRoom(canvas_root, bytes))
    return Fail(Code::kResourceExhausted, "DISK_FULL",
                "the server's disk has no room for " + HumanBytes(bytes) + "; free some space and try again");
  Upload out{.id = RandomBase32(20), .path = path, .bytes = bytes, .replace = replace};
  const UniqueFd part(
      ::open(PartOf(canvas_root, out.id).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!part.valid()) return FailErrno("create an upload", errno);
  const std::string note =
      json::serialize(json::object{{"path", path}, {"bytes", bytes}, {"replace", replace}}) + "\n";
  EASEL_RETURN_IF_ERROR(WriteFileAtomically(NoteOf(canvas_root, out.id), note));
  if (bytes == 0) EASEL_RETURN_IF_ERROR(PutIntoPlace(canvas_root, out));
  return out;
}

Result<Upload> Uploads::Find(const std::string& canvas_root, const std::string& id) {
  const auto unknown = [] {
    return Fail(Code::kNotFound, "UPLOAD_UNKNOWN",
                "there is no such upload; it is complete, dropped, or too old");
  };
  if (id.size() != 20 || id.find_first_not_of("0123456789abcdefghijklmnopqrstuv") != std::string::npos)
    return unknown();
  const auto text = ReadFile(NoteOf(canvas_root, id), 1 << 16);
  struct stat info{};
  if (!text || ::stat(PartOf(canvas_root, id).c_str(), &info) != 0) return unknown();
  EASEL_TRY(const json::value note, ParseJson(*text, "upload"));
  JsonReader reader(note, "upload");
  Upload out{.id = id,
             .path = reader.String("path"),
             .bytes = reader.Int("bytes"),
             .offset = info.st_size,
             .replace = reader.BoolOr("replace", false)};
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

Result<Upload> Uploads::Add(const std::string& canvas_root, const std::string& id, std::int64_t offset,
                            std::string_view piece) {
  {
    const std::lock_guard lock(mutex_);
    if (!busy_.insert(canvas_root + "/" + id).second)
      return Fail(Code::kAborted, "UPLOAD_BUSY", "another piece of this upload is being written");
  }
  const auto work = [&]() -> Result<Upload> {
    EASEL_TRY(Upload upload, Find(canvas_root, id));
    if (offset != upload.offset)
      return Fail(Code::kAborted, "UPLOAD_OFFSET",
                  "what has arrived ends at " + std::to_string(upload.offset) + ": go on from there");
    if (offset + static_cast<std::int64_t>(piece.size()) > upload.bytes)
      return Fail(Code::kInvalidArgument, "UPLOAD_TOO_LONG",
                  "this is more than the " + std::to_string(upload.bytes) + " bytes that were announced");
    const std::string path = PartOf(canvas_root, id);
    const UniqueFd part(::open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!part.valid()) return FailErrno("open an upload", errno);
    if (const Status written = WriteAll(part.get(), piece); !written) {
      (void)!::ftruncate(part.get(), upload.offset);  // a piece arrives whole or not at all
      return std::unexpected(written.error());
    }
    upload.offset += static_cast<std::int64_t>(piece.size());
    if (upload.offset == upload.bytes) EASEL_RETURN_IF_ERROR(PutIntoPlace(canvas_root, upload));
    return upload;
  };
  auto out = work();
  const std::lock_guard lock(mutex_);
  busy_.erase(canvas_root + "/" + id);
  return out;
}

Status Uploads::Drop(const std::string& canvas_root, const std::string& id) {
  EASEL_RETURN_IF_ERROR(Find(canvas_root, id));
  ::unlink(NoteOf(canvas_root, id).c_str());
  ::unlink(PartOf(canvas_root, id).c_str());
  return {};
}

}  // namespace easel
