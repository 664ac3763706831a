#include "state/table/selection.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <string_view>

#include "state/table/predicate.h"
#include "state/table/scan.h"

namespace easel::table {
namespace {

constexpr std::int64_t kMostConditions = 100, kMostSorts = 16;
constexpr std::size_t kMostSearchBytes = 1000;

bool HasTexts(const Column& column) {
  return column.kind() == Kind::kText ||
         (column.kind() == Kind::kCategory && IsTextType(column.dictionary().type_id()));
}

arrow::Status NoColumn(std::int64_t number, const Frame& frame) {
  return arrow::Status::Invalid("there is no column ", number, ": the table has columns 0 to ",
                                frame.columns() - 1);
}

}  // namespace

arrow::Result<std::unique_ptr<Selection>> Selection::Make(Frame& frame, const EaselTableQuery& query,
                                                          const EaselTableControl& control) {
  if (query.condition_count > kMostConditions || query.sort_count > kMostSorts)
    return arrow::Status::Invalid("a query has at most ", kMostConditions, " conditions and ", kMostSorts,
                                  " columns to sort by");
  const std::string_view search(query.search.data == nullptr ? "" : query.search.data, query.search.size);
  if (search.size() > kMostSearchBytes)
    return arrow::Status::Invalid("search for at most ", kMostSearchBytes, " bytes of text");
  std::vector<std::unique_ptr<Predicate>> all, any;
  for (std::int64_t i = 0; i < query.condition_count; ++i) {
    const EaselTableCondition& condition = query.conditions[i];
    if (!frame.has_column(condition.column)) return NoColumn(condition.column, frame);
    ARROW_ASSIGN_OR_RAISE(all.emplace_back(), Predicate::Make(frame.column(condition.column), condition));
  }
  if (!search.empty())
    for (int c = 0; c < frame.columns(); ++c)
      if (HasTexts(frame.column(c))) any.push_back(Predicate::Search(frame.column(c), search));
  std::vector<Order::By> by;
  for (std::int64_t i = 0; i < query.sort_count; ++i) {
    const EaselTableSort& sort = query.sorts[i];
    if (!frame.has_column(sort.column)) return NoColumn(sort.column, frame);
    Column& column = frame.column(sort.column);
    if (!column.sortable())
      return arrow::Status::Invalid("a table cannot be sorted by column `", column.name(), "` (",
                                    column.type_text(), ")");
    by.push_back({&column, sort.descending != 0});
  }

  // Everything that is looked at is checked first: kernels trust offsets and codes.
  std::set<Column*> used;
  for (const auto& predicates : {&all, &any})
    for (const auto& predicate : *predicates) used.insert(&predicate->column());
  for (const Order::By& one : by) used.insert(one.column);
  const double share = 0.5 / static_cast<double>(std::max<std::size_t>(1, used.size()));
  double done = 0;
  for (Column* column : used) {
    ARROW_RETURN_NOT_OK(column->Check(control, done, done + share));
    done += share;
  }
  for (const auto& predicates : {&all, &any})
    for (const auto& predicate : *predicates) ARROW_RETURN_NOT_OK(predicate->Prepare());

  std::unique_ptr<Selection> out(new Selection(frame.rows()));
  if (!all.empty() || !search.empty()) {
    out->rows_.Clear();
    ARROW_RETURN_NOT_OK(Scan(frame.rows(), control, done, 1, [&](std::int64_t begin, std::int64_t end, int) {
      std::array<std::uint8_t, kBlockRows> mask, one, found;
      for (std::int64_t block = begin; block < end; block += kBlockRows) {
        const std::int64_t n = std::min(kBlockRows, end - block);
        std::memset(mask.data(), 1, static_cast<std::size_t>(n));
        for (const auto& predicate : all) predicate->And(block, n, mask.data());
        if (!search.empty()) {
          std::memset(found.data(), 0, static_cast<std::size_t>(n));
          for (const auto& predicate : any) {
            for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
              one[i] = mask[i] & static_cast<std::uint8_t>(found[i] ^ 1);
            predicate->And(block, n, one.data());
            for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) found[i] |= one[i];
          }
          for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) mask[i] &= found[i];
        }
        out->rows_.Write(block, n, mask.data());
      }
      return arrow::Status::OK();
    }));
    out->rows_.Seal();
  }
  if (!by.empty()) out->order_.emplace(std::move(by), out->rows_);
  return out;
}

arrow::Result<std::vector<std::int64_t>> Selection::Rows(std::int64_t begin, std::int64_t end,
                                                         const EaselTableControl& control) {
  begin = std::clamp<std::int64_t>(begin, 0, rows_.count());
  end = std::clamp<std::int64_t>(end, begin, rows_.count());
  if (order_) return order_->Rows(begin, end, control);
  std::vector<std::int64_t> out;
  out.reserve(static_cast<std::size_t>(end - begin));
  if (begin == end) return out;
  for (std::int64_t row = rows_.Nth(begin); static_cast<std::int64_t>(out.size()) < end - begin;
       row = rows_.Next(row + 1, rows_.rows()))
    out.push_back(row);
  return out;
}

}  // namespace easel::table
