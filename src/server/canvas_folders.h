// The folders of a workspace's canvases as things to make, copy, throw away and bring back. Whatever happens in the middle, a
// canvas is there whole or not at all: folders are made aside, inside WORKSPACE/.easel, and renamed into place.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "server/workspace.h"

namespace easel {

/// A canvas in the trash.
struct TrashedCanvas {
  std::string trash;  ///< what brings it back
  std::string canvas;
  std::int64_t deleted_ms = 0;
};

/// Thread-safe: every step that others could disturb is one system call. Functions that give an id give that of the
/// canvas that is there now.
///
/// Errors of all: kFailedPrecondition ONE_CANVAS (a workspace of a single canvas); kNotFound; those of the file system.
class CanvasFolders {
 public:
  CanvasFolders(const Workspace& workspace, const Clock& clock) : workspace_(workspace), clock_(clock) {}

  /// Make a canvas called `name`, empty or with a small example, in a folder of a similar name that is free.
  Result<std::string> Make(const std::string& name, bool example) const;
  /// Copy the canvas in `root`: everything but `.easel`, under the name `name`.
  Result<std::string> Copy(const std::string& root, const std::string& name) const;
  /// Make a canvas of what `fill` writes into an empty folder; `name` is for one that says none itself.
  ///
  /// Errors: those of `fill`; kInvalidArgument CANVAS_INVALID if that is no canvas.
  Result<std::string> Take(const std::string& name,
                           const std::function<Status(const std::string& folder)>& fill) const;
  /// Errors: kInvalidArgument CANVAS_INVALID, kUnimplemented EDIT_FAILED: canvas.yaml has to be mended by a person first.
  Status Rename(const std::string& root, const std::string& name) const;
  /// Put a canvas into the trash; gives what brings it back.
  Result<std::string> Remove(const std::string& id) const;
  Result<std::string> Restore(const std::string& trash) const;
  /// Remove from the trash for good what brings `trash` back.
  ///
  /// Errors: kNotFound TRASH_UNKNOWN.
  Status Forget(const std::string& trash) const;
  /// Remove for good what was deleted before `before_ms`; how many canvases that were. One that cannot be removed stays, and
  /// the others go.
  Result<std::int64_t> EmptyTrash(std::int64_t before_ms) const;
  /// Errors: kFailedPrecondition ONE_CANVAS.
  Status CheckSeveral() const;
  /// Newest first.
  Result<std::vector<TrashedCanvas>> Trash() const;

 private:
  /// The folder in the trash. Errors: kNotFound TRASH_UNKNOWN.
  Result<std::string> InTrash(const std::string& trash) const;
  Result<std::string> MakeAside() const;
  /// Rename `folder` to a canvas whose id is `wanted`, or that with a number.
  Result<std::string> PutIntoPlace(const std::string& folder, const std::string& wanted) const;

  const Workspace& workspace_;
  const Clock& clock_;
};

/// A folder's name made of a canvas's: "Churn, 2026!" -> "churn-2026".
std::string FolderNameFor(std::string_view name);

}  // namespace easel
