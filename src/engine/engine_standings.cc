// How every block stands, and which standings are others than what was told last.
#include "engine/engine_state.h"

namespace easel {

std::vector<BlockStanding> Engine::Standings() {
  std::vector<BlockStanding> out;
  out.reserve(blocks_.size());
  for (std::size_t i = 0; i < blocks_.size(); ++i) out.push_back(StandingOf(static_cast<std::int32_t>(i)));
  return out;
}

BlockStanding Engine::StandingOf(std::int32_t block) {
  const BlockState& state = blocks_[block];
  const BlockRecord& record = state.known.record;
  if (!state.attempt.empty()) return {Standing::kRunning, "attempt " + state.attempt};
  if (canvas_->blocks[block].removed) return {Standing::kNeverRun, "it was deleted"};
  for (const auto& [id, run] : runs_) {
    const auto stage = run->blocks[block].stage;
    if (stage == RunStage::kPublishing) return {Standing::kRunning, "its result is being recorded"};
    if (stage != RunStage::kOut && stage != RunStage::kSettled)
      return {Standing::kQueued, "waits for its turn"};
  }
  Decision decision = Decide(block, false, false);
  const bool published = state.known.published != nullptr;
  if (decision.kind == Decision::Kind::kUpToDate) return {Standing::kUpToDate, std::move(decision.reason)};
  if (!state.known.problem.empty())
    return {published ? Standing::kStale : Standing::kNeverRun, state.known.problem};
  if (record.last_status == "failed" && (!published || state.known.failed_base_key == state.base_key))
    return {Standing::kFailed, record.last_reason};
  if (published) return {Standing::kStale, std::move(decision.reason)};
  if (record.last_status == "cancelled") return {Standing::kCancelled, record.last_reason};
  if (record.last_status == "skipped") return {Standing::kSkipped, record.last_reason};
  if (!state.known.damage.empty()) return {Standing::kStale, state.known.damage};
  return {Standing::kNeverRun, decision.kind == Decision::Kind::kSkip ? "never run" : decision.reason};
}

StandingReport Engine::ReportOf(std::int32_t block) {
  const BlockState& state = blocks_[block];
  StandingReport out{.block = block, .standing = StandingOf(block), .attempt = {}};
  if (out.standing.standing == Standing::kRunning) {
    out.attempt.attempt = !state.attempt.empty() ? state.attempt
                          : state.known.record.last_status == "succeeded"
                              ? state.known.record.published_attempt
                              : state.known.newest.attempt;
    if (const auto running = attempts_.find(state.attempt); running != attempts_.end())
      out.attempt.started_ms = running->second.record.started_ms;
  } else if (out.standing.standing == Standing::kFailed || out.standing.standing == Standing::kCancelled) {
    out.attempt = state.known.newest;
  } else if (const ManifestPtr& manifest = state.known.published; manifest != nullptr) {
    const auto run_ms = manifest->phases_ms.find("run");
    out.attempt = {state.known.record.published_attempt,
                   run_ms != manifest->phases_ms.end()
                       ? run_ms->second
                       : static_cast<double>(manifest->finished_ms - manifest->started_ms),
                   manifest->finished_ms};
  }
  return out;
}

void Engine::NoteTouched(std::int32_t block) {
  touched_[block] = 1;
  touched_list_.push_back(block);
}

std::vector<StandingReport> Engine::ReportStandings() {
  tracks_ = true;
  touched_.assign(blocks_.size(), 0);
  touched_list_.clear();
  told_.resize(blocks_.size());
  std::vector<StandingReport> out;
  out.reserve(canvas_->index.size());
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    if (canvas_->blocks[i].removed) continue;
    out.push_back(ReportOf(static_cast<std::int32_t>(i)));
    told_[i] = out.back();
  }
  return out;
}

std::vector<StandingReport> Engine::ChangedStandings() {
  std::vector<StandingReport> out;
  for (const std::int32_t block : touched_list_) {
    touched_[block] = 0;
    std::optional<StandingReport>& told = told_[block];
    if (canvas_->blocks[block].removed) {
      told.reset();
      continue;
    }
    // A run in which nothing is to do leaves what was up to date as it was told.
    if (steady_[block] != 0 && told && told->standing.standing == Standing::kUpToDate) continue;
    StandingReport now = ReportOf(block);
    if (told && told->standing.standing == now.standing.standing &&
        told->standing.reason == now.standing.reason && told->attempt.attempt == now.attempt.attempt)
      continue;
    told = now;
    out.push_back(std::move(now));
  }
  touched_list_.clear();
  return out;
}

}  // namespace easel
