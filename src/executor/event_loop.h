// One thread's inbox: descriptors, timers and work posted by other threads, over epoll.
//
// Everything the executor decides happens in callbacks of one loop, so its state needs no locks. Callbacks must not
// block; what may block goes to a WorkPool. Only Post() may be called from other threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace easel {

class EventLoop {
 public:
  using Handler = std::function<void(std::uint32_t events)>;
  using TimerId = std::uint64_t;

  static Result<std::unique_ptr<EventLoop>> Make();

  /// Call `handler` while `fd` has any of `events` (EPOLLIN, …). Level-triggered. The loop does not own `fd`.
  void Watch(int fd, std::uint32_t events, Handler handler);
  void Change(int fd, std::uint32_t events);
  /// Must be called before `fd` is closed. A handler may forget itself or others at any time.
  void Forget(int fd);

  TimerId After(std::int64_t delay_ms, std::function<void()> callback);
  void CancelTimer(TimerId& id);  ///< sets it to 0

  /// Run `callback` on the loop's thread. Thread-safe.
  void Post(std::function<void()> callback);
  /// Called once after every turn, when all that was ready has been handled.
  void SetTurnEnd(std::function<void()> callback) { turn_end_ = std::move(callback); }

  void Run();
  void Stop() { stopped_ = true; }
  static std::int64_t NowMs();

 private:
  struct Watched {
    std::uint32_t generation;
    Handler handler;
  };

  EventLoop() = default;
  void RunPosted();
  int RunTimers();

  UniqueFd epoll_, wake_;
  std::unordered_map<int, std::shared_ptr<Watched>> watched_;
  std::uint32_t generation_ = 0;
  std::map<std::pair<std::int64_t, TimerId>, std::function<void()>> timers_;
  std::unordered_map<TimerId, std::int64_t> deadlines_;
  TimerId next_timer_ = 1;
  std::function<void()> turn_end_;
  bool stopped_ = false;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace easel
