#include "server/canvas_summaries.h"

#include <sys/stat.h>

#include <algorithm>

#include "canvas/reader.h"
#include "canvas/utf8.h"
#include "hub/recorded_standings.h"
#include "metadata/metadata_store.h"

namespace easel {
namespace {

constexpr std::size_t kBoxes = 200;

std::int64_t ModifiedMs(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) return 0;
  return info.st_mtim.tv_sec * 1000LL + info.st_mtim.tv_nsec / 1'000'000;
}

/// Changes with whatever a summary is made of.
std::string StampOf(const std::string& root) {
  std::string out;
  for (const char* file : {"/canvas.yaml", "/blocks", "/.easel/metadata.db", "/.easel/metadata.db-wal"}) {
    struct stat info{};
    const bool there = ::stat((root + file).c_str(), &info) == 0;
    out += there ? std::to_string(info.st_size) + ":" + std::to_string(info.st_mtim.tv_sec) + "." +
                       std::to_string(info.st_mtim.tv_nsec) + ":" + std::to_string(info.st_ino) + " "
                 : "- ";
  }
  return out;
}

void AddResults(const Canvas& canvas, const std::string& root, json::object& out) {
  MetadataSnapshot known;
  if (auto store = OpenSqliteMetadata(root + "/.easel/" + std::string(kMetadataFile), true)) {
    if (auto loaded = (*store)->Load()) known = *std::move(loaded);
    if (const auto runs = (*store)->Runs(1); runs && !runs->empty())
      out["last_run"] = RunDocument(runs->front());
  }
  json::array boxes;
  for (const Block& block : canvas.blocks) {
    if (boxes.size() == kBoxes) break;
    boxes.push_back(json::object{{"kind", BlockKindName(block.kind)},
                                 {"x", block.x},
                                 {"y", block.y},
                                 {"width", block.width > 0 ? block.width : 360},
                                 {"height", block.height > 0 ? block.height : 180},
                                 {"state", RecordedState(block, root, known)}});
  }
  out["thumbnail"] = std::move(boxes);
}

json::object Read(const std::string& id, const std::string& root) {
  json::object out{
      {"id", id}, {"name", id}, {"blocks", 0}, {"changed_ms", ModifiedMs(root + "/canvas.yaml")}};
  const auto reading = ReadCanvasWithProblems(root, {.sources = false});
  if (!reading) {
    out["problem"] = ValidUtf8(reading.error().message);
  } else if (!reading->canvas) {
    out["problem"] =
        reading->problems.empty() ? "canvas.yaml cannot be read" : ValidUtf8(reading->problems[0].ToString());
  } else {
    const Canvas& canvas = *reading->canvas;
    out["name"] = canvas.name.empty() ? id : canvas.name;
    out["blocks"] = canvas.blocks.size();
    std::int64_t changed_ms = out["changed_ms"].get_int64();
    for (const Block& block : canvas.blocks)
      changed_ms = std::max(changed_ms, ModifiedMs(root + "/" + block.file));
    out["changed_ms"] = changed_ms;
    AddResults(canvas, root, out);
  }
  return out;
}

}  // namespace

json::object CanvasSummaries::Of(const std::string& id, const std::string& root, Role role) {
  const std::string stamp = StampOf(root);
  json::object out;
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = kept_.find(root); found != kept_.end() && found->second.stamp == stamp)
      out = found->second.summary;
  }
  if (out.empty()) {
    out = Read(id, root);
    const std::lock_guard lock(mutex_);
    if (kept_.size() > 10'000) kept_.clear();
    kept_[root] = {stamp, out};
  }
  out["role"] = RoleName(role);
  return out;
}

json::object RunDocument(const RunRecord& run) {
  json::object out{{"run", run.run},
                   {"mode", run.mode},
                   {"status", run.finished_ms == 0 && run.status.empty() ? "running" : run.status},
                   {"created_ms", run.created_ms},
                   {"finished_ms", run.finished_ms == 0 ? json::value() : json::value(run.finished_ms)}};
  const auto parsed =
      run.summary.empty() ? Result<json::value>(json::object()) : ParseJson(run.summary, "run");
  json::object counts;
  if (parsed && parsed->is_object()) {
    JsonReader reader(*parsed, "run");
    if (const std::string error = reader.StringOr("error", ""); !error.empty()) out["error"] = error;
    for (const char* field : {"ran", "up_to_date", "restored", "failed", "skipped", "cancelled"})
      counts[field] = reader.IntOr(field, 0);
  }
  out["counts"] = std::move(counts);
  return out;
}

}  // namespace easel
