#include "state/table/distinct.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace easel::table {

void Distinct::Estimate(std::uint64_t hash) {
  const std::size_t place = hash >> (64 - kIndexBits);
  const auto run = static_cast<std::uint8_t>(std::countl_zero(hash << kIndexBits | std::uint64_t{1}) + 1);
  longest_[place] = std::max(longest_[place], run);
}

void Distinct::GiveUp() {
  exact_ = false;
  longest_.assign(std::size_t{1} << kIndexBits, 0);
  for (const std::uint64_t hash : seen_) Estimate(hash);
  seen_.clear();
}

void Distinct::Add(std::uint64_t hash) {
  if (!exact_) return Estimate(hash);
  if (hash == last_ && !seen_.empty()) return;
  last_ = hash;
  seen_.insert(hash);
  if (seen_.size() > kMostExact) GiveUp();
}

void Distinct::Merge(const Distinct& other) {
  if (other.exact_) {
    for (const std::uint64_t hash : other.seen_) Add(hash);
    return;
  }
  if (exact_) GiveUp();
  for (std::size_t i = 0; i < longest_.size(); ++i) longest_[i] = std::max(longest_[i], other.longest_[i]);
}

std::int64_t Distinct::count() const {
  if (exact_) return static_cast<std::int64_t>(seen_.size());
  const auto m = static_cast<double>(longest_.size());
  double sum = 0, empty = 0;
  for (const std::uint8_t run : longest_) {
    sum += std::ldexp(1.0, -run);
    empty += run == 0 ? 1 : 0;
  }
  const double raw = 0.7213 / (1 + 1.079 / m) * m * m / sum;
  return std::llround(raw <= 2.5 * m && empty > 0 ? m * std::log(m / empty) : raw);
}

}  // namespace easel::table
