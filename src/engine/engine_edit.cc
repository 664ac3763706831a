// The engine's canvas changes while it lives: names, code, edges, blocks that come and go, and what runs make of that.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "engine/engine_state.h"
#include "engine/rename.h"

namespace easel {

using Stage = RunStage;

constexpr char kDeleted[] = "it was deleted";

void Engine::Edit(CanvasEdit edit, std::vector<Command>& commands) {
  EASEL_CHECK(edit.canvas->blocks.size() == blocks_.size() + edit.added.size());
  out_ = &commands;
  Rename(edit);
  const std::shared_ptr<const Canvas> before = std::exchange(canvas_, edit.canvas);
  for (BlockKnowledge& added : edit.added) {
    blocks_.emplace_back().known = std::move(added);
    blocks_.back().known.record.block = canvas_->blocks[blocks_.size() - 1].name;
  }
  for (auto& [id, run] : runs_) run->blocks.resize(blocks_.size());
  LinkBlocks();
  ForgetWhatChanged(*before, edit);
  StopRemoved();
  std::vector<char> changed(blocks_.size(), 0);
  for (const CanvasEdit::Reread& reread : edit.reread) changed[static_cast<std::size_t>(reread.block)] = 1;
  for (auto& [id, run] : runs_) DecideAnew(*run, changed);
  AdvanceAll();
  out_ = nullptr;
}

/// What is kept by block, and the edges in the form that runs go through.
void Engine::LinkBlocks() {
  steady_.resize(blocks_.size());
  if (tracks_) {
    touched_.resize(blocks_.size());
    told_.resize(blocks_.size());
  }
  children_ = Neighbours(canvas_->children);
  parents_ = Neighbours(canvas_->parents);
  level_.assign(blocks_.size(), 0);
  for (const std::int32_t block : canvas_->topological)
    for (const std::int32_t parent : canvas_->parents[block])
      level_[block] = std::max(level_[block], level_[parent] + 1);
}

/// Give blocks their new names wherever the old ones are known: records, attempts that are open, and the origins in
/// what attempts left.
void Engine::Rename(const CanvasEdit& edit) {
  if (edit.renames.empty()) return;
  ++renames_;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    BlockState& state = blocks_[i];
    std::string& name = state.known.record.block;
    if (edit.renames.contains(name)) {
      name = NameAfter(edit.renames, name);
      const auto open = attempts_.find(state.attempt);
      if (open != attempts_.end()) open->second.record.block = name;
      if (const auto epoch = edit.epochs.find(name); epoch != edit.epochs.end()) {
        if (open != attempts_.end() && open->second.record.epoch == state.known.record.epoch)
          open->second.record.epoch = epoch->second;
        state.known.record.epoch = epoch->second;
      }
      Touch(static_cast<std::int32_t>(i));
    }
    if (state.known.published == nullptr) continue;
    if (auto renamed = WithNewNames(*state.known.published, edit.renames); renamed != nullptr)
      state.known.published = std::move(renamed);
  }
  // What is made of origins (joins, what is handed on) is made anew, for all: any of them may have met the name. No key
  // has a name of a block in it, so what is up to date is so still.
  const std::vector<char> steady = steady_;
  for (std::size_t i = 0; i < blocks_.size(); ++i) ForgetInputs(static_cast<std::int32_t>(i));
  steady_ = steady;
}

/// Forget what was concluded from what is no longer so, and take in what was read anew.
void Engine::ForgetWhatChanged(const Canvas& before, const CanvasEdit& edit) {
  written_.reset();
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const auto block = static_cast<std::int32_t>(i);
    const Block& now = canvas_->blocks[i];
    if (i >= before.blocks.size()) {
      Touch(block);
      continue;
    }
    const Block& old = before.blocks[i];
    if (now.removed && old.removed) continue;
    if (now.removed != old.removed || now.kind != old.kind || before.parents[i] != canvas_->parents[i]) {
      ForgetInputs(block);
      ForgetBelow(block);
    } else if (now.cache.kind != old.cache.kind || now.cache.for_ms != old.cache.for_ms) {
      steady_[i] = 0;
      blocks_[i].inputs.reset();
      Touch(block);
    } else if (before.children[i].empty() != canvas_->children[i].empty()) {
      steady_[i] = 0;  // whether it must run for the sake of what it hands on
      Touch(block);
    }
  }
  for (const CanvasEdit::Reread& reread : edit.reread) {
    BlockState& state = blocks_[reread.block];
    state.known.analysis = reread.analysis;
    state.known.environment = reread.environment;
    state.known.problem = reread.problem;
    state.inputs.reset();
    steady_[reread.block] = 0;
    Touch(reread.block);
    if (!state.handed_known || !state.handed_by_key) continue;
    state.handed.reset();
    state.handed_known = false;
    ForgetBelow(reread.block);
  }
}

void Engine::StopRemoved() {
  for (auto& [id, attempt] : attempts_) {
    if (!canvas_->blocks[attempt.block].removed || attempt.stopping) continue;
    attempt.stopping = true;
    attempt.why_stopped = kDeleted;
    const auto run = runs_.find(attempt.run);
    const bool opening = run != runs_.end() && run->second->blocks[attempt.block].stage == Stage::kOpening;
    if (!opening) out_->push_back(StopAttempt{id, options_.cancel_grace_ms});
  }
}

/// Take a deleted block that has not begun out of a run.
void Engine::Withdraw(Run& run, std::int32_t block) {
  std::erase(blocks_[block].waiting_runs, run.id.value);
  Settle(run, {.block = block, .outcome = Outcome::kCancelled, .reason = kDeleted});
}

/// What `block` waits for in the run, from its parents as they are now.
void Engine::CountParents(Run& run, std::int32_t block) {
  RunBlock& mine = run.blocks[block];
  mine.waits_for = 0;
  mine.doomed_by = -1;
  for (const std::int32_t parent : parents_[block]) {
    const RunBlock& above = run.blocks[parent];
    if (above.stage == Stage::kOut) continue;
    if (above.stage != Stage::kSettled && above.stage != Stage::kPublishing)
      ++mine.waits_for;
    else if (!above.good && mine.doomed_by < 0)
      mine.doomed_by = above.doomed_by >= 0 ? above.doomed_by : parent;
  }
}

/// Count anew what each block of the run that has not begun waits for, and decide again what was decided.
void Engine::DecideAnew(Run& run, const std::vector<char>& changed) {
  std::unordered_set<std::int32_t> not_ready;
  for (std::size_t i = 0; i < run.blocks.size(); ++i) {
    const auto block = static_cast<std::int32_t>(i);
    const Stage stage = run.blocks[i].stage;
    if (!canvas_->blocks[i].removed || (stage != Stage::kWaiting && stage != Stage::kReady)) continue;
    if (stage == Stage::kReady) not_ready.insert(block);
    Withdraw(run, block);
  }
  for (const std::int32_t block : canvas_->topological) {
    RunBlock& mine = run.blocks[block];
    if (mine.stage != Stage::kWaiting && mine.stage != Stage::kReady) continue;
    CountParents(run, block);
    const bool stays_ready =
        mine.stage == Stage::kReady && mine.waits_for == 0 && mine.doomed_by < 0 && changed[block] == 0;
    if (stays_ready) continue;
    if (mine.stage == Stage::kReady) not_ready.insert(block);
    mine.stage = Stage::kWaiting;
    auto& waiting = blocks_[block].waiting_runs;
    const bool waits_for_attempt = std::ranges::find(waiting, run.id.value) != waiting.end();
    if (mine.waits_for > 0)
      std::erase(waiting, run.id.value);
    else if (!waits_for_attempt)
      run.decidable.push_back(block);
  }
  if (!not_ready.empty())
    std::erase_if(run.ready, [&](std::int32_t block) { return not_ready.contains(block); });
}

}  // namespace easel
