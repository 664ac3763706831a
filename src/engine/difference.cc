#include "engine/difference.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"

namespace easel {
namespace {

bool IsUnstable(const State& state, const Variable& variable) {
  const auto slot = state.slots.find(variable.slot);
  return slot != state.slots.end() && slot->second.unstable;
}

std::optional<VariableDifference> CompareVariable(const std::string& name, StateIndex& before,
                                                  StateIndex& after) {
  const auto find = [&](const StateIndex& index) {
    const auto found = index.state().variables.find(name);
    return found == index.state().variables.end() ? nullptr : &found->second;
  };
  VariableDifference out{.name = name, .before = find(before), .after = find(after)};
  const std::string was = before.Version(name), is = after.Version(name);
  out.identity = was + "\n" + is;
  if (out.before == nullptr) {
    out.change = VariableChange::kAdded;
  } else if (out.after == nullptr) {
    out.change = VariableChange::kRemoved;
  } else if (was == is) {
    if (out.before->origin == out.after->origin) return std::nullopt;
    out.change = VariableChange::kMoved;
  } else if (!out.before->not_carried && out.after->not_carried) {
    out.change = VariableChange::kLost;
  } else if (out.before->not_carried && !out.after->not_carried) {
    out.change = VariableChange::kRegained;
  } else {
    out.unstable = IsUnstable(before.state(), *out.before) || IsUnstable(after.state(), *out.after);
  }
  return out;
}

struct Setting {
  std::string value;
  std::string by;
};

std::map<std::string, Setting> SettingsOf(const State& state) {
  std::map<std::string, Setting> out;
  for (const auto& [key, setting] : state.settings) {
    if (key.starts_with("import:") || key.starts_with("local:")) continue;  // they count for nothing
    const json::value& value = SettingValue(setting);
    const json::object* object = value.if_object();
    const json::value* digest = object == nullptr ? nullptr : object->if_contains("digest");
    out[key] = {json::serialize(digest == nullptr ? value : *digest), SettingOrigin(setting)};
  }
  return out;
}

}  // namespace

std::string_view VariableChangeName(VariableChange change) {
  switch (change) {
    case VariableChange::kAdded: return "added";
    case VariableChange::kRemoved: return "removed";
    case VariableChange::kChanged: return "changed";
    case VariableChange::kMoved: return "moved";
    case VariableChange::kLost: return "not_carried";
    case VariableChange::kRegained: return "carried_again";
  }
  return "changed";
}

StateDifference CompareStates(StateIndex& before, StateIndex& after) {
  StateDifference out;
  std::set<std::string> names;
  for (const StateIndex* index : {&before, &after})
    for (const auto& [name, unused] : index->state().variables) names.insert(name);
  for (const std::string& name : names) {
    auto difference = CompareVariable(name, before, after);
    if (difference)
      out.variables.push_back(*std::move(difference));
    else
      ++out.same;
  }
  const auto was = SettingsOf(before.state()), is = SettingsOf(after.state());
  std::set<std::string> keys;
  for (const auto* settings : {&was, &is})
    for (const auto& [key, unused] : *settings) keys.insert(key);
  for (const std::string& key : keys) {
    SettingDifference difference{.key = key};
    if (const auto found = was.find(key); found != was.end()) {
      difference.before = found->second.value;
      difference.by = found->second.by;
    }
    if (const auto found = is.find(key); found != is.end()) {
      difference.after = found->second.value;
      difference.by = found->second.by;
    }
    if (difference.before != difference.after) out.settings.push_back(std::move(difference));
  }
  return out;
}

void MarkInherited(StateDifference& difference, const StateDifference& parent) {
  for (VariableDifference& mine : difference.variables) {
    const auto theirs = std::ranges::lower_bound(parent.variables, mine.name, {}, &VariableDifference::name);
    mine.inherited |= theirs != parent.variables.end() && theirs->name == mine.name &&
                      theirs->identity == mine.identity && theirs->change == mine.change;
  }
  for (SettingDifference& mine : difference.settings)
    mine.inherited |= std::ranges::any_of(
        parent.settings, [&](const SettingDifference& theirs) { return theirs.IsSame(mine); });
}

}  // namespace easel
