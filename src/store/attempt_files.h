// What of an attempt's files both ways of a canvas's state look at.
#pragma once

#include <sys/stat.h>

#include <set>
#include <string>
#include <vector>

#include "state/manifest.h"

namespace easel {

/// Is there a plain file?
inline bool IsThere(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

/// All objects that the attempt's state needs, each once.
inline std::vector<std::string> ObjectsOf(const Manifest& manifest) {
  std::set<std::string> out;
  for (const auto& [id, slot] : manifest.state.slots) {
    out.insert(slot.object);
    out.insert(slot.objects.begin(), slot.objects.end());
  }
  return {out.begin(), out.end()};
}

}  // namespace easel
