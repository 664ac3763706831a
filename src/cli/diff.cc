// easel diff: what differs between the states that two runs left, from manifests and Arrow data alone.

#include "cli/diff.h"

#include <algorithm>
#include <ostream>
#include <set>

#include "cli/block_state.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/run_words.h"
#include "cli/stored_canvas.h"
#include "engine/key.h"
#include "state/slot_table.h"

namespace easel {
namespace {

/// "clean.3", "r0…/clean.3", and with a block also "3": an attempt, not a run.
bool IsAttempt(std::string_view words, bool with_block) {
  const auto digits = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  const auto dot = words.rfind('.');
  return (dot != std::string_view::npos && dot > 0 && digits(words.substr(dot + 1))) ||
         (with_block && digits(words));
}

/// One side: the canvas as it stood then, and for each block its record and what its key was made of.
struct Moment {
  DiffSide side;
  StoredCanvas canvas;
};

Result<Moment> MomentOf(const Invocation& invocation, const std::string& words) {
  EASEL_TRY(StoredCanvas canvas, OpenStoredCanvas(invocation.Word("CANVAS")));
  const std::string& block = invocation.Word("BLOCK");
  if (!block.empty()) EASEL_RETURN_IF_ERROR(CheckBlock(canvas, block));
  Moment out{.side = {}, .canvas = std::move(canvas)};
  if (!out.canvas.HasRun() || !IsAttempt(words, !block.empty())) {
    EASEL_TRY(const RunRecord run, FindRun(out.canvas, words));
    EASEL_RETURN_IF_ERROR(ShowAsOf(out.canvas, run));
    out.side.run = run;
    return out;
  }
  EASEL_TRY(AttemptRecord attempt, FindAttempt(out.canvas, block, words));
  if (attempt.status != AttemptStatus::kSucceeded)
    return Fail(Code::kInvalidArgument, "NO_STATE",
                "attempt " + attempt.attempt + " left no state: it " +
                    std::string(AttemptStatusName(attempt.status)));
  out.canvas.snapshot.blocks = {{.block = attempt.block,
                                 .published_attempt = attempt.attempt,
                                 .published_manifest = attempt.manifest,
                                 .published_inputs = attempt.inputs}};
  out.side.attempt = std::move(attempt);
  return out;
}

std::vector<std::string> ChangedPaths(const std::map<std::string, std::string>& before,
                                      const std::map<std::string, std::string>& after) {
  std::set<std::string> paths;
  for (const auto* side : {&before, &after})
    for (const auto& [path, unused] : *side) paths.insert(path);
  std::vector<std::string> out;
  for (const std::string& path : paths) {
    const auto was = before.find(path), is = after.find(path);
    if (was == before.end() || is == after.end() || was->second != is->second) out.push_back(path);
  }
  return out;
}

/// Compare the Arrow data of a variable that both sides store with a table; nothing otherwise.
Result<std::optional<FrameDifference>> CompareFrames(const std::string& state_root, const State& before,
                                                     const State& after, const VariableDifference& variable) {
  if (variable.change != VariableChange::kChanged) return std::nullopt;
  const auto was = before.slots.find(variable.before->slot), is = after.slots.find(variable.after->slot);
  if (was == before.slots.end() || is == after.slots.end() || !was->second.table || !is->second.table)
    return std::nullopt;
  ObjectStamps stamps(state_root);
  EASEL_TRY(const SlotTable table_before, SlotTable::Open(state_root, was->second, stamps));
  EASEL_TRY(const SlotTable table_after, SlotTable::Open(state_root, is->second, stamps));
  FrameDifference out{.complete = was->second.table->complete && is->second.table->complete,
                      .rows_before = was->second.table->rows,
                      .rows_after = is->second.table->rows};
  EASEL_TRY(out.table, CompareTables(table_before.bytes(), table_after.bytes(), "`" + variable.name + "`"));
  return out;
}

/// Reads both states of a block, each with the digests of its contents.
class BlockComparison {
 public:
  BlockComparison(const Moment& before, const Moment& after, std::string block)
      : before_(before), after_(after) {
    out_.block = std::move(block);
  }

  /// What differs, its state not yet marked by what parents have; nothing if there is one attempt on both sides, or none.
  Result<std::optional<BlockDifference>> Compare() {
    const BlockRecord* was = Published(before_);
    const BlockRecord* is = Published(after_);
    if (was == nullptr && is == nullptr) return std::nullopt;
    if (was != nullptr) out_.before = was->published_attempt;
    if (is != nullptr) out_.after = is->published_attempt;
    if (out_.before == out_.after) return std::nullopt;
    if (was != nullptr) EASEL_RETURN_IF_ERROR(Load(before_, *was, out_.manifest_before));
    if (is != nullptr) EASEL_RETURN_IF_ERROR(Load(after_, *is, out_.manifest_after));
    if (was != nullptr && is != nullptr) {
      const auto inputs_before = ParseKeyInputs(was->published_inputs);
      const auto inputs_after = ParseKeyInputs(is->published_inputs);
      if (inputs_before && inputs_after) {
        out_.code_changed = inputs_before->code != inputs_after->code;
        out_.environment_changed = inputs_before->environment != inputs_after->environment;
      }
    }
    static const Manifest kNothing;
    const Manifest& left = out_.manifest_before ? *out_.manifest_before : kNothing;
    const Manifest& right = out_.manifest_after ? *out_.manifest_after : kNothing;
    out_.read = ChangedPaths(left.files.read, right.files.read);
    out_.written = ChangedPaths(left.files.written, right.files.written);
    StateIndex index_before(StatePtr(out_.manifest_before, &left.state));
    StateIndex index_after(StatePtr(out_.manifest_after, &right.state));
    out_.state = CompareStates(index_before, index_after);
    return std::move(out_);
  }

 private:
  const BlockRecord* Published(const Moment& moment) const {
    const BlockRecord* record = moment.canvas.Find(out_.block);
    return record == nullptr || record->published_attempt.empty() ? nullptr : record;
  }

  static Status Load(const Moment& moment, const BlockRecord& record,
                     std::shared_ptr<const Manifest>& manifest) {
    EASEL_TRY(BlockState state, ReadBlockState(moment.canvas, record));
    manifest = std::make_shared<const Manifest>(std::move(state.manifest));
    return {};
  }

  const Moment& before_;
  const Moment& after_;
  BlockDifference out_;
};

std::set<std::string> ParentsOf(const BlockDifference& block) {
  std::set<std::string> out;
  for (const auto& manifest : {block.manifest_before, block.manifest_after})
    if (manifest != nullptr)
      for (const ParentRef& parent : manifest->parents) out.insert(parent.block);
  return out;
}

/// The blocks of both sides, in the canvas's order.
std::vector<std::string> BlocksOf(const Moment& before, const Moment& after) {
  std::vector<std::string> out = before.canvas.blocks;
  for (const std::string& block : after.canvas.blocks)
    if (std::ranges::find(out, block) == out.end()) out.push_back(block);
  return out;
}

/// The block to look at, if it is one: BLOCK, or that of the attempts.
Result<std::string> OneBlock(const Invocation& invocation, const Moment& before, const Moment& after) {
  std::string block = invocation.Word("BLOCK");
  for (const Moment* moment : {&before, &after}) {
    if (!moment->side.attempt) continue;
    const std::string& of = moment->side.attempt->block;
    if (!block.empty() && block != of)
      return Fail(Code::kInvalidArgument, "USAGE",
                  "attempt " + moment->side.attempt->attempt + " is of `" + of + "`, not of `" + block +
                      "`: two attempts of one block can be compared");
    block = of;
  }
  return block;
}

/// Compare; blocks that cannot be are in the result with their problem, the last of which is in `incomplete`.
Result<Difference> Compare(const Invocation& invocation, Status& incomplete) {
  EASEL_TRY(const Moment before, MomentOf(invocation, invocation.Word("BEFORE")));
  EASEL_TRY(const Moment after, MomentOf(invocation, invocation.Word("AFTER")));
  EASEL_TRY(const std::string only, OneBlock(invocation, before, after));
  Difference out{.before = before.side, .after = after.side, .one_block = !only.empty()};
  std::map<std::string, BlockDifference> compared;
  const std::vector<std::string> blocks = BlocksOf(before, after);
  for (const std::string& block : blocks) {
    if (out.one_block && block != only) continue;
    auto difference = BlockComparison(before, after, block).Compare();
    if (!difference) {
      incomplete = std::unexpected(difference.error());
      BlockDifference failed{.block = block, .problem = difference.error().message};
      for (const auto& [moment, attempt] : {std::pair{&before, &failed.before}, {&after, &failed.after}})
        if (const BlockRecord* record = moment->canvas.Find(block)) *attempt = record->published_attempt;
      compared.emplace(block, std::move(failed));
    } else if (*difference) {
      compared.emplace(block, **std::move(difference));
    } else if (const BlockRecord* record = after.canvas.Find(block);
               record != nullptr && !record->published_attempt.empty()) {
      out.same.push_back(block);
    }
  }
  for (auto& [name, block] : compared)
    for (const std::string& parent : ParentsOf(block)) {
      const auto above = compared.find(parent);
      if (above != compared.end()) {
        MarkInherited(block.state, above->second.state);
      } else if (out.one_block) {
        auto alone = BlockComparison(before, after, parent).Compare();
        if (alone && *alone) MarkInherited(block.state, (*alone)->state);
      }
    }
  for (const std::string& name : blocks) {
    const auto found = compared.find(name);
    if (found == compared.end()) continue;
    BlockDifference& block = found->second;
    for (const VariableDifference& variable : block.state.variables) {
      if (variable.inherited && !out.one_block) continue;
      auto frames = CompareFrames(before.canvas.state_root, block.manifest_before->state,
                                  block.manifest_after->state, variable);
      if (!frames && frames.error().code == Code::kUnimplemented) continue;  // an installation without tables
      if (!frames)
        incomplete = std::unexpected(frames.error());
      else if (*frames)
        block.frames.emplace(variable.name, **std::move(frames));
    }
    out.blocks.push_back(std::move(block));
  }
  return out;
}

}  // namespace

bool BlockDifference::DiffersItself() const {
  const auto own = [](const auto& difference) { return !difference.inherited; };
  return before.empty() || after.empty() || !problem.empty() || code_changed.value_or(false) ||
         environment_changed.value_or(false) || !read.empty() || !written.empty() ||
         std::ranges::any_of(state.variables, own) || std::ranges::any_of(state.settings, own);
}

int RunDiff(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  Status incomplete;
  const auto difference = Compare(invocation, incomplete);
  if (!difference) return ReportError(difference.error(), err);
  if (invocation.Has("json"))
    out << json::serialize(DifferenceDocument(*difference)) << '\n';
  else
    out << RenderDifference(invocation.terminal, *difference);
  return incomplete ? kExitGood : ReportError(incomplete.error(), err);
}

}  // namespace easel
