#include "gcp/retry.h"

#include <sys/random.h>

#include <algorithm>
#include <charconv>

namespace easel::gcp {

bool IsTransientStatus(int status) {
  return status == 408 || status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

bool IsTransient(const Error& error) {
  switch (error.code) {
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kInternal: return true;
    // What Google limits by the minute passes; a project that may have no more accounts does not, whatever we wait.
    case Code::kResourceExhausted: return error.reason != "ANSWER_TOO_LARGE";
    default: return false;
  }
}

bool WasNotSent(const Error& error) {
  return error.reason == "CONNECT_FAILED" || error.reason == "HOST_NOT_FOUND";
}

Backoff::Backoff(const RetryPolicy& policy, const Clock& clock, Sleeper& sleeper,
                 const std::function<double()>& random)
    : policy_(policy),
      clock_(clock),
      sleeper_(sleeper),
      random_(random),
      end_ms_(clock.MonotonicMs() + policy.deadline.count()) {}

bool Backoff::Wait(std::stop_token stop, std::optional<std::chrono::milliseconds> retry_after) {
  const std::int64_t limit =
      std::min<std::int64_t>(policy_.longest.count(), policy_.first.count() << std::min(waits_, 20));
  std::chrono::milliseconds wait(static_cast<std::int64_t>(random_() * static_cast<double>(limit)));
  if (retry_after) wait = std::max(wait, *retry_after);
  if (clock_.MonotonicMs() + wait.count() >= end_ms_) return false;
  ++waits_;
  return sleeper_.Sleep(wait, stop);
}

std::chrono::milliseconds Backoff::Left() const {
  return std::chrono::milliseconds(std::max<std::int64_t>(1, end_ms_ - clock_.MonotonicMs()));
}

double RandomFraction() {
  std::uint64_t bits = 0;
  EASEL_CHECK(::getrandom(&bits, sizeof bits, 0) == sizeof bits);
  return static_cast<double>(bits >> 11) * 0x1p-53;
}

std::optional<std::chrono::milliseconds> RetryAfter(std::string_view header) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), seconds);
  if (error != std::errc() || end != header.data() + header.size() || seconds < 0 || seconds > 86'400)
    return std::nullopt;
  return std::chrono::seconds(seconds);
}

}  // namespace easel::gcp
