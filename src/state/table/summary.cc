#include "state/table/summary.h"

#include <arrow/api.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "state/table/distinct.h"
#include "state/table/json_writer.h"
#include "state/table/page.h"
#include "state/table/scan.h"

namespace easel::table {
namespace {

constexpr std::size_t kHistogramBins = 20, kTop = 10;
constexpr std::size_t kMostCounted = 100'000;  // texts that one worker counts at a time
constexpr std::size_t kTopTextBytes = 200;
constexpr std::int64_t kMostCells = 1'000'000;

/// Counts texts; the rare ones are forgotten when there are too many. Views stay valid as long as the file is mapped.
class TextCounts {
 public:
  void Add(std::string_view text, std::int64_t n = 1) {
    counts_[text] += n;
    if (counts_.size() <= kMostCounted) return;
    exact_ = false;
    ++floor_;
    std::erase_if(counts_, [&](const auto& entry) { return entry.second <= floor_; });
  }
  void Merge(const TextCounts& other) {
    exact_ = exact_ && other.exact_;
    for (const auto& [text, n] : other.counts_) Add(text, n);
  }
  bool exact() const { return exact_; }
  std::vector<std::pair<std::int64_t, std::string_view>> Top() const {
    std::vector<std::pair<std::int64_t, std::string_view>> all;
    for (const auto& [text, n] : counts_) all.emplace_back(n, text);
    const auto more = [](const auto& a, const auto& b) {
      return a.first != b.first ? a.first > b.first : a.second < b.second;
    };
    const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(kTop, all.size()));
    std::partial_sort(all.begin(), end, all.end(), more);
    all.erase(end, all.end());
    return all;
  }

 private:
  bool exact_ = true;
  std::int64_t floor_ = 0;
  std::unordered_map<std::string_view, std::int64_t> counts_;
};

/// What one worker saw of a column.
struct Seen {
  std::int64_t rows = 0, missing = 0, nan = 0, finite = 0;
  std::uint64_t low = kLastKey, high = 0;  ///< keys
  std::optional<double> finite_low, finite_high;
  double sum = 0;
  Distinct distinct;
  TextCounts texts;
  std::vector<std::int64_t> codes;  ///< by rank - 1 of a category, or false and true
  std::array<std::int64_t, kHistogramBins> bins{};

  void Merge(const Seen& other) {
    rows += other.rows, missing += other.missing, nan += other.nan, finite += other.finite;
    low = std::min(low, other.low), high = std::max(high, other.high), sum += other.sum;
    if (other.finite_low) finite_low = std::min(finite_low.value_or(*other.finite_low), *other.finite_low);
    if (other.finite_high)
      finite_high = std::max(finite_high.value_or(*other.finite_high), *other.finite_high);
    distinct.Merge(other.distinct);
    texts.Merge(other.texts);
    if (codes.size() < other.codes.size()) codes.resize(other.codes.size());
    for (std::size_t i = 0; i < other.codes.size(); ++i) codes[i] += other.codes[i];
    for (std::size_t i = 0; i < kHistogramBins; ++i) bins[i] += other.bins[i];
  }
};

/// Call visit(row) for the selected rows of [begin, end).
template <typename Visit>
void ForEachRow(const RowSet& set, std::int64_t begin, std::int64_t end, Visit visit) {
  for (std::int64_t row = set.Next(begin, end); row < end; row = set.Next(row + 1, end)) visit(row);
}

class Summary {
 public:
  Summary(Column& column, const RowSet& set, const EaselTableControl& control)
      : column_(column), set_(set), control_(control) {}

  arrow::Status Make() {
    ARROW_RETURN_NOT_OK(column_.Check(control_, 0, 0.3));
    const Kind kind = column_.kind();
    has_numbers_ = column_.has_keys() && kind != Kind::kBool;
    ARROW_RETURN_NOT_OK(
        Pass(0.3, has_numbers_ ? 0.7 : 1, [&](std::int64_t begin, std::int64_t end, Seen& seen) {
          if (kind == Kind::kText)
            LookAtTexts(begin, end, seen);
          else if (kind == Kind::kCategory || column_.has_keys())
            LookAtKeys(begin, end, seen);
          else
            LookAtMissing(begin, end, seen);
        }));
    if (!has_numbers_ || !all_.finite_low) return arrow::Status::OK();
    from_ = *all_.finite_low;
    width_ = (*all_.finite_high - from_) / kHistogramBins;
    if (!(width_ > 0) || !std::isfinite(width_)) width_ = 0;
    return Pass(0.7, 1,
                [&](std::int64_t begin, std::int64_t end, Seen& seen) { FillBins(begin, end, seen); });
  }

  void Write(std::string& out) const {
    out += "{\"rows\":" + std::to_string(all_.rows) + ",\"missing\":" + std::to_string(all_.missing);
    if (column_.kind() == Kind::kFloat) out += ",\"nan\":" + std::to_string(all_.nan);
    const bool counted =
        column_.has_keys() || column_.kind() == Kind::kText || column_.kind() == Kind::kCategory;
    if (counted) {
      out += ",\"distinct\":" + std::to_string(all_.distinct.count());
      out += all_.distinct.exact() ? ",\"distinct_exact\":true" : ",\"distinct_exact\":false";
    }
    if (has_numbers_ && all_.rows > all_.missing) WriteNumbers(out);
    if (column_.kind() == Kind::kText || column_.kind() == Kind::kCategory || column_.kind() == Kind::kBool)
      WriteTop(out);
    out += '}';
  }

 private:
  template <typename Look>
  arrow::Status Pass(double from, double to, Look look) {
    std::vector<Seen> seen(static_cast<std::size_t>(WorkersOf(control_)));
    ARROW_RETURN_NOT_OK(
        Scan(set_.rows(), control_, from, to, [&](std::int64_t begin, std::int64_t end, int worker) {
          look(begin, end, seen[static_cast<std::size_t>(worker)]);
          return arrow::Status::OK();
        }));
    for (const Seen& one : seen) all_.Merge(one);
    return arrow::Status::OK();
  }

  /// Call visit(key) for each selected value that is there.
  template <typename Visit>
  void ForEachKey(std::int64_t begin, std::int64_t end, Seen& seen, bool count, Visit visit) {
    std::array<std::uint64_t, kBlockRows> keys;
    std::array<std::uint8_t, kBlockRows> missing;
    for (std::int64_t block = begin; block < end; block += kBlockRows) {
      const std::int64_t n = std::min(kBlockRows, end - block);
      if (set_.Next(block, block + n) == block + n) continue;
      column_.FillKeys(block, n, keys.data(), missing.data());
      ForEachRow(set_, block, block + n, [&](std::int64_t row) {
        const auto i = static_cast<std::size_t>(row - block);
        if (count) ++seen.rows;
        if (missing[i] == 0) return visit(keys[i]);
        if (!count) return;
        ++seen.missing;
        seen.nan += column_.array().IsValid(row) ? 1 : 0;
      });
    }
  }

  void LookAtKeys(std::int64_t begin, std::int64_t end, Seen& seen) {
    const bool few = column_.kind() == Kind::kBool || column_.kind() == Kind::kCategory;
    ForEachKey(begin, end, seen, true, [&](std::uint64_t key) {
      seen.low = std::min(seen.low, key);
      seen.high = std::max(seen.high, key);
      seen.distinct.Add(Distinct::Mix(key));
      if (few) {
        if (seen.codes.size() < key) seen.codes.resize(key);
        ++seen.codes[key - 1];
        return;
      }
      const double value = column_.NumberOf(key);
      if (!std::isfinite(value)) return;
      ++seen.finite;
      seen.sum += value;
      if (!seen.finite_low || value < *seen.finite_low) seen.finite_low = value;
      if (!seen.finite_high || value > *seen.finite_high) seen.finite_high = value;
    });
  }

  void FillBins(std::int64_t begin, std::int64_t end, Seen& seen) {
    ForEachKey(begin, end, seen, false, [&](std::uint64_t key) {
      const double value = column_.NumberOf(key);
      if (!std::isfinite(value)) return;
      const double place = width_ > 0 ? (value - from_) / width_ : 0;
      ++seen.bins[std::min(kHistogramBins - 1, static_cast<std::size_t>(std::max(0.0, place)))];
    });
  }

  void LookAtTexts(std::int64_t begin, std::int64_t end, Seen& seen) {
    ForEachRow(set_, begin, end, [&](std::int64_t row) {
      ++seen.rows;
      if (column_.array().IsNull(row)) {
        ++seen.missing;
        return;
      }
      const std::string_view text = column_.TextAt(row);
      seen.distinct.Add(Distinct::Mix(std::hash<std::string_view>()(text)));
      seen.texts.Add(text);
    });
  }

  void LookAtMissing(std::int64_t begin, std::int64_t end, Seen& seen) {
    ForEachRow(set_, begin, end, [&](std::int64_t row) {
      ++seen.rows;
      seen.missing += column_.IsMissing(row) ? 1 : 0;
    });
  }

  void WriteNumbers(std::string& out) const {
    out += ",\"min\":";
    AppendJson(column_.TextOfKey(all_.low), out);
    out += ",\"max\":";
    AppendJson(column_.TextOfKey(all_.high), out);
    if (all_.finite == 0) return;
    const double mean = all_.sum / static_cast<double>(all_.finite);
    if (std::isfinite(mean)) {
      out += ",\"mean\":";
      if (column_.kind() == Kind::kTime)
        AppendJson(EdgeText(mean), out);
      else
        AppendNumber(mean, out);
    }
    out += ",\"bins\":{\"edges\":[";
    for (std::size_t i = 0; i <= kHistogramBins; ++i) {
      if (i > 0) out += ',';
      AppendJson(EdgeText(i == kHistogramBins ? *all_.finite_high : from_ + width_ * static_cast<double>(i)),
                 out);
    }
    out += "],\"counts\":[";
    for (std::size_t i = 0; i < kHistogramBins; ++i)
      out += (i == 0 ? "" : ",") + std::to_string(all_.bins[i]);
    out += "]}";
  }

  std::string EdgeText(double value) const {
    std::string out;
    if (column_.kind() != Kind::kTime) {
      AppendNumber(value, out);
      return out;
    }
    const auto [low, high] = column_.WholeRange();
    const auto whole = static_cast<__int128>(std::llround(std::clamp(value, -9.2e18, 9.2e18)));
    return column_.TextOfKey(column_.KeyOfWhole(std::clamp(whole, low, high)));
  }

  void WriteTop(std::string& out) const {
    std::vector<std::pair<std::int64_t, std::string>> top;
    bool exact = true;
    if (column_.kind() == Kind::kText) {
      exact = all_.texts.exact();
      for (const auto& [n, text] : all_.texts.Top()) {
        std::string json;
        AppendValue(text, json);
        top.emplace_back(n, std::move(json));
      }
    } else {
      std::vector<std::pair<std::int64_t, std::uint64_t>> all;
      for (std::size_t i = 0; i < all_.codes.size(); ++i)
        if (all_.codes[i] > 0) all.emplace_back(-all_.codes[i], i + 1);
      std::ranges::sort(all);
      all.resize(std::min(kTop, all.size()));
      for (const auto& [n, key] : all) {
        std::string json;
        if (column_.kind() == Kind::kBool)
          json = key == 2 ? "true" : "false";
        else
          AppendJsonCell(column_.entries(), column_.EntryOfRank(key), json);
        top.emplace_back(-n, std::move(json));
      }
    }
    out += ",\"top\":[";
    for (std::size_t i = 0; i < top.size(); ++i)
      out += (i == 0 ? "{\"value\":" : ",{\"value\":") + top[i].second +
             ",\"count\":" + std::to_string(top[i].first) + "}";
    out += exact ? "],\"top_exact\":true" : "],\"top_exact\":false";
  }

  static void AppendValue(std::string_view text, std::string& out) {
    if (text.size() <= kTopTextBytes) return AppendJson(text, out);
    std::size_t end = kTopTextBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    out += "{\"cut\":";
    AppendJson(text.substr(0, end), out);
    out += ",\"bytes\":" + std::to_string(text.size()) + "}";
  }

  Column& column_;
  const RowSet& set_;
  const EaselTableControl& control_;
  Seen all_;
  bool has_numbers_ = false;
  double from_ = 0, width_ = 0;
};

}  // namespace

arrow::Status WriteSummary(Frame& frame, Selection& selection, std::int32_t column,
                           const EaselTableControl& control, const EaselTableWriter& writer) {
  if (!frame.has_column(column))
    return arrow::Status::Invalid("there is no column ", column, ": the table has columns 0 to ",
                                  frame.columns() - 1);
  Summary summary(frame.column(column), selection.rows(), control);
  ARROW_RETURN_NOT_OK(summary.Make());
  TextOut out(writer);
  summary.Write(out.text());
  return out.Flush();
}

arrow::Status WriteCells(Frame& frame, Selection& selection, const EaselTablePageRequest& request,
                         const EaselTableControl& control, const EaselTableWriter& writer) {
  if (request.offset < 0 || request.limit < 0 ||
      request.column_count > kMostCells / std::max<std::int64_t>(1, request.limit))
    return arrow::Status::Invalid("at most ", kMostCells,
                                  " cells are added up; for a whole column look at its summary");
  const std::int64_t offset = std::min(request.offset, selection.rows().count());
  ARROW_ASSIGN_OR_RAISE(const std::vector<std::int64_t> rows,
                        selection.Rows(offset, offset + request.limit, control));
  std::int64_t missing = 0, numbers = 0;
  double sum = 0, low = 0, high = 0;
  for (std::int64_t c = 0; c < request.column_count; ++c) {
    if (!frame.has_column(request.columns[c]))
      return arrow::Status::Invalid("there is no column ", request.columns[c]);
    Column& column = frame.column(request.columns[c]);
    const bool adds =
        column.kind() == Kind::kInteger || column.kind() == Kind::kFloat || column.kind() == Kind::kDecimal;
    for (const std::int64_t row : rows) {
      ARROW_RETURN_NOT_OK(column.CheckRows(row, 1, control));
      if (column.IsMissing(row)) {
        ++missing;
        continue;
      }
      if (!adds) continue;
      const double value = column.is_wide()
                               ? static_cast<double>(column.WideAt(row)) / std::pow(10.0, column.scale())
                               : column.NumberOf(column.Key(row));
      low = numbers == 0 ? value : std::min(low, value);
      high = numbers == 0 ? value : std::max(high, value);
      sum += value;
      ++numbers;
    }
  }
  TextOut out(writer);
  const std::int64_t cells = static_cast<std::int64_t>(rows.size()) * request.column_count;
  out.text() += "{\"count\":" + std::to_string(cells - missing) + ",\"missing\":" + std::to_string(missing) +
                ",\"numbers\":" + std::to_string(numbers);
  const auto put = [&](const char* name, double value) {
    if (!std::isfinite(value)) return;
    out.text() += name;
    AppendNumber(value, out.text());
  };
  if (numbers > 0) {
    put(",\"sum\":", sum);
    put(",\"mean\":", sum / static_cast<double>(numbers));
    put(",\"min\":", low);
    put(",\"max\":", high);
  }
  out.text() += '}';
  return out.Flush();
}

}  // namespace easel::table
