// Time as something to inject: the real clock, and one that a test moves by hand.
#pragma once

#include <time.h>

#include <cstdint>

namespace easel {

/// Two clocks in milliseconds. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t UnixMs() const = 0;       ///< wall clock, for people
  virtual std::int64_t MonotonicMs() const = 0;  ///< never goes back, for durations and deadlines
};

class SystemClock final : public Clock {
 public:
  std::int64_t UnixMs() const override { return Read(CLOCK_REALTIME); }
  std::int64_t MonotonicMs() const override { return Read(CLOCK_MONOTONIC); }

 private:
  static std::int64_t Read(clockid_t id) {
    timespec t{};
    ::clock_gettime(id, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
  }
};

class FakeClock final : public Clock {
 public:
  std::int64_t UnixMs() const override { return now_ms; }
  std::int64_t MonotonicMs() const override { return now_ms; }
  std::int64_t now_ms = 1'700'000'000'000;
};

}  // namespace easel
