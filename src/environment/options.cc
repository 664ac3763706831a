#include "environment/options.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "base/text.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

std::string Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool IsProgram(const std::string& path) {
  return ::access(path.c_str(), X_OK) == 0 && !fs::is_directory(path);
}

std::string FindUv(const std::string& cache_folder) {
  if (const std::string chosen = Variable("EASEL_UV"); !chosen.empty()) return chosen;
  if (const std::string installed = cache_folder + "/tools/venv/bin/uv"; IsProgram(installed))
    return installed;
  for (const std::string& folder : Split(Variable("PATH"), ':'))
    if (!folder.empty() && IsProgram(folder + "/uv")) return folder + "/uv";
  return "";
}

std::string FindShipped() {
  std::error_code error;
  const fs::path binary = fs::read_symlink("/proc/self/exe", error);
  if (error) return "";
  if (const fs::path installed = binary.parent_path() / "../share/easel/environments";
      fs::is_directory(installed, error))
    return installed.lexically_normal().string();
  // build/<preset>/bin/easel in a source tree: the first folder above that looks like one.
  for (fs::path up = binary.parent_path(); up.has_relative_path(); up = up.parent_path())
    if (fs::exists(up / "environments/default/requirements.txt", error))
      return (up / "environments").string();
#ifdef EASEL_SOURCE_DIR
  return EASEL_SOURCE_DIR "/environments";
#else
  return "";
#endif
}

}  // namespace

EnvironmentOptions EnvironmentOptionsOfThisMachine() {
  EnvironmentOptions options;
  options.cache_folder = Variable("EASEL_CACHE");
  if (options.cache_folder.empty()) options.cache_folder = Variable("HOME") + "/.cache/easel";
  options.uv = FindUv(options.cache_folder);
  options.shipped_folder = FindShipped();
  options.python = Variable("EASEL_PYTHON");
  if (options.python.empty()) options.python = "/usr/bin/python3";
  return options;
}

}  // namespace easel
