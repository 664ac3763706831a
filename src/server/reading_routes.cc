// What a canvas's `.easel/` has of its results: states, outputs, logs, attempts and runs. Nothing is started for it.

#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <list>
#include <map>

#include "canvas/utf8.h"
#include "engine/run_events.h"
#include "results/block_state.h"
#include "results/log_pages.h"
#include "results/stored_canvas.h"
#include "server/canvas_summaries.h"
#include "server/routes.h"
#include "state/manifest.h"

namespace easel {
namespace {

constexpr std::int64_t kOutputTailBytes = 256 << 10;
constexpr std::size_t kOutputBytes = std::size_t{8} << 20;

/// The marks of logs that were looked at lately. Thread-safe.
class OpenLogs {
 public:
  std::shared_ptr<LogPages> Get(const std::string& path) {
    const std::lock_guard lock(mutex_);
    for (auto it = logs_.begin(); it != logs_.end(); ++it)
      if (it->first == path) {
        logs_.splice(logs_.begin(), logs_, it);
        return logs_.front().second;
      }
    logs_.emplace_front(path, std::make_shared<LogPages>(path));
    if (logs_.size() > 64) logs_.pop_back();
    return logs_.front().second;
  }

 private:
  std::mutex mutex_;
  std::list<std::pair<std::string, std::shared_ptr<LogPages>>> logs_;
};

/// A block of a canvas, and the attempt of it that a request is about.
struct Looked {
  StoredCanvas canvas;
  std::string block;
  std::optional<AttemptRecord> attempt;
};

json::value MsOrNull(std::int64_t ms) { return ms == 0 ? json::value() : json::value(ms); }

/// What Python could not say of a failure is not in the journal.
void AddFailure(const AttemptRecord& attempt, std::string_view block, std::vector<json::object>& events) {
  const auto said = [](const json::object& event) { return event.at("event") == "block.error"; };
  if (attempt.status != AttemptStatus::kFailed || std::ranges::any_of(events, said)) return;
  const auto failure = ParseJson(attempt.failure, "database");
  if (failure && failure->is_object()) events.push_back(FailureEvent(failure->get_object(), block));
}

class Reading {
 public:
  explicit Reading(const ServerParts& parts) : parts_(parts) {}

  Result<HttpResponse> State(const Call& call) {
    EASEL_TRY(const Looked at, Look(call, false));
    const BlockRecord* record = at.canvas.Find(at.block);
    if (record == nullptr || record->published_attempt.empty())
      return JsonResponse(json::object{
          {"attempt", nullptr}, {"total_bytes", 0}, {"added_bytes", 0}, {"variables", json::array()}});
    EASEL_TRY(const BlockState state, ReadBlockState(at.canvas, *record));
    json::object out = StateDocument(state);
    for (json::value& variable : out.at("variables").get_array()) {
      json::object& one = variable.get_object();
      const auto& known = state.manifest.state.variables.at(std::string(one.at("name").get_string()));
      const auto slot = state.manifest.state.slots.find(known.slot);
      one["table"] = slot != state.manifest.state.slots.end() && slot->second.table.has_value();
    }
    out.erase("files");
    return JsonResponse(out);
  }

  Result<HttpResponse> Outputs(const Call& call) {
    EASEL_TRY(const Looked at, Look(call, true));
    json::object out{{"attempt", nullptr}, {"events", json::array()}};
    if (!at.attempt) return JsonResponse(out);
    out["attempt"] = at.attempt->attempt;
    out["status"] = AttemptStatusName(at.attempt->status);
    const std::string path = JournalPath(at.canvas.state_root, at.attempt->attempt);
    auto gist = logs_.Get(path)->FindGist(kOutputTailBytes);
    std::vector<json::object> events;
    if (!gist && gist.error().code == Code::kNotFound) {  // it has shown nothing
      AddFailure(*at.attempt, call.Path("block"), events);
      for (json::object& event : events) out.at("events").get_array().push_back(std::move(event));
      return JsonResponse(out);
    }
    if (!gist) return std::unexpected(gist.error());
    JournalEvents earlier(call.Path("block"), gist->place.Back(std::ssize(gist->rich)));
    for (const std::int64_t offset : gist->rich) {
      EASEL_TRY(JournalReader reader, JournalReader::Open(path, offset));
      EASEL_TRY(const auto record, reader.Next());
      if (record) earlier.Add(*record, events);
    }
    JournalEvents maker(call.Path("block"), gist->place);
    EASEL_TRY(JournalReader reader, JournalReader::Open(path, gist->tail));
    for (;;) {
      EASEL_TRY(const auto record, reader.Next());
      if (!record) break;
      maker.Add(*record, events);
    }
    const JournalPlace& end = maker.place();
    out["ends"] = json::object{{"stdout", end.units(JournalStream::kStdout)},
                               {"stderr", end.units(JournalStream::kStderr)},
                               {"frames", end.frames()}};
    AddFailure(*at.attempt, call.Path("block"), events);
    std::int64_t cut_bytes = gist->cut_bytes;
    std::size_t bytes = 0;
    json::array kept;
    for (auto it = events.rbegin(); it != events.rend(); ++it) {  // the newest are worth most
      std::string text = json::serialize(*it);
      bytes += text.size();
      if (bytes > kOutputBytes && !kept.empty()) {
        cut_bytes += static_cast<std::int64_t>(text.size());
        continue;
      }
      kept.push_back(std::move(*it));
    }
    std::ranges::reverse(kept);
    out["events"] = std::move(kept);
    if (cut_bytes > 0) out["cut_bytes"] = cut_bytes;
    return JsonResponse(out);
  }

  Result<HttpResponse> Log(const Call& call) {
    EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
    EASEL_TRY(const std::int64_t from, call.QueryNumber("from", 0, -1'000'000'000, INT64_MAX / 2));
    const std::string search = call.request.target.Query("search").value_or("");
    if (search.size() > 800)
      return Fail(Code::kInvalidArgument, "BAD_PARAMETER", "`search` may have at most 200 characters");
    EASEL_TRY(const Looked at, Look(call, true));
    json::object out{{"attempt", nullptr}, {"lines", json::array()}, {"from", 0}, {"total", 0}};
    if (!at.attempt) return JsonResponse(out);
    out["attempt"] = at.attempt->attempt;
    const auto log = logs_.Get(JournalPath(at.canvas.state_root, at.attempt->attempt));
    auto page = search.empty() ? log->Page(from, limit) : log->Search(search, from, limit);
    if (!page && page.error().code == Code::kNotFound) return JsonResponse(out);
    if (!page) return std::unexpected(page.error());
    json::array lines;
    for (const LogLine& line : page->lines)
      lines.push_back(json::object{{"n", line.n}, {"stream", StreamName(line.stream)}, {"text", line.text}});
    out["lines"] = std::move(lines);
    out["from"] = page->from;
    out["total"] = page->total;
    return JsonResponse(out);
  }

  Result<HttpResponse> Attempts(const Call& call) {
    EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
    EASEL_TRY(const Looked at, Look(call, false));
    if (!at.canvas.HasRun()) return PageResponse({});
    EASEL_TRY(const auto history, at.canvas.metadata->History(at.block, INT_MAX));
    return Page(call, history, limit, &AttemptRecord::attempt, [&](const AttemptRecord& attempt) {
      json::object out{{"attempt", attempt.attempt},       {"run", attempt.run},
                       {"block", call.Path("block")},      {"status", AttemptStatusName(attempt.status)},
                       {"started_ms", attempt.started_ms}, {"finished_ms", MsOrNull(attempt.finished_ms)}};
      if (auto failure = ParseJson(attempt.failure, "database"); failure && failure->is_object())
        out["failure"] = *std::move(failure);
      if (attempt.status == AttemptStatus::kSucceeded)
        if (const auto manifest = LoadManifest(ManifestPath(at.canvas.state_root, attempt.attempt), "")) {
          json::object phases;
          for (const auto& [phase, ms] : manifest->phases_ms) phases[phase] = ms;
          out["phases_ms"] = std::move(phases);
        }
      return out;
    });
  }

  Result<HttpResponse> Runs(const Call& call) {
    EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
    EASEL_TRY(const StoredCanvas canvas, OpenStoredCanvas(call.canvas_root));
    if (!canvas.HasRun()) return PageResponse({});
    EASEL_TRY(const auto runs, canvas.metadata->Runs(INT_MAX));
    return Page(call, runs, limit, &RunRecord::run, RunDocument);
  }

 private:
  static std::string_view StreamName(JournalStream stream) {
    switch (stream) {
      case JournalStream::kStderr: return "stderr";
      case JournalStream::kError: return "error";
      case JournalStream::kNotice: return "notice";
      default: return "stdout";
    }
  }

  template <typename Record, typename Document>
  static HttpResponse Page(const Call& call, const std::vector<Record>& all, std::int64_t limit,
                           std::string Record::* id, Document document) {
    auto at = all.begin();
    if (const auto after = call.request.target.Query("cursor")) {
      at = std::ranges::find(all, *after, id);
      if (at != all.end()) ++at;
    }
    json::array items;
    for (; at != all.end() && static_cast<std::int64_t>(items.size()) < limit; ++at)
      items.push_back(document(*at));
    return PageResponse(std::move(items), at == all.end() || at == all.begin() ? "" : (*std::prev(at)).*id);
  }

  Result<Looked> Look(const Call& call, bool attempt) {
    EASEL_TRY(StoredCanvas canvas, OpenStoredCanvas(call.canvas_root));
    Looked out{.canvas = std::move(canvas), .block = call.Path("block"), .attempt = {}};
    out.canvas.shown = call.canvas;
    if (parts_.block_name)
      if (auto name = parts_.block_name(call.canvas_root, out.block)) out.block = *std::move(name);
    EASEL_RETURN_IF_ERROR(CheckBlock(out.canvas, out.block));
    if (!attempt || !out.canvas.HasRun()) return out;
    const auto wanted = call.request.target.Query("attempt");
    if (!wanted || wanted->empty()) {
      EASEL_TRY(out.attempt, AttemptToShow(out.canvas, out.block));
      return out;
    }
    EASEL_TRY(auto found, FindAttempt(out.canvas, out.block, *wanted));
    out.attempt = std::move(found);
    return out;
  }

  const ServerParts& parts_;
  OpenLogs logs_;
};

}  // namespace

void AddReadingRoutes(Router& router, const ServerParts& parts) {
  const auto all = std::make_shared<Reading>(parts);
  const auto call = [all](Result<HttpResponse> (Reading::*what)(const Call&)) {
    return [all, what](const Call& call) { return (all.get()->*what)(call); };
  };
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/blocks/{block}/state", call(&Reading::State));
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/blocks/{block}/outputs",
                              call(&Reading::Outputs));
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/blocks/{block}/log", call(&Reading::Log));
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/blocks/{block}/attempts",
                              call(&Reading::Attempts));
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/runs", call(&Reading::Runs));
}

}  // namespace easel
