#include "server/canvas_imports.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/text.h"
#include "canvas/edit.h"
#include "canvas/reader.h"
#include "exchange/notebook.h"
#include "exchange/zip_reader.h"

namespace easel {
namespace {

constexpr std::size_t kMostNotebook = std::size_t{64} << 20;
constexpr std::size_t kMostNotices = 60;

Result<CanvasImport> ImportOf(const Arriving& file) {
  const json::value about(file.about);
  JsonReader reader(about, "import");
  CanvasImport out{.id = file.id,
                   .file = reader.String("file"),
                   .bytes = file.bytes,
                   .offset = file.offset,
                   .canvas = reader.StringOr("canvas", ""),
                   .notices = reader.StringsOr("notices")};
  EASEL_RETURN_IF_ERROR(reader.status());
  if (!out.canvas.empty()) out.offset = out.bytes;
  return out;
}

/// "Churn model.zip" -> "Churn model".
std::string TitleOf(const std::string& file) {
  std::string out = file.substr(file.rfind('/') + 1);
  if (const std::size_t dot = out.rfind('.'); dot != std::string::npos && dot > 0) out.resize(dot);
  return out.empty() ? "Imported" : out;
}

Status UnpackCanvas(const std::string& archive, const std::string& folder,
                    std::vector<std::string>& notices) {
  EASEL_TRY(const auto zip, ZipReader::Open(archive));
  std::vector<std::string> tops;  // of canvases: "" or "churn/"
  for (const ZipEntry& entry : zip->entries()) {
    if (entry.folder || IsLeftOutOfArchives(entry.path)) continue;
    const std::size_t slash = entry.path.find('/');
    if (entry.path == kCanvasFile)
      tops.insert(tops.begin(), "");
    else if (slash != std::string::npos && entry.path.substr(slash + 1) == kCanvasFile)
      tops.push_back(entry.path.substr(0, slash + 1));
  }
  if (tops.empty())
    return Fail(Code::kInvalidArgument, "IMPORT_NO_CANVAS",
                "the archive has no canvas.yaml, neither at its top nor in a folder there: pack a canvas's "
                "folder, or "
                "export one");
  if (tops.size() > 1 && !tops[0].empty())
    return Fail(Code::kInvalidArgument, "IMPORT_SEVERAL",
                "the archive has several canvases (" + tops[0] + ", " + tops[1] +
                    (tops.size() > 2 ? ", …" : "") + "): import each by itself");
  const std::string& top = tops[0];
  std::int64_t bytes = 0;
  std::size_t outside = 0;
  bool git = false;
  const auto place = [&](const ZipEntry& entry) -> std::string {
    if (!entry.path.starts_with(top)) return {};
    std::string path = entry.path.substr(top.size());
    return IsLeftOutOfArchives(path) ? std::string() : path;
  };
  for (const ZipEntry& entry : zip->entries()) {
    if (!place(entry).empty()) bytes += entry.bytes;
    outside += !entry.folder && !entry.path.starts_with(top) && !IsLeftOutOfArchives(entry.path) ? 1 : 0;
    git = git || entry.path == top + ".git/config";
  }
  if (outside > 0)
    notices.push_back(std::to_string(outside) + (outside == 1 ? " file" : " files") +
                      " beside the canvas's folder in the archive: left out");
  if (git) notices.emplace_back("the Git repository in the archive is left out");
  struct statvfs disk{};
  if (::statvfs(folder.c_str(), &disk) == 0 &&
      static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) < static_cast<double>(bytes))
    return Fail(Code::kResourceExhausted, "DISK_FULL",
                "the server's disk has no room for " + HumanBytes(bytes) + "; free some space and try again");
  return zip->Unpack(folder, place);
}

Status WriteNotebook(const std::string& file, const std::string& title, const std::string& folder,
                     std::vector<std::string>& notices) {
  auto text = ReadFile(file, kMostNotebook);
  if (!text && text.error().reason == "FILE_TOO_LARGE")
    return Fail(
        Code::kInvalidArgument, "NOTEBOOK_TOO_LARGE",
        "the notebook has more than " + HumanBytes(kMostNotebook) + ": clear its outputs and try again");
  if (!text) return std::unexpected(text.error());
  EASEL_TRY(NotebookCanvas notebook, CanvasOfNotebook(*text));
  notices = std::move(notebook.notices);
  EASEL_RETURN_IF_ERROR(MakeDirectories(folder + "/blocks"));
  CanvasText yaml("easel: 1                                 # format version\nname: " +
                  json::serialize(json::value(title)) + "\nenvironment: default\n");
  std::vector<CanvasText::Wanted> wanted;
  for (Block& block : notebook.blocks) {
    EASEL_RETURN_IF_ERROR(WriteFileAtomically(folder + "/" + block.file, block.source));
    block.source.clear();
    wanted.push_back({std::move(block), ""});
  }
  if (!wanted.empty()) EASEL_RETURN_IF_ERROR(yaml.Become(wanted, notebook.edges));
  EASEL_RETURN_IF_ERROR(WriteFileAtomically(folder + "/.gitignore", ".easel/\n"));
  return WriteFileAtomically(folder + "/" + std::string(kCanvasFile), yaml.text());
}

/// The first bytes of a file say what it is, whatever its name.
Result<std::string> HeadOf(const std::string& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::string head(64, '\0');
  const ssize_t n = fd.valid() ? ::pread(fd.get(), head.data(), head.size(), 0) : -1;
  if (n < 0) return FailErrno("read an import", errno);
  head.resize(static_cast<std::size_t>(n));
  return head;
}

}  // namespace

bool IsLeftOutOfArchives(std::string_view path) {
  for (const std::string& part : Split(path, '/'))
    if (part == ".easel" || part == ".git" || part == "__MACOSX" || part == ".DS_Store") return true;
  return false;
}

Result<CanvasImport> CanvasImports::Begin(const std::string& user, const std::string& file,
                                          std::int64_t bytes) {
  EASEL_RETURN_IF_ERROR(folders_.CheckSeveral());
  EASEL_TRY(const Arriving begun, pieces_.Begin(folder(), {{"file", file}, {"by", user}}, bytes));
  return ImportOf(begun);
}

Result<CanvasImport> CanvasImports::Find(const std::string& user, const std::string& id) const {
  EASEL_TRY(const Arriving file, pieces_.Find(folder(), id));
  const json::value about(file.about);
  if (JsonReader(about, "import").StringOr("by", "") != user)
    return Fail(Code::kNotFound, "UPLOAD_UNKNOWN", "there is no such import; it is dropped, or too old");
  return ImportOf(file);
}

Result<CanvasImport> CanvasImports::Add(const std::string& user, const std::string& id, std::int64_t offset,
                                        std::string_view piece) {
  EASEL_TRY(CanvasImport import, Find(user, id));
  if (!import.canvas.empty()) return import;
  bool refused = false;
  const auto added = pieces_.Add(folder(), id, offset, piece, [&](const Arriving& whole) -> Status {
    const Status made = Make(whole, import);
    refused = !made && made.error().code == Code::kInvalidArgument;
    return made;
  });
  if (refused) (void)pieces_.Drop(folder(), id);
  if (!added) return std::unexpected(added.error());
  import.offset = added->offset;
  return import;
}

Status CanvasImports::Make(const Arriving& whole, CanvasImport& import) {
  const std::string part = Pieces::PartOf(folder(), whole.id);
  const std::string title = TitleOf(import.file);
  EASEL_TRY(const std::string head, HeadOf(part));
  const std::size_t begin = head.find_first_not_of("\xEF\xBB\xBF \t\r\n");
  EASEL_TRY(import.canvas, folders_.Take(title, [&](const std::string& folder) -> Status {
    if (head.starts_with("PK")) return UnpackCanvas(part, folder, import.notices);
    if (begin != std::string::npos && head[begin] == '{')
      return WriteNotebook(part, title, folder, import.notices);
    return Fail(Code::kInvalidArgument, "IMPORT_FORMAT",
                "this is neither a .zip archive nor a Jupyter notebook (.ipynb)");
  }));
  if (import.notices.size() > kMostNotices) import.notices.resize(kMostNotices);
  json::object about = whole.about;
  about["canvas"] = import.canvas;
  about["notices"] = json::array(import.notices.begin(), import.notices.end());
  EASEL_RETURN_IF_ERROR(Pieces::Note(folder(), whole.id, about, whole.bytes));
  (void)!::truncate(part.c_str(), 0);
  import.made = true;
  return {};
}

Status CanvasImports::Drop(const std::string& user, const std::string& id) {
  EASEL_RETURN_IF_ERROR(Find(user, id));
  return pieces_.Drop(folder(), id);
}

}  // namespace easel
