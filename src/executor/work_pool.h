// A few threads for what blocks (hashing, fsync, removing folders), so that the event loop never does.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "executor/event_loop.h"

namespace easel {

/// Jobs start in the order they came. Submit is for the loop's thread; the destructor finishes the jobs under way and
/// drops those that have not started. The loop must outlive the pool.
class WorkPool {
 public:
  WorkPool(EventLoop& loop, int threads);
  ~WorkPool();
  WorkPool(const WorkPool&) = delete;
  WorkPool& operator=(const WorkPool&) = delete;

  /// Run `work` on a thread of the pool, then `done` on the loop.
  void Submit(std::function<void()> work, std::function<void()> done = nullptr);

 private:
  struct Job {
    std::function<void()> work, done;
  };
  void Serve();

  EventLoop& loop_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace easel
