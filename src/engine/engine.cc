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

Engine::Engine(const Canvas& canvas, std::vector<BlockKnowledge> knowledge, Surroundings& surroundings,
               EngineOptions options)
    : canvas_(canvas), surroundings_(surroundings), options_(std::move(options)), blocks_(canvas.blocks.size()) {
  EASEL_CHECK(knowledge.size() == blocks_.size());
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    blocks_[i].known = std::move(knowledge[i]);
    blocks_[i].known.record.block = canvas.blocks[i].name;
  }
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
  std::vector<std::string> ids;
  for (const auto& [id, run] : runs_) ids.push_back(id);
  for (const std::string& id : ids)
    if (const auto run = runs_.find(id); run != runs_.end()) Advance(*run->second);
  out_ = nullptr;
}

void Engine::Say(const RunId& run, Announcement what) { out_->push_back(Announce{run, std::move(what)}); }

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
  run.started_ms = surroundings_.UnixMs();
  run.blocks.resize(blocks_.size());
  runs_[run.id.value] = std::move(owned);
  Say(run.id, RunStarted{run.request.mode});
  const std::vector<char> in = Scope(run.request);
  for (const std::int32_t block : canvas_.topological) {
    if (!in[block]) continue;
    RunBlock& mine = run.blocks[block];
    mine.stage = Stage::kWaiting;
    for (const std::int32_t parent : canvas_.parents[block]) mine.waits_for += in[parent];
    ++run.unsettled;
    if (mine.waits_for == 0) run.decidable.push_back(block);
  }
  json::array names;
  for (const std::string& name : run.request.blocks) names.emplace_back(name);
  RunRecord record{.run = run.id.value,
                   .mode = std::string(RunModeName(run.request.mode)),
                   .request = json::serialize(json::object{{"blocks", std::move(names)}, {"force", run.request.force}}),
                   .created_ms = run.started_ms,
                   .status = "running"};
  Commit({PutRun{std::move(record)}}, [](const Status&) {});
}

void Engine::Advance(Run& run) {
  while (!run.decidable.empty()) {
    const std::int32_t block = run.decidable.front();
    run.decidable.pop_front();
    TakeNext(run, block);
  }
  Dispatch(run);
  FinishIfDone(run);
}

/// All parents are settled: decide what becomes of `block` in this run.
void Engine::TakeNext(Run& run, std::int32_t block) {
  RunBlock& mine = run.blocks[block];
  if (mine.stage != Stage::kWaiting) return;
  if (run.cancelled) {
    Settle(run, {.block = block, .outcome = Outcome::kCancelled, .reason = "the run was cancelled"});
    return;
  }
  if (mine.doomed_by >= 0) {
    const bool failed = std::ranges::find(run.result.failed, mine.doomed_by) != run.result.failed.end();
    const std::string reason =
        "skipped: `" + canvas_.blocks[mine.doomed_by].name + (failed ? "` failed" : "` was skipped");
    Commit({SetBlockOutcome{canvas_.blocks[block].name, "skipped", reason}}, [](const Status&) {});
    blocks_[block].known.record.last_status = "skipped";
    blocks_[block].known.record.last_reason = reason;
    Settle(run, {.block = block, .outcome = Outcome::kSkipped, .reason = reason});
    return;
  }
  if (!blocks_[block].attempt.empty()) {  // another run, or an engine before this one, has it under way
    blocks_[block].waiting_runs.push_back(run.id.value);
    return;
  }
  Decision decision = Decide(block, run.request.force, true);
  switch (decision.kind) {
    case Decision::Kind::kUpToDate:
      Settle(run, {.block = block, .outcome = Outcome::kUpToDate, .reason = std::move(decision.reason)});
      return;
    case Decision::Kind::kSkip:
      Settle(run, {.block = block, .outcome = Outcome::kSkipped, .reason = std::move(decision.reason)});
      return;
    case Decision::Kind::kRestore: Restore(run, block, std::move(decision)); return;
    case Decision::Kind::kRun:
      mine.stage = Stage::kReady;
      mine.why = std::move(decision.reason);
      run.ready.push_back(block);
      return;
  }
}

void Engine::Settle(Run& run, BlockFinished finished, bool announce_later) {
  const std::int32_t block = finished.block;
  RunBlock& mine = run.blocks[block];
  mine.stage = announce_later ? Stage::kPublishing : Stage::kSettled;
  --run.unsettled;
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
  for (const std::int32_t child : canvas_.children[block]) {
    RunBlock& below = run.blocks[child];
    if (below.stage != Stage::kWaiting) continue;
    if (!good && below.doomed_by < 0) below.doomed_by = mine.doomed_by >= 0 ? mine.doomed_by : block;
    if (--below.waits_for == 0) run.decidable.push_back(child);
  }
  if (!announce_later) Say(run.id, std::move(finished));
}

void Engine::Restore(Run& run, std::int32_t block, Decision decision) {
  BlockRecord& record = blocks_[block].known.record;
  const std::string& name = canvas_.blocks[block].name;
  record.published_attempt = decision.past.attempt;
  record.published_manifest = decision.past.manifest_digest;
  record.published_base_key = blocks_[block].base_key;
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
  Commit({easel::Publish{name, record.epoch, record.published_attempt, record.published_manifest,
                         record.published_base_key, record.published_inputs, record.published_ms},
          SetBlockOutcome{name, "succeeded", finished.reason}},
         [this, id = run.id, finished](const Status&) {
           Run& mine = *runs_.at(id.value);
           mine.blocks[finished.block].stage = Stage::kSettled;
           --mine.unannounced;
           Say(id, finished);
         });
}

bool Engine::HasRoom(const Run& run, std::int32_t block) const {
  if (run.running == 0) return true;
  const Compute& compute = canvas_.blocks[block].compute;
  const std::int32_t jobs = run.request.jobs > 0 ? run.request.jobs : std::max<std::int32_t>(1, options_.cores);
  if (run.running >= jobs) return false;
  if (compute.cpu > 0 && run.cores_used + compute.cpu > options_.cores) return false;
  return compute.memory_bytes == 0 || options_.memory_bytes == 0 ||
         run.memory_used + compute.memory_bytes <= options_.memory_bytes;
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
    const std::int32_t block = run.ready[i];
    if (!HasRoom(run, block)) {
      ++i;
      continue;
    }
    run.ready.erase(run.ready.begin() + static_cast<std::ptrdiff_t>(i));
    if (!blocks_[block].attempt.empty()) {  // another run was quicker: look again when it is over
      run.blocks[block].stage = Stage::kWaiting;
      blocks_[block].waiting_runs.push_back(run.id.value);
      continue;
    }
    Open(run, block);
  }
}

void Engine::Open(Run& run, std::int32_t block) {
  BlockState& state = blocks_[block];
  const Block& definition = canvas_.blocks[block];
  RunBlock& mine = run.blocks[block];
  mine.stage = Stage::kOpening;
  ++mine.tries;
  ++run.running;
  run.cores_used += definition.compute.cpu;
  run.memory_used += definition.compute.memory_bytes;
  const std::int64_t epoch = ++state.known.record.epoch;
  AttemptRecord record{.attempt = MakeAttemptId(run.id, definition.name, epoch).value,
                       .run = run.id.value,
                       .block = definition.name,
                       .epoch = epoch,
                       .status = AttemptStatus::kRunning,
                       .base_key = state.base_key,
                       .inputs = state.inputs->Serialize(),
                       .started_ms = surroundings_.UnixMs()};
  state.attempt = record.attempt;
  StartAttempt start{.record = record, .block = block, .state = state.joined->pointer()};
  start.load = NamesToLoad(ReadClosure(*state.known.analysis, *start.state), *start.state);
  start.flags = state.known.analysis->flags;
  for (const std::int32_t parent : canvas_.parents[block]) {
    const BlockRecord& above = blocks_[parent].known.record;
    start.parents.push_back({above.block, above.published_attempt, above.published_manifest});
  }
  attempts_[record.attempt] = Attempt{record, block, run.id.value};
  for (const NameConflict& conflict : state.conflicts) {
    std::vector<std::string> losers;
    for (const std::string& loser : conflict.losers) losers.push_back("`" + loser + "`");
    Say(run.id, BlockNotice{block, "name_conflict",
                            "`" + conflict.name + "` comes from more than one parent: the value of `" + conflict.winner +
                                "` is used, that of " + JoinWords(losers) + " is not"});
  }
  const bool seeded_above = std::ranges::any_of(
      start.state->settings, [](const auto& setting) { return setting.first.starts_with("random:"); });
  if (definition.cache.kind == CachePolicy::Kind::kAuto && !seeded_above &&
      std::ranges::find(start.flags, "random") != start.flags.end())
    Say(run.id, BlockNotice{block, "unseeded_random",
                            "it draws random numbers without a seed: the result is kept until something that it reads "
                            "changes; seed the generator, or set `cache: never`"});
  Commit({OpenAttempt{record}}, [this, id = run.id.value, start = std::move(start)](const Status& status) mutable {
    Run& mine = *runs_.at(id);
    if (!status || mine.cancelled) {
      const auto opened = attempts_.find(start.record.attempt);
      Attempt over = std::move(opened->second);
      attempts_.erase(opened);
      Fail(std::move(over), {.attempt = start.record.attempt, .status = "cancelled"});
      return;
    }
    mine.blocks[start.block].stage = Stage::kRunning;
    out_->push_back(std::move(start));
  });
}


// --- Attempts ---

void Engine::OnAdopted(AttemptAdopted event) {
  const auto block = canvas_.Find(event.record.block);
  if (!block) return;  // the block was removed meanwhile; its result is of no use
  blocks_[*block].attempt = event.record.attempt;
  std::string id = event.record.attempt;
  attempts_[std::move(id)] = Attempt{std::move(event.record), *block, ""};
}

void Engine::OnStarted(AttemptStarted event) {
  const auto found = attempts_.find(event.attempt);
  if (found == attempts_.end() || found->second.run.empty()) return;
  Say(RunId{found->second.run},
      BlockStarted{found->second.block, std::move(event.attempt), event.warm, std::move(event.missing)});
}

void Engine::OnPhase(AttemptPhase event) {
  const auto found = attempts_.find(event.attempt);
  if (found == attempts_.end() || found->second.run.empty()) return;
  Say(RunId{found->second.run}, BlockPhase{found->second.block, std::move(event.attempt), std::move(event.phase)});
}

void Engine::OnFinished(AttemptFinished event) {
  const auto found = attempts_.find(event.attempt);
  if (found == attempts_.end()) return;  // told twice, or of an older epoch
  Attempt attempt = std::move(found->second);
  attempts_.erase(found);
  if (event.status == "succeeded" && event.manifest != nullptr)
    Publish(std::move(attempt), std::move(event));
  else
    Fail(std::move(attempt), std::move(event));
}

void Engine::AttemptOver(std::int32_t block) {
  BlockState& state = blocks_[block];
  state.attempt.clear();
  for (const std::string& id : std::exchange(state.waiting_runs, {}))
    if (const auto run = runs_.find(id); run != runs_.end()) run->second->decidable.push_back(block);
}

void Engine::WarnOfSharedFiles(Run& run, std::int32_t block, const Manifest& manifest) {
  if (manifest.files.written.empty()) return;
  for (const std::int32_t other : run.result.ran) {
    const ManifestPtr& theirs = blocks_[other].known.published;
    if (other == block || theirs == nullptr || theirs->run != run.id.value) continue;
    const bool together = theirs->started_ms <= manifest.finished_ms && manifest.started_ms <= theirs->finished_ms;
    if (!together || IsAncestorOrSelf(theirs->block, block) || IsAncestorOrSelf(manifest.block, other)) continue;
    for (const auto& [path, unused] : manifest.files.written)
      if (theirs->files.written.contains(path))
        Say(run.id, BlockNotice{block, "file_conflict",
                                "`" + manifest.block + "` and `" + theirs->block + "` both wrote `" + path +
                                    "` at the same time; join them with an edge, or write to different files"});
  }
}

void Engine::Publish(Attempt attempt, AttemptFinished event) {
  const std::int32_t block = attempt.block;
  BlockRecord& record = blocks_[block].known.record;
  attempt.record.status = AttemptStatus::kSucceeded;
  attempt.record.manifest = event.manifest_digest;
  attempt.record.key = FullKey(attempt.record.base_key, event.manifest->files);
  attempt.record.finished_ms = surroundings_.UnixMs();
  record.published_attempt = attempt.record.attempt;
  record.published_manifest = event.manifest_digest;
  record.published_base_key = attempt.record.base_key;
  record.published_inputs = attempt.record.inputs;
  record.published_ms = attempt.record.finished_ms;
  record.last_status = "succeeded";
  record.last_reason.clear();
  Batch batch{PutAttempt{attempt.record},
              easel::Publish{record.block, attempt.record.epoch, attempt.record.attempt, event.manifest_digest,
                             attempt.record.base_key, attempt.record.inputs, record.published_ms},
              SetBlockOutcome{record.block, "succeeded", ""}};
  SetPublished(block, event.manifest);
  Run* run = nullptr;
  if (const auto found = runs_.find(attempt.run); found != runs_.end()) run = found->second.get();
  BlockFinished finished{.block = block,
                         .outcome = Outcome::kSucceeded,
                         .reason = run == nullptr ? "" : run->blocks[block].why,
                         .attempt = attempt.record.attempt,
                         .phases_ms = std::move(event.phases_ms)};
  if (run != nullptr) {
    --run->running;
    run->cores_used -= canvas_.blocks[block].compute.cpu;
    run->memory_used -= canvas_.blocks[block].compute.memory_bytes;
    WarnOfSharedFiles(*run, block, *event.manifest);
    ++run->unannounced;
    Settle(*run, finished, true);
  }
  Commit(std::move(batch), [this, run_id = run == nullptr ? "" : attempt.run, finished](const Status& status) mutable {
    if (run_id.empty()) return;
    Run& mine = *runs_.at(run_id);
    mine.blocks[finished.block].stage = Stage::kSettled;
    --mine.unannounced;
    if (!status) {
      finished.outcome = Outcome::kFailed;
      finished.reason = status.error().message;
      std::erase(mine.result.ran, finished.block);
      mine.result.failed.push_back(finished.block);
    }
    Say(mine.id, std::move(finished));
  });
  AttemptOver(block);
}

/// An attempt ended without a result: failed, cancelled, or lost with its machinery.
void Engine::Fail(Attempt attempt, AttemptFinished event) {
  const std::int32_t block = attempt.block;
  BlockRecord& record = blocks_[block].known.record;
  Run* run = nullptr;
  if (const auto found = runs_.find(attempt.run); found != runs_.end()) run = found->second.get();
  const bool lost = event.status == "lost" || event.status == "succeeded";
  if (event.status == "succeeded" && event.message.empty()) event.message = "its manifest cannot be read";
  const bool again = lost && run != nullptr && !run->cancelled && !attempt.stopping &&
                     run->blocks[block].tries < options_.max_attempts;
  BlockFinished finished{.block = block, .attempt = attempt.record.attempt, .phases_ms = std::move(event.phases_ms)};
  attempt.record.finished_ms = surroundings_.UnixMs();
  if (event.status == "failed") {
    finished.outcome = Outcome::kFailed;
    finished.failure = std::move(event.failure);
    const json::value* message = finished.failure.if_contains("message");
    finished.reason = message != nullptr && message->is_string() ? std::string(message->get_string()) : "failed";
    attempt.record.failure = json::serialize(finished.failure);
    attempt.record.status = AttemptStatus::kFailed;
  } else if (lost) {
    finished.outcome = Outcome::kFailed;
    finished.reason = "lost: " + event.message;
    finished.failure = {{"kind", "lost"}, {"message", event.message}};
    attempt.record.status = AttemptStatus::kLost;
    attempt.record.failure = json::serialize(finished.failure);
  } else {
    finished.outcome = Outcome::kCancelled;
    finished.reason = "the run was cancelled";
    attempt.record.status = AttemptStatus::kCancelled;
  }
  if (run != nullptr) {
    --run->running;
    run->cores_used -= canvas_.blocks[block].compute.cpu;
    run->memory_used -= canvas_.blocks[block].compute.memory_bytes;
  }
  Batch batch{PutAttempt{attempt.record}};
  if (!again) {
    record.last_status = OutcomeName(finished.outcome);
    if (finished.outcome == Outcome::kFailed) blocks_[block].known.failed_base_key = attempt.record.base_key;
    record.last_reason = finished.reason;
    batch.push_back(SetBlockOutcome{record.block, record.last_status, record.last_reason});
  }
  AttemptOver(block);
  if (again) {
    Say(run->id, BlockNotice{block, "retried",
                             "attempt " + std::to_string(run->blocks[block].tries) + " of " +
                                 std::to_string(options_.max_attempts) + " was lost (" + event.message +
                                 "); nothing of it was published, the next one starts"});
    run->blocks[block].stage = Stage::kReady;
    run->ready.push_front(block);
    Commit(std::move(batch), [](const Status&) {});
    return;
  }
  if (run == nullptr) {
    Commit(std::move(batch), [](const Status&) {});
    return;
  }
  ++run->unannounced;
  Settle(*run, finished, true);
  Commit(std::move(batch), [this, id = attempt.run, finished](const Status&) {
    Run& mine = *runs_.at(id);
    mine.blocks[finished.block].stage = Stage::kSettled;
    --mine.unannounced;
    Say(mine.id, finished);
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
  result.status = run.cancelled && (result.error.empty()) ? "cancelled"
                  : !result.error.empty() || !result.failed.empty() || !result.skipped.empty() ? "failed"
                                                                                              : "succeeded";
  result.seconds = static_cast<double>(surroundings_.UnixMs() - run.started_ms) / 1e3;
  json::object counts{{"ran", result.ran.size()},         {"up_to_date", result.up_to_date.size()},
                      {"restored", result.restored.size()}, {"failed", result.failed.size()},
                      {"skipped", result.skipped.size()},   {"cancelled", result.cancelled.size()}};
  json::array names;
  for (const std::string& name : run.request.blocks) names.emplace_back(name);
  RunRecord record{.run = run.id.value,
                   .mode = std::string(RunModeName(run.request.mode)),
                   .request = json::serialize(json::object{{"blocks", std::move(names)}, {"force", run.request.force}}),
                   .created_ms = run.started_ms,
                   .finished_ms = surroundings_.UnixMs(),
                   .status = result.status,
                   .summary = json::serialize(counts)};
  Commit({PutRun{std::move(record)}}, [this, id = run.id](const Status&) {
    RunFinished end = std::move(runs_.at(id.value)->result);
    runs_.erase(id.value);
    Say(id, std::move(end));
  });
}

}  // namespace easel
