// Packs the folder of a canvas into a .zip archive.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

/// Pack what is in `folder` into a new archive at `file`, below a folder `top` of the archive. Links, pipes and devices are
/// left out, and so is what `wanted` refuses (asked for paths relative to `folder`, of files and folders); a folder that
/// changes meanwhile is packed as it is met. Returns what was left out because of its kind, at most 100 paths.
///
/// Errors: those of reading and writing.
Result<std::vector<std::string>> PackZip(const std::string& folder, std::string_view top,
                                         const std::string& file,
                                         const std::function<bool(std::string_view path)>& wanted);

}  // namespace easel
