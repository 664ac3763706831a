// Tables of tests as Arrow's file format has them.
#pragma once

#include <arrow/api.h>
#include <arrow/io/api.h>
#include <arrow/ipc/api.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace easel {

using Columns = std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>;

inline std::shared_ptr<arrow::Array> Values(const std::shared_ptr<arrow::DataType>& type,
                                            const std::string& text) {
  auto array = arrow::json::ArrayFromJSONString(type, text);
  EXPECT_TRUE(array.ok()) << array.status().ToString();
  return *array;
}

/// One file of `batches` times the same record batch.
inline std::string IpcFile(const Columns& columns, int batches = 1) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  const auto schema = arrow::schema(fields);
  auto sink = *arrow::io::BufferOutputStream::Create();
  auto writer = *arrow::ipc::MakeFileWriter(sink, schema);
  const auto batch = arrow::RecordBatch::Make(schema, arrays.empty() ? 0 : arrays[0]->length(), arrays);
  for (int i = 0; i < batches; ++i) EXPECT_TRUE(writer->WriteRecordBatch(*batch).ok());
  EXPECT_TRUE(writer->Close().ok());
  return (*sink->Finish())->ToString();
}

}  // namespace easel
