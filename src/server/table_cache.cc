#include "server/table_cache.h"

#include <utility>
#include <vector>

#include "base/text.h"
#include "engine/rename.h"
#include "metadata/metadata_store.h"
#include "state/manifest.h"
#include "state/slot_table.h"

namespace easel {
namespace {

struct Published {
  std::string attempt;
  std::string manifest;  ///< SHA-256
};

/// The attempt that is asked for, as the canvas's database knows it.
Result<Published> FindPublished(const std::string& state_root, const TablePlace& place) {
  const auto nothing = [&] {
    return Fail(Code::kNotFound, "NO_STATE", "`" + place.block + "` has no result yet: run it first");
  };
  auto metadata = OpenSqliteMetadata(state_root + "/" + std::string(kMetadataFile), true);
  if (!metadata && metadata.error().code == Code::kNotFound) return nothing();
  EASEL_TRY(const auto store, std::move(metadata));
  if (place.attempt.empty()) {
    EASEL_TRY(const MetadataSnapshot snapshot, store->Load());
    for (const BlockRecord& record : snapshot.blocks)
      if (record.block == place.block && !record.published_attempt.empty())
        return Published{record.published_attempt, record.published_manifest};
    return nothing();
  }
  EASEL_TRY(const auto record, store->FindAttempt(place.attempt));
  if (record && !record->manifest.empty()) return Published{record->attempt, record->manifest};
  return Fail(Code::kNotFound, "ATTEMPT_UNKNOWN",
              "`" + place.block + "` has no attempt `" + place.attempt + "` with a result");
}

}  // namespace

Result<std::shared_ptr<const OpenTable>> TableCache::Open(const TablePlace& place) {
  const std::string state_root = place.canvas_root + "/.easel";
  const auto key_of = [&](const std::string& attempt) {
    return place.canvas_root + '\n' + place.block + '\n' + attempt + '\n' + place.variable;
  };
  const auto find = [&](const std::string& key) -> std::shared_ptr<const OpenTable> {
    const std::lock_guard lock(mutex_);
    for (auto it = tables_.begin(); it != tables_.end(); ++it)
      if (it->key == key && it->table->view->cut()) {  // what its file has now is to be seen anew
        tables_.erase(it);
        return nullptr;
      } else if (it->key == key) {
        tables_.splice(tables_.begin(), tables_, it);
        return tables_.front().table;
      }
    return nullptr;
  };
  if (!place.attempt.empty())
    if (auto found = find(key_of(place.attempt))) return found;
  EASEL_TRY(const Published published, FindPublished(state_root, place));
  const std::string key = key_of(published.attempt);
  if (auto found = find(key)) return found;

  EASEL_TRY(const Manifest manifest,
            LoadManifest(ManifestPath(state_root, published.attempt), published.manifest));
  const auto variable = manifest.state.variables.find(place.variable);
  if (variable == manifest.state.variables.end()) {
    std::vector<std::string> names;
    for (const auto& [name, ignored] : manifest.state.variables) names.push_back(name);
    return Fail(Code::kNotFound, "VARIABLE_UNKNOWN",
                "the state of `" + place.block + "` has no variable `" + place.variable + "`" +
                    DidYouMean(place.variable, names));
  }
  const auto slot = manifest.state.slots.find(variable->second.slot);
  if (slot == manifest.state.slots.end() || !slot->second.table)
    return Fail(Code::kNotFound, "NO_TABLE",
                "`" + place.variable + "` (" + variable->second.type + ") is not stored as a table");
  ObjectStamps stamps(state_root);
  EASEL_TRY(SlotTable bytes, SlotTable::Open(state_root, slot->second, stamps));
  auto table = std::make_shared<OpenTable>();
  table->attempt = published.attempt;
  table->variable = place.variable;
  table->type = variable->second.type;
  table->rows = slot->second.table->rows;
  table->complete = slot->second.table->complete;
  EASEL_TRY(table->view,
            TableView::Open(std::move(bytes), ObjectPath(state_root, slot->second.object) + " at byte " +
                                                  std::to_string(slot->second.offset)));
  EASEL_TRY(table->about, table->view->Describe());
  const std::lock_guard lock(mutex_);
  tables_.push_front({key, table});
  while (tables_.size() > most_tables_) {
    const TableView* gone = tables_.back().table->view.get();
    std::erase_if(kept_, [&](const Kept& kept) { return kept.view == gone; });
    tables_.pop_back();
  }
  return table;
}

Result<std::string> TableCache::OriginOf(const TablePlace& place, const OpenTable& table) {
  const std::string state_root = place.canvas_root + "/.easel";
  EASEL_TRY(const auto store, OpenSqliteMetadata(state_root + "/" + std::string(kMetadataFile), true));
  EASEL_TRY(const MetadataSnapshot snapshot, store->Load());
  EASEL_TRY(Manifest manifest, LoadManifest(ManifestPath(state_root, table.attempt), ""));
  manifest = NamedAsNow(std::move(manifest), *store, snapshot.renames);
  const auto variable = manifest.state.variables.find(table.variable);
  return variable == manifest.state.variables.end() ? std::string() : variable->second.origin;
}

std::shared_ptr<TableSelection> TableCache::Find(const OpenTable& table, const std::string& query) {
  const std::lock_guard lock(mutex_);
  for (auto it = kept_.begin(); it != kept_.end(); ++it)
    if (it->view == table.view.get() && it->query == query) {
      kept_.splice(kept_.begin(), kept_, it);
      return kept_.front().selection;
    }
  return nullptr;
}

void TableCache::Keep(const OpenTable& table, const std::string& query,
                      std::shared_ptr<TableSelection> selection) {
  const std::lock_guard lock(mutex_);
  std::erase_if(kept_,
                [&](const Kept& kept) { return kept.view == table.view.get() && kept.query == query; });
  kept_.push_front({table.view.get(), query, std::move(selection)});
  std::int64_t bytes = 0;
  for (auto it = kept_.begin(); it != kept_.end();) {
    bytes += it->selection->bytes() + 1024;
    it = it != kept_.begin() && bytes > most_bytes_ ? kept_.erase(it) : std::next(it);
  }
}

}  // namespace easel
