#include "environment/venv.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "environment/command.h"
#include "environment/lock.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMarker = "easel-environment.json";
constexpr std::size_t kShownBytes = 4000;  ///< of uv's explanation; the end says why

/// What uv may see of our environment: where packages come from and how to reach it, nothing else of ours.
std::vector<std::string> UvVariables(const EnvironmentOptions& options) {
  std::vector<std::string> out = {"UV_PYTHON_DOWNLOADS=never", "UV_NO_PROGRESS=1", "NO_COLOR=1",
                                  "LANG=C.UTF-8"};
  static constexpr std::array kPassed = {
      "HOME",          "PATH",         "USER",       "TMPDIR",      "XDG_CONFIG_HOME", "NETRC",
      "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy",        "all_proxy",
      "HTTP_PROXY",    "HTTPS_PROXY",  "NO_PROXY",   "ALL_PROXY"};
  for (const char* name : kPassed)
    if (const char* value = std::getenv(name)) out.push_back(std::string(name) + "=" + value);
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (std::string_view(*entry).starts_with("UV_") && !std::string_view(*entry).starts_with("UV_PYTHON"))
      out.push_back(*entry);
  // In our cache, so that venvs are hard links of it; a person's own choice stands.
  if (std::getenv("UV_CACHE_DIR") == nullptr) out.push_back("UV_CACHE_DIR=" + options.cache_folder + "/uv");
  return out;
}

std::string EndOf(std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  if (text.size() <= kShownBytes) return text;
  const std::size_t line = text.find('\n', text.size() - kShownBytes);
  return "…" + text.substr(line == std::string::npos ? text.size() - kShownBytes : line);
}

/// Run uv; `failure` begins the message when it says no.
Status RunUv(const EnvironmentOptions& options, std::vector<std::string> arguments, const std::string& folder,
             const std::string& reason, const std::string& failure, const Progress& progress) {
  if (options.uv.empty())
    return Fail(Code::kFailedPrecondition, "UV_MISSING",
                "uv, which makes environments, was not found. In a clone of Easel run `./dev setup`; "
                "otherwise install it " +
                    std::string("(`pip install uv`) or set EASEL_UV to its path"));
  arguments.insert(arguments.begin(), options.uv);
  bool failing = false;
  auto ran = RunCommand(
      {.argv = std::move(arguments), .environment = UvVariables(options), .folder = folder},
      [&](std::string_view line) {
        // What went wrong comes once, with the error; the names of forty packages and of a folder that is
        // about to be renamed tell nobody anything.
        failing = failing || line.starts_with("error:");
        if (!failing && !line.starts_with(" + ") && !line.starts_with("Using Python")) progress.Say(line);
      },
      progress.stop);
  if (!ran && ran.error().code == Code::kCancelled)
    return Fail(Code::kCancelled, "ENVIRONMENT_CANCELLED",
                "cancelled while the environment was being prepared");
  if (!ran && ran.error().code == Code::kNotFound)
    return Fail(Code::kFailedPrecondition, "UV_MISSING",
                "uv, which makes environments, is not at " + options.uv +
                    ". Run `./dev setup`, or set EASEL_UV to its path");
  if (!ran) return std::unexpected(ran.error());
  if (ran->exit_code != 0)
    return Fail(Code::kFailedPrecondition, reason, failure + ". uv says:\n" + EndOf(ran->errors));
  return {};
}

void RemoveTree(const std::string& path) {
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

/// Sleep until a stop is requested, at most `ms`.
void WaitForStop(std::stop_token stop, int ms) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  std::condition_variable_any().wait_for(lock, stop, std::chrono::milliseconds(ms), [] { return false; });
}

}  // namespace

Result<PathLock> PathLock::Take(const std::string& path, const Progress& progress) {
  EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(path)));
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  for (bool said = false; ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0; said = true) {
    if (errno != EWOULDBLOCK && errno != EINTR) return FailErrno("lock " + path, errno);
    if (progress.stop.stop_requested())
      return Fail(Code::kCancelled, "ENVIRONMENT_CANCELLED", "cancelled while waiting for an environment");
    if (!said) progress.Say("waiting for another process that prepares this environment");
    WaitForStop(progress.stop, 100);
  }
  return PathLock(std::move(fd));
}

Status WriteLock(const EnvironmentOptions& options, const InterpreterInfo& interpreter,
                 const std::string& spec_path, const std::string& lock_path, const Progress& progress) {
  // The digest before the resolver reads: an edit in between makes the lock stale, never wrongly fresh.
  EASEL_TRY(const std::string spec_digest, SpecDigest(spec_path));
  EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(lock_path)));
  const std::string beside = lock_path + ".part";
  std::error_code ignored;
  fs::copy_file(lock_path, beside, fs::copy_options::overwrite_existing, ignored);
  progress.Say("locking " + spec_path);
  const Status resolved =
      RunUv(options,
            {"pip", "compile", "--generate-hashes", "--only-binary", ":all:", "--no-header", "--no-annotate",
             "--python", interpreter.python, "--python-version", interpreter.minor, "--python-platform",
             interpreter.wheel_platform, "--quiet", "--output-file", beside, spec_path},
            ParentOf(spec_path), "RESOLUTION_FAILED",
            "the packages in " + spec_path + " cannot be installed together", progress);
  auto text = resolved ? ReadFile(beside) : Result<std::string>(std::unexpected(resolved.error()));
  ::unlink(beside.c_str());
  if (!text) return std::unexpected(text.error());
  EASEL_TRY(Lock lock, ParseLock(*text, lock_path));
  lock.python_minor = interpreter.minor;
  lock.platform = interpreter.wheel_platform;
  lock.spec_digest = spec_digest;
  const std::string header = LockHeader(lock) + "# Written by Easel from " +
                             fs::path(spec_path).filename().string() +
                             "; edit that file, not this one. Keep both in Git.\n";
  // A kept old lock is copied by uv with its comments; ours are written anew.
  std::string body;
  for (const std::string& line : Split(*text, '\n'))
    if (!line.starts_with("#") && !(line.empty() && body.empty())) body += line + "\n";
  while (body.ends_with("\n\n")) body.pop_back();
  return WriteFileAtomically(lock_path, header + body);
}

Status BuildVenv(const EnvironmentOptions& options, const InterpreterInfo& interpreter,
                 const std::string& lock_path, const std::string& folder, const Progress& progress) {
  const std::string beside = folder + ".part";
  RemoveTree(beside);
  EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(folder)));
  const std::string failure = "the environment of " + lock_path + " could not be installed";
  progress.Say("installing packages (once for this lock)");
  Status built = RunUv(
      options, {"venv", "--quiet", "--relocatable", "--no-project", "--python", interpreter.python, beside},
      "/", "INSTALL_FAILED", failure, progress);
  if (built)
    built = RunUv(options,
                  {"pip", "sync", "--require-hashes", "--only-binary", ":all:", "--compile-bytecode",
                   "--python", beside + "/bin/python", lock_path},
                  "/", "INSTALL_FAILED", failure, progress);
  if (built)
    built = WriteFileAtomically(beside + "/" + std::string(kMarker),
                                "{\"easel_environment\": 1, \"python\": \"" + interpreter.minor +
                                    "\", \"platform\": \"" + interpreter.platform + "\"}\n",
                                {.sync = true});
  if (!built) {
    RemoveTree(beside);
    return built;
  }
  RemoveTree(folder);  // only ever a venv whose interpreter is gone
  if (::rename(beside.c_str(), folder.c_str()) != 0) return FailErrno("rename to " + folder, errno);
  return SyncDirectory(ParentOf(folder));
}

bool IsVenvReady(const std::string& folder) {
  return ::access((folder + "/" + std::string(kMarker)).c_str(), R_OK) == 0 &&
         ::access((folder + "/bin/python").c_str(), X_OK) == 0;
}

}  // namespace easel
