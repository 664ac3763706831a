#include "state/slot_table.h"

#include "state/extent_map.h"
#include "state/object_file.h"

namespace easel {

Status EnsureWhole(const std::string& state_root, const std::string& name, ObjectStamps& stamps) {
  EASEL_TRY(const ObjectFile file, ObjectFile::Open(ObjectPath(state_root, name)));
  if (stamps.Holds(name, file.info())) return {};
  EASEL_RETURN_IF_ERROR(file.Verify(name));
  stamps.Put(name, file.info());
  return {};
}

Result<std::optional<TablePreview>> ReadSlotTable(const std::string& state_root, const Slot& slot,
                                                  ObjectStamps& stamps, std::int64_t max_rows,
                                                  std::int64_t max_columns) {
  if (!slot.table) return std::nullopt;
  EASEL_TRY(const ObjectFile file, ObjectFile::Open(ObjectPath(state_root, slot.object)));
  EASEL_TRY(const ComponentHead head, file.ReadHead(slot.offset, slot.length));
  const std::string where = file.path() + " at byte " + std::to_string(slot.offset);
  Result<TablePreview> read = TablePreview{};
  if (slot.table->extent) {
    EASEL_RETURN_IF_ERROR(EnsureWhole(state_root, slot.object, stamps));
    for (const std::string& object : head.objects)
      EASEL_RETURN_IF_ERROR(EnsureWhole(state_root, object, stamps));
    EASEL_TRY(const ExtentMap map,
              ExtentMap::Map(state_root, slot.object, head, static_cast<std::size_t>(*slot.table->extent)));
    read = ReadTablePreview(map.bytes(), where, max_rows, max_columns);
  } else {
    if (!head.table || head.table->range != ByteRange{slot.table->offset, slot.table->length})
      return ObjectDamaged(where, "the component has not the table that its manifest says");
    EASEL_TRY(const std::string bytes, file.ReadChecked(slot.offset, *head.table));
    read = ReadTablePreview(bytes, where, max_rows, max_columns);
  }
  if (!read) return std::unexpected(std::move(read).error());
  // The Arrow data may hold only the first rows of a large value.
  read->total_rows = std::max(read->total_rows, slot.table->rows);
  return *std::move(read);
}

}  // namespace easel
