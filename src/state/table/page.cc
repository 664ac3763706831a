#include "state/table/page.h"

#include <arrow/api.h>
#include <arrow/util/float16.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include "state/table/cell.h"
#include "state/table/json_writer.h"
#include "state/table/time.h"

namespace easel::table {
namespace {

using arrow::Type;

constexpr std::size_t kPageTextBytes = 2000;  // of a text in a page
constexpr std::size_t kNestedBytes = 1000;    // of a list or struct in a page
constexpr std::int64_t kMostPageRows = 10'000, kMostPageCells = 2'000'000;
constexpr std::int64_t kExact = std::int64_t{1} << 53;
constexpr std::int64_t kCsvRows = 16'384;  // found, then written

/// `text`, cut before the character that `limit` bytes would cut.
std::string_view Cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0) == 0x80) --limit;
  return text.substr(0, limit);
}

double FloatAt(const arrow::Array& array, std::int64_t row) {
  if (array.type_id() == Type::DOUBLE) return static_cast<const arrow::DoubleArray&>(array).Value(row);
  if (array.type_id() == Type::FLOAT) return static_cast<const arrow::FloatArray&>(array).Value(row);
  return arrow::util::Float16::FromBits(static_cast<const arrow::HalfFloatArray&>(array).Value(row))
      .ToFloat();
}

void AppendFloat(const arrow::Array& array, std::int64_t row, std::string& out) {
  const double value = FloatAt(array, row);
  if (array.type_id() == Type::DOUBLE)
    AppendNumber(value, out);
  else
    AppendNumber(static_cast<float>(value), out);
}

/// A time's null that pandas calls NaT: the value behind it is the lowest one.
bool IsNaT(const arrow::Array& array, std::int64_t row) {
  const bool can_be = array.type_id() == Type::TIMESTAMP || array.type_id() == Type::DURATION;
  return can_be && array.data()->GetValues<std::int64_t>(1)[row] == std::numeric_limits<std::int64_t>::min();
}

void AppendTextCell(std::string_view text, std::string& out) {
  if (text.size() <= kPageTextBytes) return AppendJson(text, out);
  out += "{\"cut\":";
  AppendJson(Cut(text, kPageTextBytes), out);
  out += ",\"bytes\":" + std::to_string(text.size()) + "}";
}

}  // namespace

void AppendPlain(const Column& column, std::int64_t row, std::size_t limit, std::string& out) {
  if (!column.period().empty())
    out += FormatPeriod(static_cast<const arrow::Int64Array&>(column.array()).Value(row), column.period());
  else
    AppendCell(column.shown(), row, limit, out);
}

arrow::Status CheckRequest(const Frame& frame, const EaselTablePageRequest& request, bool bounded) {
  if (request.offset < 0 || request.limit < 0)
    return arrow::Status::Invalid("a page begins at 0 or later and has 0 or more rows");
  for (std::int64_t i = 0; i < request.column_count; ++i)
    if (!frame.has_column(request.columns[i]))
      return arrow::Status::Invalid("there is no column ", request.columns[i],
                                    ": the table has columns 0 to ", frame.columns() - 1);
  if (bounded && (request.limit > kMostPageRows ||
                  request.column_count > kMostPageCells / std::max<std::int64_t>(1, request.limit)))
    return arrow::Status::Invalid("a page has at most ", kMostPageRows, " rows and ", kMostPageCells,
                                  " cells");
  return arrow::Status::OK();
}

void AppendJsonCell(const Column& column, std::int64_t row, std::string& out) {
  const arrow::Array& array = column.array();
  if (column.kind() == Kind::kCategory) {
    if (array.IsNull(row)) {
      out += "null";
      return;
    }
    return AppendJsonCell(column.entries(), column.CodeAt(row), out);
  }
  if (array.IsNull(row)) {
    out += IsNaT(array, row) ? "{\"is\":\"NaT\"}" : "null";
    return;
  }
  switch (column.kind()) {
    case Kind::kBool:
    case Kind::kInteger: {
      const std::size_t begin = out.size();
      AppendPlain(column, row, kPageTextBytes, out);
      if (out.size() - begin < 16) return;
      // Beyond 2^53 a number of JavaScript is not exact.
      std::int64_t value = 0;
      const auto parsed = std::from_chars(out.data() + begin, out.data() + out.size(), value);
      if (parsed.ec == std::errc{} && value <= kExact && value >= -kExact) return;
      out.insert(begin, 1, '"');
      out += '"';
      return;
    }
    case Kind::kFloat: {
      const double value = FloatAt(array, row);
      if (std::isfinite(value)) return AppendFloat(array, row, out);
      out += std::isnan(value) ? "{\"is\":\"NaN\"}"
             : value > 0       ? "{\"is\":\"Infinity\"}"
                               : "{\"is\":\"-Infinity\"}";
      return;
    }
    case Kind::kText: return AppendTextCell(column.TextAt(row), out);
    default: {
      std::string text;
      AppendPlain(column, row, kNestedBytes, text);
      return AppendTextCell(text, out);
    }
  }
}

void AppendCsvCell(const Column& column, std::int64_t row, std::string& out) {
  const arrow::Array& array = column.array();
  if (array.IsNull(row)) return;
  if (column.kind() == Kind::kCategory) return AppendCsvCell(column.entries(), column.CodeAt(row), out);
  if (column.kind() == Kind::kFloat) {
    if (!column.IsNaN(row)) AppendFloat(array, row, out);
    return;
  }
  std::string made;
  std::string_view text;
  if (column.kind() == Kind::kText) {
    text = column.TextAt(row);
  } else {
    AppendPlain(column, row, std::size_t{1} << 20, made);
    text = made;
  }
  // Also an empty text is quoted: nothing between two commas is a missing value.
  if (!text.empty() && text.find_first_of("\",\r\n") == std::string_view::npos) {
    out += text;
    return;
  }
  if (text.empty() && column.kind() != Kind::kText) return;
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

arrow::Status WriteDescription(const Frame& frame, const EaselTableWriter& writer) {
  TextOut out(writer);
  out.text() += "{\"rows\":" + std::to_string(frame.rows()) + ",\"columns\":[";
  for (int c = 0; c < frame.columns(); ++c) {
    const Column& column = frame.column(c);
    std::string name, type;
    AppendEscaped(column.name(), 400, false, name);
    AppendEscaped(column.type_text(), 400, false, type);
    out.text() += c == 0 ? "{\"name\":" : ",{\"name\":";
    AppendJson(name, out.text());
    out.text() += ",\"type\":";
    AppendJson(type, out.text());
    out.text() += ",\"kind\":\"" + std::string(KindName(column.kind())) + "\"";
    if (column.sortable()) out.text() += ",\"sortable\":true";
    if (const auto& metadata = column.field().metadata(); metadata) {
      std::int64_t level = -1;
      const std::string text = metadata->Get("easel.index").ValueOr("");
      std::from_chars(text.data(), text.data() + text.size(), level);
      if (level >= 0) out.text() += ",\"index\":" + std::to_string(level);
    }
    out.text() += '}';
    ARROW_RETURN_NOT_OK(out.Pass());
  }
  out.text() += "]}";
  return out.Flush();
}

arrow::Status WritePage(Frame& frame, Selection& selection, const EaselTablePageRequest& request,
                        const EaselTableControl& control, const EaselTableWriter& writer) {
  ARROW_RETURN_NOT_OK(CheckRequest(frame, request, true));
  const std::int64_t offset = std::min(request.offset, selection.rows().count());
  ARROW_ASSIGN_OR_RAISE(const std::vector<std::int64_t> rows,
                        selection.Rows(offset, offset + request.limit, control));
  TextOut out(writer);
  out.text() += "{\"rows\":[";
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) out.text() += ',';
    out.text() += std::to_string(rows[i]);
  }
  out.text() += "],\"columns\":[";
  const bool together = !rows.empty() &&
                        rows.back() - rows.front() + 1 == static_cast<std::int64_t>(rows.size()) &&
                        std::ranges::is_sorted(rows);
  for (std::int64_t c = 0; c < request.column_count; ++c) {
    Column& column = frame.column(request.columns[c]);
    if (together)
      ARROW_RETURN_NOT_OK(column.CheckRows(rows.front(), static_cast<std::int64_t>(rows.size()), control));
    out.text() += c == 0 ? "[" : ",[";
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (!together) ARROW_RETURN_NOT_OK(column.CheckRows(rows[i], 1, control));
      if (i > 0) out.text() += ',';
      AppendJsonCell(column, rows[i], out.text());
    }
    out.text() += ']';
    ARROW_RETURN_NOT_OK(out.Pass());
  }
  out.text() += "]}";
  return out.Flush();
}

arrow::Status WriteCsv(Frame& frame, Selection& selection, const EaselTablePageRequest& request,
                       const EaselTableControl& control, const EaselTableWriter& writer) {
  ARROW_RETURN_NOT_OK(CheckRequest(frame, request, false));
  for (std::int64_t c = 0; c < request.column_count; ++c)
    ARROW_RETURN_NOT_OK(frame.column(request.columns[c]).Check(control, 0, 0.1));
  TextOut out(writer);
  for (std::int64_t c = 0; c < request.column_count; ++c) {
    if (c > 0) out.text() += ',';
    std::string name;
    for (const char letter : frame.column(request.columns[c]).name()) {
      if (letter == '"') name += '"';
      name += letter;
    }
    const bool quotes = name.empty() || name.find_first_of("\",\r\n") != std::string::npos;
    out.text() += quotes ? '"' + name + '"' : name;
  }
  out.text() += "\r\n";
  const std::int64_t begin = std::min(request.offset, selection.rows().count());
  const std::int64_t end = begin + std::min(request.limit, selection.rows().count() - begin);
  for (std::int64_t at = begin; at < end; at += kCsvRows) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<std::int64_t> rows,
                          selection.Rows(at, std::min(end, at + kCsvRows), control));
    for (const std::int64_t row : rows) {
      for (std::int64_t c = 0; c < request.column_count; ++c) {
        if (c > 0) out.text() += ',';
        AppendCsvCell(frame.column(request.columns[c]), row, out.text());
      }
      out.text() += "\r\n";
      ARROW_RETURN_NOT_OK(out.Pass());
    }
    if (control.tick != nullptr &&
        control.tick(control.context,
                     0.1 + 0.9 * static_cast<double>(at - begin) / static_cast<double>(end - begin)) != 0)
      return arrow::Status::Cancelled("stopped");
  }
  return out.Flush();
}

}  // namespace easel::table
