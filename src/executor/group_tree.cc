#include "executor/group_tree.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <functional>
#include <optional>

#include "base/file.h"
#include "base/text.h"

namespace easel {
namespace {

constexpr std::string_view kPrefix = "easel-";
constexpr std::string_view kOwnGroup = "easel.main";  // holds the executor where the group above is divided
constexpr std::array<const char*, 3> kControllers{"memory", "pids", "cpu"};
constexpr std::time_t kForgottenAfterS = 60;

/// Whether a list such as "cpu,cpuacct" has the word.
bool Has(const std::string& words, char separator, std::string_view word) {
  const std::vector<std::string> parts = Split(words, separator);
  return std::ranges::find(parts, word) != parts.end();
}

/// A hierarchy of groups: where it is mounted, and where this process stands in it.
struct Hierarchy {
  int version = 2;
  std::string controllers;  ///< of version 1, with commas
  std::string mount;
  std::string mounted;  ///< which group is seen at the mount
  std::string own;      ///< this process's group

  /// The folder of this process's group, or empty if it is not to be seen here.
  std::string Folder() const {
    if (mount.empty() || own.starts_with("/..")) return "";
    std::string below = own;
    if (mounted != "/") {
      if (!(own + "/").starts_with(mounted + "/")) return "";
      below = own.substr(mounted.size());
    }
    std::string out = mount + below;
    while (out.ends_with('/')) out.pop_back();
    return out;
  }
};

/// Source: cgroups(7) /proc/pid/cgroup, proc_pid_mountinfo(5).
std::vector<Hierarchy> Hierarchies(const std::string& root) {
  std::vector<Hierarchy> out;
  for (const std::string& line : Split(ReadControl(root + "/proc/self/cgroup"), '\n')) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string::npos ? first : line.find(':', first + 1);
    if (second == std::string::npos) continue;
    Hierarchy one{.controllers = line.substr(first + 1, second - first - 1), .own = line.substr(second + 1)};
    one.version = line.starts_with("0::") ? 2 : 1;
    out.push_back(std::move(one));
  }
  for (const std::string& line : Split(ReadControl(root + "/proc/self/mountinfo"), '\n')) {
    const std::vector<std::string> words = Split(line, ' ');
    const auto dash = std::ranges::find(words, "-");
    if (words.size() < 7 || words.end() - dash < 4) continue;
    const std::string& kind = dash[1];
    for (Hierarchy& one : out) {
      const auto joined = [&](const std::string& name) { return Has(dash[3], ',', name); };
      const bool fits = one.version == 2
                            ? kind == "cgroup2"
                            : kind == "cgroup" && std::ranges::all_of(Split(one.controllers, ','), joined);
      if (!fits || !one.mount.empty()) continue;
      one.mounted = words[3];
      one.mount = root + words[4];
    }
  }
  return out;
}

/// Whether whoever manages the machine has left the group to us.
bool Delegated(const std::string& folder) {
  for (const char* name : {"user.delegate", "trusted.delegate"}) {
    char value[8] = {};
    if (::getxattr(folder.c_str(), name, value, sizeof value - 1) > 0 && value[0] == '1') return true;
  }
  return false;
}

/// The group of version 2 that may be divided; nullopt with the reason in `why`.
std::optional<std::string> Divisible(const Hierarchy& unified, std::string& why) {
  std::string folder = unified.Folder();
  if (folder.empty()) {
    why = "its group is not to be seen in /sys/fs/cgroup";
    return std::nullopt;
  }
  bool top = unified.own == "/";
  if (unified.own.ends_with("/" + std::string(kOwnGroup)) || Delegated(ParentOf(folder))) {
    if (!top) folder = ParentOf(folder);
    top |= unified.own == "/" + std::string(kOwnGroup);
  }
  if (!top && !Delegated(folder)) {
    why = "the group " + folder + " was not delegated";
    return std::nullopt;
  }
  if (::access(folder.c_str(), W_OK) != 0 ||
      ::access((folder + "/cgroup.subtree_control").c_str(), W_OK) != 0) {
    why = folder + " cannot be written";
    return std::nullopt;
  }
  return folder;
}

/// A group with processes of its own cannot give controllers to groups in it: they all move into one beside.
Status MakeRoom(const std::string& folder) {
  const std::string own = folder + "/" + std::string(kOwnGroup);
  if (::mkdir(own.c_str(), 0755) != 0 && errno != EEXIST) return FailErrno("create " + own, errno);
  for (const std::string& pid : Split(ReadControl(folder + "/cgroup.procs"), '\n'))
    if (!pid.empty() && pid != "0") EASEL_RETURN_IF_ERROR(WriteControl(own + "/cgroup.procs", pid));
  return {};
}

/// Have groups in `folder` limit by `controller`. Errors: as the kernel gives them.
Status GiveController(const std::string& folder, const std::string& controller) {
  const std::string path = folder + "/cgroup.subtree_control";
  if (Has(ReadControl(path), ' ', controller)) return {};
  if (WriteControl(path, "+" + controller)) return {};
  EASEL_RETURN_IF_ERROR(MakeRoom(folder));
  return WriteControl(path, "+" + controller);
}

void ForEachGroup(const std::string& folder, const std::function<void(const std::string&)>& visit) {
  DIR* directory = ::opendir(folder.c_str());
  if (directory == nullptr) return;
  while (const dirent* entry = ::readdir(directory))
    if (std::string_view(entry->d_name).starts_with(kPrefix)) visit(folder + "/" + entry->d_name);
  ::closedir(directory);
}

}  // namespace

GroupTree GroupTree::Find(const std::string& root, bool prepare) {
  GroupTree out;
  std::string why = "no cgroups here";
  std::optional<std::string> unified;
  const std::vector<Hierarchy> hierarchies = Hierarchies(root);
  for (const Hierarchy& one : hierarchies)
    if (one.version == 2) unified = Divisible(one, why);
  for (std::size_t i = 0; i < out.places_.size(); ++i) {
    GroupPlace& place = out.places_[i];
    place.controller = kControllers[i];
    if (unified && Has(ReadControl(*unified + "/cgroup.controllers"), ' ', place.controller)) {
      const Status given = prepare ? GiveController(*unified, place.controller) : Status{};
      if (given)
        place.folder = *unified;
      else
        why = given.error().message;
      continue;
    }
    for (const Hierarchy& one : hierarchies) {
      if (one.version != 1 || !Has(one.controllers, ',', place.controller)) continue;
      const std::string folder = one.Folder();
      if (folder.empty() || ::access(folder.c_str(), W_OK) != 0) continue;
      place.folder = folder;
      place.version = 1;
    }
  }
  if (!out.missing().empty())
    out.advice_ =
        "Here " + why +
        ". Start the server as a systemd service with `Delegate=yes` (by hand: `systemd-run --scope -p "
        "Delegate=yes easel serve ...`), or its container with a control group of its own that it may write. "
        "Until then memory is kept by watching, 20 ms apart, and processors are not limited.";
  return out;
}

std::vector<std::string> GroupTree::missing() const {
  std::vector<std::string> out;
  for (const GroupPlace& place : places_)
    if (place.folder.empty()) out.push_back("cgroup_" + place.controller);
  return out;
}

Result<std::shared_ptr<ControlGroup>> GroupTree::Make(const std::string& name) const {
  std::vector<GroupPlace> made;
  for (GroupPlace place : places_) {
    if (place.folder.empty()) continue;
    place.folder += "/" + std::string(kPrefix) + name;
    if (::mkdir(place.folder.c_str(), 0755) != 0 && errno != EEXIST)
      return FailErrno("create " + place.folder, errno);
    made.push_back(std::move(place));
  }
  if (made.empty()) return nullptr;
  return std::make_shared<ControlGroup>(std::move(made));
}

int GroupTree::Sweep(const std::string& ours) const {
  const std::time_t now = ::time(nullptr);
  int left = 0;
  for (const GroupPlace& place : places_)
    ForEachGroup(place.folder, [&](const std::string& folder) {
      struct stat status{};
      const bool own = !ours.empty() && folder.starts_with(place.folder + "/" + std::string(kPrefix) + ours);
      // Somebody's that was made just now may still be empty.
      const bool forgotten = ::stat(folder.c_str(), &status) == 0 && now - status.st_mtime > kForgottenAfterS;
      if ((own || forgotten) && ::rmdir(folder.c_str()) != 0 && own) ++left;
    });
  return left;
}

}  // namespace easel
