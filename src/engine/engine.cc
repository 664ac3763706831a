#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "engine/engine_state.h"

namespace easel {

using Stage = RunStage;

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kSucceeded: return "succeeded";
    case Outcome::kFailed: return "failed";
    case Outcome::kCancelled: return "cancelled";
    case Outcome::kSkipped: return "skipped";
    case Outcome::kUpToDate: return "up_to_date";
    case Outcome::kRestored: return "restored";
  }
  return "failed";
}

Engine::Engine(std::shared_ptr<const Canvas> canvas, std::vector<BlockKnowledge> knowledge,
               Surroundings& surroundings, EngineOptions options)
    : canvas_(std::move(canvas)),
      surroundings_(surroundings),
      options_(std::move(options)),
      blocks_(canvas_->blocks.size()),
      renames_(options_.renames) {
  EASEL_CHECK(knowledge.size() == blocks_.size());
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].known = std::move(knowledge[i]);
    blocks_[i].known.record.block = canvas_->blocks[i].name;
  }
  LinkBlocks();
}

Engine::~Engine() = default;

void Engine::Handle(Event event, std::vector<Command>& commands) {
  out_ = &commands;
  std::visit(
      [this](auto&& e) {
        using E = std::decay_t<decltype(e)>;
        if constexpr (std::is_same_v<E, RunRequested>) OnRunRequested(std::move(e));
        if constexpr (std::is_same_v<E, CancelRequested>) OnCancel(e);
        if constexpr (std::is_same_v<E, Committed>) OnCommitted(e);
        if constexpr (std::is_same_v<E, AttemptStarted>) OnStarted(std::move(e));
        if constexpr (std::is_same_v<E, AttemptPhase>) OnPhase(std::move(e));
        if constexpr (std::is_same_v<E, AttemptFinished>) OnFinished(std::move(e));
        if constexpr (std::is_same_v<E, AttemptAdopted>) OnAdopted(std::move(e));
      },
      std::move(event));
  AdvanceAll();
  out_ = nullptr;
}

void Engine::AdvanceAll() {
  std::vector<std::string> ids;
  for (const auto& [id, run] : runs_) ids.push_back(id);
  for (const std::string& id : ids)
    if (const auto run = runs_.find(id); run != runs_.end()) Advance(*run->second);
}

void Engine::Say(const RunId& run, Announcement what) { out_->push_back(Announce{run, std::move(what)}); }

std::string RunRequestText(const RunRequest& request, const std::string& by) {
  json::array names;
  for (const std::string& name : request.blocks) names.emplace_back(name);
  json::object out{{"blocks", std::move(names)}, {"force", request.force}};
  if (!by.empty()) out["by"] = by;
  return json::serialize(out);
}

constexpr char kUnchanged[] = "nothing that it depends on changed";

void Engine::Commit(Batch batch, std::function<void(const Status&)> then) {
  const std::int64_t ticket = next_ticket_++;
  commits_[ticket] = std::move(then);
  out_->push_back(CommitChanges{ticket, std::move(batch)});
}

void Engine::OnCommitted(const Committed& event) {
  const auto found = commits_.find(event.ticket);
  if (found == commits_.end()) return;
  const auto then = std::move(found->second);
  commits_.erase(found);
  if (!event.status && broken_.empty()) Break(event.status.error());
  then(event.status);
}

/// The database takes no more: stop what runs, settle what waits, and say so.
void Engine::Break(const Error& error) {
  broken_ = error.message;
  for (auto& [id, run] : runs_) {
    run->cancelled = true;
    run->result.error = broken_;
  }
  for (auto& [id, attempt] : attempts_) {
    attempt.stopping = true;
    out_->push_back(StopAttempt{id, 0});
  }
}

// --- Runs ---

void Engine::OnRunRequested(RunRequested event) {
  auto owned = std::make_unique<Run>();
  Run& run = *owned;
  run.id = event.run;
  run.request = std::move(event.request);
  run.by = std::move(event.by);
  run.started_ms = surroundings_.UnixMs();
  run.blocks.resize(blocks_.size());
  runs_[run.id.value] = std::move(owned);
  Say(run.id, RunStarted{run.request.mode, options_.at});
  if (!broken_.empty()) {
    run.cancelled = true;
    run.result.error = broken_;
  }
  const std::vector<char> in = Scope(run.request);
  for (const std::int32_t block : canvas_->topological) {
    if (!in[block]) continue;
    RunBlock& mine = run.blocks[block];
    mine.stage = Stage::kWaiting;
    for (const std::int32_t parent : parents_[block]) mine.waits_for += in[parent];
    ++run.unsettled;
    Touch(block);
    if (mine.waits_for == 0) run.decidable.push_back(block);
  }
  RunRecord record{.run = run.id.value,
                   .mode = std::string(RunModeName(run.request.mode)),
                   .request = RunRequestText(run.request, run.by),
                   .created_ms = run.started_ms,
                   .status = "running",
                   .at = options_.at};
  Commit({PutRun{std::move(record)}}, [](const Status&) {});
}

void Engine::Advance(Run& run) {
  do {
    while (!run.decidable.empty()) {
      const std::int32_t block = run.decidable.front();
      run.decidable.pop_front();
      TakeNext(run, block);
    }
    Dispatch(run);
  } while (!run.decidable.empty());
  if (!run.unsaid.empty()) Say(run.id, BlocksUpToDate{std::exchange(run.unsaid, {}), kUnchanged});
  FinishIfDone(run);
}

/// All parents are settled: decide what becomes of `block` in this run.
void Engine::TakeNext(Run& run, std::int32_t block) {
  RunBlock& mine = run.blocks[block];
  if (mine.stage != Stage::kWaiting || (mine.waits_for > 0 && !run.cancelled)) return;
  if (run.cancelled) {
    Settle(run, {.block = block, .outcome = Outcome::kCancelled, .reason = "the run was cancelled"});
    return;
  }
  if (mine.doomed_by >= 0) {
    const bool failed = std::ranges::find(run.result.failed, mine.doomed_by) != run.result.failed.end();
    const bool cancelled =
        std::ranges::find(run.result.cancelled, mine.doomed_by) != run.result.cancelled.end();
    const std::string reason = "skipped: `" + canvas_->blocks[mine.doomed_by].name +
                               (failed      ? "` failed"
                                : cancelled ? "` was cancelled"
                                            : "` was skipped");
    blocks_[block].known.record.last_status = "skipped";
    blocks_[block].known.record.last_reason = reason;
    Batch batch;
    Outcome(batch, blocks_[block].known.record);
    if (!batch.empty()) Commit(std::move(batch), [](const Status&) {});
    Settle(run, {.block = block, .outcome = Outcome::kSkipped, .reason = reason});
    return;
  }
  if (steady_[block] != 0 && !run.request.force) return SettleUpToDate(run, block);
  if (!blocks_[block].attempt.empty()) {  // another run, or an engine before this one, has it under way
    blocks_[block].waiting_runs.push_back(run.id.value);
    return;
  }
  Decision decision = Decide(block, run.request.force, true);
  switch (decision.kind) {
    case Decision::Kind::kUpToDate: return SettleUpToDate(run, block);
    case Decision::Kind::kSkip:
      Settle(run, {.block = block, .outcome = Outcome::kSkipped, .reason = std::move(decision.reason)});
      return;
    case Decision::Kind::kRestore: Restore(run, block, std::move(decision)); return;
    case Decision::Kind::kRun:
      mine.stage = Stage::kReady;
      run.why[block] = std::move(decision.reason);
      run.ready.push_back(block);
      return;
  }
}

void Engine::Settle(Run& run, BlockFinished finished, bool announce_later) {
  const std::int32_t block = finished.block;
  run.blocks[block].stage = announce_later ? Stage::kPublishing : Stage::kSettled;
  switch (finished.outcome) {
    case Outcome::kSucceeded: run.result.ran.push_back(block); break;
    case Outcome::kFailed: run.result.failed.push_back(block); break;
    case Outcome::kCancelled: run.result.cancelled.push_back(block); break;
    case Outcome::kSkipped: run.result.skipped.push_back(block); break;
    case Outcome::kUpToDate: run.result.up_to_date.push_back(block); break;
    case Outcome::kRestored: run.result.restored.push_back(block); break;
  }
  const bool good = finished.outcome == Outcome::kSucceeded || finished.outcome == Outcome::kUpToDate ||
                    finished.outcome == Outcome::kRestored;
  Release(run, block, good);
  if (!announce_later) Say(run.id, std::move(finished));
}

void Engine::SettleUpToDate(Run& run, std::int32_t block) {
  run.blocks[block].stage = Stage::kSettled;
  run.result.up_to_date.push_back(block);
  run.unsaid.push_back(block);
  Release(run, block, true);
}

/// `block` is settled: its children may be next.
void Engine::Release(Run& run, std::int32_t block, bool good) {
  const std::int32_t doomed_by = run.blocks[block].doomed_by;
  run.blocks[block].good = good;
  --run.unsettled;
  Touch(block);
  for (const std::int32_t child : children_[block]) {
    RunBlock& below = run.blocks[child];
    if (below.stage != Stage::kWaiting) continue;
    if (!good && below.doomed_by < 0) below.doomed_by = doomed_by >= 0 ? doomed_by : block;
    if (--below.waits_for == 0) run.decidable.push_back(child);
  }
}

void Engine::Restore(Run& run, std::int32_t block, Decision decision) {
  BlockRecord& record = blocks_[block].known.record;
  record.published_attempt = decision.past.attempt;
  record.published_manifest = decision.past.manifest_digest;
  record.published_base_key = blocks_[block].base_key;
  blocks_[block].inputs->renames = renames_;
  record.published_inputs = blocks_[block].inputs->Serialize();
  record.published_ms = decision.past.manifest->finished_ms;  // `cache: for` counts from when it was made
  record.last_status = "succeeded";
  SetPublished(block, decision.past.manifest);
  BlockFinished finished{.block = block,
                         .outcome = Outcome::kRestored,
                         .reason = "an earlier result fits again (" + decision.reason + ")",
                         .attempt = decision.past.attempt};
  Settle(run, finished, true);
  ++run.unannounced;
  record.last_reason = finished.reason;
  Batch batch{Standing(run.id, record, record.epoch)};
  Outcome(batch, record);
  Commit(std::move(batch),
         [this, id = run.id, finished](const Status& status) { AnnounceStored(id, finished, status); });
}

/// What waited for the disk is settled: tell it, as a failure if it was not stored.
void Engine::AnnounceStored(const RunId& id, BlockFinished finished, const Status& status) {
  Run& run = *runs_.at(id.value);
  run.blocks[finished.block].stage = Stage::kSettled;
  Touch(finished.block);
  --run.unannounced;
  const bool good = finished.outcome == Outcome::kSucceeded || finished.outcome == Outcome::kRestored;
  if (!status && good) {
    std::erase(finished.outcome == Outcome::kSucceeded ? run.result.ran : run.result.restored,
               finished.block);
    run.result.failed.push_back(finished.block);
    finished.outcome = Outcome::kFailed;
    finished.reason = status.error().message;
  }
  Say(id, std::move(finished));
}

bool Engine::JobsAreFull(const Run& run) const {
  return run.running >= (run.request.jobs > 0 ? run.request.jobs : std::max<std::int32_t>(1, options_.cores));
}

/// Cores and memory are the machine's, so what other runs and adopted attempts use counts, too. What needs more than
/// there is runs when nothing else does.
bool Engine::HasRoom(std::int32_t block) const {
  if (room_.attempts == 0) return true;
  const Compute& compute = canvas_->blocks[block].compute;
  if (compute.cpu > 0 && room_.cores + compute.cpu > options_.cores + 1e-9) return false;
  return compute.memory_bytes == 0 || options_.memory_bytes == 0 ||
         room_.memory_bytes + compute.memory_bytes <= options_.memory_bytes;
}

void Engine::TakeRoom(std::int32_t block) {
  const Compute& compute = blocks_[block].room = canvas_->blocks[block].compute;
  ++room_.attempts;
  room_.cores += compute.cpu;
  room_.memory_bytes += compute.memory_bytes;
}

void Engine::GiveRoom(std::int32_t block) {
  if (--room_.attempts == 0) {
    room_ = {};
    return;
  }
  room_.cores -= blocks_[block].room.cpu;
  room_.memory_bytes -= blocks_[block].room.memory_bytes;
}

void Engine::Dispatch(Run& run) {
  if (run.cancelled) {
    for (const std::int32_t block : std::exchange(run.ready, {}))
      Settle(run, {.block = block, .outcome = Outcome::kCancelled, .reason = "the run was cancelled"});
    while (!run.decidable.empty()) {
      const std::int32_t block = run.decidable.front();
      run.decidable.pop_front();
      TakeNext(run, block);
    }
    return;
  }
  // A block that needs much room must not keep smaller ones behind it waiting; how far to look is bounded.
  for (std::size_t i = 0, looked = 0; i < run.ready.size() && looked < 64; ++looked) {
    if (JobsAreFull(run)) return;
    const std::int32_t block = run.ready[i];
    if (!HasRoom(block)) {
      ++i;
      continue;
    }
    run.ready.erase(run.ready.begin() + static_cast<std::ptrdiff_t>(i));
    if (!blocks_[block].attempt.empty()) {  // another run was quicker: look again when it is over
      run.blocks[block].stage = Stage::kWaiting;
      blocks_[block].waiting_runs.push_back(run.id.value);
      continue;
    }
    if (blocks_[block].joined == nullptr ||
        !blocks_[block].inputs) {  // a parent published since: decide once more
      run.blocks[block].stage = Stage::kWaiting;
      TakeNext(run, block);
      continue;
    }
    looked = 0;
    Open(run, block);
  }
}

void Engine::Open(Run& run, std::int32_t block) {
  BlockState& state = blocks_[block];
  const Block& definition = canvas_->blocks[block];
  RunBlock& mine = run.blocks[block];
  mine.stage = Stage::kOpening;
  ++mine.tries;
  ++run.running;
  TakeRoom(block);
  const std::int64_t epoch = ++state.known.record.epoch;
  state.inputs->renames = renames_;
  AttemptRecord record{.attempt = MakeAttemptId(run.id, definition.name, epoch).value,
                       .run = run.id.value,
                       .block = definition.name,
                       .epoch = epoch,
                       .status = AttemptStatus::kRunning,
                       .base_key = state.base_key,
                       .inputs = state.inputs->Serialize(),
                       .started_ms = surroundings_.UnixMs(),
                       .at = options_.at};
  state.attempt = record.attempt;
  steady_[block] = 0;
  Touch(block);
  StartAttempt start{.record = record,
                     .block = block,
                     .definition = definition,
                     .environment = state.known.environment,
                     .state = state.joined->pointer()};
  start.load = NamesToLoad(ReadClosure(*state.known.analysis, *start.state), *start.state);
  start.flags = state.known.analysis->flags;
  for (const std::int32_t parent : canvas_->parents[block]) {
    const BlockRecord& above = blocks_[parent].known.record;
    start.parents.push_back({above.block, above.published_attempt, above.published_manifest});
  }
  attempts_[record.attempt] = Attempt{record, block, run.id.value};
  for (const NameConflict& conflict : state.conflicts) {
    std::vector<std::string> losers;
    for (const std::string& loser : conflict.losers) losers.push_back("`" + loser + "`");
    Say(run.id, BlockNotice{block, "name_conflict",
                            "`" + conflict.name + "` comes from more than one parent: the value of `" +
                                conflict.winner + "` is used, that of " + JoinWords(losers) + " is not"});
  }
  const bool seeded_above = std::ranges::any_of(
      start.state->settings, [](const auto& setting) { return setting.first.starts_with("random:"); });
  if (definition.cache.kind == CachePolicy::Kind::kAuto && !seeded_above &&
      std::ranges::find(start.flags, "random") != start.flags.end())
    Say(run.id,
        BlockNotice{
            block, "unseeded_random",
            "it draws random numbers without a seed: the result is kept until something that it reads "
            "changes; seed the generator, or set `cache: never`"});
  Commit({OpenAttempt{record}}, [this, id = run.id.value,
                                 start = std::move(start)](const Status& status) mutable {
    Run& mine = *runs_.at(id);
    const auto opened = attempts_.find(start.record.attempt);
    if (opened == attempts_.end()) return;
    if (!status || mine.cancelled || opened->second.stopping) {
      Attempt over = std::move(opened->second);
      attempts_.erase(opened);
      Fail(std::move(over), {.attempt = start.record.attempt, .status = status ? "cancelled" : "unrecorded"});
      return;
    }
    mine.blocks[start.block].stage = Stage::kRunning;
    out_->push_back(std::move(start));
  });
}

void Engine::OnCancel(const CancelRequested& event) {
  const auto found = runs_.find(event.run.value);
  if (found == runs_.end()) return;
  Run& run = *found->second;
  run.cancelled = true;
  for (auto& [id, attempt] : attempts_) {
    if (attempt.run != run.id.value || run.blocks[attempt.block].stage != Stage::kRunning) continue;
    attempt.stopping = true;
    out_->push_back(StopAttempt{id, event.kill ? 0 : options_.cancel_grace_ms});
  }
  for (std::size_t i = 0; i < run.blocks.size(); ++i)
    if (run.blocks[i].stage == Stage::kWaiting) {
      auto& waiting = blocks_[i].waiting_runs;
      if (std::erase(waiting, run.id.value) > 0) run.decidable.push_back(static_cast<std::int32_t>(i));
    }
}

void Engine::FinishIfDone(Run& run) {
  if (run.unsettled > 0 || run.unannounced > 0 || !run.result.status.empty()) return;
  RunFinished& result = run.result;
  result.status = run.cancelled && (result.error.empty())                                      ? "cancelled"
                  : !result.error.empty() || !result.failed.empty() || !result.skipped.empty() ? "failed"
                                                                                               : "succeeded";
  result.seconds = static_cast<double>(surroundings_.UnixMs() - run.started_ms) / 1e3;
  json::object counts{{"ran", result.ran.size()},           {"up_to_date", result.up_to_date.size()},
                      {"restored", result.restored.size()}, {"failed", result.failed.size()},
                      {"skipped", result.skipped.size()},   {"cancelled", result.cancelled.size()}};
  RunRecord record{.run = run.id.value,
                   .mode = std::string(RunModeName(run.request.mode)),
                   .request = RunRequestText(run.request, run.by),
                   .created_ms = run.started_ms,
                   .finished_ms = surroundings_.UnixMs(),
                   .status = result.status,
                   .summary = json::serialize(counts),
                   .at = options_.at};
  Commit({PutRun{std::move(record)}}, [this, id = run.id](const Status& status) {
    RunFinished end = std::move(runs_.at(id.value)->result);
    runs_.erase(id.value);
    if (!status) {
      end.status = "failed";
      end.error = status.error().message;
    }
    Say(id, std::move(end));
  });
}

}  // namespace easel
