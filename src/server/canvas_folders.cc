#include "server/canvas_folders.h"

#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>

#include "base/file.h"
#include "base/ids.h"
#include "base/json.h"
#include "canvas/edit.h"
#include "canvas/new_canvas.h"
#include "canvas/reader.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

constexpr int kNames = 10'000;

/// Rename without ever replacing; false if `to` is there.
Result<bool> RenameTo(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno == EEXIST || errno == ENOTEMPTY) return false;
  return FailErrno("rename " + from, errno);
}

/// A folder that goes with everything in it, unless it was moved elsewhere meanwhile.
struct Aside {
  std::string path;
  ~Aside() {
    std::error_code ignored;
    if (!path.empty()) fs::remove_all(path, ignored);
  }
};

Status CheckName(const std::string& name) {
  if (name.empty() || name.size() > 200 || name.find('\n') != std::string::npos)
    return Fail(Code::kInvalidArgument, "CANVAS_NAME", "a canvas's name is one line of 1 to 200 bytes");
  return {};
}

}  // namespace

std::string FolderNameFor(std::string_view name) {
  std::string out;
  for (const char c : name) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')
      out += c;
    else if (c >= 'A' && c <= 'Z')
      out += static_cast<char>(c - 'A' + 'a');
    else if (!out.empty() && out.back() != '-')
      out += '-';
    if (out.size() >= 60) break;
  }
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? "canvas" : out;
}

Status CanvasFolders::CheckSeveral() const {
  if (!workspace_.is_one_canvas()) return {};
  return Fail(
      Code::kFailedPrecondition, "ONE_CANVAS",
      "this server serves a single canvas; start `easel serve` on the folder above it to have several");
}

Result<std::string> CanvasFolders::MakeAside() const {
  std::string path = workspace_.state_folder() + "/new/" + RandomBase32(12);
  EASEL_RETURN_IF_ERROR(MakeDirectories(path));
  return path;
}

Result<std::string> CanvasFolders::PutIntoPlace(const std::string& folder, const std::string& wanted) const {
  for (int i = 1; i < kNames; ++i) {
    std::string id = i == 1 ? wanted : wanted + "-" + std::to_string(i);
    EASEL_TRY(const bool done, RenameTo(folder, workspace_.root() + "/" + id));
    if (!done) continue;
    EASEL_RETURN_IF_ERROR(SyncDirectory(workspace_.root()));
    return id;
  }
  return Fail(Code::kAlreadyExists, "CANVAS_EXISTS", "there are too many canvases called `" + wanted + "`");
}

Result<std::string> CanvasFolders::Make(const std::string& name, bool example) const {
  EASEL_RETURN_IF_ERROR(CheckSeveral());
  EASEL_RETURN_IF_ERROR(CheckName(name));
  EASEL_TRY(const std::string path, MakeAside());
  const Aside aside{path};
  if (example) {
    EASEL_RETURN_IF_ERROR(NewCanvas(path, name));
  } else {
    EASEL_RETURN_IF_ERROR(MakeDirectories(path + "/files"));
    EASEL_RETURN_IF_ERROR(WriteFileAtomically(path + "/.gitignore", ".easel/\n"));
    EASEL_RETURN_IF_ERROR(
        WriteFileAtomically(path + "/" + std::string(kCanvasFile),
                            "easel: 1                                 # format version\nname: " +
                                json::serialize(json::string(name)) + "\nenvironment: default\n"));
  }
  EASEL_RETURN_IF_ERROR(ReadCanvas(path));
  return PutIntoPlace(path, FolderNameFor(name));
}

Result<std::string> CanvasFolders::Copy(const std::string& root, const std::string& name) const {
  EASEL_RETURN_IF_ERROR(CheckSeveral());
  EASEL_RETURN_IF_ERROR(CheckName(name));
  EASEL_TRY(const std::string path, MakeAside());
  const Aside aside{path};
  std::error_code error;
  for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    const std::string file = it->path().filename().string();
    if (file == ".easel") continue;
    fs::copy(it->path(), path + "/" + file, fs::copy_options::recursive | fs::copy_options::copy_symlinks,
             error);
    if (error) break;
  }
  if (error) return FailErrno("copy " + root, error.value());
  if (const Status renamed = Rename(path, name); !renamed && renamed.error().code != Code::kInvalidArgument)
    return std::unexpected(renamed.error());  // a canvas with mistakes is copied with them
  return PutIntoPlace(path, FolderNameFor(name));
}

Result<std::string> CanvasFolders::Take(const std::string& name,
                                        const std::function<Status(const std::string&)>& fill) const {
  EASEL_RETURN_IF_ERROR(CheckSeveral());
  EASEL_TRY(const std::string path, MakeAside());
  const Aside aside{path};
  EASEL_RETURN_IF_ERROR(fill(path));
  auto canvas = ReadCanvas(path);
  if (!canvas) {  // where it lies now is nobody's business
    for (std::size_t at; (at = canvas.error().message.find(path + "/")) != std::string::npos;)
      canvas.error().message.erase(at, path.size() + 1);
    return std::unexpected(canvas.error());
  }
  const bool nameless = canvas->name == path.substr(path.rfind('/') + 1);
  if (nameless) EASEL_RETURN_IF_ERROR(Rename(path, name));
  EASEL_RETURN_IF_ERROR(MakeDirectories(path + "/files"));
  return PutIntoPlace(path, FolderNameFor(nameless ? name : canvas->name));
}

Status CanvasFolders::Rename(const std::string& root, const std::string& name) const {
  EASEL_RETURN_IF_ERROR(CheckName(name));
  EASEL_RETURN_IF_ERROR(EditCanvas(root, [&](CanvasText& text) { return text.SetName(name); }));
  return {};
}

Result<std::string> CanvasFolders::Remove(const std::string& id) const {
  EASEL_RETURN_IF_ERROR(CheckSeveral());
  EASEL_TRY(const std::string root, workspace_.Find(id));
  EASEL_RETURN_IF_ERROR(MakeDirectories(workspace_.state_folder() + "/trash"));
  for (std::int64_t now_ms = clock_.UnixMs();; ++now_ms) {
    std::string trash = std::to_string(now_ms) + "." + id;
    EASEL_TRY(const bool done, RenameTo(root, workspace_.state_folder() + "/trash/" + trash));
    if (done) return trash;
  }
}

Result<std::string> CanvasFolders::InTrash(const std::string& trash) const {
  EASEL_RETURN_IF_ERROR(CheckSeveral());
  const std::size_t dot = trash.find('.');
  std::string path = workspace_.state_folder() + "/trash/" + trash;
  std::error_code error;
  if (dot == std::string::npos || dot == 0 || dot + 1 == trash.size() ||
      trash.find('/') != std::string::npos || !fs::is_directory(path, error))
    return Fail(Code::kNotFound, "TRASH_UNKNOWN",
                "there is nothing like that in the trash; it may be back already, or removed for good");
  return path;
}

Result<std::string> CanvasFolders::Restore(const std::string& trash) const {
  EASEL_TRY(const std::string path, InTrash(trash));
  return PutIntoPlace(path, trash.substr(trash.find('.') + 1));
}

Status CanvasFolders::Forget(const std::string& trash) const {
  EASEL_TRY(const std::string path, InTrash(trash));
  // Out of the trash at once, so that nobody brings back half of it.
  const std::string going = workspace_.state_folder() + "/new/gone-" + RandomBase32(12);
  EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(going)));
  EASEL_TRY(const bool moved, RenameTo(path, going));
  EASEL_CHECK(moved);  // nobody else draws this name
  std::error_code error;
  fs::remove_all(going, error);
  if (error) return FailErrno("remove " + going, error.value());
  return {};
}

Result<std::int64_t> CanvasFolders::EmptyTrash(std::int64_t before_ms) const {
  EASEL_TRY(const auto all, Trash());
  std::int64_t gone = 0;
  Status first;
  for (const TrashedCanvas& one : all) {
    if (one.deleted_ms >= before_ms) continue;
    const Status forgotten = Forget(one.trash);
    if (forgotten)
      ++gone;
    else if (first && forgotten.error().code != Code::kNotFound)
      first = forgotten;
  }
  if (!first) return std::unexpected(first.error());
  return gone;
}

Result<std::vector<TrashedCanvas>> CanvasFolders::Trash() const {
  std::vector<TrashedCanvas> out;
  std::error_code error;
  for (fs::directory_iterator it(workspace_.state_folder() + "/trash", error), end; !error && it != end;
       it.increment(error)) {
    TrashedCanvas one{.trash = it->path().filename().string()};
    const std::size_t dot = one.trash.find('.');
    if (dot == std::string::npos) continue;
    one.canvas = one.trash.substr(dot + 1);
    std::from_chars(one.trash.data(), one.trash.data() + dot, one.deleted_ms);
    out.push_back(std::move(one));
  }
  std::ranges::sort(out, std::ranges::greater(), &TrashedCanvas::deleted_ms);
  return out;
}

}  // namespace easel
