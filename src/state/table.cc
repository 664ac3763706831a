#include "state/table.h"

#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include "base/file.h"
#include "state/table/abi.h"

namespace easel {

namespace {

struct Module {
  EaselTablePreview* preview = nullptr;
  std::string problem;  ///< why there is none
};

Module LoadModule() {
  char executable[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", executable, sizeof executable);
  const std::string folder = n > 0 ? ParentOf(std::string(executable, static_cast<std::size_t>(n))) : ".";
  Module out;
  for (const char* place : {"/", "/../lib/", "/../lib/easel/"}) {
    const std::string path = folder + place + "libeasel_table.so";
    if (::access(path.c_str(), F_OK) != 0) continue;
    void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char* why = ::dlerror();
      out.problem = path + " cannot be loaded: " + (why == nullptr ? "unknown reason" : why);
      return out;
    }
    auto* abi = reinterpret_cast<EaselTableAbi*>(::dlsym(handle, "easel_table_abi"));
    if (abi == nullptr || abi() != EASEL_TABLE_ABI) {
      out.problem = path + " belongs to another build of easel: install both together";
      return out;
    }
    out.preview = reinterpret_cast<EaselTablePreview*>(::dlsym(handle, "easel_table_preview"));
    if (out.preview == nullptr)
      out.problem = path + " has no easel_table_preview: install it together with easel";
    return out;
  }
  out.problem = "libeasel_table.so is not beside " + folder +
                "/easel nor in ../lib: build easel with libarrow (./dev setup fetches it)";
  return out;
}

TablePreview& PreviewOf(void* context) { return *static_cast<TablePreview*>(context); }

}  // namespace

Result<TablePreview> ReadTablePreview(std::string_view bytes, const std::string& where, std::int64_t max_rows,
                                      std::int64_t max_columns) {
  static const Module module = LoadModule();
  if (module.preview == nullptr)
    return Fail(Code::kUnimplemented, "TABLES_UNAVAILABLE", "tables cannot be shown: " + module.problem);
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
  if (module.preview(&request, &sink, error, sizeof error) != 0)
    return Fail(Code::kDataLoss, "TABLE_DAMAGED", where + ": not a readable Arrow table: " + error);
  return out;
}

}  // namespace easel
