// One worker's control group: the kernel's own limits of memory, processes and processors, in isolation `strict`.
//
// A worker is put into a group of its own while it parks; its block's limits are written when it is handed over. Versions 2
// and 1 of the kernel's interface are both spoken; GroupTree (group_tree.h) says where groups can be made.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace easel {

/// Zero: no limit.
struct GroupLimits {
  std::int64_t memory_bytes = 0;
  std::int64_t processes = 0;  ///< and threads
  double cpu = 0;              ///< processors' worth of time
};

/// Where the groups of one controller are made.
struct GroupPlace {
  std::string controller;  ///< memory, pids or cpu
  std::string folder;      ///< of the group that ours are made in; empty: this machine has none for us
  int version = 2;
};

/// The group of one worker. May be used from one thread at a time.
class ControlGroup {
 public:
  /// `places` with the group's own folders, which exist.
  explicit ControlGroup(std::vector<GroupPlace> places) : places_(std::move(places)) {}
  /// Removes the group; one whose last processes are still ending is removed by GroupTree::Sweep.
  ~ControlGroup();
  ControlGroup(const ControlGroup&) = delete;

  /// Move `root` and all it has started into the group. Takes some 15 ms when the kernel waits for its readers.
  ///
  /// Errors: as the kernel gives them; the processes may then be in some groups and not in others.
  Status Add(pid_t root);
  /// Errors: as the kernel gives them, naming the file.
  Status Limit(const GroupLimits& limits);
  /// How often the kernel has ended a process of the group for want of memory.
  std::int64_t OomKills() const;

 private:
  const GroupPlace* Place(std::string_view controller) const;

  std::vector<GroupPlace> places_;
};

/// How many processes and threads a block may have: enough for a pool of threaded processes per core.
std::int64_t MostProcesses();

/// Write one of the kernel's control files. Errors: as the kernel gives them, naming the file.
Status WriteControl(const std::string& path, const std::string& value);
/// What a control file says, without the last line's end; empty when it cannot be read.
std::string ReadControl(const std::string& path);

}  // namespace easel
