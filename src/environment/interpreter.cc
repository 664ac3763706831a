#include "environment/interpreter.h"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <cctype>
#include <climits>
#include <cstdlib>
#include <cstring>

#include "base/digest.h"
#include "base/file.h"
#include "environment/command.h"

namespace easel {
namespace {

constexpr int kOldestMinor = 11;

/// "python3.11" -> "3.11"; "" when the name does not tell.
std::string MinorOfName(const std::string& path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  const std::string prefix = "python3.";
  if (!name.starts_with(prefix) || name.size() == prefix.size()) return "";
  for (std::size_t i = prefix.size(); i < name.size(); ++i)
    if (!std::isdigit(static_cast<unsigned char>(name[i]))) return "";
  return name.substr(std::strlen("python"));
}

Result<std::string> Ask(const std::string& python) {
  auto answer =
      RunCommand({.argv = {python, "-I", "-S", "-c", "import sys; print('%d.%d' % sys.version_info[:2])"},
                  .environment = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8"}});
  if (!answer || answer->exit_code != 0 || !answer->output.starts_with("3."))
    return Fail(Code::kFailedPrecondition, "PYTHON_UNUSABLE",
                python +
                    " does not work as a Python 3: " + (answer ? answer->errors : answer.error().message) +
                    ". Set EASEL_PYTHON to one that does");
  return answer->output.substr(0, answer->output.find('\n'));
}

}  // namespace

Result<InterpreterInfo> DescribeInterpreter(const std::string& python, const std::string& cache_folder) {
  char real[PATH_MAX];
  struct stat info{};
  if (::realpath(python.c_str(), real) == nullptr || ::stat(real, &info) != 0)
    return Fail(Code::kFailedPrecondition, "PYTHON_MISSING",
                "there is no Python at " + python +
                    ". Install Python 3.11 or newer (Debian: python3 and python3-venv), " +
                    "or set EASEL_PYTHON to one");
  InterpreterInfo found{.python = python, .minor = MinorOfName(real), .platform = {}, .wheel_platform = {}};
  if (found.minor.empty()) {
    const std::string identity = std::string(real) + ":" + std::to_string(info.st_size) + ":" +
                                 std::to_string(info.st_mtim.tv_sec) + "." +
                                 std::to_string(info.st_mtim.tv_nsec);
    const std::string kept = cache_folder + "/interpreters/" + DigestOf(identity).substr(0, 32);
    if (auto known = ReadFile(kept, 16); known && known->starts_with("3.")) {
      found.minor = *known;
    } else {
      EASEL_TRY(found.minor, Ask(python));
      // Only a cache: where it cannot be written, the next start asks again.
      if (MakeDirectories(ParentOf(kept))) (void)WriteFileAtomically(kept, found.minor);
    }
  }
  if (std::atoi(found.minor.c_str() + 2) < kOldestMinor)
    return Fail(
        Code::kFailedPrecondition, "PYTHON_TOO_OLD",
        python + " is Python " + found.minor + "; Easel needs 3.11 or newer. Set EASEL_PYTHON to one");
  utsname machine{};
  ::uname(&machine);
  const std::string kind = machine.machine;
  if (kind != "x86_64" && kind != "aarch64")
    return Fail(Code::kUnimplemented, "PLATFORM_UNSUPPORTED",
                "environments are made for x86_64 and aarch64, not " + kind);
  found.platform = "linux-" + kind;
  found.wheel_platform = kind + "-manylinux_2_28";
  return found;
}

}  // namespace easel
