// When to ask again, and how long to wait before: full jitter, bounded by a deadline.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/sleeper.h"

namespace easel::gcp {

/// Whether a request that may have had its effect can be sent again. What a caller says; nothing guesses it from the method.
enum class Idempotency { kIdempotent, kNot };

struct RetryPolicy {
  std::chrono::milliseconds first{1'000};  ///< the longest first wait; doubles with each
  std::chrono::milliseconds longest{32'000};
  std::chrono::milliseconds deadline{120'000};  ///< of all attempts and waits together
};

/// 408, 429, 500, 502, 503, 504. Source: Cloud Storage "Retry strategy"; AIP-194.
bool IsTransientStatus(int status);
/// A transport's failure, or an error of such a status.
bool IsTransient(const Error& error);
/// Whether the request of this error surely never reached the server: then even what is not idempotent can be sent again.
bool WasNotSent(const Error& error);

/// The waits of one call. Not thread-safe.
class Backoff {
 public:
  /// `random` gives a number in [0, 1). All must outlive it.
  Backoff(const RetryPolicy& policy, const Clock& clock, Sleeper& sleeper,
          const std::function<double()>& random);

  /// Wait before the next attempt: a random time up to a limit that doubles, and not less than the server's Retry-After. False,
  /// without a wait, when the deadline would pass; false when stopped.
  bool Wait(std::stop_token stop, std::optional<std::chrono::milliseconds> retry_after = std::nullopt);
  /// What is left until the deadline, at least 1 ms.
  std::chrono::milliseconds Left() const;
  int waits() const { return waits_; }

 private:
  const RetryPolicy policy_;
  const Clock& clock_;
  Sleeper& sleeper_;
  const std::function<double()>& random_;
  const std::int64_t end_ms_;
  int waits_ = 0;
};

/// Numbers in [0, 1) from the kernel. Thread-safe.
double RandomFraction();

/// `Retry-After` in seconds, as Google sends it.
std::optional<std::chrono::milliseconds> RetryAfter(std::string_view header);

}  // namespace easel::gcp
