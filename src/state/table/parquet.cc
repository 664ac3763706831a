#include "state/table/parquet.h"

#include <arrow/api.h>
#include <arrow/compute/api_vector.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "state/table/cell.h"
#include "state/table/page.h"

namespace easel::table {
namespace {

constexpr std::int64_t kGroupCells = std::int64_t{1} << 22, kMostGroupRows = 1 << 17, kLeastGroupRows = 1024;

/// Hands on what is written, in order.
class PieceStream final : public arrow::io::OutputStream {
 public:
  explicit PieceStream(const EaselTableWriter& writer) : writer_(writer) {}
  arrow::Status Write(const void* data, std::int64_t bytes) override {
    if (writer_.write(writer_.context, static_cast<const char*>(data), static_cast<std::size_t>(bytes)) != 0)
      return arrow::Status::Cancelled("stopped");
    written_ += bytes;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<std::int64_t> Tell() const override { return written_; }
  bool closed() const override { return closed_; }

 private:
  const EaselTableWriter& writer_;
  std::int64_t written_ = 0;
  bool closed_ = false;
};

/// The column whose values are written, and whether they are as wide as their type.
const Column& ValuesOf(const Column& column) {
  return column.kind() == Kind::kCategory ? column.entries() : column;
}
bool IsText(const Column& column) {
  return column.kind() == Kind::kText || column.kind() == Kind::kOther || !column.period().empty();
}
std::shared_ptr<arrow::DataType> TypeOf(const Column& column) {
  const Column& values = ValuesOf(column);
  if (IsText(values)) return arrow::large_utf8();
  return values.kind() == Kind::kBinary ? arrow::large_binary() : values.array().type();
}

std::string_view BinaryAt(const Column& column, std::int64_t row) {
  const arrow::Array& array = column.array();
  switch (array.type_id()) {
    case arrow::Type::BINARY: return BytesOf(static_cast<const arrow::BinaryArray&>(array), row);
    case arrow::Type::LARGE_BINARY: return BytesOf(static_cast<const arrow::LargeBinaryArray&>(array), row);
    case arrow::Type::BINARY_VIEW: return BytesOf(static_cast<const arrow::BinaryViewArray&>(array), row);
    default: return BytesOf(static_cast<const arrow::FixedSizeBinaryArray&>(array), row);
  }
}

/// Texts and bytes one by one: their offsets are checked as they are read, as the file may be cut short meanwhile.
template <typename Builder>
arrow::Result<std::shared_ptr<arrow::Array>> Gather(const Column& column,
                                                    const std::vector<std::int64_t>& rows) {
  const Column& values = ValuesOf(column);
  Builder builder;
  std::string text;
  for (const std::int64_t row : rows) {
    if (column.array().IsNull(row)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    const std::int64_t at = &values == &column ? row : column.CodeAt(row);
    if (at < 0 || at >= values.rows() || values.array().IsNull(at)) {
      ARROW_RETURN_NOT_OK(builder.AppendNull());
      continue;
    }
    if (values.kind() == Kind::kText) {
      ARROW_RETURN_NOT_OK(builder.Append(values.TextAt(at)));
    } else if (values.kind() == Kind::kBinary) {
      ARROW_RETURN_NOT_OK(builder.Append(BinaryAt(values, at)));
    } else {
      text.clear();
      AppendPlain(values, at, std::string::npos, text);
      ARROW_RETURN_NOT_OK(builder.Append(text));
    }
  }
  return builder.Finish();
}

/// The chosen rows of one column, in memory of their own.
arrow::Result<std::shared_ptr<arrow::Array>> Chosen(const Column& column,
                                                    const std::vector<std::int64_t>& rows) {
  const Column& values = ValuesOf(column);
  if (IsText(values)) return Gather<arrow::LargeStringBuilder>(column, rows);
  if (values.kind() == Kind::kBinary) return Gather<arrow::LargeBinaryBuilder>(column, rows);
  arrow::Int64Builder places;
  ARROW_RETURN_NOT_OK(places.Reserve(static_cast<std::int64_t>(rows.size())));
  for (const std::int64_t row : rows) {
    if (&values == &column)
      places.UnsafeAppend(row);
    else if (column.array().IsNull(row))
      places.UnsafeAppendNull();
    else
      places.UnsafeAppend(column.CodeAt(row));
  }
  ARROW_ASSIGN_OR_RAISE(const auto at, places.Finish());
  return arrow::compute::Take(values.array(), *at, arrow::compute::TakeOptions::BoundsCheck());
}

}  // namespace

arrow::Status WriteParquet(Frame& frame, Selection& selection, const EaselTablePageRequest& request,
                           const EaselTableControl& control, const EaselTableWriter& writer) try {
  ARROW_RETURN_NOT_OK(CheckRequest(frame, request, false));
  arrow::FieldVector fields;
  for (std::int64_t c = 0; c < request.column_count; ++c) {
    Column& column = frame.column(request.columns[c]);
    ARROW_RETURN_NOT_OK(column.Check(control, 0, 0.1));
    fields.push_back(arrow::field(column.name(), TypeOf(column)));
  }
  const auto schema = arrow::schema(std::move(fields));
  const auto properties =
      parquet::WriterProperties::Builder().compression(parquet::Compression::SNAPPY)->build();
  ARROW_ASSIGN_OR_RAISE(
      auto file, parquet::arrow::FileWriter::Open(
                     *schema, arrow::default_memory_pool(), std::make_shared<PieceStream>(writer), properties,
                     parquet::ArrowWriterProperties::Builder().store_schema()->build()));
  const std::int64_t begin = std::min(request.offset, selection.rows().count());
  const std::int64_t end = begin + std::min(request.limit, selection.rows().count() - begin);
  const std::int64_t group = std::clamp(kGroupCells / std::max<std::int64_t>(1, request.column_count),
                                        kLeastGroupRows, kMostGroupRows);
  for (std::int64_t at = begin; at < end; at += group) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<std::int64_t> rows,
                          selection.Rows(at, std::min(end, at + group), control));
    arrow::ArrayVector columns;
    for (std::int64_t c = 0; c < request.column_count; ++c) {
      ARROW_ASSIGN_OR_RAISE(auto array, Chosen(frame.column(request.columns[c]), rows));
      columns.push_back(std::move(array));
    }
    const auto count = static_cast<std::int64_t>(rows.size());
    ARROW_RETURN_NOT_OK(file->WriteTable(*arrow::Table::Make(schema, std::move(columns), count),
                                         std::max<std::int64_t>(1, count)));
    if (control.tick != nullptr &&
        control.tick(control.context,
                     0.1 + 0.9 * static_cast<double>(at - begin) / static_cast<double>(end - begin)) != 0)
      return arrow::Status::Cancelled("stopped");
  }
  return file->Close();
} catch (const std::exception& error) {  // of libparquet
  return arrow::Status::UnknownError("as Parquet: ", error.what());
}

}  // namespace easel::table
