// What this kernel or container allows of what the sandbox wants, found by trying it.
#pragma once

#include <string>
#include <vector>

namespace easel {

struct DoctorFinding {
  std::string name;  ///< stable word: user_namespaces, pid_namespaces, …
  bool ok = false;
  std::string detail;            ///< what was seen
  std::string advice;            ///< what to do when it is not ok; empty otherwise
  bool needed_by_local = false;  ///< a missing one weakens mode `local`
};

/// Try each in a process of its own; takes some 20 ms and changes nothing. Call it from any thread.
std::vector<DoctorFinding> ExamineHost();

}  // namespace easel
