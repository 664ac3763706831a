#include "state/table/cell.h"

#include <arrow/api.h>
#include <arrow/util/float16.h>

#include <charconv>

#include "state/table/column.h"
#include "state/table/time.h"

namespace easel::table {

namespace {

void AppendHex(unsigned char byte, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += {kHex[byte >> 4], kHex[byte & 15]};
}

/// Bytes of the UTF-8 sequence at the front of `text`, 0 if there is none (`code` is set to its character).
std::size_t Decode(std::string_view text, std::uint32_t& code) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xC2 && first < 0xE0 ? 2
                             : (first & 0xF0) == 0xE0        ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || length > text.size()) return 0;
  code = length == 1 ? first : first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) != 0x80) return 0;
    code = code << 6 | (byte & 0x3F);
  }
  return length;
}

bool IsInvisibleControl(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x202A && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069) || code == 0x200E || code == 0x200F || code == 0x2028 ||
         code == 0x2029;
}

/// Appends one value; `limit` is the size of `out` at which nested values stop.
class CellWriter {
 public:
  CellWriter(std::size_t limit, std::string& out) : limit_(out.size() + limit), out_(out) {}

  void Append(const arrow::Array& array, std::int64_t i, bool nested) {
    if (out_.size() > limit_) return;
    if (array.type_id() == arrow::Type::DICTIONARY) return AppendDictionary(array, i, nested);
    if (array.type_id() == arrow::Type::RUN_END_ENCODED) {
      const auto& encoded = static_cast<const arrow::RunEndEncodedArray&>(array);
      return Append(*encoded.values(), FindRun(encoded, i), nested);
    }
    if (array.type_id() == arrow::Type::SPARSE_UNION || array.type_id() == arrow::Type::DENSE_UNION)
      return AppendUnion(static_cast<const arrow::UnionArray&>(array), i, nested);
    if (array.type_id() == arrow::Type::EXTENSION)
      return AppendExtension(static_cast<const arrow::ExtensionArray&>(array), i, nested);
    if (array.IsNull(i)) {
      out_ += "null";
      return;
    }
    AppendValid(array, i, nested);
  }

 private:
  template <typename Array>
  static auto Value(const arrow::Array& array, std::int64_t i) {
    return static_cast<const Array&>(array).Value(i);
  }

  template <typename Number>
  void AppendNumber(Number value) {
    char text[64];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    if (error == std::errc{}) out_.append(text, end);
  }

  template <typename Array>
  void AppendText(const arrow::Array& array, std::int64_t i, bool nested) {
    AppendEscaped(BytesOf(static_cast<const Array&>(array), i), Room(), nested, out_);
  }

  template <typename Array>
  void AppendBytes(const arrow::Array& array, std::int64_t i) {
    const std::string_view bytes = BytesOf(static_cast<const Array&>(array), i);
    out_ += "0x";
    for (std::size_t k = 0; k < bytes.size() && k < 32; ++k)
      AppendHex(static_cast<unsigned char>(bytes[k]), out_);
    if (bytes.size() > 32) out_ += "… (" + std::to_string(bytes.size()) + " bytes)";
  }

  void AppendValid(const arrow::Array& array, std::int64_t i, bool nested) {
    using arrow::Type;
    switch (array.type_id()) {
      case Type::BOOL: out_ += Value<arrow::BooleanArray>(array, i) ? "true" : "false"; return;
      case Type::INT8: return AppendNumber<int>(Value<arrow::Int8Array>(array, i));
      case Type::INT16: return AppendNumber<int>(Value<arrow::Int16Array>(array, i));
      case Type::INT32: return AppendNumber(Value<arrow::Int32Array>(array, i));
      case Type::INT64: return AppendNumber(Value<arrow::Int64Array>(array, i));
      case Type::UINT8: return AppendNumber<unsigned>(Value<arrow::UInt8Array>(array, i));
      case Type::UINT16: return AppendNumber<unsigned>(Value<arrow::UInt16Array>(array, i));
      case Type::UINT32: return AppendNumber(Value<arrow::UInt32Array>(array, i));
      case Type::UINT64: return AppendNumber(Value<arrow::UInt64Array>(array, i));
      case Type::HALF_FLOAT:
        return AppendNumber(arrow::util::Float16::FromBits(Value<arrow::HalfFloatArray>(array, i)).ToFloat());
      case Type::FLOAT: return AppendNumber(Value<arrow::FloatArray>(array, i));
      case Type::DOUBLE: return AppendNumber(Value<arrow::DoubleArray>(array, i));
      case Type::DECIMAL32: out_ += static_cast<const arrow::Decimal32Array&>(array).FormatValue(i); return;
      case Type::DECIMAL64: out_ += static_cast<const arrow::Decimal64Array&>(array).FormatValue(i); return;
      case Type::DECIMAL128: out_ += static_cast<const arrow::Decimal128Array&>(array).FormatValue(i); return;
      case Type::DECIMAL256: out_ += static_cast<const arrow::Decimal256Array&>(array).FormatValue(i); return;
      case Type::STRING: return AppendText<arrow::StringArray>(array, i, nested);
      case Type::LARGE_STRING: return AppendText<arrow::LargeStringArray>(array, i, nested);
      case Type::STRING_VIEW: return AppendText<arrow::StringViewArray>(array, i, nested);
      case Type::BINARY: return AppendBytes<arrow::BinaryArray>(array, i);
      case Type::LARGE_BINARY: return AppendBytes<arrow::LargeBinaryArray>(array, i);
      case Type::BINARY_VIEW: return AppendBytes<arrow::BinaryViewArray>(array, i);
      case Type::FIXED_SIZE_BINARY: return AppendBytes<arrow::FixedSizeBinaryArray>(array, i);
      case Type::STRUCT: return AppendStruct(static_cast<const arrow::StructArray&>(array), i);
      case Type::MAP: return AppendMap(static_cast<const arrow::MapArray&>(array), i);
      case Type::LIST: return AppendList<arrow::ListArray>(array, i);
      case Type::LARGE_LIST: return AppendList<arrow::LargeListArray>(array, i);
      case Type::LIST_VIEW: return AppendList<arrow::ListViewArray>(array, i);
      case Type::LARGE_LIST_VIEW: return AppendList<arrow::LargeListViewArray>(array, i);
      case Type::FIXED_SIZE_LIST: return AppendList<arrow::FixedSizeListArray>(array, i);
      default: return AppendTemporal(array, i);
    }
  }

  void AppendTemporal(const arrow::Array& array, std::int64_t i) {
    using arrow::Type;
    const arrow::DataType& type = *array.type();
    switch (array.type_id()) {
      case Type::DATE32: out_ += FormatDate(Value<arrow::Date32Array>(array, i)); return;
      case Type::DATE64: {
        const std::int64_t ms = Value<arrow::Date64Array>(array, i);
        out_ += FormatDate(ms / 86'400'000 - (ms % 86'400'000 < 0 ? 1 : 0));
        return;
      }
      case Type::TIME32:
        out_ += FormatTime(Value<arrow::Time32Array>(array, i),
                           static_cast<const arrow::Time32Type&>(type).unit());
        return;
      case Type::TIME64:
        out_ += FormatTime(Value<arrow::Time64Array>(array, i),
                           static_cast<const arrow::Time64Type&>(type).unit());
        return;
      case Type::TIMESTAMP: {
        const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
        out_ += FormatTimestamp(Value<arrow::TimestampArray>(array, i), timestamp.unit());
        if (!timestamp.timezone().empty()) out_ += "Z";
        return;
      }
      case Type::DURATION:
        out_ += FormatDuration(Value<arrow::DurationArray>(array, i),
                               static_cast<const arrow::DurationType&>(type).unit());
        return;
      case Type::INTERVAL_MONTHS:
        out_ += std::to_string(Value<arrow::MonthIntervalArray>(array, i)) + " months";
        return;
      case Type::INTERVAL_DAY_TIME: {
        const auto value = static_cast<const arrow::DayTimeIntervalArray&>(array).GetValue(i);
        out_ += std::to_string(value.days) + " days " + std::to_string(value.milliseconds) + " ms";
        return;
      }
      case Type::INTERVAL_MONTH_DAY_NANO: {
        const auto value = static_cast<const arrow::MonthDayNanoIntervalArray&>(array).GetValue(i);
        out_ += std::to_string(value.months) + " months " + std::to_string(value.days) + " days " +
                std::to_string(value.nanoseconds) + " ns";
        return;
      }
      default: AppendEscaped("<" + type.ToString() + ">", Room(), false, out_);
    }
  }

  /// A truth value in a byte is one; other extensions are shown as what they are made of.
  void AppendExtension(const arrow::ExtensionArray& array, std::int64_t i, bool nested) {
    const arrow::Array& storage = *array.storage();
    if (array.extension_type()->extension_name() == "arrow.bool8" && storage.type_id() == arrow::Type::INT8 &&
        !storage.IsNull(i))
      out_ += static_cast<const arrow::Int8Array&>(storage).Value(i) != 0 ? "true" : "false";
    else
      Append(storage, i, nested);
  }

  void AppendDictionary(const arrow::Array& array, std::int64_t i, bool nested) {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(array);
    if (array.IsNull(i)) {
      out_ += "null";
      return;
    }
    Append(*dictionary.dictionary(), dictionary.GetValueIndex(i), nested);
  }

  void AppendUnion(const arrow::UnionArray& array, std::int64_t i, bool nested) {
    const std::int64_t at = array.type_id() == arrow::Type::DENSE_UNION
                                ? static_cast<const arrow::DenseUnionArray&>(array).value_offset(i)
                                : i;
    Append(*array.field(array.child_id(i)), at, nested);
  }

  /// The run that holds position `i`: binary search over run ends of 16, 32 or 64 bits.
  static std::int64_t FindRun(const arrow::RunEndEncodedArray& array, std::int64_t i) {
    const arrow::Array& ends = *array.run_ends();
    const auto end_of = [&](std::int64_t run) -> std::int64_t {
      switch (ends.type_id()) {
        case arrow::Type::INT16: return Value<arrow::Int16Array>(ends, run);
        case arrow::Type::INT32: return Value<arrow::Int32Array>(ends, run);
        default: return Value<arrow::Int64Array>(ends, run);
      }
    };
    std::int64_t low = 0, high = ends.length() - 1;
    while (low < high) {
      const std::int64_t middle = low + (high - low) / 2;
      if (end_of(middle) > i + array.offset())
        high = middle;
      else
        low = middle + 1;
    }
    return low;
  }

  template <typename Array>
  void AppendList(const arrow::Array& array, std::int64_t i) {
    const auto& list = static_cast<const Array&>(array);
    const std::int64_t begin = list.value_offset(i), length = list.value_length(i);
    out_ += "[";
    for (std::int64_t k = 0; k < length && out_.size() <= limit_; ++k) {
      if (k > 0) out_ += ", ";
      Append(*list.values(), begin + k, true);
    }
    out_ += "]";
  }

  void AppendStruct(const arrow::StructArray& array, std::int64_t i) {
    out_ += "{";
    for (int field = 0; field < array.num_fields() && out_.size() <= limit_; ++field) {
      if (field > 0) out_ += ", ";
      AppendEscaped(array.type()->field(field)->name(), Room(), true, out_);
      out_ += ": ";
      Append(*array.field(field), i, true);
    }
    out_ += "}";
  }

  void AppendMap(const arrow::MapArray& array, std::int64_t i) {
    const std::int64_t begin = array.value_offset(i), length = array.value_length(i);
    out_ += "{";
    for (std::int64_t k = 0; k < length && out_.size() <= limit_; ++k) {
      if (k > 0) out_ += ", ";
      Append(*array.keys(), begin + k, true);
      out_ += ": ";
      Append(*array.items(), begin + k, true);
    }
    out_ += "}";
  }

  std::size_t Room() const { return out_.size() < limit_ ? limit_ - out_.size() : 0; }

  std::size_t limit_;
  std::string& out_;
};

}  // namespace

void AppendEscaped(std::string_view text, std::size_t limit, bool quotes, std::string& out) {
  const std::size_t stop = out.size() + limit;
  if (quotes) out += '"';
  while (!text.empty()) {
    if (out.size() > stop) {
      out += "…";
      break;
    }
    std::uint32_t code = 0;
    const std::size_t length = Decode(text, code);
    if (length == 0 ||
        (length == 1 && IsInvisibleControl(code) && code != '\n' && code != '\t' && code != '\r')) {
      out += "\\x";
      AppendHex(static_cast<unsigned char>(text[0]), out);
    } else if (code == '\n' || code == '\t' || code == '\r') {
      out += code == '\n' ? "\\n" : code == '\t' ? "\\t" : "\\r";
    } else if (IsInvisibleControl(code)) {
      out += "\\u";
      AppendHex(static_cast<unsigned char>(code >> 8), out);
      AppendHex(static_cast<unsigned char>(code), out);
    } else {
      if (quotes && (code == '"' || code == '\\')) out += '\\';
      out.append(text.substr(0, length));
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  if (quotes) out += '"';
}

void AppendCell(const arrow::Array& array, std::int64_t i, std::size_t limit, std::string& out) {
  CellWriter(limit, out).Append(array, i, false);
}

}  // namespace easel::table
