#include "hub/recorded_standings.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

namespace easel {
namespace {

std::int64_t FileModifiedMs(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return 0;
  return info.st_mtim.tv_sec * 1000LL + info.st_mtim.tv_nsec / 1'000'000;
}

/// The attempt whose outputs are shown for a block in this state; nullopt: none.
std::optional<AttemptRecord> ShownAttempt(MetadataStore& store, const MetadataSnapshot& known,
                                          const std::string& block, std::string_view state) {
  for (const AttemptRecord& attempt : known.open_attempts)
    if (attempt.block == block) return attempt;
  if (state == "up_to_date" || state == "stale") {
    const auto record = std::ranges::find(known.blocks, block, &BlockRecord::block);
    if (auto found = store.FindAttempt(record->published_attempt)) return *std::move(found);
    return std::nullopt;
  }
  if (auto newest = store.History(block, 1); newest && !newest->empty()) return newest->front();
  return std::nullopt;
}

}  // namespace

std::string_view RecordedState(const Block& block, const std::string& root, const MetadataSnapshot& known) {
  for (const AttemptRecord& attempt : known.open_attempts)
    if (attempt.block == block.name) return attempt.status == AttemptStatus::kQueued ? "queued" : "running";
  const auto record = std::ranges::find(known.blocks, block.name, &BlockRecord::block);
  if (record == known.blocks.end()) return "never_run";
  if (record->last_status == "failed" || record->last_status == "cancelled" ||
      record->last_status == "skipped")
    return record->last_status;
  if (record->published_attempt.empty()) return "never_run";
  return FileModifiedMs(root + "/" + block.file) > record->published_ms ? "stale" : "up_to_date";
}

std::map<std::string, json::object> RecordedStandings(const std::string& root, const Canvas& canvas) {
  std::map<std::string, json::object> out;
  const std::string database = root + "/.easel/" + std::string(kMetadataFile);
  struct stat info{};
  if (::stat(database.c_str(), &info) != 0) return out;
  const auto store = OpenSqliteMetadata(database, true);
  if (!store) return out;
  const auto known = (*store)->Load();
  if (!known) return out;
  for (const Block& block : canvas.blocks) {
    const std::string_view state = RecordedState(block, root, *known);
    json::object one{{"state", state}, {"reason", ""}};
    if (state == "stale") one["reason"] = "its file was changed after it ran";
    const auto record = std::ranges::find(known->blocks, block.name, &BlockRecord::block);
    if (record != known->blocks.end() && state == record->last_status) one["reason"] = record->last_reason;
    if (state != "never_run")
      if (const auto attempt = ShownAttempt(**store, *known, block.name, state)) {
        one["attempt"] = attempt->attempt;
        if (attempt->finished_ms > 0) {
          one["run_ms"] = attempt->started_ms > 0 ? attempt->finished_ms - attempt->started_ms : 0;
          one["finished_ms"] = attempt->finished_ms;
        }
      }
    out[block.name] = std::move(one);
  }
  return out;
}

}  // namespace easel
