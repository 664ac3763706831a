#include "engine/join.h"

#include <algorithm>
#include <set>

#include "base/digest.h"

namespace easel {

const json::value& SettingValue(const json::value& setting) {
  const json::object* object = setting.if_object();
  const json::value* value = object == nullptr ? nullptr : object->if_contains("value");
  return value == nullptr || !object->contains("by") ? setting : *value;
}

std::string SettingOrigin(const json::value& setting) {
  const json::object* object = setting.if_object();
  const json::value* by = object == nullptr ? nullptr : object->if_contains("by");
  return by == nullptr || !by->is_string() ? std::string() : std::string(by->get_string());
}

const std::string& StateIndex::Merkle(const std::string& slot) {
  static const std::string kMissing = "missing";
  struct Frame {
    const std::string* id;
    const Slot* slot;
    std::size_t next_ref = 0;
  };
  std::vector<Frame> stack;  // references may be nested as deep as a manifest likes
  // References form no circle; should a manifest lie, "circle" stands for what is not finished, and this ends.
  const auto enter = [&](const std::string& id) {
    const auto found = state_->slots.find(id);
    if (found == state_->slots.end() || !merkle_.emplace(id, "circle").second) return;
    if (found->second.refs.empty())
      merkle_[id] = found->second.digest;
    else
      stack.push_back({&found->first, &found->second});
  };
  enter(slot);
  while (!stack.empty()) {
    Frame& frame = stack.back();
    if (frame.next_ref < frame.slot->refs.size()) {
      enter(frame.slot->refs[frame.next_ref++]);
      continue;
    }
    Sha256 hash;
    hash.UpdateField("merkle 1").UpdateField(frame.slot->digest);
    for (const std::string& ref : frame.slot->refs) {
      const auto known = merkle_.find(ref);
      hash.UpdateField(known == merkle_.end() ? kMissing : known->second);
    }
    merkle_[*frame.id] = hash.Finish();
    stack.pop_back();
  }
  const auto known = merkle_.find(slot);
  return known == merkle_.end() ? kMissing : known->second;
}

std::string StateIndex::Version(std::string_view name) {
  const auto found = state_->variables.find(name);
  if (found == state_->variables.end()) return "absent";
  const Variable& variable = found->second;
  if (variable.not_carried) return "not carried " + variable.type;
  const std::string& member = variable.member.empty() ? found->first : variable.member;
  return member == name ? Merkle(variable.slot) : Merkle(variable.slot) + " " + member;
}

namespace {

/// One candidate for a name, slot or setting: what a parent says of it, and which block made that.
struct Candidate {
  std::string version;
  std::string origin;  ///< block that made it; empty if absent or unknown
};

/// Position of the winner among the parents, and whether several real changes competed.
struct Verdict {
  std::size_t winner = 0;
  bool conflict = false;
};

Verdict Decide(const std::vector<JoinParent>& parents, const std::vector<Candidate>& candidates) {
  std::vector<std::size_t> real;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    bool overruled = false;
    for (std::size_t j = 0; j < candidates.size() && !overruled; ++j) {
      if (i == j || candidates[i].version == candidates[j].version) continue;
      // j's branch came through the block that made i's value, and has something else now: it changed or deleted it.
      // What a branch never had, it has no say in.
      overruled = candidates[i].origin.empty() ? !candidates[j].origin.empty()
                                               : parents[j].has_ancestor(candidates[i].origin);
      if (overruled && candidates[i].origin.empty() && parents[i].has_ancestor(candidates[j].origin))
        overruled = false;  // i deleted what j merely inherited
    }
    if (!overruled) real.push_back(i);
  }
  if (real.empty()) return {candidates.size() - 1, true};
  Verdict verdict{real.back(), false};
  for (const std::size_t i : real)
    verdict.conflict |= candidates[i].version != candidates[verdict.winner].version;
  return verdict;
}

std::string OriginOfSlot(const State& state, const std::string& slot) {
  for (const auto& [name, variable] : state.variables)
    if (variable.slot == slot) return variable.origin;
  const auto slash = slot.find('/');  // "<run>/<block>.<epoch>#<n>"
  const auto dot = slot.rfind('.');
  return slash == std::string::npos || dot == std::string::npos || dot < slash
             ? ""
             : slot.substr(slash + 1, dot - slash - 1);
}

const json::value* SettingOf(const State& state, const std::string& key) {
  for (const auto& [name, value] : state.settings)
    if (name == key) return &value;
  return nullptr;
}

void JoinSettings(const std::vector<JoinParent>& parents, State& out) {
  std::set<std::string> done;
  std::vector<Candidate> candidates(parents.size());
  for (const JoinParent& parent : parents) {
    for (const auto& [key, unused] : parent.index->state().settings) {
      if (!done.insert(key).second) continue;
      for (std::size_t i = 0; i < parents.size(); ++i) {
        const json::value* value = SettingOf(parents[i].index->state(), key);
        candidates[i] = value == nullptr
                            ? Candidate{"absent", ""}
                            : Candidate{json::serialize(SettingValue(*value)), SettingOrigin(*value)};
      }
      const Verdict verdict = Decide(parents, candidates);
      if (const json::value* value = SettingOf(parents[verdict.winner].index->state(), key))
        out.settings.emplace_back(key, *value);
    }
  }
}

}  // namespace

JoinedState JoinStates(const std::vector<JoinParent>& parents) {
  if (parents.empty()) return {std::make_shared<State>(), {}};
  const bool same = std::ranges::all_of(
      parents, [&](const JoinParent& p) { return p.index->pointer() == parents[0].index->pointer(); });
  if (same) return {parents[0].index->pointer(), {}};

  auto out = std::make_shared<State>();
  JoinedState joined;
  std::set<std::string> names, slots;
  for (const JoinParent& parent : parents) {
    for (const auto& [name, unused] : parent.index->state().variables) names.insert(name);
    for (const auto& [slot, unused] : parent.index->state().slots) slots.insert(slot);
  }
  std::vector<Candidate> candidates(parents.size());
  for (const std::string& name : names) {
    for (std::size_t i = 0; i < parents.size(); ++i) {
      const auto& variables = parents[i].index->state().variables;
      const auto found = variables.find(name);
      candidates[i] = {parents[i].index->Version(name), found == variables.end() ? "" : found->second.origin};
    }
    const Verdict verdict = Decide(parents, candidates);
    const auto& winner = parents[verdict.winner].index->state().variables;
    if (const auto found = winner.find(name); found != winner.end())
      out->variables.emplace(name, found->second);
    if (!verdict.conflict) continue;
    NameConflict conflict{name, parents[verdict.winner].block, {}};
    for (std::size_t i = 0; i < parents.size(); ++i)
      if (candidates[i].version != candidates[verdict.winner].version && candidates[i].version != "absent")
        conflict.losers.push_back(parents[i].block);
    if (!conflict.losers.empty()) joined.conflicts.push_back(std::move(conflict));
  }
  for (const std::string& slot : slots) {
    std::vector<JoinParent> having;
    std::vector<Candidate> versions;
    for (const JoinParent& parent : parents) {
      if (!parent.index->state().slots.contains(slot)) continue;
      having.push_back(parent);
      versions.push_back({parent.index->Merkle(slot), OriginOfSlot(parent.index->state(), slot)});
    }
    const Verdict verdict = Decide(having, versions);
    out->slots.emplace(slot, having[verdict.winner].index->state().slots.at(slot));
  }
  JoinSettings(parents, *out);
  joined.state = std::move(out);
  return joined;
}

}  // namespace easel
