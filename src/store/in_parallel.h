// The same work on many things by a few threads, until one fails.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "blob/object_store.h"

namespace easel {

inline constexpr std::size_t kTransfersAtOnce = 8;

/// Call `work(context, thing)` for all; the first error stops the rest and is returned.
template <typename Thing, typename Work>
Status InParallel(const CallContext& context, const std::vector<Thing>& things, Work work) {
  std::stop_source stop;
  const std::stop_callback outer(context.stop, [&] { stop.request_stop(); });
  const CallContext inner{stop.get_token()};
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  Status failed;
  const auto run = [&] {
    for (std::size_t i = next++; i < things.size() && !inner.stop.stop_requested(); i = next++) {
      Status done = work(inner, things[i]);
      if (done) continue;
      const std::lock_guard lock(mutex);
      if (failed) failed = std::move(done);
      stop.request_stop();
    }
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 1; i < std::min(things.size(), kTransfersAtOnce); ++i) threads.emplace_back(run);
    run();
  }
  if (failed && context.stop.stop_requested()) return Fail(Code::kCancelled, "CANCELLED", "stopped");
  return failed;
}

}  // namespace easel
