#include "state/table.h"

#include "state/table/abi.h"
#include "state/table_module.h"

namespace easel {

namespace {

TablePreview& PreviewOf(void* context) { return *static_cast<TablePreview*>(context); }

}  // namespace

Result<TablePreview> ReadTablePreview(std::string_view bytes, const std::string& where, std::int64_t max_rows,
                                      std::int64_t max_columns) {
  EASEL_TRY(const TableModule* module, LoadTableModule());
  TablePreview out;
  const EaselTableRequest request{bytes.data(), static_cast<std::int64_t>(bytes.size()), max_rows,
                                  max_columns};
  EaselTableSink sink{};
  sink.context = &out;
  sink.shape = [](void* context, std::int64_t rows, std::int64_t columns) {
    PreviewOf(context).total_rows = rows;
    PreviewOf(context).total_columns = columns;
  };
  sink.column = [](void* context, const char* name, std::size_t name_size, const char* type,
                   std::size_t type_size) {
    PreviewOf(context).columns.push_back({{name, name_size}, {type, type_size}});
  };
  sink.cell = [](void* context, const char* text, std::size_t size) {
    TablePreview& preview = PreviewOf(context);
    if (preview.rows.empty() || preview.rows.back().size() == preview.columns.size())
      preview.rows.emplace_back();
    preview.rows.back().emplace_back(text, size);
  };
  char error[1024] = {};
  if (module->preview(&request, &sink, error, sizeof error) != 0)
    return Fail(Code::kDataLoss, "TABLE_DAMAGED", where + ": not a readable Arrow table: " + error);
  return out;
}

}  // namespace easel
