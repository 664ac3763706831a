// Ctrl-C as a stop request, for work that looks at one.
#pragma once

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <stop_token>
#include <thread>

#include "base/file.h"
#include "cli/signals.h"

namespace easel {

/// Turns signals into a stop request while the main thread is busy, and gives them back at the end.
class StopOnSignal {
 public:
  explicit StopOnSignal(Signals& signals)
      : end_(::eventfd(0, EFD_CLOEXEC)), watcher_([this, &signals] {
          for (;;) {
            pollfd wait[2] = {{signals.fd(), POLLIN, 0}, {end_.get(), POLLIN, 0}};
            ::poll(wait, 2, -1);
            if (wait[1].revents != 0) return;
            if (signals.Take() > 0) source_.request_stop();
          }
        }) {}
  ~StopOnSignal() {
    const std::uint64_t one = 1;
    (void)!::write(end_.get(), &one, sizeof one);
    watcher_.join();
  }
  std::stop_token token() const { return source_.get_token(); }
  bool stopped() const { return source_.stop_requested(); }

 private:
  UniqueFd end_;
  std::stop_source source_;
  std::thread watcher_;
};

}  // namespace easel
