// What `easel new` makes: a small canvas that runs, to be changed by a person.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace easel {

/// Make a canvas in `folder` (made if missing) and return the folder's absolute path. An empty `name` means the folder's.
///
/// Errors: kFailedPrecondition FOLDER_NOT_EMPTY; kInvalidArgument (name); others as the file system gives them.
Result<std::string> NewCanvas(const std::string& folder, std::string_view name = {});

}  // namespace easel
