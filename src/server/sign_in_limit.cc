#include "server/sign_in_limit.h"

#include <algorithm>

namespace easel {
namespace {

constexpr std::size_t kMostCounted = 10'000;

}  // namespace

void SignInLimit::Forget(Tries& tries, std::int64_t window_ms) const {
  while (!tries.failed_ms.empty() && clock_.MonotonicMs() - tries.failed_ms.front() > window_ms)
    tries.failed_ms.pop_front();
}

/// What nobody is counted for any more goes; of too many that are, the first ones.
void SignInLimit::Shrink(Counted& counted, std::int64_t window_ms) const {
  if (counted.size() <= kMostCounted) return;
  for (auto& [key, tries] : counted) Forget(tries, window_ms);
  std::erase_if(counted, [](const auto& entry) {
    return entry.second.failed_ms.empty() && entry.second.under_way == 0;
  });
  for (auto it = counted.begin(); it != counted.end() && counted.size() > kMostCounted;)
    it = it->second.under_way == 0 ? counted.erase(it) : std::next(it);
}

std::int64_t SignInLimit::Begin(const std::string& address, const std::string& account) {
  const std::lock_guard lock(mutex_);
  const std::int64_t now_ms = clock_.MonotonicMs();
  const auto wait_s = [&](const Tries& tries, std::int64_t window_ms) {
    return tries.failed_ms.empty() ? 1 : (tries.failed_ms.front() + window_ms - now_ms) / 1000 + 1;
  };
  Shrink(addresses_, kAddressMs);
  Tries& of_address = addresses_[address];
  Forget(of_address, kAddressMs);
  Forget(all_, kAddressMs);
  if (of_address.failed_ms.size() >= kFailuresOfAddress) return wait_s(of_address, kAddressMs);
  if (of_address.failed_ms.size() + of_address.under_way >= kTriesOfAddress) return 1;
  if (all_.failed_ms.size() >= kFailuresOfAll) return wait_s(all_, kAddressMs);
  if (!account.empty()) {
    Shrink(accounts_, kAccountMs);
    Tries& of_account = accounts_[account];
    Forget(of_account, kAccountMs);
    if (of_account.failed_ms.size() >= kFailuresOfAccount) return wait_s(of_account, kAccountMs);
    if (of_account.failed_ms.size() + of_account.under_way >= kFailuresOfAccount) return 1;
    ++of_account.under_way;
  }
  ++of_address.under_way;
  return 0;
}

void SignInLimit::End(const std::string& address, const std::string& account, Outcome outcome) {
  const std::lock_guard lock(mutex_);
  const auto over = [&](Counted& counted, const std::string& key) {
    const auto found = counted.find(key);
    if (found == counted.end()) return;
    --found->second.under_way;
    if (outcome == Outcome::kFailed) found->second.failed_ms.push_back(clock_.MonotonicMs());
  };
  over(addresses_, address);
  if (!account.empty()) {
    over(accounts_, account);
    if (outcome == Outcome::kSucceeded) accounts_[account].failed_ms.clear();
  }
  if (outcome == Outcome::kFailed) all_.failed_ms.push_back(clock_.MonotonicMs());
}

void SignInLimit::Reopen(const std::string& account) {
  const std::lock_guard lock(mutex_);
  if (const auto found = accounts_.find(account); found != accounts_.end()) found->second.failed_ms.clear();
}

}  // namespace easel
