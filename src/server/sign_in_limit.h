// How often one may try to come in: per address, per account, and in all.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace easel {

/// Counts failures and tries that are under way, so that many at once are not more than one after the other. Thread-safe.
///
/// An account that was tried too often is closed to all addresses for a while: who knows an e-mail address can keep its owner
/// from signing in anew, but neither ends sessions nor guesses on. A link for a new password opens it (Reopen).
class SignInLimit {
 public:
  static constexpr std::size_t kFailuresOfAddress = 10, kTriesOfAddress = 40, kFailuresOfAll = 600;
  static constexpr std::int64_t kAddressMs = 60'000;
  static constexpr std::size_t kFailuresOfAccount = 10;
  static constexpr std::int64_t kAccountMs = 600'000;

  explicit SignInLimit(const Clock& clock) : clock_(clock) {}

  /// Begin a try; `account` may be empty. Returns 0, or after how many seconds to come again; then it has not begun.
  std::int64_t Begin(const std::string& address, const std::string& account);
  enum class Outcome { kSucceeded, kFailed, kNeither };
  /// A try that began is over. A success forgets the account's failures.
  void End(const std::string& address, const std::string& account, Outcome outcome);
  void Reopen(const std::string& account);

 private:
  struct Tries {
    std::deque<std::int64_t> failed_ms;
    std::size_t under_way = 0;
  };
  using Counted = std::map<std::string, Tries>;
  void Forget(Tries& tries, std::int64_t window_ms) const;
  void Shrink(Counted& counted, std::int64_t window_ms) const;

  const Clock& clock_;
  std::mutex mutex_;
  Counted addresses_, accounts_;
  Tries all_;
};

}  // namespace easel
