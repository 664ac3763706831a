#include "base/processors.h"

#include <sched.h>

#include <algorithm>
#include <thread>

namespace easel {

int UsableProcessors() {
  cpu_set_t set;  // 1,024 processors; on larger machines the kernel refuses it
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

}  // namespace easel
