#include "server/blocking_pool.h"

#include <pthread.h>

#include <csignal>

namespace easel {

BlockingPool::BlockingPool(const std::string& name, int threads, std::size_t queued) : limit_(queued) {
  for (int i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { Serve(); });
    ::pthread_setname_np(threads_.back().native_handle(),
                         (name + "-" + std::to_string(i)).substr(0, 15).c_str());
  }
}

BlockingPool::~BlockingPool() { End(); }

bool BlockingPool::Submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    if (ending_ || jobs_.size() >= limit_) return false;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void BlockingPool::End() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

std::size_t BlockingPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void BlockingPool::Serve() {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  for (;;) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace easel
