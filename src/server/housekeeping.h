// What a server does by itself from time to time: removes what has lain in the trash for long, and what an end left half made.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>

#include "base/clock.h"
#include "server/workspace.h"

namespace easel {

struct HousekeepingOptions {
  std::int64_t trash_days = 30;  ///< 0: nothing goes by itself
  std::int64_t every_ms = 3'600'000;
  std::function<void()> also = {};  ///< done in every round in which the clock is believed; on the thread
};

/// Has a thread of its own: a round at once, then one every hour. A clock that was set while the server ran is not believed
/// for a round: what is deleted for being old must be old. Made before anybody makes canvases, by who holds the
/// workspace's serving lock.
class Housekeeping {
 public:
  Housekeeping(const Workspace& workspace, const Clock& clock, HousekeepingOptions options);
  /// Waits for the round under way.
  ~Housekeeping();

 private:
  void Serve();
  void RemoveLeftOver();
  void Round();

  const Workspace& workspace_;
  const Clock& clock_;
  const HousekeepingOptions options_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool ending_ = false;
  std::int64_t last_wall_ms_ = -1, last_steady_ms_ = -1;
  std::thread thread_;
};

}  // namespace easel
