// One condition on one column.
#pragma once

#include <arrow/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "state/table/abi.h"
#include "state/table/column.h"

namespace easel::table {

/// Made without looking at a value; then, the column being checked, prepared; then used by several threads.
class Predicate {
 public:
  /// Errors: Invalid for a value or an operation that the column does not take.
  static arrow::Result<std::unique_ptr<Predicate>> Make(Column& column, const EaselTableCondition& condition);
  /// That a text or category contains `search`, in any case.
  static std::unique_ptr<Predicate> Search(Column& column, std::string_view search);

  Column& column() const { return *column_; }
  /// What an operation asks of a dictionary is found out once for each of its entries.
  arrow::Status Prepare();
  /// Clear mask[i] where row begin + i does not meet the condition; `n` is at most kBlockRows.
  void And(std::int64_t begin, std::int64_t n, std::uint8_t* mask) const;

 private:
  explicit Predicate(Column& column) : column_(&column) {}
  arrow::Status Compile(const EaselTableCondition& condition);
  bool MatchesText(std::string_view text, std::string& buffer) const;
  bool Within(std::uint64_t key) const;

  Column* column_;
  int operation_ = EASEL_TABLE_EQUAL;
  bool match_case_ = false;
  std::vector<std::string> texts_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges_;  ///< of keys, ends included
  std::vector<std::pair<__int128, __int128>> wide_;              ///< the same of wide decimals
  std::shared_ptr<Column> entries_;                              ///< of a dictionary
  std::unique_ptr<Predicate> inner_;                             ///< on them
  std::vector<std::uint8_t> by_code_;
};

}  // namespace easel::table
