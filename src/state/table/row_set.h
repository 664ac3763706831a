// Which rows of a table meet a filter: a bit for each, and where the n-th of them is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace easel::table {

/// Written stretch by stretch, then sealed, then read by any thread.
class RowSet {
 public:
  /// All of `rows`, which costs nothing.
  explicit RowSet(std::int64_t rows) : rows_(rows), count_(rows) {}

  /// Begin anew with none of them. Errors: std::bad_alloc.
  void Clear();
  /// Set rows from `begin`, a multiple of 64, by `mask`. Stretches of different threads do not share 64 rows.
  void Write(std::int64_t begin, std::int64_t n, const std::uint8_t* mask);
  /// Count: `Nth` and `count` hold from now on.
  void Seal();

  std::int64_t rows() const { return rows_; }
  std::int64_t count() const { return count_; }
  bool all() const { return words_.empty(); }
  bool Has(std::int64_t row) const {
    return all() || (words_[static_cast<std::size_t>(row >> 6)] >> (row & 63) & 1) != 0;
  }
  /// The row at place `n` of the set, 0 <= n < count().
  std::int64_t Nth(std::int64_t n) const;
  /// The next row of the set in [row, end), `end` if there is none.
  std::int64_t Next(std::int64_t row, std::int64_t end) const;
  std::size_t bytes() const { return words_.size() * 8 + before_.size() * 8; }

 private:
  static constexpr std::int64_t kWordsPerStep = 512;

  std::int64_t rows_, count_;
  std::vector<std::uint64_t> words_;  ///< empty: all rows
  std::vector<std::int64_t> before_;  ///< how many are set before each step of words
};

}  // namespace easel::table
