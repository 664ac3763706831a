// A few named threads for handlers that block: reading files, the database, asking a canvas's engine.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace easel {

/// Jobs start in the order in which they came. Thread-safe.
class BlockingPool {
 public:
  /// At most `queued` jobs wait; `name` is what threads are called in `ps` and debuggers, at most 12 characters.
  BlockingPool(const std::string& name, int threads, std::size_t queued = 1024);
  ~BlockingPool();
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;

  /// False if too many jobs wait already, or the pool has ended: `job` is dropped.
  bool Submit(std::function<void()> job);
  /// Finish what was submitted and take nothing more.
  void End();
  std::size_t waiting() const;

 private:
  void Serve();

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace easel
