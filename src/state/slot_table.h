// The table of a slot, wherever the formats put it: a preview inside the component, or an extent that is the table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "state/extent_map.h"
#include "state/manifest.h"
#include "state/stamps.h"
#include "state/table.h"

namespace easel {

/// Make sure that the object `name` is whole: at once if `stamps` know the file as it is, otherwise by reading all of it.
///
/// Errors: kNotFound; kDataLoss OBJECT_DAMAGED naming the file.
Status EnsureWhole(const std::string& state_root, const std::string& name, ObjectStamps& stamps);

/// The Arrow IPC file of a slot's table: read, or mapped. Movable.
class SlotTable {
 public:
  /// Open it. What it has was checked: a preview by its checksum, an extent by verifying the objects that have it, unless
  /// `stamps` know them. `slot.table` must be there.
  ///
  /// Errors: as EnsureWhole; kDataLoss OBJECT_DAMAGED.
  static Result<SlotTable> Open(const std::string& state_root, const Slot& slot, ObjectStamps& stamps);

  /// Its file was cut short while it was mapped: what was read from it since is worth nothing.
  bool cut() const { return map_ && map_->cut(); }
  std::string_view bytes() const { return map_ ? map_->bytes() : std::string_view(read_); }

 private:
  std::string read_;
  std::optional<ExtentMap> map_;
};

/// The first rows of the slot's table; nothing if it has none.
///
/// Errors: as SlotTable::Open and ReadTablePreview.
Result<std::optional<TablePreview>> ReadSlotTable(const std::string& state_root, const Slot& slot,
                                                  ObjectStamps& stamps, std::int64_t max_rows,
                                                  std::int64_t max_columns);

}  // namespace easel
