#include "state/table_module.h"

#include <dlfcn.h>
#include <limits.h>
#include <unistd.h>

#include <string>

#include "base/file.h"

namespace easel {
namespace {

struct Loaded {
  TableModule module;
  std::string problem;  ///< why there is none; empty if there is
};

Loaded Load() {
  char executable[PATH_MAX];
  const ssize_t n = ::readlink("/proc/self/exe", executable, sizeof executable);
  const std::string folder = n > 0 ? ParentOf(std::string(executable, static_cast<std::size_t>(n))) : ".";
  Loaded out;
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
    out.module.preview = reinterpret_cast<EaselTablePreview*>(::dlsym(handle, "easel_table_preview"));
    out.module.compare = reinterpret_cast<EaselTableCompare*>(::dlsym(handle, "easel_table_compare"));
    auto* views = reinterpret_cast<EaselTableViewsOf*>(::dlsym(handle, "easel_table_views"));
    if (views != nullptr) out.module.views = views();
    if (out.module.preview == nullptr || out.module.compare == nullptr || out.module.views == nullptr)
      out.problem = path + " is not complete: install it together with easel";
    return out;
  }
  out.problem = "libeasel_table.so is not beside " + folder +
                "/easel nor in ../lib: build easel with libarrow (./dev setup fetches it)";
  return out;
}

}  // namespace

Result<const TableModule*> LoadTableModule() {
  static const Loaded loaded = Load();
  if (!loaded.problem.empty())
    return Fail(Code::kUnimplemented, "TABLES_UNAVAILABLE", "tables cannot be shown: " + loaded.problem);
  return &loaded.module;
}

}  // namespace easel
