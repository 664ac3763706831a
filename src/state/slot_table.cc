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

Result<SlotTable> SlotTable::Open(const std::string& state_root, const Slot& slot, ObjectStamps& stamps) {
  SlotTable out;
  EASEL_TRY(const ObjectFile file, ObjectFile::Open(ObjectPath(state_root, slot.object)));
  EASEL_TRY(const ComponentHead head, file.ReadHead(slot.offset, slot.length));
  if (slot.table->extent) {
    EASEL_RETURN_IF_ERROR(EnsureWhole(state_root, slot.object, stamps));
    for (const std::string& object : head.objects)
      EASEL_RETURN_IF_ERROR(EnsureWhole(state_root, object, stamps));
    EASEL_TRY(out.map_,
              ExtentMap::Map(state_root, slot.object, head, static_cast<std::size_t>(*slot.table->extent)));
    return out;
  }
  if (!head.table || head.table->range != ByteRange{slot.table->offset, slot.table->length})
    return ObjectDamaged(file.path() + " at byte " + std::to_string(slot.offset),
                         "the component has not the table that its manifest says");
  EASEL_TRY(out.read_, file.ReadChecked(slot.offset, *head.table));
  return out;
}

Result<std::optional<TablePreview>> ReadSlotTable(const std::string& state_root, const Slot& slot,
                                                  ObjectStamps& stamps, std::int64_t max_rows,
                                                  std::int64_t max_columns) {
  if (!slot.table) return std::nullopt;
  EASEL_TRY(const SlotTable table, SlotTable::Open(state_root, slot, stamps));
  const std::string where = ObjectPath(state_root, slot.object) + " at byte " + std::to_string(slot.offset);
  EASEL_TRY(TablePreview out, ReadTablePreview(table.bytes(), where, max_rows, max_columns));
  // The Arrow data may hold only the first rows of a large value.
  out.total_rows = std::max(out.total_rows, slot.table->rows);
  return out;
}

}  // namespace easel
