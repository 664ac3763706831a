// Runs of an open canvas: what the engine is told, and what it says.

#include <condition_variable>

#include "hub/canvas_hub.h"

namespace easel {
namespace {

struct Waiting {
  std::mutex mutex;
  std::condition_variable arrived;
  std::optional<Result<EngineEdit>> edit;

  void Put(Result<EngineEdit> value) {
    const std::lock_guard lock(mutex);
    edit = std::move(value);
    arrived.notify_all();
  }
};

json::object StandingJson(const StandingReport& report) {
  json::object out{{"state", StandingName(report.standing.standing)}, {"reason", report.standing.reason}};
  if (report.attempt.attempt.empty()) return out;
  out["attempt"] = report.attempt.attempt;
  if (report.attempt.started_ms > 0) out["started_ms"] = report.attempt.started_ms;
  if (report.attempt.finished_ms > 0) {
    out["run_ms"] = report.attempt.run_ms;
    out["finished_ms"] = report.attempt.finished_ms;
  }
  return out;
}

}  // namespace

/// How blocks stand is known, or will not be for a while.
void CanvasHub::EngineAnswered() {
  engine_answered_ = true;
  for (const auto& tell : std::exchange(after_engine_, {})) tell();
}

/// Whoever looks at the canvas starts the engine: one that is only edited by programs needs none.
void CanvasHub::StartEngine() {
  if (engine_ != nullptr) return;
  engine_ended_ = false;
  engine_ = std::make_unique<EngineLink>(
      canvas_->folder().path(), options_,
      EngineCallbacks{.on_problem =
                          [this](std::string problem) {
                            Post([this, problem = std::move(problem)] {
                              if (!problem.empty()) EngineAnswered();
                              if (problem == engine_problem_) return;
                              engine_problem_ = problem;
                              if (canvas_->problem().empty()) peers_.now().SetProblem(problem);
                            });
                          },
                      .on_event =
                          [this](const RunId& run, const json::object& event, const Canvas&) {
                            Post([this, run = run.value, event] { OnEvent(run, event); });
                          },
                      .on_standings =
                          [this](const std::vector<StandingReport>& changed, const Canvas& canvas) {
                            std::vector<std::pair<std::string, json::object>> of;
                            for (const StandingReport& report : changed)
                              of.emplace_back(canvas.blocks[static_cast<std::size_t>(report.block)].name,
                                              StandingJson(report));
                            Post([this, of = std::move(of)] { OnStandings(of); });
                          },
                      .current = [this]() -> Result<EngineEdit> {
                        auto waiting = std::make_shared<Waiting>();
                        Post([this, waiting] {
                          if (ended_)
                            return waiting->Put(Fail(Code::kUnavailable, "CANVAS_CLOSED",
                                                     "the canvas was closed: open it again"));
                          // What an editor saved a moment ago counts, too.
                          canvas_->FolderChanged();
                          if (const Status settled = canvas_->Settle(); !settled)
                            return waiting->Put(std::unexpected(settled.error()));
                          waiting->Put(EditNow());
                        });
                        std::unique_lock lock(waiting->mutex);
                        waiting->arrived.wait(lock, [&] { return waiting->edit.has_value(); });
                        return *std::move(waiting->edit);
                      },
                      .on_renamed =
                          [this](const std::map<std::string, std::string>& renamed) {
                            Post([this, renamed] { canvas_->Heard(renamed); });
                          },
                      .on_progress =
                          [this](const std::string& run, std::string_view line) {
                            Post([this, run, line = std::string(line)] {
                              json::object event{{"event", "environment.progress"}, {"message", line}};
                              if (!run.empty()) event["run"] = run;
                              if (run.empty()) EngineAnswered();  // it makes an environment first
                              if (const auto there = runs_.find(run); there != runs_.end())
                                there->second["message"] = line;
                              peers_.now().AddEvent(event);
                            });
                          }});
}

EngineEdit CanvasHub::EditNow() {
  engine_generation_ = canvas_->generation();
  EngineEdit edit{canvas_->AsCanvas(), canvas_->TakeRenames(), canvas_->UnheardNames()};
  for (const LiveBlock* block : canvas_->model().Blocks()) engine_names_[block->name] = block->id;
  return edit;
}

std::string CanvasHub::IdOf(const std::string& name) const {
  const auto found = engine_names_.find(name);
  return found == engine_names_.end() ? name : found->second;
}

Result<RunRequest> CanvasHub::RequestOf(const json::value& request) const {
  EASEL_TRY(RunRequest out, RunRequestFromJson(request));
  for (std::string& block : out.blocks) {
    const LiveBlock* there = canvas_->model().Find(block);
    if (there == nullptr)
      return Fail(Code::kNotFound, "NO_SUCH_BLOCK", "there is no block with the id `" + block + "` any more");
    block = there->name;
  }
  return out;
}

void CanvasHub::Plan(json::value request, Answer answer) {
  Post([this, request = std::move(request), answer = std::move(answer)] {
    auto wanted = RequestOf(request);
    if (!wanted) return answer(std::unexpected(wanted.error()));
    StartEngine();
    engine_->Plan(EditNow(), *std::move(wanted), [this, answer](Result<std::vector<PlannedBlock>> plan) {
      if (!plan) return answer(std::unexpected(plan.error()));
      Post([this, answer, plan = *std::move(plan)] {
        json::array steps;
        for (const PlannedBlock& block : plan)
          steps.push_back(json::object{{"block", IdOf(block.block)},
                                       {"name", block.block},
                                       {"action", block.action},
                                       {"reason", block.reason}});
        answer(json::object{{"steps", std::move(steps)}});
      });
    });
  });
}

void CanvasHub::Start(json::value request, std::string by, Answer answer) {
  Post([this, request = std::move(request), by = std::move(by), answer = std::move(answer)] {
    auto wanted = RequestOf(request);
    if (!wanted) return answer(std::unexpected(wanted.error()));
    // Files are what blocks and other programs see: they are what was typed.
    if (const Status written = canvas_->Flush(); !written) return answer(std::unexpected(written.error()));
    StartEngine();
    const std::string run = NewRunId(clock_.UnixMs()).value;
    const json::object document{{"run", run},
                                {"mode", RunModeName(wanted->mode)},
                                {"status", "running"},
                                {"created_ms", clock_.UnixMs()},
                                {"finished_ms", nullptr},
                                {"by", by}};
    engine_->Start(
        EditNow(), {.run = RunId{run}, .request = *std::move(wanted), .by = by},
        {.preparing =
             [this, document, answer](const std::vector<std::string>& environments) {
               Post([this, document, answer, environments] { Prepare(document, environments, answer); });
             },
         .started =
             [this, document, answer](Result<RunId> started) {
               Post([this, document, answer, error = started ? Error{} : started.error(),
                     ok = started.has_value()] {
                 Started(document, ok ? Status{} : std::unexpected(error), answer);
               });
             }});
  });
}

/// A run waits for environments: whoever asked for it need not, and pages see how far it is.
void CanvasHub::Prepare(json::object run, const std::vector<std::string>& environments,
                        const Answer& answer) {
  run["status"] = "preparing";
  run["environments"] = json::array(environments.begin(), environments.end());
  json::object event{{"event", "run.preparing"}};
  for (const char* field : {"run", "mode", "environments", "by"}) event[field] = run.at(field);
  peers_.now().AddEvent(event);
  runs_[std::string(run.at("run").get_string())] = run;
  answer(std::move(run));
}

void CanvasHub::Started(json::object run, const Status& started, const Answer& answer) {
  const std::string id(run.at("run").get_string());
  const auto there = runs_.find(id);
  const bool prepared = there != runs_.end() && there->second.contains("environments");
  if (started) {
    if (there != runs_.end()) there->second["by"] = run.at("by");
    if (!prepared) answer(std::move(run));
    return;
  }
  if (!prepared) return answer(std::unexpected(started.error()));
  // It was answered already: the news tell how it ended.
  const bool cancelled = started.error().code == Code::kCancelled;
  json::object event{{"event", "run.finished"}, {"run", id}, {"status", cancelled ? "cancelled" : "failed"}};
  for (const char* list : {"ran", "up_to_date", "restored", "failed", "skipped", "cancelled"})
    event[list] = json::array();
  event["seconds"] = static_cast<double>(clock_.UnixMs() - run.at("created_ms").as_int64()) / 1000;
  if (!cancelled) event["error"] = started.error().message;
  OnEvent(id, std::move(event));
}

void CanvasHub::Cancel(std::string run, bool kill, Answer answer) {
  Ask(std::move(answer), [this, run = std::move(run), kill]() -> Result<json::object> {
    if (!runs_.contains(run))
      return Fail(Code::kNotFound, "RUN_UNKNOWN", "there is no run " + run.substr(0, 60) + " under way");
    engine_->Cancel(RunId{run}, kill);
    return json::object{};
  });
}

void CanvasHub::OnEvent(const std::string& run, json::object event) {
  const std::string name(event.at("event").get_string());
  if (name == "run.started") {
    json::object begun{{"run", run},
                       {"mode", event.contains("mode") ? event.at("mode") : json::value("all")},
                       {"status", "running"},
                       {"created_ms", clock_.UnixMs()},
                       {"finished_ms", nullptr}};
    // One that waited for its environment keeps what is known of it.
    if (const auto there = runs_.find(run); there != runs_.end()) {
      there->second["status"] = "running";
      there->second.erase("message");
    } else {
      runs_[run] = std::move(begun);
    }
  } else if (name == "run.finished") {
    runs_.erase(run);
  }
  if (json::value* block = event.if_contains("block"); block != nullptr && block->is_string())
    *block = IdOf(std::string(block->get_string()));
  for (const char* list : {"ran", "up_to_date", "restored", "failed", "skipped", "cancelled"})
    if (json::value* names = event.if_contains(list); names != nullptr && names->is_array())
      for (json::value& block : names->get_array())
        if (block.is_string()) block = IdOf(std::string(block.get_string()));
  peers_.now().AddEvent(event);
}

void CanvasHub::OnStandings(const std::vector<std::pair<std::string, json::object>>& changed) {
  for (const auto& [name, standing] : changed) {
    const std::string id = IdOf(name);
    standings_[id] = standing;
    json::object out = standing;
    out["block"] = id;
    peers_.now().SetState(id, json::serialize(out));
  }
  EngineAnswered();
}

}  // namespace easel
