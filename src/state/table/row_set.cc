#include "state/table/row_set.h"

#include <algorithm>
#include <bit>

namespace easel::table {

void RowSet::Clear() {
  words_.assign(static_cast<std::size_t>((rows_ + 63) / 64), 0);
  count_ = 0;
}

void RowSet::Write(std::int64_t begin, std::int64_t n, const std::uint8_t* mask) {
  for (std::int64_t i = 0; i < n; i += 64) {
    std::uint64_t word = 0;
    const std::int64_t bits = std::min<std::int64_t>(64, n - i);
    for (std::int64_t b = 0; b < bits; ++b) word |= static_cast<std::uint64_t>(mask[i + b] != 0) << b;
    words_[static_cast<std::size_t>((begin + i) >> 6)] = word;
  }
}

void RowSet::Seal() {
  before_.clear();
  count_ = 0;
  for (std::size_t i = 0; i < words_.size(); ++i) {
    if (i % kWordsPerStep == 0) before_.push_back(count_);
    count_ += std::popcount(words_[i]);
  }
}

std::int64_t RowSet::Nth(std::int64_t n) const {
  if (all()) return n;
  const auto step = static_cast<std::size_t>(std::ranges::upper_bound(before_, n) - before_.begin() - 1);
  std::int64_t left = n - before_[step];
  std::size_t at = step * kWordsPerStep;
  while (left >= std::popcount(words_[at])) left -= std::popcount(words_[at++]);
  std::uint64_t word = words_[at];
  for (; left > 0; --left) word &= word - 1;
  return static_cast<std::int64_t>(at * 64) + std::countr_zero(word);
}

std::int64_t RowSet::Next(std::int64_t row, std::int64_t end) const {
  if (row >= end || all()) return std::min(row, end);
  auto at = static_cast<std::size_t>(row >> 6);
  const auto last = static_cast<std::size_t>((end - 1) >> 6);
  std::uint64_t word = words_[at] & (~std::uint64_t{0} << (row & 63));
  while (word == 0 && at < last) word = words_[++at];
  if (word == 0) return end;
  return std::min(end, static_cast<std::int64_t>(at * 64) + std::countr_zero(word));
}

}  // namespace easel::table
