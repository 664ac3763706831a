// A workspace: a folder whose folders with a canvas.yaml are its canvases. A folder that is a canvas itself is a workspace
// of just that one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

/// Thread-safe; holds no state but the folder's place.
class Workspace {
 public:
  /// Errors: kNotFound WORKSPACE_NOT_FOUND, kInvalidArgument.
  static Result<Workspace> Open(const std::string& folder);

  const std::string& root() const { return root_; }  ///< absolute
  std::string state_folder() const { return root_ + "/.easel"; }
  bool is_one_canvas() const { return one_; }

  /// The folder of canvas `id`. Looks at one file's name only.
  ///
  /// Errors: kNotFound CANVAS_UNKNOWN.
  Result<std::string> Find(std::string_view id) const;
  /// The ids of all canvases, sorted.
  Result<std::vector<std::string>> Ids() const;

 private:
  std::string root_;
  bool one_ = false;
  std::string one_id_;
};

}  // namespace easel
