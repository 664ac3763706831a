#include "state/table/frame.h"

#include <arrow/io/api.h>
#include <arrow/ipc/api.h>

namespace easel::table {

arrow::Result<std::unique_ptr<Frame>> Frame::Open(const void* data, std::int64_t length) {
  std::unique_ptr<Frame> frame(new Frame);
  frame->pool_ = std::make_unique<arrow::CappedMemoryPool>(arrow::default_memory_pool(), kMaxAllocatedBytes);
  arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = frame->pool_.get();
  options.use_threads = false;
  options.max_recursion_depth = 32;
  options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
  const auto file = std::make_shared<arrow::io::BufferReader>(
      std::make_shared<arrow::Buffer>(static_cast<const std::uint8_t*>(data), length));
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file, options));
  const std::shared_ptr<arrow::Schema> schema = reader->schema();
  std::shared_ptr<arrow::RecordBatch> whole;
  if (reader->num_record_batches() == 1) {
    ARROW_ASSIGN_OR_RAISE(whole, reader->ReadRecordBatch(0));
    ARROW_RETURN_NOT_OK(whole->Validate());
  } else {
    std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
    for (int b = 0; b < reader->num_record_batches(); ++b) {
      ARROW_ASSIGN_OR_RAISE(batches.emplace_back(), reader->ReadRecordBatch(b));
      ARROW_RETURN_NOT_OK(batches.back()->ValidateFull());  // putting together trusts the values
    }
    ARROW_ASSIGN_OR_RAISE(const auto table, arrow::Table::FromRecordBatches(schema, batches));
    ARROW_ASSIGN_OR_RAISE(whole, table->CombineChunksToBatch(frame->pool_.get()));
  }
  frame->rows_ = whole->num_rows();
  if (frame->rows_ > kMaxRows) return arrow::Status::Invalid("it says that it has ", frame->rows_, " rows");
  for (int c = 0; c < whole->num_columns(); ++c)
    frame->columns_.push_back(std::make_unique<Column>(schema->field(c), whole->column(c)));
  return frame;
}

}  // namespace easel::table
