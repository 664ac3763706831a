#include "state/table.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "state/table/abi.h"
#include "state/table_module.h"

namespace easel {

namespace {

TablePreview& PreviewOf(void* context) { return *static_cast<TablePreview*>(context); }

}  // namespace

Result<TablePreview> ReadTablePreview(const std::string& path, std::int64_t offset, std::int64_t length,
                                      std::int64_t max_rows, std::int64_t max_columns) {
  EASEL_TRY(const TableModule* module, LoadTableModule());
  const auto damaged = [&](const std::string& how) {
    return Fail(Code::kDataLoss, "TABLE_DAMAGED",
                path + " at byte " + std::to_string(offset) + ": not a readable Arrow table: " + how);
  };
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return FailErrno("stat " + path, errno);
  if (!S_ISREG(info.st_mode)) return damaged("not an ordinary file");
  if (offset < 0 || length <= 0 || offset > info.st_size || length > info.st_size - offset)
    return damaged("its " + std::to_string(length) + " bytes do not fit into the file's " +
                   std::to_string(info.st_size));
  TablePreview out;
  const EaselTableRequest request{fd.get(), offset, length, max_rows, max_columns};
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
  if (module->preview(&request, &sink, error, sizeof error) != 0) return damaged(error);
  return out;
}

}  // namespace easel
