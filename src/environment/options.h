// Where environments come from and where they are kept on this machine.
#pragma once

#include <string>

namespace easel {

struct EnvironmentOptions {
  /// What may be deleted at any time and is made again: venvs, locks of shipped environments, uv's downloads.
  std::string cache_folder;
  std::string uv;              ///< path of the program; empty: none was found
  std::string shipped_folder;  ///< environments that come with Easel, by name
  std::string python;          ///< the interpreter that venvs are made from
};

/// The options of this machine, from EASEL_CACHE (default ~/.cache/easel), EASEL_UV (default: what set-up installed, then
/// PATH), EASEL_PYTHON (default /usr/bin/python3), and the place of our own binary: an installed one has
/// ../share/easel/environments, one in a build folder uses the source tree's.
EnvironmentOptions EnvironmentOptionsOfThisMachine();

}  // namespace easel
