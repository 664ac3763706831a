// Where this machine lets us make control groups.
//
// Below our own group of version 2 if that was delegated (a systemd unit with Delegate=yes, a container's own root, or the
// machine's root where nobody else divides it), else in the hierarchies of version 1 that we may write. What neither gives is
// named in missing(), never dropped in silence.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "executor/control_group.h"

namespace easel {

/// Makes groups. Thread-safe once made.
class GroupTree {
 public:
  /// Look where groups can be made, and get the place ready if `prepare`: with version 2 the processes of our group may be
  /// moved into one beside those to come, because a group that is divided holds none. `root` is before /proc and /sys, for tests.
  static GroupTree Find(const std::string& root, bool prepare);

  /// What cannot be limited here: of cgroup_memory, cgroup_pids, cgroup_cpu.
  std::vector<std::string> missing() const;
  /// Why, and what to do; empty when nothing is missing.
  const std::string& advice() const { return advice_; }
  const std::array<GroupPlace, 3>& places() const { return places_; }

  /// A group that no other has; null when there is no place for any.
  ///
  /// Errors: as mkdir gives them.
  Result<std::shared_ptr<ControlGroup>> Make(const std::string& name) const;
  /// Remove groups that have been left empty, also by executors that were killed. Those of the last minute stay unless their
  /// names begin with `ours`; returns how many of these are left.
  int Sweep(const std::string& ours) const;

 private:
  std::array<GroupPlace, 3> places_;
  std::string advice_;
};

}  // namespace easel
