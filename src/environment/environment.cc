#include "environment/environment.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <sstream>

#include "base/digest.h"
#include "base/file.h"
#include "base/text.h"
#include "environment/interpreter.h"
#include "environment/lock.h"
#include "environment/venv.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

/// Known to start no thread when imported and to be worth importing once.
constexpr std::array kImportSafe = {"numpy", "pandas", "pyarrow"};
/// Likewise, where a block imports them.
constexpr std::array kImportSafeIfUsed = {"duckdb", "joblib",  "matplotlib", "networkx",
                                          "numpy",  "pandas",  "plotly",     "pyarrow",
                                          "scipy",  "seaborn", "sklearn",    "statsmodels"};

bool Exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

bool IsSafeName(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name[0] != '.' && name[0] != '-' &&
         std::ranges::all_of(
             name, [](unsigned char c) { return std::isalnum(c) || c == '.' || c == '_' || c == '-'; });
}

bool IsModuleName(std::string_view name) {
  return !name.empty() && std::ranges::all_of(Split(name, '.'), [](const std::string& part) {
    return !part.empty() && !std::isdigit(static_cast<unsigned char>(part[0])) &&
           std::ranges::all_of(part, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
  });
}

Result<std::vector<std::string>> ReadPreload(const std::string& path) {
  std::vector<std::string> out;
  EASEL_TRY(const std::string text, ReadFile(path, 1 << 16));
  int number = 0;
  for (const std::string& line : Split(text, '\n')) {
    ++number;
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; words >> word;) {
      if (!IsModuleName(word))
        return Fail(Code::kInvalidArgument, "BAD_PRELOAD",
                    path + ":" + std::to_string(number) + ": `" + word +
                        "` is not a module name. Write one module a line, " + "for example `pandas`");
      out.push_back(word);
    }
  }
  return out;
}

std::vector<std::string> DefaultPreload(const Lock& lock) {
  std::vector<std::string> out;
  for (const char* module : kImportSafe)
    if (std::ranges::any_of(lock.packages, [&](const LockedPackage& p) { return p.name == module; }))
      out.push_back(module);
  return out;
}

/// The two files behind a name, and where a lock of another Python goes when the shipped one does not fit.
struct Source {
  std::string folder, spec, lock, own_lock;
};

Result<Source> FindSource(const EnvironmentOptions& options, const std::string& canvas_root,
                          const std::string& name) {
  if (!IsSafeName(name))
    return Fail(Code::kInvalidArgument, "BAD_ENVIRONMENT_NAME",
                "`" + name + "` is not a name for an environment: use letters, digits, '-', '_' and '.'");
  const std::string own = canvas_root + "/environments/" + name;
  if (!canvas_root.empty() && Exists(own + "/requirements.txt"))
    return Source{own, own + "/requirements.txt", own + "/requirements.lock", own + "/requirements.lock"};
  const std::string shipped = options.shipped_folder + "/" + name;
  if (!options.shipped_folder.empty() && Exists(shipped + "/requirements.txt"))
    return Source{shipped, shipped + "/requirements.in", shipped + "/requirements.txt", ""};
  const std::vector<std::string> names = EnvironmentNames(options, canvas_root);
  return Fail(
      Code::kNotFound, "UNKNOWN_ENVIRONMENT",
      "there is no environment `" + name + "`" + DidYouMean(name, names) +
          (names.empty() ? " There are none"
                         : " There " + std::string(names.size() == 1 ? "is " : "are ") + JoinWords(names)) +
          ". To add it, list its packages in environments/" + name + "/requirements.txt of the canvas");
}

bool Fits(const Lock& lock, const InterpreterInfo& interpreter, const std::string& spec_digest) {
  return lock.python_minor == interpreter.minor && lock.platform == interpreter.wheel_platform &&
         lock.spec_digest == spec_digest;
}

Result<Environment> Resolve(const EnvironmentOptions& options, const std::string& canvas_root,
                            const std::string& name, const InterpreterInfo& interpreter) {
  // Absolute, because uv runs in the folder of the requirements.
  const std::string root = canvas_root.empty() ? "" : fs::absolute(canvas_root).lexically_normal().string();
  EASEL_TRY(Source source, FindSource(options, root, name));
  EASEL_TRY(const std::string spec_digest, SpecDigest(source.spec));
  Environment environment{.name = name, .python_minor = interpreter.minor, .platform = interpreter.platform};
  environment.spec_path = source.spec;
  // Shipped files are not ours to write: a lock for another Python or machine lives in the cache.
  if (source.own_lock.empty())
    source.own_lock = options.cache_folder + "/locks/" + name + "-" + spec_digest.substr(0, 16) + "-" +
                      interpreter.minor + "-" + interpreter.platform + ".lock";
  for (const std::string& path : {source.lock, source.own_lock}) {
    environment.lock_path = path;
    auto text = ReadFile(path, std::size_t{1} << 26);
    if (!text && text.error().code == Code::kNotFound) continue;
    if (!text) return std::unexpected(text.error());
    auto lock = ParseLock(*text, path);
    if (!lock) return std::unexpected(lock.error());
    if (!Fits(*lock, interpreter, spec_digest)) continue;
    environment.locked = true;
    environment.digest = EnvironmentDigest(*lock, interpreter.minor, interpreter.platform);
    environment.folder = options.cache_folder + "/environments/" + environment.digest;
    environment.python = environment.folder + "/bin/python";
    environment.preload = DefaultPreload(*lock);
    environment.ready = IsVenvReady(environment.folder);
    break;
  }
  if (const std::string preload = source.folder + "/preload.txt"; Exists(preload)) {
    EASEL_TRY(environment.preload, ReadPreload(preload));
    environment.preload_chosen = true;
  }
  return environment;
}

}  // namespace

void PreloadImports(Environment& environment, const std::set<std::string>& imports,
                    const std::string& files_folder) {
  if (environment.preload_chosen) return;
  const auto package_of = [](const std::string& module) { return module.substr(0, module.find('.')); };
  const auto may_be_local = [&](const std::string& module) {
    const std::string path = files_folder + "/" + package_of(module);
    return Exists(path) || Exists(path + ".py");
  };
  std::erase_if(environment.preload, may_be_local);
  for (const std::string& module : imports) {
    if (std::ranges::find(kImportSafeIfUsed, package_of(module)) == kImportSafeIfUsed.end() ||
        !IsModuleName(module) || may_be_local(module))
      continue;
    if (std::ranges::find(environment.preload, module) == environment.preload.end())
      environment.preload.push_back(module);
  }
}

std::vector<std::string> EnvironmentNames(const EnvironmentOptions& options, const std::string& canvas_root) {
  std::vector<std::string> names;
  for (const std::string& folder :
       {canvas_root.empty() ? "" : canvas_root + "/environments", options.shipped_folder}) {
    std::error_code ignored;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, ignored))
      if (Exists(entry.path().string() + "/requirements.txt"))
        names.push_back(entry.path().filename().string());
  }
  std::ranges::sort(names);
  names.erase(std::ranges::unique(names).begin(), names.end());
  return names;
}

Result<Environment> ResolveEnvironment(const EnvironmentOptions& options, const std::string& canvas_root,
                                       const std::string& name) {
  EASEL_TRY(const InterpreterInfo interpreter, DescribeInterpreter(options.python, options.cache_folder));
  return Resolve(options, canvas_root, name, interpreter);
}

Result<Environment> PrepareEnvironment(const EnvironmentOptions& options, const std::string& canvas_root,
                                       const std::string& name,
                                       const std::function<void(std::string_view)>& line,
                                       std::stop_token stop) {
  const Progress progress{line, stop};
  EASEL_TRY(const InterpreterInfo interpreter, DescribeInterpreter(options.python, options.cache_folder));
  EASEL_TRY(Environment environment, Resolve(options, canvas_root, name, interpreter));
  const std::string folder = options.cache_folder + "/environments";
  if (!environment.locked) {
    EASEL_TRY(const PathLock held,
              PathLock::Take(folder + "/lock-" + DigestOf(environment.lock_path).substr(0, 32) + ".flock",
                             progress));
    EASEL_TRY(environment, Resolve(options, canvas_root, name, interpreter));
    if (!environment.locked) {
      EASEL_RETURN_IF_ERROR(
          WriteLock(options, interpreter, environment.spec_path, environment.lock_path, progress));
      EASEL_TRY(environment, Resolve(options, canvas_root, name, interpreter));
    }
    if (!environment.locked)
      return Fail(Code::kAborted, "REQUIREMENTS_CHANGED",
                  environment.spec_path + " changed while it was being locked. Run the command again");
  }
  if (environment.ready) return environment;
  EASEL_TRY(const PathLock held, PathLock::Take(folder + "/" + environment.digest + ".flock", progress));
  if (!IsVenvReady(environment.folder))
    EASEL_RETURN_IF_ERROR(
        BuildVenv(options, interpreter, environment.lock_path, environment.folder, progress));
  environment.ready = true;
  return environment;
}

}  // namespace easel
