#include "executor/control_group.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <set>
#include <thread>

#include "base/file.h"
#include "base/text.h"
#include "executor/process_tree.h"

namespace easel {
namespace {

constexpr std::int64_t kPeriodUs = 100'000;  // of processor time
constexpr int kMostPasses = 20;              // over a tree that grows while it is moved

/// 0, or the errno.
int TryWriteControl(const std::string& path, const std::string& value) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd.valid()) return errno;
  return ::write(fd.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size()) ? 0 : errno;
}

}  // namespace

Status WriteControl(const std::string& path, const std::string& value) {
  const int problem = TryWriteControl(path, value);
  return problem == 0 ? Status{} : FailErrno("write " + value + " to " + path, problem);
}

std::string ReadControl(const std::string& path) {
  auto text = ReadFile(path, 1 << 16);
  if (!text) return "";
  while (text->ends_with('\n')) text->pop_back();
  return *text;
}

std::int64_t MostProcesses() {
  const std::int64_t cores = std::max(1U, std::thread::hardware_concurrency());
  return std::min<std::int64_t>(std::max<std::int64_t>(1024, 512 + 2 * cores * cores), 32768);
}

ControlGroup::~ControlGroup() {
  for (const GroupPlace& place : places_) ::rmdir(place.folder.c_str());
}

const GroupPlace* ControlGroup::Place(std::string_view controller) const {
  const auto found = std::ranges::find(places_, controller, &GroupPlace::controller);
  return found == places_.end() ? nullptr : &*found;
}

Status ControlGroup::Add(pid_t root) {
  std::set<std::string> folders;
  for (const GroupPlace& place : places_) folders.insert(place.folder);
  std::set<pid_t> moved;
  for (int pass = 0; pass < kMostPasses; ++pass) {
    bool grew = false;
    for (const pid_t pid : TreeOf(root)) {
      if (!moved.insert(pid).second) continue;
      grew = true;
      for (const std::string& folder : folders) {
        const std::string path = folder + "/cgroup.procs";
        const int problem = TryWriteControl(path, std::to_string(pid));
        if (problem != 0 && problem != ESRCH) return FailErrno("write a process to " + path, problem);
      }
    }
    if (!grew) return {};
  }
  return Fail(Code::kFailedPrecondition, "GROUP_GROWS",
              "a worker starts processes faster than they can be limited");
}

Status ControlGroup::Limit(const GroupLimits& limits) {
  if (const GroupPlace* memory = Place("memory"); memory != nullptr && limits.memory_bytes > 0) {
    const std::string bytes = std::to_string(limits.memory_bytes);
    const bool old = memory->version == 1;
    EASEL_RETURN_IF_ERROR(
        WriteControl(memory->folder + (old ? "/memory.limit_in_bytes" : "/memory.max"), bytes));
    // Not there where nothing swaps or the kernel does not count it; one that ends is one block, whole.
    const std::string swap = memory->folder + (old ? "/memory.memsw.limit_in_bytes" : "/memory.swap.max");
    if (::access(swap.c_str(), W_OK) == 0) EASEL_RETURN_IF_ERROR(WriteControl(swap, old ? bytes : "0"));
    if (!old) EASEL_RETURN_IF_ERROR(WriteControl(memory->folder + "/memory.oom.group", "1"));
  }
  if (const GroupPlace* pids = Place("pids"); pids != nullptr && limits.processes > 0)
    EASEL_RETURN_IF_ERROR(WriteControl(pids->folder + "/pids.max", std::to_string(limits.processes)));
  if (const GroupPlace* cpu = Place("cpu"); cpu != nullptr) {
    const bool old = cpu->version == 1;
    // Every block weighs the same, however many processes it has.
    EASEL_RETURN_IF_ERROR(old ? WriteControl(cpu->folder + "/cpu.shares", "1024")
                              : WriteControl(cpu->folder + "/cpu.weight", "100"));
    if (limits.cpu > 0) {
      const std::string quota = std::to_string(
          std::max<std::int64_t>(1000, std::llround(limits.cpu * static_cast<double>(kPeriodUs))));
      EASEL_RETURN_IF_ERROR(
          old ? WriteControl(cpu->folder + "/cpu.cfs_quota_us", quota)
              : WriteControl(cpu->folder + "/cpu.max", quota + " " + std::to_string(kPeriodUs)));
    }
  }
  return {};
}

std::int64_t ControlGroup::OomKills() const {
  const GroupPlace* memory = Place("memory");
  if (memory == nullptr) return 0;
  const std::string text =
      ReadControl(memory->folder + (memory->version == 1 ? "/memory.oom_control" : "/memory.events"));
  for (const std::string& line : Split(text, '\n'))
    if (line.starts_with("oom_kill ")) return std::atoll(line.c_str() + 9);
  return 0;
}

}  // namespace easel
