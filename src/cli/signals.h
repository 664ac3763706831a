// Ctrl-C and its like as something to wait for.
#pragma once

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/file.h"

namespace easel {

/// SIGINT, SIGTERM and SIGHUP as a descriptor. Made before any thread, so that every thread has them blocked.
class Signals {
 public:
  Signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, number);
    ::pthread_sigmask(SIG_BLOCK, &set, &before_);
    fd_.Reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~Signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  int fd() const { return fd_.get(); }
  /// How many arrived since the last call.
  int Take() {
    signalfd_siginfo info;
    int n = 0;
    while (::read(fd_.get(), &info, sizeof info) == sizeof info) ++n;
    return n;
  }

 private:
  sigset_t before_;
  UniqueFd fd_;
};

}  // namespace easel
