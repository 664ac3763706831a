#include "server/uploads.h"

#include <unistd.h>

#include "server/canvas_files.h"

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

Status PutIntoPlace(const std::string& canvas_root, const Upload& upload) {
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(canvas_root));
  EASEL_RETURN_IF_ERROR(
      files.Take(Pieces::PartOf(FolderOf(canvas_root), upload.id), upload.path, upload.replace));
  ::unlink(Pieces::NoteOf(FolderOf(canvas_root), upload.id).c_str());
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
              EASEL_TRY(const Upload upload, UploadOf(whole));
              EASEL_RETURN_IF_ERROR(PutIntoPlace(canvas_root, upload));
              done = true;
              return {};
            }));
  EASEL_TRY(Upload upload, UploadOf(file));
  upload.done = done;
  return upload;
}

Status Uploads::Drop(const std::string& canvas_root, const std::string& id) {
  return pieces_.Drop(FolderOf(canvas_root), id);
}

}  // namespace easel
