// What a block in mode `local` must not see of the person's machine.
#pragma once

#include <string>
#include <vector>

namespace easel {

/// Folders and files in the person's home that hold credentials, and the executor's own folder: whoever can connect to
/// its socket can run code outside the sandbox. Only paths that exist.
std::vector<std::string> HiddenPaths(const std::string& runtime_folder);

}  // namespace easel
