// The engine's attempts: adopted, started, published, lost and tried again.
#include <algorithm>
#include <utility>

#include "engine/engine_state.h"

namespace easel {

void Engine::OnAdopted(AttemptAdopted event) {
  const auto block = canvas_->Find(event.record.block);
  // Of a block that was removed meanwhile, older than what is under way, or of a run from an older state, which ended
  // with its engine: its result is of no use.
  if (!block || !event.record.at.empty() || event.record.epoch < blocks_[*block].known.record.epoch) {
    out_->push_back(StopAttempt{event.record.attempt, 0});
    event.record.status = AttemptStatus::kSuperseded;
    event.record.finished_ms = surroundings_.UnixMs();
    Commit({PutAttempt{std::move(event.record)}}, [](const Status&) {});
    return;
  }
  TakeRoom(*block);
  blocks_[*block].attempt = event.record.attempt;
  steady_[*block] = 0;
  Touch(*block);
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
  Say(RunId{found->second.run},
      BlockPhase{found->second.block, std::move(event.attempt), std::move(event.phase)});
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
  GiveRoom(block);
  state.attempt.clear();
  Touch(block);
  for (const std::string& id : std::exchange(state.waiting_runs, {}))
    if (const auto run = runs_.find(id); run != runs_.end()) run->second->decidable.push_back(block);
}

/// What makes the result in `record` stand: for all, or in a run from an older state for that alone.
Change Engine::Standing(const RunId& run, const BlockRecord& record, std::int64_t epoch) const {
  if (options_.at.empty())
    return easel::Publish{record.block,
                          epoch,
                          record.published_attempt,
                          record.published_manifest,
                          record.published_base_key,
                          record.published_inputs,
                          record.published_ms};
  return PublishAside{
      run.value,          record.block, epoch, record.published_attempt, record.published_manifest,
      record.published_ms};
}

/// What became of a block in a run from an older state says nothing of how the block stands.
void Engine::Outcome(Batch& batch, const BlockRecord& record) const {
  if (options_.at.empty())
    batch.push_back(SetBlockOutcome{record.block, record.last_status, record.last_reason});
}

void Engine::WarnOfSharedFiles(Run& run, std::int32_t block, const Manifest& manifest) {
  if (manifest.files.written.empty()) return;
  for (const std::int32_t other : run.result.ran) {
    const ManifestPtr& theirs = blocks_[other].known.published;
    if (other == block || theirs == nullptr || theirs->run != run.id.value) continue;
    const bool together =
        theirs->started_ms <= manifest.finished_ms && manifest.started_ms <= theirs->finished_ms;
    if (!together || IsAncestorOrSelf(theirs->block, block) || IsAncestorOrSelf(manifest.block, other))
      continue;
    for (const auto& [path, unused] : manifest.files.written)
      if (theirs->files.written.contains(path))
        Say(run.id,
            BlockNotice{block, "file_conflict",
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
  Batch batch{PutAttempt{attempt.record}, Standing(RunId{attempt.record.run}, record, attempt.record.epoch)};
  Outcome(batch, record);
  SetPublished(block, event.manifest);
  Run* run = nullptr;
  if (const auto found = runs_.find(attempt.run); found != runs_.end()) run = found->second.get();
  BlockFinished finished{.block = block,
                         .outcome = Outcome::kSucceeded,
                         .reason = run == nullptr ? "" : run->why[block],
                         .attempt = attempt.record.attempt,
                         .phases_ms = std::move(event.phases_ms)};
  if (run != nullptr) {
    --run->running;
    WarnOfSharedFiles(*run, block, *event.manifest);
    ++run->unannounced;
    Settle(*run, finished, true);
  }
  Commit(std::move(batch),
         [this, run_id = run == nullptr ? "" : attempt.run, finished](const Status& status) mutable {
           if (run_id.empty()) return;
           AnnounceStored(RunId{run_id}, std::move(finished), status);
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
  BlockFinished finished{
      .block = block, .attempt = attempt.record.attempt, .phases_ms = std::move(event.phases_ms)};
  attempt.record.finished_ms = surroundings_.UnixMs();
  if (event.status == "failed") {
    finished.outcome = Outcome::kFailed;
    finished.failure = std::move(event.failure);
    const json::value* message = finished.failure.if_contains("message");
    finished.reason =
        message != nullptr && message->is_string() ? std::string(message->get_string()) : "failed";
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
    finished.reason = attempt.why_stopped.empty() ? "the run was cancelled" : attempt.why_stopped;
    attempt.record.status = AttemptStatus::kCancelled;
  }
  if (run != nullptr) --run->running;
  Batch batch;
  // An attempt that could not be opened has no epoch in the database: the next one will be given the same.
  if (event.status != "unrecorded") batch.push_back(PutAttempt{attempt.record});
  steady_[block] = 0;
  if (!again) {
    record.last_status = OutcomeName(finished.outcome);
    if (finished.outcome == Outcome::kFailed) blocks_[block].known.failed_base_key = attempt.record.base_key;
    record.last_reason = finished.reason;
    const json::value* run_ms = finished.phases_ms.if_contains("run");
    blocks_[block].known.newest = {
        attempt.record.attempt,
        run_ms != nullptr && run_ms->is_number()
            ? run_ms->to_number<double>()
            : static_cast<double>(attempt.record.finished_ms - attempt.record.started_ms),
        attempt.record.finished_ms};
    Outcome(batch, record);
  }
  AttemptOver(block);
  if (again) {
    Say(run->id, BlockNotice{block, "retried",
                             "attempt " + std::to_string(run->blocks[block].tries) + " of " +
                                 std::to_string(options_.max_attempts) + " was lost (" + event.message +
                                 "); nothing of it was published, the next one starts"});
    CountParents(*run, block);  // edges may have come while it ran
    run->blocks[block].stage = run->blocks[block].waits_for > 0 ? RunStage::kWaiting : RunStage::kReady;
    if (run->blocks[block].waits_for == 0) run->ready.push_front(block);
    Commit(std::move(batch), [](const Status&) {});
    return;
  }
  if (run == nullptr) {
    Commit(std::move(batch), [](const Status&) {});
    return;
  }
  ++run->unannounced;
  Settle(*run, finished, true);
  Commit(std::move(batch), [this, id = attempt.run, finished](const Status& status) {
    AnnounceStored(RunId{id}, finished, status);
  });
}

}  // namespace easel
