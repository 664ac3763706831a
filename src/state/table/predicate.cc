#include "state/table/predicate.h"

#include <arrow/api.h>

#include <algorithm>
#include <array>
#include <limits>

#include "state/table/fold.h"
#include "state/table/literal.h"
#include "state/table/scan.h"

namespace easel::table {
namespace {

constexpr std::int64_t kMostValues = 10'000;
constexpr __int128 kLowest = -(static_cast<__int128>(1) << 126);
constexpr __int128 kHighest = static_cast<__int128>(1) << 126;

using Range = std::pair<__int128, __int128>;

/// Whole numbers that stand in relation `operation` to `value`; the first above the second: none.
Range RangeOf(int operation, const WholeLiteral& value) {
  const __int128 next = value.whole + 1;
  switch (operation) {
    case EASEL_TABLE_LESS: return {kLowest, value.above ? value.whole : value.whole - 1};
    case EASEL_TABLE_LESS_EQUAL: return {kLowest, value.whole};
    case EASEL_TABLE_GREATER: return {next, kHighest};
    case EASEL_TABLE_GREATER_EQUAL: return {value.above ? next : value.whole, kHighest};
    default: return value.above ? Range{1, 0} : Range{value.whole, value.whole};
  }
}

/// How many values an operation takes; -1: one or more.
int ValuesOf(int operation) {
  switch (operation) {
    case EASEL_TABLE_BETWEEN: return 2;
    case EASEL_TABLE_IN: return -1;
    case EASEL_TABLE_MISSING:
    case EASEL_TABLE_NOT_MISSING: return 0;
    default: return 1;
  }
}

/// Everything that is not in `ranges`, within [low, high].
std::vector<Range> Complement(std::vector<Range> ranges, __int128 low, __int128 high) {
  std::ranges::sort(ranges);
  std::vector<Range> out;
  for (const Range& range : ranges) {
    if (range.first > range.second) continue;
    if (low < range.first) out.emplace_back(low, range.first - 1);
    low = std::max(low, range.second + 1);
  }
  if (low <= high) out.emplace_back(low, high);
  return out;
}

}  // namespace

arrow::Result<std::unique_ptr<Predicate>> Predicate::Make(Column& column,
                                                          const EaselTableCondition& condition) {
  std::unique_ptr<Predicate> out(new Predicate(column));
  out->operation_ = condition.operation;
  out->match_case_ = condition.match_case != 0;
  const int wanted = ValuesOf(condition.operation);
  if (condition.value_count < 0 || (wanted >= 0 && condition.value_count != wanted))
    return arrow::Status::Invalid("a condition on column `", column.name(), "` takes ", wanted,
                                  wanted == 1 ? " value" : " values", ", not ", condition.value_count);
  if (condition.value_count > kMostValues)
    return arrow::Status::Invalid("a condition on column `", column.name(), "` lists ", condition.value_count,
                                  " values; at most ", kMostValues, " are possible");
  for (std::int64_t i = 0; i < condition.value_count; ++i)
    out->texts_.emplace_back(condition.values[i].data, condition.values[i].size);
  ARROW_RETURN_NOT_OK(out->Compile(condition));
  return out;
}

std::unique_ptr<Predicate> Predicate::Search(Column& column, std::string_view search) {
  std::unique_ptr<Predicate> out(new Predicate(column));
  out->operation_ = EASEL_TABLE_CONTAINS;
  out->texts_.push_back(Folded(search));
  if (column.kind() == Kind::kCategory) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(column.array());
    out->entries_ = std::make_shared<Column>(arrow::field(column.name(), dictionary.dictionary()->type()),
                                             dictionary.dictionary());
    out->inner_ = Search(*out->entries_, search);
  }
  return out;
}

arrow::Status Predicate::Compile(const EaselTableCondition& condition) {
  const int operation = condition.operation;
  if (operation == EASEL_TABLE_MISSING || operation == EASEL_TABLE_NOT_MISSING) return {};
  const Column& column = *column_;
  if (column.kind() == Kind::kCategory) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(column.array());
    entries_ = std::make_shared<Column>(arrow::field(column.name(), dictionary.dictionary()->type()),
                                        dictionary.dictionary());
    ARROW_ASSIGN_OR_RAISE(inner_, Make(*entries_, condition));
    return {};
  }
  const bool of_text = operation == EASEL_TABLE_CONTAINS || operation == EASEL_TABLE_STARTS_WITH;
  if (column.kind() == Kind::kText) {
    if (of_text && !match_case_)
      for (std::string& text : texts_) text = Folded(text);
    return {};
  }
  if (of_text || !column.sortable())
    return arrow::Status::Invalid(
        "column `", column.name(), "` (", column.type_text(),
        of_text ? ") has no texts: compare it with =, < or >, or look for missing values"
                : ") can only be looked through for missing values");
  const bool is_float = column.kind() == Kind::kFloat, is_bool = column.kind() == Kind::kBool;
  const auto range_of = [&](int relation, const std::string& text) -> arrow::Result<Range> {
    if (is_float) {
      ARROW_ASSIGN_OR_RAISE(const double value, ParseFloat(column, text));
      return RangeOf(relation, {static_cast<__int128>(column.KeyOfFloat(value)), false});
    }
    if (is_bool) {
      ARROW_ASSIGN_OR_RAISE(const bool value, ParseBool(column, text));
      return RangeOf(relation, {value ? 2 : 1, false});
    }
    ARROW_ASSIGN_OR_RAISE(const WholeLiteral value, ParseWhole(column, text));
    return RangeOf(relation, value);
  };
  std::vector<Range> ranges;
  if (operation == EASEL_TABLE_BETWEEN) {
    ARROW_ASSIGN_OR_RAISE(const Range from, range_of(EASEL_TABLE_GREATER_EQUAL, texts_[0]));
    ARROW_ASSIGN_OR_RAISE(const Range to, range_of(EASEL_TABLE_LESS_EQUAL, texts_[1]));
    ranges = {{from.first, to.second}};
  } else {
    for (const std::string& text : texts_) {
      ARROW_ASSIGN_OR_RAISE(
          const Range range,
          range_of(operation == EASEL_TABLE_NOT_EQUAL ? EASEL_TABLE_EQUAL : operation, text));
      ranges.push_back(range);
    }
  }
  if (operation == EASEL_TABLE_NOT_EQUAL) ranges = Complement(std::move(ranges), kLowest, kHighest);
  if (column.is_wide()) {
    wide_ = std::move(ranges);
    return {};
  }
  const bool keys_already = is_float || is_bool;
  const Range all = keys_already ? Range{1, kLastKey - 1} : column.WholeRange();
  for (auto [low, high] : ranges) {
    low = std::max(low, all.first);
    high = std::min(high, all.second);
    if (low > high) continue;
    ranges_.emplace_back(keys_already ? static_cast<std::uint64_t>(low) : column.KeyOfWhole(low),
                         keys_already ? static_cast<std::uint64_t>(high) : column.KeyOfWhole(high));
  }
  // Sorted and without overlaps, so that one look finds the range that may have a key.
  std::ranges::sort(ranges_);
  std::vector<std::pair<std::uint64_t, std::uint64_t>> merged;
  for (const auto& range : ranges_) {
    if (!merged.empty() && range.first <= merged.back().second)
      merged.back().second = std::max(merged.back().second, range.second);
    else
      merged.push_back(range);
  }
  ranges_ = std::move(merged);
  return {};
}

arrow::Status Predicate::Prepare() {
  if (!inner_) return {};
  ARROW_RETURN_NOT_OK(inner_->Prepare());
  const std::int64_t n = entries_->rows();
  by_code_.assign(static_cast<std::size_t>(n), 1);
  for (std::int64_t begin = 0; begin < n; begin += kBlockRows)
    inner_->And(begin, std::min(kBlockRows, n - begin), by_code_.data() + begin);
  return {};
}

bool Predicate::Within(std::uint64_t key) const {
  const auto after =
      std::ranges::upper_bound(ranges_, key, {}, &std::pair<std::uint64_t, std::uint64_t>::first);
  return after != ranges_.begin() && key <= std::prev(after)->second;
}

bool Predicate::MatchesText(std::string_view text, std::string& buffer) const {
  const auto folded = [&]() -> std::string_view {
    if (match_case_) return text;
    buffer.clear();
    AppendFolded(text, buffer);
    return buffer;
  };
  switch (operation_) {
    case EASEL_TABLE_EQUAL: return text == texts_[0];
    case EASEL_TABLE_NOT_EQUAL: return text != texts_[0];
    case EASEL_TABLE_LESS: return text < texts_[0];
    case EASEL_TABLE_LESS_EQUAL: return text <= texts_[0];
    case EASEL_TABLE_GREATER: return text > texts_[0];
    case EASEL_TABLE_GREATER_EQUAL: return text >= texts_[0];
    case EASEL_TABLE_BETWEEN: return text >= texts_[0] && text <= texts_[1];
    case EASEL_TABLE_IN: return std::ranges::find(texts_, text) != texts_.end();
    case EASEL_TABLE_CONTAINS: return folded().find(texts_[0]) != std::string_view::npos;
    case EASEL_TABLE_STARTS_WITH: return folded().starts_with(texts_[0]);
    default: return false;
  }
}

void Predicate::And(std::int64_t begin, std::int64_t n, std::uint8_t* mask) const {
  const Column& column = *column_;
  if (operation_ == EASEL_TABLE_MISSING || operation_ == EASEL_TABLE_NOT_MISSING) {
    const bool wanted = operation_ == EASEL_TABLE_MISSING;
    for (std::int64_t i = 0; i < n; ++i) mask[i] &= column.IsMissing(begin + i) == wanted ? 1 : 0;
    return;
  }
  if (inner_) {
    for (std::int64_t i = 0; i < n; ++i)
      mask[i] &= column.array().IsValid(begin + i)
                     ? by_code_[static_cast<std::size_t>(column.CodeAt(begin + i))]
                     : std::uint8_t{0};
    return;
  }
  if (column.kind() == Kind::kText) {
    std::string buffer;
    for (std::int64_t i = 0; i < n; ++i)
      if (mask[i] != 0)
        mask[i] = column.array().IsValid(begin + i) && MatchesText(column.TextAt(begin + i), buffer) ? 1 : 0;
    return;
  }
  if (column.is_wide()) {
    for (std::int64_t i = 0; i < n; ++i) {
      if (mask[i] == 0) continue;
      const bool valid = column.array().IsValid(begin + i);
      const __int128 value = valid ? column.WideAt(begin + i) : 0;
      mask[i] = valid && std::ranges::any_of(
                             wide_,
                             [&](const auto& range) { return range.first <= value && value <= range.second; })
                    ? 1
                    : 0;
    }
    return;
  }
  std::array<std::uint64_t, kBlockRows> keys;
  std::array<std::uint8_t, kBlockRows> missing;
  const bool any = column.FillKeys(begin, n, keys.data(), missing.data());
  if (ranges_.size() == 1) {
    const auto [low, high] = ranges_[0];
    const std::uint64_t width = high - low;
    for (std::int64_t i = 0; i < n; ++i)
      mask[i] &= static_cast<std::uint8_t>(keys[static_cast<std::size_t>(i)] - low <= width);
  } else {
    for (std::int64_t i = 0; i < n; ++i)
      if (mask[i] != 0) mask[i] = Within(keys[static_cast<std::size_t>(i)]) ? 1 : 0;
  }
  if (any)
    for (std::int64_t i = 0; i < n; ++i)
      mask[i] &= static_cast<std::uint8_t>(missing[static_cast<std::size_t>(i)] ^ 1);
}

}  // namespace easel::table
