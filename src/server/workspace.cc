#include "server/workspace.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>

#include "canvas/reader.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

bool IsCanvas(const std::string& folder) {
  struct stat info{};
  return ::stat((folder + "/" + std::string(kCanvasFile)).c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

bool IsId(std::string_view id) {
  return !id.empty() && id.size() <= 255 && id[0] != '.' && id.find('/') == std::string_view::npos &&
         id.find('\0') == std::string_view::npos;
}

}  // namespace

Result<Workspace> Workspace::Open(const std::string& folder) {
  std::error_code error;
  Workspace out;
  const fs::path root = fs::canonical(folder.empty() ? "." : folder, error);
  if (error)
    return Fail(Code::kNotFound, "WORKSPACE_NOT_FOUND",
                folder + ": there is no such folder; make it, or give the folder that holds your canvases");
  if (!fs::is_directory(root, error))
    return Fail(Code::kInvalidArgument, "WORKSPACE_NOT_FOUND",
                folder + " is a file; give a canvas's folder, or the folder that holds your canvases");
  out.root_ = root.string();
  out.one_ = IsCanvas(out.root_);
  if (out.one_) out.one_id_ = IsId(root.filename().string()) ? root.filename().string() : "canvas";
  return out;
}

Result<std::string> Workspace::Find(std::string_view id) const {
  if (one_ && id == one_id_ && IsCanvas(root_)) return root_;
  if (!one_ && IsId(id))
    if (std::string folder = root_ + "/" + std::string(id); IsCanvas(folder)) return folder;
  return Fail(Code::kNotFound, "CANVAS_UNKNOWN",
              "there is no such canvas here; it may have been renamed, moved or deleted");
}

Result<std::vector<std::string>> Workspace::Ids() const {
  std::vector<std::string> out;
  if (one_) {
    if (IsCanvas(root_)) out.push_back(one_id_);
    return out;
  }
  std::error_code error;
  for (fs::directory_iterator it(root_, fs::directory_options::skip_permission_denied, error), end;
       !error && it != end; it.increment(error)) {
    std::string name = it->path().filename().string();
    if (IsId(name) && IsCanvas(it->path().string())) out.push_back(std::move(name));
  }
  if (error) return FailErrno("read " + root_, error.value());
  std::ranges::sort(out);
  return out;
}

}  // namespace easel
