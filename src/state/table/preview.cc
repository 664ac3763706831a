// libeasel_table.so: opens an Arrow IPC file in memory and writes its first rows to the caller's sink.
#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "state/table/abi.h"
#include "state/table/cell.h"
#include "state/table/frame.h"
#include "state/table/time.h"
#include "state/table/type_text.h"

namespace {

constexpr std::size_t kCellBytes = 400;

std::string CellText(std::string_view text) {
  std::string out;
  easel::table::AppendEscaped(text, kCellBytes, false, out);
  return out;
}

arrow::Status Preview(const EaselTableRequest& request, const EaselTableSink& sink) {
  arrow::CappedMemoryPool pool(arrow::default_memory_pool(), easel::table::kMaxAllocatedBytes);
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = &pool;
  options.use_threads = false;
  options.max_recursion_depth = 32;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  const auto file = std::make_shared<arrow::io::BufferReader>(
      std::make_shared<arrow::Buffer>(static_cast<const std::uint8_t*>(request.data), request.length));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file, options));
  const std::shared_ptr<arrow::Schema> schema = reader->schema();
  const int columns = schema->num_fields();
  const int shown = static_cast<int>(std::clamp<std::int64_t>(request.max_columns, 0, columns));
  ARROW_ASSIGN_OR_RAISE(const std::int64_t rows, reader->CountRows());
  sink.shape(sink.context, rows, columns);
  for (int c = 0; c < shown; ++c) {
    const std::string name = CellText(schema->field(c)->name()),
                      type = CellText(easel::table::TypeText(*schema->field(c)));
    sink.column(sink.context, name.data(), name.size(), type.data(), type.size());
  }
  if (shown == 0) return arrow::Status::OK();
  if (shown < columns) {
    options.included_fields.resize(static_cast<std::size_t>(shown));
    std::iota(options.included_fields.begin(), options.included_fields.end(), 0);
    ARROW_ASSIGN_OR_RAISE(reader, arrow::ipc::RecordBatchFileReader::Open(file, options));
  }
  std::vector<std::string> periods;
  for (int c = 0; c < shown; ++c) periods.push_back(easel::table::PeriodFrequency(*schema->field(c)));
  std::int64_t left = request.max_rows;
  for (int b = 0; b < reader->num_record_batches() && left > 0; ++b) {
    ARROW_ASSIGN_OR_RAISE(const auto whole, reader->ReadRecordBatch(b));
    ARROW_RETURN_NOT_OK(whole->Validate());  // slicing trusts lengths and offsets
    const auto batch = whole->Slice(0, std::min(left, whole->num_rows()));
    ARROW_RETURN_NOT_OK(batch->ValidateFull());
    for (std::int64_t row = 0; row < batch->num_rows(); ++row)
      for (int c = 0; c < shown; ++c) {
        std::string cell;
        const arrow::Array& column = *batch->column(c);
        if (!periods[static_cast<std::size_t>(c)].empty() && column.IsValid(row))
          cell = easel::table::FormatPeriod(static_cast<const arrow::Int64Array&>(column).Value(row),
                                            periods[static_cast<std::size_t>(c)]);
        else
          easel::table::AppendCell(column, row, kCellBytes, cell);
        sink.cell(sink.context, cell.data(), cell.size());
      }
    left -= batch->num_rows();
  }
  return arrow::Status::OK();
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int easel_table_abi(void) { return EASEL_TABLE_ABI; }

extern "C" __attribute__((visibility("default"))) int easel_table_preview(const EaselTableRequest* request,
                                                                          const EaselTableSink* sink,
                                                                          char* error,
                                                                          size_t error_size) try {
  const arrow::Status status = Preview(*request, *sink);
  if (status.ok()) return 0;
  std::snprintf(error, error_size, "%s", CellText(status.message()).c_str());
  return 1;
} catch (const std::exception& exception) {
  std::snprintf(error, error_size, "%s", exception.what());
  return 1;
}
