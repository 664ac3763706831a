#include "server/uploads.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "server/canvas_files.h"
#include "server/file_headers.h"

namespace easel {
namespace {

std::string FolderOf(const std::string& canvas_root) { return canvas_root + "/.easel/uploads"; }

Result<Upload> UploadOf(const Arriving& file) {
  const json::value about(file.about);
  JsonReader reader(about, "upload");
  Upload out{.id = file.id,
             .path = reader.String("path"),
             .bytes = file.bytes,
             .offset = file.offset,
             .replace = reader.BoolOr("replace", false)};
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

bool IsDirect(const Arriving& file) {
  const json::value* direct = file.about.if_contains("direct");
  return direct != nullptr && direct->is_bool() && direct->get_bool();
}

/// Errors: kInvalidArgument UPLOAD_DIFFERS; the upload is gone then.
Status Compare(const std::string& canvas_root, const std::string& id, std::uint32_t crc32c) {
  const std::string part = Pieces::PartOf(FolderOf(canvas_root), id);
  const UniqueFd fd(::open(part.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return FailErrno("open an upload", errno);
  EASEL_TRY(const std::uint32_t there, Crc32cOfFile(fd.get()));
  if (there == crc32c) return {};
  ::unlink(Pieces::NoteOf(FolderOf(canvas_root), id).c_str());
  ::unlink(part.c_str());
  return Fail(Code::kInvalidArgument, "UPLOAD_DIFFERS",
              "what arrived is not what was sent: send the file anew");
}

Status PutIntoPlace(const std::string& canvas_root, const Upload& upload) {
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(canvas_root));
  EASEL_RETURN_IF_ERROR(
      files.Take(Pieces::PartOf(FolderOf(canvas_root), upload.id), upload.path, upload.replace));
  ::unlink(Pieces::NoteOf(FolderOf(canvas_root), upload.id).c_str());
  return {};
}

}  // namespace

Status Uploads::CheckRoom(const std::string& canvas_root, std::int64_t bytes) {
  return Pieces::CheckRoom(FolderOf(canvas_root), bytes);
}

Status Uploads::CheckTarget(const std::string& canvas_root, const std::string& path, std::int64_t bytes,
                            bool replace) {
  EASEL_RETURN_IF_ERROR(CheckFilePath(path, false));
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(canvas_root));
  EASEL_TRY(const bool there, files.Exists(path));
  if (there && !replace)
    return Fail(Code::kAlreadyExists, "FILE_EXISTS",
                "`" + path + "` is there already; send `replace` to replace it");
  return CheckRoom(canvas_root, bytes);
}

Result<Upload> Uploads::BeginDirect(const std::string& canvas_root, const std::string& path,
                                    std::int64_t bytes, bool replace) {
  EASEL_RETURN_IF_ERROR(CheckTarget(canvas_root, path, bytes, replace));
  EASEL_TRY(
      const Arriving file,
      pieces_.Begin(FolderOf(canvas_root), {{"path", path}, {"replace", replace}, {"direct", true}}, bytes));
  return UploadOf(file);
}

Result<Upload> Uploads::Begin(const std::string& canvas_root, const std::string& path, std::int64_t bytes,
                              bool replace) {
  EASEL_RETURN_IF_ERROR(CheckTarget(canvas_root, path, bytes, replace));
  EASEL_TRY(const Arriving file,
            pieces_.Begin(FolderOf(canvas_root), {{"path", path}, {"replace", replace}}, bytes));
  return bytes == 0 ? Add(canvas_root, file.id, 0, "") : UploadOf(file);
}

Result<Upload> Uploads::Find(const std::string& canvas_root, const std::string& id) {
  EASEL_TRY(const Arriving file, pieces_.Find(FolderOf(canvas_root), id));
  return UploadOf(file);
}

Result<Upload> Uploads::Add(const std::string& canvas_root, const std::string& id, std::int64_t offset,
                            std::string_view piece) {
  bool done = false;
  EASEL_TRY(const Arriving file,
            pieces_.Add(FolderOf(canvas_root), id, offset, piece, [&](const Arriving& whole) -> Status {
              if (IsDirect(whole)) return {};
              EASEL_TRY(const Upload upload, UploadOf(whole));
              EASEL_RETURN_IF_ERROR(PutIntoPlace(canvas_root, upload));
              done = true;
              return {};
            }));
  EASEL_TRY(Upload upload, UploadOf(file));
  upload.done = done;
  return upload;
}

Status Uploads::Finish(const std::string& canvas_root, const std::string& id,
                       std::optional<std::uint32_t> crc32c) {
  EASEL_TRY(const Arriving file, pieces_.Find(FolderOf(canvas_root), id));
  if (file.offset != file.bytes)
    return Fail(Code::kAborted, "UPLOAD_INCOMPLETE",
                "only " + std::to_string(file.offset) + " of " + std::to_string(file.bytes) +
                    " bytes have been sent: go on from there");
  const auto finished =
      pieces_.Add(FolderOf(canvas_root), id, file.offset, "", [&](const Arriving& whole) -> Status {
        if (crc32c) EASEL_RETURN_IF_ERROR(Compare(canvas_root, id, *crc32c));
        EASEL_TRY(const Upload upload, UploadOf(whole));
        return PutIntoPlace(canvas_root, upload);
      });
  if (!finished) return std::unexpected(finished.error());
  return {};
}

Status Uploads::Drop(const std::string& canvas_root, const std::string& id) {
  return pieces_.Drop(FolderOf(canvas_root), id);
}

}  // namespace easel
