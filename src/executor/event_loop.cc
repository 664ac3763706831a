#include "executor/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace easel {

std::int64_t EventLoop::NowMs() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

Result<std::unique_ptr<EventLoop>> EventLoop::Make() {
  std::unique_ptr<EventLoop> loop(new EventLoop);
  loop->epoll_.Reset(::epoll_create1(EPOLL_CLOEXEC));
  loop->wake_.Reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!loop->epoll_.valid() || !loop->wake_.valid()) return FailErrno("create event loop", errno);
  EventLoop* raw = loop.get();
  loop->Watch(loop->wake_.get(), EPOLLIN, [raw](std::uint32_t) {
    std::uint64_t count = 0;
    [[maybe_unused]] ssize_t n = ::read(raw->wake_.get(), &count, sizeof count);
    raw->RunPosted();
  });
  return loop;
}

void EventLoop::Watch(int fd, std::uint32_t events, Handler handler) {
  auto entry = std::make_shared<Watched>(Watched{++generation_, std::move(handler)});
  epoll_event event{};
  event.events = events;
  // The generation tells an event of a closed descriptor from one of its successor with the same number.
  event.data.u64 = (std::uint64_t{entry->generation} << 32) | static_cast<std::uint32_t>(fd);
  const bool replaced = watched_.contains(fd);
  watched_[fd] = std::move(entry);
  EASEL_CHECK(::epoll_ctl(epoll_.get(), replaced ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0);
}

void EventLoop::Change(int fd, std::uint32_t events) {
  auto found = watched_.find(fd);
  if (found == watched_.end()) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = (std::uint64_t{found->second->generation} << 32) | static_cast<std::uint32_t>(fd);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event);
}

void EventLoop::Forget(int fd) {
  if (watched_.erase(fd) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::After(std::int64_t delay_ms, std::function<void()> callback) {
  const TimerId id = next_timer_++;
  const std::int64_t deadline = NowMs() + std::max<std::int64_t>(delay_ms, 0);
  timers_.emplace(std::pair(deadline, id), std::move(callback));
  deadlines_.emplace(id, deadline);
  return id;
}

void EventLoop::CancelTimer(TimerId& id) {
  if (auto found = deadlines_.find(id); found != deadlines_.end()) {
    timers_.erase({found->second, id});
    deadlines_.erase(found);
  }
  id = 0;
}

void EventLoop::Post(std::function<void()> callback) {
  {
    std::lock_guard lock(mutex_);
    posted_.push_back(std::move(callback));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] ssize_t n = ::write(wake_.get(), &one, sizeof one);
}

void EventLoop::RunPosted() {
  std::vector<std::function<void()>> batch;
  {
    std::lock_guard lock(mutex_);
    batch.swap(posted_);
  }
  for (auto& callback : batch) callback();
}

int EventLoop::RunTimers() {
  const std::int64_t now = NowMs();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto node = timers_.extract(timers_.begin());
    deadlines_.erase(node.key().second);
    node.mapped()();
  }
  if (timers_.empty()) return -1;
  return static_cast<int>(std::clamp<std::int64_t>(timers_.begin()->first.first - NowMs(), 0, 60'000));
}

void EventLoop::Run() {
  std::array<epoll_event, 64> events;
  while (!stopped_) {
    const int wait_ms = RunTimers();
    if (turn_end_) turn_end_();
    if (stopped_) break;
    const int n = ::epoll_wait(epoll_.get(), events.data(), events.size(), wait_ms);
    for (int i = 0; i < n; ++i) {
      const int fd = static_cast<int>(events[i].data.u64 & 0xffffffffU);
      auto found = watched_.find(fd);
      if (found == watched_.end() || found->second->generation != events[i].data.u64 >> 32) continue;
      const std::shared_ptr<Watched> keep = found->second;  // the handler may forget itself
      keep->handler(events[i].events);
    }
  }
}

}  // namespace easel
