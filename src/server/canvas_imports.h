// Canvases that come as files: a .zip of a canvas's folder, or a Jupyter notebook.
#pragma once

#include <string>
#include <vector>

#include "server/canvas_folders.h"
#include "server/pieces.h"

namespace easel {

/// A file on its way to become a canvas.
struct CanvasImport {
  std::string id;
  std::string file;  ///< its name where it came from: "churn.zip"
  std::int64_t bytes = 0;
  std::int64_t offset = 0;
  bool made = false;                 ///< by this very call
  std::string canvas;                ///< once it is done: the id of what was made
  std::vector<std::string> notices;  ///< what is not as it was in the file, for people
};

/// Thread-safe. What has arrived is in WORKSPACE/.easel/imports; a canvas is there whole or not at all. An import belongs to
/// who began it: others do not find it.
class CanvasImports {
 public:
  CanvasImports(const Workspace& workspace, const CanvasFolders& folders)
      : workspace_(workspace), folders_(folders) {}

  /// Errors: those of Pieces and CanvasFolders.
  Result<CanvasImport> Begin(const std::string& user, const std::string& file, std::int64_t bytes);
  /// Also one that is done, for a week.
  Result<CanvasImport> Find(const std::string& user, const std::string& id) const;
  /// With the last piece the canvas is made. One that is done answers as it did. What cannot be imported is forgotten.
  ///
  /// Errors: those of Pieces; kInvalidArgument IMPORT_FORMAT, IMPORT_NO_CANVAS, IMPORT_SEVERAL, CANVAS_INVALID, those of
  ///         ZipReader and CanvasOfNotebook; kResourceExhausted DISK_FULL.
  Result<CanvasImport> Add(const std::string& user, const std::string& id, std::int64_t offset,
                           std::string_view piece);
  Status Drop(const std::string& user, const std::string& id);

 private:
  std::string folder() const { return workspace_.state_folder() + "/imports"; }
  Status Make(const Arriving& whole, CanvasImport& import);

  const Workspace& workspace_;
  const CanvasFolders& folders_;
  Pieces pieces_;
};

/// Is this path of a canvas's folder left out of archives, because it is generated or this machine's own?
bool IsLeftOutOfArchives(std::string_view path);

}  // namespace easel
