// libeasel_table.so, loaded when the first table is looked at.
#pragma once

#include "base/error.h"
#include "state/table/abi.h"

namespace easel {

struct TableModule {
  EaselTablePreview* preview = nullptr;
  EaselTableCompare* compare = nullptr;
  const EaselTableViews* views = nullptr;
};

/// The module, found beside the executable or in ../lib; loaded once. Thread-safe.
///
/// Errors: kUnimplemented TABLES_UNAVAILABLE, with the reason.
Result<const TableModule*> LoadTableModule();

}  // namespace easel
