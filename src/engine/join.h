// The state that a block starts from: its parents' states, joined three-way.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "state/manifest.h"

namespace easel {

using StatePtr = std::shared_ptr<const State>;

/// Digests of a state's content, made on demand and kept. Confined to one thread.
class StateIndex {
 public:
  explicit StateIndex(StatePtr state) : state_(std::move(state)) {}

  const State& state() const { return *state_; }
  const StatePtr& pointer() const { return state_; }
  /// The digest of a slot's content and of all that it refers to; "missing" for an unknown slot.
  const std::string& Merkle(const std::string& slot);
  /// Says what `name` is: its Merkle digest and member, "not carried …" or "absent".
  std::string Version(std::string_view name);

 private:
  StatePtr state_;
  std::unordered_map<std::string, std::string> merkle_;
};

/// A setting of a state is {"value": …, "by": block that made it}.
const json::value& SettingValue(const json::value& setting);
std::string SettingOrigin(const json::value& setting);

struct JoinParent {
  std::string block;
  StateIndex* index = nullptr;
  /// Whether the named block is this parent or one of its ancestors.
  std::function<bool(const std::string&)> has_ancestor;
};

struct NameConflict {
  std::string name;
  std::string winner;               ///< parent that wins
  std::vector<std::string> losers;  ///< parents whose value is not used
};

struct JoinedState {
  StatePtr state;
  std::vector<NameConflict> conflicts;
};

/// Join the states of `parents`, in edge order.
///
/// A parent that merely inherited a name from a block which is an ancestor of another parent too never overrides that
/// other parent's change or deletion. Where two parents really changed a name, the last in edge order wins and the
/// conflict is reported. Slots and settings resolve like names.
JoinedState JoinStates(const std::vector<JoinParent>& parents);

}  // namespace easel
