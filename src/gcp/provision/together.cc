#include "gcp/provision/together.h"

#include <algorithm>
#include <atomic>
#include <thread>

namespace easel {

Status RunTogether(const std::vector<std::function<Status()>>& tasks, std::size_t width) {
  std::vector<Status> ends(tasks.size());
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < tasks.size(); i = next++) ends[i] = tasks[i]();
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < std::min(width, tasks.size()); ++i) threads.emplace_back(work);
    work();
  }
  for (Status& end : ends)
    if (!end) return std::move(end);
  return {};
}

}  // namespace easel
