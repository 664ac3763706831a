// What differs between two states of one block: its variables and settings, by content.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/join.h"

namespace easel {

/// `kMoved`: the same content, made by another block. `kLost`, `kRegained`: not carried any more, carried again.
enum class VariableChange { kAdded, kRemoved, kChanged, kMoved, kLost, kRegained };
std::string_view VariableChangeName(VariableChange change);

struct VariableDifference {
  std::string name;
  VariableChange change = VariableChange::kChanged;
  const Variable* before = nullptr;  ///< null if it was added; belongs to the state
  const Variable* after = nullptr;   ///< null if it was removed
  /// What tells one difference from another: equal for two blocks of which one handed it on to the other.
  std::string identity;
  bool unstable = false;   ///< its type is stored differently each time: it may be the same all the same
  bool inherited = false;  ///< a parent's state differs in just this way
};

struct SettingDifference {
  std::string key;
  std::optional<std::string> before, after;  ///< JSON; of a value that only workers open, its digest
  std::string by;  ///< block that made the newer one, or the older one if it is gone
  bool inherited = false;

  bool IsSame(const SettingDifference& other) const {
    return key == other.key && before == other.before && after == other.after;
  }
};

/// Borrows from both states.
struct StateDifference {
  std::vector<VariableDifference> variables;  ///< by name
  std::vector<SettingDifference> settings;    ///< by key
  std::size_t same = 0;                       ///< variables that do not differ

  bool empty() const { return variables.empty() && settings.empty(); }
};

/// Compare two states by content: a variable that lies elsewhere now and has the same content does not differ. Settings
/// that do not count for keys (which modules of the standard library were imported) are left out.
StateDifference CompareStates(StateIndex& before, StateIndex& after);

/// Mark what `difference` has in common with that of a parent.
void MarkInherited(StateDifference& difference, const StateDifference& parent);

}  // namespace easel
