#include "state/table/column.h"

#include <arrow/api.h>
#include <arrow/extension_type.h>
#include <arrow/util/float16.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "state/table/scan.h"
#include "state/table/time.h"
#include "state/table/type_text.h"

namespace easel::table {
namespace {

using arrow::Type;

constexpr std::uint64_t kSign = std::uint64_t{1} << 63;

std::uint64_t FloatKey(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value + 0.0);  // one key for both zeros
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}
double FloatOfKey(std::uint64_t key) {
  return std::bit_cast<double>((key & kSign) != 0 ? key & ~kSign : ~key);
}

float HalfToFloat(std::uint16_t bits) { return arrow::util::Float16::FromBits(bits).ToFloat(); }

/// Keys of an array of fixed width whose values are `Value`; to_key(value) for those that are there.
template <typename Value, typename ToKey>
bool Fill(const arrow::Array& array, std::int64_t begin, std::int64_t n, std::uint64_t* keys,
          std::uint8_t* missing, ToKey to_key) {
  const Value* values = array.data()->GetValues<Value>(1) + begin;
  for (std::int64_t i = 0; i < n; ++i) keys[i] = to_key(values[i]);
  const std::uint8_t* bitmap = array.null_bitmap_data();
  if (bitmap == nullptr) {
    std::memset(missing, 0, static_cast<std::size_t>(n));
    return false;
  }
  const std::int64_t at = array.offset() + begin;
  std::uint8_t any = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    const std::int64_t bit = at + i;
    missing[i] = static_cast<std::uint8_t>(~(bitmap[bit >> 3] >> (bit & 7)) & 1);
    any |= missing[i];
  }
  if (any == 0) return false;
  for (std::int64_t i = 0; i < n; ++i)
    if (missing[i] != 0) keys[i] = kLastKey;
  return true;
}

template <typename Value, typename ToDouble>
bool FillFloats(const arrow::Array& array, std::int64_t begin, std::int64_t n, std::uint64_t* keys,
                std::uint8_t* missing, ToDouble to_double) {
  bool any =
      Fill<Value>(array, begin, n, keys, missing, [&](Value value) { return FloatKey(to_double(value)); });
  const Value* values = array.data()->GetValues<Value>(1) + begin;
  for (std::int64_t i = 0; i < n; ++i) {
    const double value = to_double(values[i]);
    if (value != value) {
      missing[i] = 1;
      keys[i] = kLastKey;
      any = true;
    }
  }
  return any;
}

/// How many bytes a whole number has, and whether it has a sign; 0: not one.
std::pair<int, bool> WholeForm(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::INT8: return {1, true};
    case Type::INT16: return {2, true};
    case Type::INT32:
    case Type::DATE32:
    case Type::TIME32:
    case Type::DECIMAL32: return {4, true};
    case Type::INT64:
    case Type::DATE64:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::DECIMAL64: return {8, true};
    case Type::UINT8: return {1, false};
    case Type::UINT16: return {2, false};
    case Type::UINT32: return {4, false};
    case Type::UINT64: return {8, false};
    default: return {0, false};
  }
}

Kind KindOf(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::BOOL: return Kind::kBool;
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::UINT64: return Kind::kInteger;
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE: return Kind::kFloat;
    case Type::DECIMAL32:
    case Type::DECIMAL64:
    case Type::DECIMAL128: return Kind::kDecimal;
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION: return Kind::kTime;
    case Type::STRING:
    case Type::LARGE_STRING:
    case Type::STRING_VIEW: return Kind::kText;
    case Type::BINARY:
    case Type::LARGE_BINARY:
    case Type::BINARY_VIEW:
    case Type::FIXED_SIZE_BINARY: return Kind::kBinary;
    default: return Kind::kOther;
  }
}

/// What is wrong with the file, apart from what is wrong with a question.
arrow::Status Damage(const std::string& name, const arrow::Status& status) {
  if (status.IsOutOfMemory()) return status;
  return arrow::Status::SerializationError("column `", name, "`: ", status.message());
}

std::string Digits(__int128 value) {
  const bool negative = value < 0;
  auto rest = negative ? -static_cast<unsigned __int128>(value) : static_cast<unsigned __int128>(value);
  std::string out;
  do out += static_cast<char>('0' + static_cast<int>(rest % 10));
  while ((rest /= 10) != 0);
  if (negative) out += '-';
  std::ranges::reverse(out);
  return out;
}

}  // namespace

std::string_view KindName(Kind kind) {
  constexpr std::string_view kNames[] = {"bool", "integer",  "float",  "decimal", "time",
                                         "text", "category", "binary", "other"};
  return kNames[static_cast<int>(kind)];
}

bool IsTextType(Type::type type) {
  return type == Type::STRING || type == Type::LARGE_STRING || type == Type::STRING_VIEW;
}

std::string_view TextOf(const arrow::Array& array, std::int64_t i) {
  switch (array.type_id()) {
    case Type::STRING: return BytesOf(static_cast<const arrow::StringArray&>(array), i);
    case Type::LARGE_STRING: return BytesOf(static_cast<const arrow::LargeStringArray&>(array), i);
    case Type::STRING_VIEW: return static_cast<const arrow::StringViewArray&>(array).GetView(i);
    default: return {};
  }
}

Column::Column(std::shared_ptr<arrow::Field> field, std::shared_ptr<arrow::Array> array)
    : field_(std::move(field)),
      shown_(std::move(array)),
      array_(shown_),
      type_text_(TypeText(*field_)),
      period_(PeriodFrequency(*field_)) {
  if (array_->type_id() == Type::EXTENSION) {
    const auto& extension = static_cast<const arrow::ExtensionArray&>(*array_);
    array_ = extension.storage();
    bool8_ = array_->type_id() == Type::INT8 && extension.extension_type()->extension_name() == "arrow.bool8";
  }
  const arrow::DataType& type = *array_->type();
  kind_ = bool8_ ? Kind::kBool : !period_.empty() ? Kind::kTime : KindOf(type);
  const auto [bytes, with_sign] = WholeForm(type);
  has_keys_ = bytes != 0 || kind_ == Kind::kBool || kind_ == Kind::kFloat;
  if (bytes != 0 && !bool8_) {
    const bool narrow = bytes < 8;
    zero_key_ = !with_sign ? (narrow ? 1 : 0) : narrow ? (std::uint64_t{1} << 31) + 1 : kSign;
    full_range_ = !narrow && kind_ != Kind::kDecimal;
  }
  if (kind_ == Kind::kDecimal) {
    const auto& decimal = static_cast<const arrow::DecimalType&>(type);
    scale_ = decimal.scale();
    wide_ = type.id() == Type::DECIMAL128;
  }
  if (type.id() == Type::DICTIONARY) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*array_);
    indices_ = dictionary.indices();
    ordered_ = static_cast<const arrow::DictionaryType&>(type).ordered();
    const Kind inner = KindOf(*dictionary.dictionary()->type());
    if (inner != Kind::kOther && inner != Kind::kBinary) kind_ = Kind::kCategory;
  }
}

arrow::Status Column::Check(const EaselTableControl& control, double from, double to) {
  const std::lock_guard lock(mutex_);
  return CheckLocked(control, from, to);
}

arrow::Status Column::CheckLocked(const EaselTableControl& control, double from, double to) {
  if (checked_) return found_;
  arrow::Status status;
  if (kind_ == Kind::kCategory) {
    status = CheckDictionary();
    if (status.ok())
      status = Scan(rows(), control, from, to,
                    [&](std::int64_t begin, std::int64_t end, int) { return CheckCodes(begin, end); });
  } else if (kind_ == Kind::kText || kind_ == Kind::kBinary) {
    status = Scan(rows(), control, from, to, [&](std::int64_t begin, std::int64_t end, int) {
      return array_->Slice(begin, end - begin)->ValidateFull();
    });
  } else if (!has_keys_ && !wide_) {
    status = shown_->ValidateFull();
  }
  if (status.IsCancelled()) return status;
  checked_ = true;
  found_ = status.ok() ? status : Damage(name(), status);
  return found_;
}

arrow::Status Column::CheckRows(std::int64_t begin, std::int64_t n, const EaselTableControl& control) {
  if (has_keys_ || wide_) return arrow::Status::OK();
  const std::lock_guard lock(mutex_);
  if (checked_) return found_;
  if (kind_ != Kind::kText && kind_ != Kind::kBinary && kind_ != Kind::kCategory)
    return CheckLocked(control, 0, 1);
  arrow::Status status;
  if (kind_ == Kind::kCategory) {
    status = CheckDictionary();
    if (status.ok()) status = CheckCodes(begin, begin + n);
  } else {
    status = array_->Slice(begin, n)->ValidateFull();
  }
  return status.ok() ? status : Damage(name(), status);
}

arrow::Status Column::CheckDictionary() {
  if (dictionary_checked_) return dictionary_found_;
  dictionary_checked_ = true;
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*array_);
  dictionary_found_ = dictionary.dictionary()->ValidateFull();
  if (dictionary_found_.ok()) RankDictionary();
  return dictionary_found_;
}

arrow::Status Column::CheckCodes(std::int64_t begin, std::int64_t end) const {
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*array_);
  const std::int64_t entries = dictionary.dictionary()->length();
  for (std::int64_t row = begin; row < end; ++row) {
    if (!dictionary.IsValid(row)) continue;
    const std::int64_t code = dictionary.GetValueIndex(row);
    if (code < 0 || code >= entries)
      return arrow::Status::Invalid("row ", row, " has the code ", code, " of a dictionary of ", entries);
  }
  return arrow::Status::OK();
}

void Column::RankDictionary() {
  const arrow::Array& entries = dictionary();
  const auto n = static_cast<std::size_t>(entries.length());
  ranks_.assign(n, 0);
  std::vector<std::int64_t> order(n);
  std::iota(order.begin(), order.end(), 0);
  entries_ = std::make_unique<Column>(arrow::field(name(), entries.type()),
                                      static_cast<const arrow::DictionaryArray&>(*array_).dictionary());
  const Column& inner = *entries_;
  std::erase_if(order, [&](std::int64_t i) { return inner.IsMissing(i); });
  std::vector<std::uint64_t> keys;
  if (inner.has_keys())
    for (std::size_t i = 0; i < n; ++i) keys.push_back(inner.Key(static_cast<std::int64_t>(i)));
  const auto before = [&](std::int64_t a, std::int64_t b) {
    if (ordered_) return a < b;
    if (!keys.empty()) return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
    if (inner.is_wide()) return inner.WideAt(a) < inner.WideAt(b);
    return TextOf(entries, a) < TextOf(entries, b);
  };
  std::ranges::stable_sort(order, before);
  std::uint64_t rank = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i == 0 || before(order[i - 1], order[i])) ++rank;
    ranks_[static_cast<std::size_t>(order[i])] = rank;
  }
}

const arrow::Array& Column::dictionary() const {
  return *static_cast<const arrow::DictionaryArray&>(*array_).dictionary();
}

std::int64_t Column::EntryOfRank(std::uint64_t rank) const {
  return std::ranges::find(ranks_, rank) - ranks_.begin();
}

std::int64_t Column::CodeAt(std::int64_t row) const {
  return static_cast<const arrow::DictionaryArray&>(*array_).GetValueIndex(row);
}

bool Column::IsNaN(std::int64_t row) const {
  switch (array_->type_id()) {
    case Type::HALF_FLOAT:
      return std::isnan(HalfToFloat(static_cast<const arrow::HalfFloatArray&>(*array_).Value(row)));
    case Type::FLOAT: return std::isnan(static_cast<const arrow::FloatArray&>(*array_).Value(row));
    case Type::DOUBLE: return std::isnan(static_cast<const arrow::DoubleArray&>(*array_).Value(row));
    default: return false;
  }
}

bool Column::FillKeys(std::int64_t begin, std::int64_t n, std::uint64_t* keys, std::uint8_t* missing) const {
  const arrow::Array& array = *array_;
  const std::uint64_t zero = zero_key_;
  const auto whole = [zero](auto value) {
    return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) + zero;
  };
  const auto count = [zero](auto value) { return static_cast<std::uint64_t>(value) + zero; };
  if (bool8_)
    return Fill<std::int8_t>(array, begin, n, keys, missing,
                             [](std::int8_t value) { return value != 0 ? 2u : 1u; });
  switch (array.type_id()) {
    case Type::BOOL: {
      const auto& truths = static_cast<const arrow::BooleanArray&>(array);
      bool any = false;
      for (std::int64_t i = 0; i < n; ++i) {
        missing[i] = truths.IsNull(begin + i) ? 1 : 0;
        keys[i] = missing[i] != 0 ? kLastKey : truths.Value(begin + i) ? 2 : 1;
        any |= missing[i] != 0;
      }
      return any;
    }
    case Type::INT8: return Fill<std::int8_t>(array, begin, n, keys, missing, whole);
    case Type::INT16: return Fill<std::int16_t>(array, begin, n, keys, missing, whole);
    case Type::INT32:
    case Type::DATE32:
    case Type::TIME32:
    case Type::DECIMAL32: return Fill<std::int32_t>(array, begin, n, keys, missing, whole);
    case Type::INT64:
    case Type::DATE64:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::DECIMAL64: return Fill<std::int64_t>(array, begin, n, keys, missing, whole);
    case Type::UINT8: return Fill<std::uint8_t>(array, begin, n, keys, missing, count);
    case Type::UINT16: return Fill<std::uint16_t>(array, begin, n, keys, missing, count);
    case Type::UINT32: return Fill<std::uint32_t>(array, begin, n, keys, missing, count);
    case Type::UINT64: return Fill<std::uint64_t>(array, begin, n, keys, missing, count);
    case Type::HALF_FLOAT: return FillFloats<std::uint16_t>(array, begin, n, keys, missing, HalfToFloat);
    case Type::FLOAT:
      return FillFloats<float>(array, begin, n, keys, missing, [](float value) { return value; });
    case Type::DOUBLE:
      return FillFloats<double>(array, begin, n, keys, missing, [](double value) { return value; });
    case Type::DICTIONARY: {
      bool any = false;
      for (std::int64_t i = 0; i < n; ++i) {
        const std::uint64_t rank =
            array.IsNull(begin + i) ? 0 : ranks_[static_cast<std::size_t>(CodeAt(begin + i))];
        missing[i] = rank == 0 ? 1 : 0;
        keys[i] = rank == 0 ? kLastKey : rank;
        any |= rank == 0;
      }
      return any;
    }
    default:
      std::fill_n(keys, n, kLastKey);
      std::memset(missing, 1, static_cast<std::size_t>(n));
      return n > 0;
  }
}

std::uint64_t Column::Key(std::int64_t row) const {
  std::uint64_t key = 0;
  std::uint8_t missing = 0;
  FillKeys(row, 1, &key, &missing);
  return key;
}

std::uint64_t Column::KeyOfWhole(__int128 value) const {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(value)) + zero_key_;
}

__int128 Column::WholeOf(std::uint64_t key) const {
  const std::uint64_t value = key - zero_key_;
  return array_->type_id() == Type::UINT64 ? static_cast<__int128>(value)
                                           : static_cast<__int128>(static_cast<std::int64_t>(value));
}

std::uint64_t Column::KeyOfFloat(double value) const {
  if (array_->type_id() == Type::DOUBLE) return FloatKey(value);
  // The nearest value of the column's type is meant, as when pandas compares with a number.
  const auto narrow = static_cast<float>(value);
  if (array_->type_id() == Type::FLOAT) return FloatKey(narrow);
  return FloatKey(arrow::util::Float16::FromFloat(narrow).ToFloat());
}

std::pair<__int128, __int128> Column::WholeRange() const {
  const auto [bytes, with_sign] = WholeForm(*array_->type());
  const int bits = bytes * 8 - (with_sign ? 1 : 0);
  const __int128 top = (static_cast<__int128>(1) << bits) - 1;
  return {with_sign ? -top - 1 : 0, top};
}

double Column::NumberOf(std::uint64_t key) const {
  if (kind_ == Kind::kFloat) return FloatOfKey(key);
  if (kind_ == Kind::kBool) return key == 2 ? 1 : 0;
  const auto whole = static_cast<double>(WholeOf(key));
  return scale_ == 0 ? whole : whole / std::pow(10.0, scale_);
}

std::string Column::TextOfKey(std::uint64_t key) const {
  const auto number = [](auto value) {
    char text[64];
    return std::string(text, std::to_chars(text, text + sizeof text, value).ptr);
  };
  switch (kind_) {
    case Kind::kBool: return key == 2 ? "true" : "false";
    case Kind::kFloat:
      return array_->type_id() == Type::DOUBLE ? number(FloatOfKey(key))
                                               : number(static_cast<float>(FloatOfKey(key)));
    case Kind::kDecimal: return arrow::Decimal128(static_cast<std::int64_t>(WholeOf(key))).ToString(scale_);
    case Kind::kInteger: return Digits(WholeOf(key));
    case Kind::kTime: break;
    default: return "";
  }
  const auto count = static_cast<std::int64_t>(WholeOf(key));
  const arrow::DataType& type = *array_->type();
  if (!period_.empty()) return FormatPeriod(count, period_);
  switch (type.id()) {
    case Type::DATE32: return FormatDate(count);
    case Type::DATE64: return FormatDate(count / 86'400'000 - (count % 86'400'000 < 0 ? 1 : 0));
    case Type::TIME32:
    case Type::TIME64: return FormatTime(count, static_cast<const arrow::TimeType&>(type).unit());
    case Type::DURATION: return FormatDuration(count, static_cast<const arrow::DurationType&>(type).unit());
    case Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      return FormatTimestamp(count, timestamp.unit()) + (timestamp.timezone().empty() ? "" : "Z");
    }
    default: return Digits(count);
  }
}

std::string_view Column::TextAt(std::int64_t row) const { return TextOf(*array_, row); }

__int128 Column::WideAt(std::int64_t row) const {
  const arrow::Decimal128 value(static_cast<const arrow::Decimal128Array&>(*array_).GetValue(row));
  return static_cast<__int128>(
      static_cast<unsigned __int128>(static_cast<std::uint64_t>(value.high_bits())) << 64 | value.low_bits());
}

}  // namespace easel::table
