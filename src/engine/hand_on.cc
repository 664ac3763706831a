#include "engine/hand_on.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace easel {
namespace {

class Handing {
 public:
  Handing(std::string_view block, std::string_view attempt, const Analysis& analysis, StateIndex& left,
          StateIndex& joined)
      : block_(block),
        own_prefix_(std::string(attempt) + "#"),
        analysis_(analysis),
        left_index_(left),
        joined_index_(joined),
        left_(left.state()),
        joined_(joined.state()) {
    for (const auto& [name, variable] : left_.variables)
      if (variable.origin == block_ && !variable.slot.empty() && !IsOwn(variable.slot))
        changed_in_place_.insert(variable.slot);
  }

  HandedOn Hand() {
    bool same = true;
    for (const auto& [name, variable] : left_.variables) {
      if (variable.origin == block_) continue;
      const auto now = joined_.variables.find(name);
      if (now != joined_.variables.end() && SameVariable(variable, now->second)) continue;
      same = false;
      if (MayHave(analysis_.writes, name))
        return Unclear(name, now == joined_.variables.end() ? std::string() : now->second.origin);
    }
    for (const auto& [name, variable] : joined_.variables) {
      if (left_.variables.contains(name) || MayHave(analysis_.deletes, name)) continue;
      same = false;
    }
    if (same && !HasNewSettings()) return {};
    return Build();
  }

 private:
  bool IsOwn(const std::string& slot) const { return slot.starts_with(own_prefix_); }

  static bool MayHave(const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end() || std::ranges::find(names, "*") != names.end();
  }

  static HandedOn Unclear(std::string name, std::string origin) {
    return {.state = nullptr, .unclear = std::move(name), .origin = std::move(origin)};
  }

  bool SameVariable(const Variable& left, const Variable& now) {
    if (left.not_carried || now.not_carried)
      return left.not_carried && now.not_carried && left.type == now.type && left.origin == now.origin;
    return left.member == now.member && left.origin == now.origin && SameContent(left.slot, now.slot);
  }

  /// Equal content, apart from what the block changed in place.
  bool SameContent(const std::string& left, const std::string& now) {
    std::vector<std::pair<std::string, std::string>> work{{left, now}};
    while (!work.empty()) {
      auto pair = std::move(work.back());
      work.pop_back();
      if (changed_in_place_.contains(pair.first) || same_.contains(pair)) continue;
      const auto a = left_.slots.find(pair.first);
      const auto b = joined_.slots.find(pair.second);
      if (a == left_.slots.end() || b == joined_.slots.end() || a->second.digest != b->second.digest ||
          a->second.refs.size() != b->second.refs.size())
        return false;
      for (std::size_t i = 0; i < a->second.refs.size(); ++i)
        work.emplace_back(a->second.refs[i], b->second.refs[i]);
      same_.insert(std::move(pair));
    }
    return true;
  }

  bool HasSetting(const std::string& key) const {
    return std::ranges::any_of(left_.settings, [&](const auto& mine) { return mine.first == key; });
  }

  /// Settings that count are the same, as they are in the key; modules of the standard library may be new.
  bool HasNewSettings() const {
    return std::ranges::any_of(joined_.settings, [&](const auto& now) { return !HasSetting(now.first); });
  }

  HandedOn Build() {
    State out;
    for (const auto& [name, variable] : joined_.variables)
      if (left_.variables.contains(name) || !MayHave(analysis_.deletes, name))
        out.variables.emplace(name, variable);
    std::vector<std::string> own;
    for (const auto& [name, variable] : left_.variables) {
      if (variable.origin != block_) continue;
      out.variables[name] = variable;
      if (!variable.slot.empty()) own.push_back(variable.slot);
    }
    std::set<std::string> seen;
    while (!own.empty()) {
      const std::string id = std::move(own.back());
      own.pop_back();
      if (!seen.insert(id).second) continue;
      const auto slot = left_.slots.find(id);
      if (slot == left_.slots.end()) continue;
      if (!IsOwn(id)) {
        // It belongs to what was inherited: it must be the very component that `joined` has, too.
        if (!joined_.slots.contains(id)) return Unclear(NameOf(id), "");
        if (!changed_in_place_.contains(id)) {
          if (left_index_.Merkle(id) == joined_index_.Merkle(id)) continue;
          if (!SameContent(id, id)) return Unclear(NameOf(id), "");
          continue;
        }
      }
      for (const std::string& ref : slot->second.refs) own.push_back(ref);
      if (!slot->second.same_as.empty()) own.push_back(slot->second.same_as);
      out.slots.emplace(id, slot->second);
    }
    std::vector<std::string> reachable;
    for (const auto& [name, variable] : out.variables)
      if (!variable.slot.empty()) reachable.push_back(variable.slot);
    seen.clear();
    while (!reachable.empty()) {
      const std::string id = std::move(reachable.back());
      reachable.pop_back();
      if (!seen.insert(id).second) continue;
      auto slot = out.slots.find(id);
      if (slot == out.slots.end()) {
        const auto inherited = joined_.slots.find(id);
        if (inherited == joined_.slots.end()) return Unclear(NameOf(id), "");
        slot = out.slots.emplace(id, inherited->second).first;
      }
      for (const std::string& ref : slot->second.refs) reachable.push_back(ref);
      if (!slot->second.same_as.empty()) reachable.push_back(slot->second.same_as);
    }
    std::erase_if(out.slots, [&](const auto& entry) { return !seen.contains(entry.first); });
    out.settings = left_.settings;
    for (const auto& now : joined_.settings)
      if (!HasSetting(now.first)) out.settings.push_back(now);
    return {.state = std::make_shared<const State>(std::move(out)), .unclear = {}, .origin = {}};
  }

  /// A name for a slot of `left_`, for words.
  std::string NameOf(const std::string& slot) const {
    for (const auto& [name, variable] : left_.variables)
      if (variable.slot == slot) return name;
    const auto found = left_.slots.find(slot);
    return found == left_.slots.end() || found->second.names.empty() ? slot : found->second.names.front();
  }

  const std::string_view block_;
  const std::string own_prefix_;
  const Analysis& analysis_;
  StateIndex& left_index_;
  StateIndex& joined_index_;
  const State& left_;
  const State& joined_;
  std::set<std::string> changed_in_place_;
  std::set<std::pair<std::string, std::string>> same_;
};

}  // namespace

HandedOn HandOn(std::string_view block, std::string_view attempt, const Analysis& analysis, StateIndex& left,
                StateIndex& joined) {
  return Handing(block, attempt, analysis, left, joined).Hand();
}

}  // namespace easel
