// Waiting as something to inject: a real wait that a stop ends, and one that only moves a test's clock.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <vector>

#include "base/clock.h"

namespace easel {

/// Thread-safe.
class Sleeper {
 public:
  virtual ~Sleeper() = default;
  /// Wait for `time`, or until `stop` is asked for. Returns whether the whole time has passed.
  virtual bool Sleep(std::chrono::milliseconds time, std::stop_token stop) = 0;
};

class SystemSleeper final : public Sleeper {
 public:
  bool Sleep(std::chrono::milliseconds time, std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any woken;
    std::unique_lock lock(mutex);
    woken.wait_for(lock, stop, time, [] { return false; });
    return !stop.stop_requested();
  }
};

/// Moves the clock instead of waiting, and remembers what was asked. For tests of one thread.
class FakeSleeper final : public Sleeper {
 public:
  explicit FakeSleeper(FakeClock& clock) : clock_(clock) {}
  bool Sleep(std::chrono::milliseconds time, std::stop_token stop) override {
    slept.push_back(time);
    clock_.now_ms += time.count();
    return !stop.stop_requested();
  }
  std::vector<std::chrono::milliseconds> slept;

 private:
  FakeClock& clock_;
};

}  // namespace easel
