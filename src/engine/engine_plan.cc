// The engine's decisions: which state a block starts from, whether its result still stands, and what a run covers.
#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "engine/engine_state.h"
#include "engine/hand_on.h"

namespace easel {

std::string_view RunModeName(RunMode mode) {
  switch (mode) {
    case RunMode::kAll: return "all";
    case RunMode::kOnly: return "only";
    case RunMode::kTo: return "to";
    case RunMode::kFrom: return "from";
    case RunMode::kChanged: return "changed";
  }
  return "all";
}

std::string_view StandingName(Standing standing) {
  switch (standing) {
    case Standing::kUpToDate: return "up_to_date";
    case Standing::kStale: return "stale";
    case Standing::kNeverRun: return "never_run";
    case Standing::kQueued: return "queued";
    case Standing::kRunning: return "running";
    case Standing::kFailed: return "failed";
    case Standing::kCancelled: return "cancelled";
    case Standing::kSkipped: return "skipped";
  }
  return "never_run";
}

Status Engine::CheckRequest(const RunRequest& request) const {
  for (const std::string& name : request.blocks) {
    const auto found = canvas_->Find(name);
    if (!found) {
      std::vector<std::string> names;
      for (const Block& block : canvas_->blocks)
        if (!block.removed) names.push_back(block.name);
      return easel::Fail(Code::kInvalidArgument, "UNKNOWN_BLOCK",
                         "there is no block `" + name + "` in this canvas" + DidYouMean(name, names));
    }
    if (canvas_->blocks[*found].kind == BlockKind::kMarkdown)
      return easel::Fail(Code::kInvalidArgument, "NOT_RUNNABLE",
                         "`" + name + "` is a note: there is nothing to run in it");
  }
  const bool needs_blocks =
      request.mode == RunMode::kOnly || request.mode == RunMode::kTo || request.mode == RunMode::kFrom;
  if (needs_blocks && request.blocks.empty())
    return easel::Fail(Code::kInvalidArgument, "NO_BLOCK", "say which block");
  return {};
}

bool Engine::IsAncestorOrSelf(const std::string& ancestor, std::int32_t of) {
  const auto target = canvas_->Find(ancestor);
  if (!target) return false;
  if (*target == of) return true;
  seen_.resize(blocks_.size());
  if (++question_ == 0) {
    std::ranges::fill(seen_, 0);
    question_ = 1;
  }
  std::vector<std::int32_t> stack{of};
  while (!stack.empty()) {
    const std::int32_t block = stack.back();
    stack.pop_back();
    for (const std::int32_t parent : canvas_->parents[block]) {
      if (parent == *target) return true;
      if (level_[parent] <= level_[*target] || std::exchange(seen_[parent], question_) == question_) continue;
      stack.push_back(parent);
    }
  }
  return false;
}

void Engine::SetPublished(std::int32_t block, ManifestPtr manifest) {
  BlockState& state = blocks_[block];
  if (written_) {
    if (state.known.published != nullptr)
      for (const auto& [path, digest] : state.known.published->files.written) {
        auto [from, to] = written_->equal_range(path);
        const auto mine = std::find_if(from, to, [&](const auto& entry) { return entry.second == digest; });
        if (mine != to) written_->erase(mine);
      }
    for (const auto& [path, digest] : manifest->files.written) written_->emplace(path, digest);
  }
  steady_[block] = 0;
  state.known.published = std::move(manifest);
  state.known.damage.clear();
  state.handed.reset();
  state.handed_known = false;
  ForgetBelow(block);
}

/// What the blocks below `block` know of what is above them holds no longer. A block that knows nothing has none below
/// that does: knowing begins at the top.
void Engine::ForgetBelow(std::int32_t block) {
  std::vector<std::int32_t> stack{block};
  while (!stack.empty()) {
    const std::int32_t parent = stack.back();
    stack.pop_back();
    for (const std::int32_t child : children_[parent]) {
      BlockState& below = blocks_[child];
      Touch(child);
      if (below.joined == nullptr && !below.handed_known && !below.inputs && steady_[child] == 0) continue;
      ForgetInputs(child);
      stack.push_back(child);
    }
  }
}

/// What a block knows of what is above it, and what it makes of that.
void Engine::ForgetInputs(std::int32_t block) {
  BlockState& state = blocks_[block];
  steady_[block] = 0;
  state.joined = nullptr;
  state.joined_own.reset();
  state.inputs.reset();
  state.handed.reset();
  state.handed_known = false;
  Touch(block);
}

StateIndex* Engine::Joined(std::int32_t block, std::string& missing_parent) {
  BlockState& state = blocks_[block];
  if (state.joined != nullptr) return state.joined;
  const auto& parents = canvas_->parents[block];
  for (const std::int32_t parent : parents) {
    KnowHandedOn(parent);
    if (blocks_[parent].handed == nullptr) {
      missing_parent = canvas_->blocks[parent].name;
      return nullptr;
    }
  }
  state.conflicts.clear();
  if (parents.size() == 1) return state.joined = blocks_[parents[0]].handed.get();
  std::vector<JoinParent> join;
  for (const std::int32_t parent : parents)
    join.push_back({canvas_->blocks[parent].name, blocks_[parent].handed.get(),
                    [this, parent](const std::string& name) { return IsAncestorOrSelf(name, parent); }});
  JoinedState joined = JoinStates(join);
  state.conflicts = std::move(joined.conflicts);
  state.joined_own = std::make_unique<StateIndex>(std::move(joined.state));
  return state.joined = state.joined_own.get();
}

void Engine::EnsureInputs(std::int32_t block, StateIndex& joined) {
  BlockState& state = blocks_[block];
  if (state.inputs) return;
  state.inputs = MakeKeyInputs(BlockKindName(canvas_->blocks[block].kind), *state.known.analysis,
                               state.known.environment, joined);
  state.base_key = state.inputs->Digest();
}

/// Make `handed` of the block, and first of those above it that are not known yet: a canvas may be a long chain.
void Engine::KnowHandedOn(std::int32_t block) {
  if (blocks_[block].handed_known) return;
  if (std::ranges::all_of(parents_[block],
                          [this](std::int32_t parent) { return blocks_[parent].handed_known; }))
    return FindHandedOn(block);
  std::vector<std::int32_t> unknown{block};
  std::vector<std::int32_t> stack{block};
  std::unordered_set<std::int32_t> seen{block};
  while (!stack.empty()) {
    const std::int32_t child = stack.back();
    stack.pop_back();
    for (const std::int32_t parent : parents_[child]) {
      if (blocks_[parent].handed_known || !seen.insert(parent).second) continue;
      unknown.push_back(parent);
      stack.push_back(parent);
    }
  }
  std::ranges::sort(unknown, {}, [this](std::int32_t one) { return level_[one]; });
  for (const std::int32_t one : unknown) FindHandedOn(one);
}

/// The parents' are known.
void Engine::FindHandedOn(std::int32_t block) {
  BlockState& state = blocks_[block];
  state.handed_known = true;
  state.as_left = true;
  state.handed_by_key = false;
  state.must_hand_on.clear();
  const ManifestPtr& manifest = state.known.published;
  if (manifest == nullptr) return;
  state.handed = std::make_unique<StateIndex>(StatePtr(manifest, &manifest->state));
  const auto& parents = canvas_->parents[block];
  bool as_then = manifest->parents.size() == parents.size();
  for (std::size_t i = 0; i < parents.size(); ++i) {
    const BlockState& above = blocks_[parents[i]];
    if (above.handed == nullptr) return;
    as_then = as_then && above.as_left && manifest->parents[i].block == above.known.record.block &&
              manifest->parents[i].attempt == above.known.record.published_attempt;
  }
  if (as_then || parents.empty() || state.known.analysis == nullptr) return;
  std::string missing;
  StateIndex* joined = Joined(block, missing);
  if (joined == nullptr) return;
  state.handed_by_key = true;
  EnsureInputs(block, *joined);
  // A block that is stale hands on what it left, whole: values of then and of now would not fit together.
  if (state.base_key != state.known.record.published_base_key) return;
  HandedOn now =
      HandOn(canvas_->blocks[block].name, manifest->attempt, *state.known.analysis, *state.handed, *joined);
  if (!now.unclear.empty())
    state.must_hand_on = "`" + now.unclear + "`" + (now.origin.empty() ? "" : " from `" + now.origin + "`") +
                         ", which it hands on, changed";
  if (now.state == nullptr) return;
  state.handed = std::make_unique<StateIndex>(std::move(now.state));
  state.as_left = false;
}

/// A restore needs the very content that the attempt wrote: what another one left there instead does not do.
std::optional<std::string> Engine::FilesChanged(const Manifest& manifest, bool for_restore) {
  const FileUse& files = manifest.files;
  if (files.read.empty() && files.written.empty() && files.outside.empty()) return std::nullopt;
  if (!files.written.empty() && !written_) {
    written_.emplace();
    for (std::size_t i = 0; i < blocks_.size(); ++i)
      if (const ManifestPtr& published = blocks_[i].known.published;
          published != nullptr && !canvas_->blocks[i].removed)
        for (const auto& [path, digest] : published->files.written) written_->emplace(path, digest);
  }
  return ChangedFile(
      files, [&](const std::string& path) { return surroundings_.FileDigest(path); },
      [&](const std::string& path, const std::string& digest) {
        if (for_restore) return false;
        auto [from, to] = written_->equal_range(path);
        return std::any_of(from, to, [&](const auto& entry) { return entry.second == digest; });
      });
}

Engine::Decision Engine::Decide(std::int32_t block, bool force, bool look_in_history) {
  using Kind = Decision::Kind;
  const Block& definition = canvas_->blocks[block];
  BlockState& state = blocks_[block];
  if (definition.kind == BlockKind::kMarkdown) return {Kind::kUpToDate, "a note", {}};
  if (!state.known.problem.empty()) return {Kind::kSkip, state.known.problem, {}};
  std::string missing;
  StateIndex* joined = Joined(block, missing);
  if (joined == nullptr)
    return {Kind::kSkip,
            "`" + missing + "` above it has no result yet; `--to " + definition.name + "` runs it too",
            {}};
  EnsureInputs(block, *joined);
  const BlockRecord& record = state.known.record;
  const CachePolicy& cache = definition.cache;
  const auto expired = [&](std::int64_t since_ms) {
    return cache.kind == CachePolicy::Kind::kFor && surroundings_.UnixMs() - since_ms >= cache.for_ms;
  };
  const bool failed_so = record.last_status == "failed" && state.known.failed_base_key == state.base_key;
  std::string reason;
  if (state.known.published == nullptr) {
    if (!state.known.damage.empty())
      reason = state.known.damage;
    else if (!options_.at.empty())
      reason = "had no result then";
    else if (record.last_status == "failed")
      reason = "failed last time";
    else if (record.last_status == "cancelled")
      reason = "cancelled last time";
    else
      reason = "never run";
  } else if (record.published_base_key != state.base_key) {
    if (auto before = ParseKeyInputs(record.published_inputs)) {
      if (before->renames < renames_)
        for (auto& [name, origin] : before->origins) origin = surroundings_.NameNow(origin, before->renames);
      reason = ExplainDifference(*before, *state.inputs);
    }
    if (reason.empty()) reason = "what it reads changed";
  } else if (cache.kind == CachePolicy::Kind::kNever) {
    reason = "cache: never";
  } else if (expired(record.published_ms)) {
    reason = "cache expired";
  } else if (auto changed = FilesChanged(*state.known.published)) {
    reason = std::move(*changed);
  } else if (failed_so) {
    reason = "failed last time";
  } else if (KnowHandedOn(block); !state.must_hand_on.empty() && !children_[block].empty()) {
    return {Kind::kRun, force ? "forced" : state.must_hand_on, {}};
  } else {
    const FileUse& files = state.known.published->files;
    steady_[block] = state.attempt.empty() && cache.kind == CachePolicy::Kind::kAuto && files.read.empty() &&
                     files.written.empty() && files.outside.empty();
    if (!force) return {Kind::kUpToDate, "nothing that it depends on changed", {}};
    reason = "forced";
  }
  if (force) return {Kind::kRun, "forced", {}};
  if (look_in_history && cache.kind != CachePolicy::Kind::kNever && !failed_so) {
    for (Surroundings::Past& past : surroundings_.FindPast(definition.name, state.base_key)) {
      if (past.attempt == record.published_attempt || expired(past.manifest->finished_ms)) continue;
      if (FilesChanged(*past.manifest, true)) continue;
      return {Kind::kRestore, reason, std::move(past)};
    }
  }
  return {Kind::kRun, std::move(reason), {}};
}

std::vector<char> Engine::Scope(const RunRequest& request) {
  const std::size_t n = canvas_->blocks.size();
  std::vector<char> in(n, 0);
  const auto spread = [&](std::vector<std::int32_t> stack,
                          const std::vector<std::vector<std::int32_t>>& along) {
    std::vector<char> seen(n, 0);
    while (!stack.empty()) {
      const std::int32_t block = stack.back();
      stack.pop_back();
      if (std::exchange(seen[block], 1)) continue;
      in[block] = 1;
      stack.insert(stack.end(), along[block].begin(), along[block].end());
    }
  };
  std::vector<std::int32_t> named;
  for (const std::string& name : request.blocks) named.push_back(*canvas_->Find(name));
  switch (request.mode) {
    case RunMode::kAll: std::ranges::fill(in, 1); break;
    case RunMode::kOnly:
      for (const std::int32_t block : named) in[block] = 1;
      break;
    case RunMode::kTo: spread(named, canvas_->parents); break;
    case RunMode::kFrom: spread(named, canvas_->children); break;
    case RunMode::kChanged: {
      std::vector<std::int32_t> stale;
      for (std::size_t i = 0; i < n; ++i) {
        if (blocks_[i].known.record.published_attempt.empty() || canvas_->blocks[i].removed) continue;
        in[i] = 1;
        if (request.force ||
            Decide(static_cast<std::int32_t>(i), false, false).kind != Decision::Kind::kUpToDate)
          stale.push_back(static_cast<std::int32_t>(i));
      }
      spread(stale, canvas_->parents);
      break;
    }
  }
  for (std::size_t i = 0; i < n; ++i)
    if (canvas_->blocks[i].kind == BlockKind::kMarkdown || canvas_->blocks[i].removed) in[i] = 0;
  return in;
}

/// A run from an older state needs the results that it covers or builds on: one that was collected is not made up for.
Status Engine::CheckNotLost(const RunRequest& request, const std::vector<char>& in) const {
  std::vector<std::string> lost;
  std::string first;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const bool above =
        std::ranges::any_of(canvas_->children[i], [&](std::int32_t child) { return in[child] != 0; });
    const bool needed = in[i] != 0 ? !request.force : above;
    if (!needed || blocks_[i].known.lost.empty()) continue;
    lost.push_back("`" + canvas_->blocks[i].name + "`");
    if (first.empty()) first = blocks_[i].known.lost;
  }
  if (lost.empty()) return {};
  return easel::Fail(Code::kNotFound, "STATE_COLLECTED",
                     "the results of run " + options_.at + " are not complete any more: " +
                         (lost.size() == 1 ? "that of " + lost[0] + " is gone"
                                           : "those of " + JoinWords(lost) + " are gone") +
                         " (" + first +
                         "). Begin from a newer run, or run from what is published, without --at");
}

Result<std::vector<PlannedBlock>> Engine::Plan(const RunRequest& request) {
  EASEL_RETURN_IF_ERROR(CheckRequest(request));
  const std::vector<char> in = Scope(request);
  EASEL_RETURN_IF_ERROR(CheckNotLost(request, in));
  std::vector<PlannedBlock> plan;
  std::vector<char> may_change(canvas_->blocks.size(), 0), skipped(canvas_->blocks.size(), 0);
  for (const std::int32_t block : canvas_->topological) {
    if (!in[block]) continue;
    PlannedBlock planned{canvas_->blocks[block].name, "up_to_date", ""};
    Decision decision = Decide(block, request.force, true);
    std::int32_t changing_parent = -1, skipped_parent = -1, missing_parent = -1;
    for (const std::int32_t parent : canvas_->parents[block]) {
      if (may_change[parent])
        changing_parent = parent;
      else if (blocks_[parent].known.published == nullptr)
        missing_parent = parent;
      if (skipped[parent]) skipped_parent = parent;
    }
    const bool stuck = !blocks_[block].known.problem.empty();
    planned.reason = decision.reason;
    switch (decision.kind) {
      case Decision::Kind::kRun: planned.action = "run"; break;
      case Decision::Kind::kRestore: planned.action = "restore"; break;
      case Decision::Kind::kUpToDate: break;
      case Decision::Kind::kSkip: planned.action = missing_parent < 0 && !stuck ? "run" : "skip"; break;
    }
    if (planned.action == "run" && decision.kind == Decision::Kind::kSkip)
      planned.reason =
          blocks_[block].known.record.published_attempt.empty() ? "never run" : "what is above it runs";
    if (decision.kind == Decision::Kind::kUpToDate && changing_parent >= 0) {
      planned.action = "maybe";
      planned.reason = "only if what `" + canvas_->blocks[changing_parent].name + "` leaves changes";
    }
    if (skipped_parent >= 0) {
      planned.action = "skip";
      planned.reason = "`" + canvas_->blocks[skipped_parent].name + "` is skipped";
    }
    skipped[block] = planned.action == "skip";
    may_change[block] = planned.action == "run" || planned.action == "maybe" || planned.action == "restore";
    plan.push_back(std::move(planned));
  }
  return plan;
}

}  // namespace easel
