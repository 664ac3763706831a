// The table of a slot, wherever the formats put it: a preview inside the component, or an extent that is the table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/error.h"
#include "state/manifest.h"
#include "state/stamps.h"
#include "state/table.h"

namespace easel {

/// Make sure that the object `name` is whole: at once if `stamps` know the file as it is, otherwise by reading all of it.
///
/// Errors: kNotFound; kDataLoss OBJECT_DAMAGED naming the file.
Status EnsureWhole(const std::string& state_root, const std::string& name, ObjectStamps& stamps);

/// The first rows of the slot's table; nothing if it has none. What is shown was checked: a preview by its checksum, an
/// extent by verifying the objects that have it, unless `stamps` know them.
///
/// Errors: as EnsureWhole and ReadTablePreview.
Result<std::optional<TablePreview>> ReadSlotTable(const std::string& state_root, const Slot& slot,
                                                  ObjectStamps& stamps, std::int64_t max_rows,
                                                  std::int64_t max_columns);

}  // namespace easel
