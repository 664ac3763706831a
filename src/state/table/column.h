// A column of an opened table as the kernels of sorting, filtering and summing see it: keys that keep the values' order.
#pragma once

#include <arrow/array.h>
#include <arrow/status.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "state/table/abi.h"

namespace easel::table {

enum class Kind { kBool, kInteger, kFloat, kDecimal, kTime, kText, kCategory, kBinary, kOther };

std::string_view KindName(Kind kind);

inline constexpr std::uint64_t kLastKey = UINT64_MAX;

/// The bytes of value `i`; none where its offsets make no sense, which happens to rows that were checked when their file is
/// cut short afterwards (state/map_guard.h).
template <typename Array>
std::string_view BytesOf(const Array& array, std::int64_t i) {
  if constexpr (requires { array.raw_value_offsets(); }) {
    const std::int64_t begin = array.value_offset(i), end = array.value_offset(i + 1);
    const arrow::Buffer* bytes = array.data()->buffers[2].get();
    if (bytes == nullptr || begin < 0 || end < begin || end > bytes->size()) return {};
    return {reinterpret_cast<const char*>(bytes->data()) + begin, static_cast<std::size_t>(end - begin)};
  } else {
    return array.GetView(i);
  }
}

/// Nothing of it may be read before the rows in question were checked: its bytes are user code's. Thread-safe.
class Column {
 public:
  /// `array` has passed Validate (not ValidateFull).
  Column(std::shared_ptr<arrow::Field> field, std::shared_ptr<arrow::Array> array);

  const std::string& name() const { return field_->name(); }
  const arrow::Field& field() const { return *field_; }
  const std::string& type_text() const { return type_text_; }
  const std::string& period() const { return period_; }  ///< frequency of pandas Periods; empty: none
  Kind kind() const { return kind_; }
  std::int64_t rows() const { return array_->length(); }
  /// The values themselves: what an extension stores.
  const arrow::Array& array() const { return *array_; }
  /// The same with the type that the file says.
  const arrow::Array& shown() const { return *shown_; }

  /// Check all of the column, once: later calls return what the first one found. `from` and `to` as in Scan.
  arrow::Status Check(const EaselTableControl& control, double from, double to);
  /// Check what `n` rows from `begin` on need: cheap for flat types; nested ones are checked whole.
  arrow::Status CheckRows(std::int64_t begin, std::int64_t n, const EaselTableControl& control);

  /// Null in the file, or NaN. The row was checked.
  bool IsMissing(std::int64_t row) const {
    return array_->IsNull(row) || IsNaN(row) ||
           (kind_ == Kind::kCategory && ranks_[static_cast<std::size_t>(CodeAt(row))] == 0);
  }
  bool IsNaN(std::int64_t row) const;

  /// Values are keys of 64 bits: FillKeys works. Of the other kinds kText has texts, and decimals of more than 18 digits
  /// have `Wide`.
  bool has_keys() const { return has_keys_; }
  bool is_wide() const { return wide_; }
  /// Keys use all 64 bits, so that kLastKey may be a value.
  bool full_range() const { return full_range_; }
  bool sortable() const { return has_keys_ || wide_ || kind_ == Kind::kText || kind_ == Kind::kCategory; }

  /// Keys of rows [begin, begin + n), n at most kBlockRows, in the order of the values: a < b gives a smaller key, equal
  /// values (-0.0 and 0.0, too) the same one. Missing values have kLastKey and a 1 in `missing`; returns whether there is
  /// one. Without `full_range` a key is neither 0 nor kLastKey. The column was checked.
  bool FillKeys(std::int64_t begin, std::int64_t n, std::uint64_t* keys, std::uint8_t* missing) const;
  std::uint64_t Key(std::int64_t row) const;

  /// The value of a key as a number: for a histogram and a mean. Times in their unit.
  double NumberOf(std::uint64_t key) const;
  /// The value of a key as text.
  std::string TextOfKey(std::uint64_t key) const;
  /// The key of a whole number within the type's range (for kDecimal of the number without its point), and back.
  std::uint64_t KeyOfWhole(__int128 value) const;
  __int128 WholeOf(std::uint64_t key) const;
  std::uint64_t KeyOfFloat(double value) const;
  /// The type's lowest and highest whole number.
  std::pair<__int128, __int128> WholeRange() const;
  /// Digits behind the point of a kDecimal.
  int scale() const { return scale_; }

  /// A text, of kText only; binary stays binary.
  std::string_view TextAt(std::int64_t row) const;
  __int128 WideAt(std::int64_t row) const;

  /// A dictionary's entries, their ranks (equal texts have equal ranks), and an index of it. kCategory only; checked.
  const arrow::Array& dictionary() const;
  const Column& entries() const { return *entries_; }
  /// An entry that has this rank.
  std::int64_t EntryOfRank(std::uint64_t rank) const;
  std::int64_t CodeAt(std::int64_t row) const;

 private:
  arrow::Status CheckLocked(const EaselTableControl& control, double from, double to);
  arrow::Status CheckCodes(std::int64_t begin, std::int64_t end) const;
  arrow::Status CheckDictionary();
  void RankDictionary();

  std::shared_ptr<arrow::Field> field_;
  std::shared_ptr<arrow::Array> shown_, array_;
  std::string type_text_, period_;
  Kind kind_ = Kind::kOther;
  bool has_keys_ = false, wide_ = false, full_range_ = false, bool8_ = false, ordered_ = false;
  std::uint64_t zero_key_ = 0;  ///< of whole numbers: the key of 0
  int scale_ = 0;
  std::shared_ptr<arrow::Array> indices_;
  std::unique_ptr<Column> entries_;   ///< of a dictionary
  std::vector<std::uint64_t> ranks_;  ///< by code, from 1; 0: the entry is null

  std::mutex mutex_;
  bool checked_ = false, dictionary_checked_ = false;
  arrow::Status found_, dictionary_found_;
};

/// The text at `i` of a string array of any layout.
std::string_view TextOf(const arrow::Array& array, std::int64_t i);
bool IsTextType(arrow::Type::type type);

}  // namespace easel::table
