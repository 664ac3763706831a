#include "engine/difference.h"

#include <gtest/gtest.h>

#include <memory>

namespace easel {
namespace {

/// "x=1@load" a variable of content 1 that load made; "x!Lock@load" one that is not carried.
State StateOf(const std::vector<std::string>& items) {
  State state;
  for (const std::string& item : items) {
    const auto at = item.rfind('@');
    Variable variable{.origin = item.substr(at + 1), .type = "int"};
    const auto mark = item.find_first_of("=!");
    const std::string name = item.substr(0, mark), content = item.substr(mark + 1, at - mark - 1);
    if (item[mark] == '!') {
      variable.type = content;
      variable.not_carried = NotCarried{"it is a lock", "make it again"};
    } else {
      variable.slot = "r/" + variable.origin + ".1#" + name;
      state.slots[variable.slot] = {.digest = content, .names = {name}};
    }
    state.variables[name] = std::move(variable);
  }
  return state;
}

struct Compared {
  Compared(const State& left, const State& right)
      : before(std::make_shared<State>(left)), after(std::make_shared<State>(right)) {
    StateIndex was(before), is(after);
    difference = CompareStates(was, is);
  }
  StatePtr before, after;
  StateDifference difference;
};

std::string Said(const StateDifference& difference) {
  std::string out;
  for (const VariableDifference& variable : difference.variables)
    out += (out.empty() ? "" : ", ") + variable.name + " " +
           std::string(VariableChangeName(variable.change)) + (variable.inherited ? " inherited" : "");
  for (const SettingDifference& setting : difference.settings)
    out += (out.empty() ? "" : ", ") + setting.key + " " + setting.before.value_or("none") + " to " +
           setting.after.value_or("none") + (setting.inherited ? " inherited" : "");
  return out;
}

TEST(Difference, EachKindOfChangeHasItsName) {
  const Compared compared(StateOf({"same=1@load", "gone=1@load", "other=1@load", "moved=1@load",
                                   "lost=1@load", "back!Lock@load"}),
                          StateOf({"same=1@load", "new=1@load", "other=2@load", "moved=1@clean",
                                   "lost!Lock@load", "back=1@load"}));
  EXPECT_EQ(Said(compared.difference),
            "back carried_again, gone removed, lost not_carried, moved moved, new added, other changed");
  EXPECT_EQ(compared.difference.same, 1u);
}

TEST(Difference, WhereTheContentLiesDoesNotCount) {
  State before = StateOf({"x=1@load"}), after = before;
  after.slots.clear();
  after.slots["r9/load.7#0"] = {.digest = "1", .names = {"x"}};
  after.variables.at("x").slot = "r9/load.7#0";
  EXPECT_TRUE(Compared(before, after).difference.empty());
}

TEST(Difference, WhatAVariableRefersToCounts) {
  State before = StateOf({"Class=1@load", "thing=1@load"});
  before.slots.at("r/load.1#thing").refs = {"r/load.1#Class"};
  State after = before;
  after.slots.at("r/load.1#Class").digest = "2";
  EXPECT_EQ(Said(Compared(before, after).difference), "Class changed, thing changed");
}

TEST(Difference, WhatAParentHandsOnIsInherited) {
  const Compared above(StateOf({"x=1@load", "y=1@load"}), StateOf({"x=2@load", "y=2@load"}));
  Compared below(StateOf({"x=1@load", "y=5@clean", "z=1@clean"}),
                 StateOf({"x=2@load", "y=6@clean", "z=2@clean"}));
  MarkInherited(below.difference, above.difference);
  EXPECT_EQ(Said(below.difference), "x changed inherited, y changed, z changed");
}

TEST(Difference, SettingsAreComparedByTheirValue) {
  const auto setting = [](json::value value, const char* by) {
    return json::value(json::object{{"value", std::move(value)}, {"by", by}});
  };
  State before, after;
  before.settings = {
      {"environ:TZ", setting("UTC", "load")}, {"cwd", setting("a", "load")}, {"seterr", setting(1, "x")}};
  after.settings = {{"cwd", setting("b", "load")},
                    {"seterr", setting(1, "y")},
                    {"random:numpy", setting(json::object{{"digest", "d"}, {"value", "secret"}}, "load")}};
  Compared compared(before, after);
  EXPECT_EQ(Said(compared.difference),
            "cwd \"a\" to \"b\", environ:TZ \"UTC\" to none, random:numpy none to \"d\"");
  MarkInherited(compared.difference, Compared(before, after).difference);
  EXPECT_TRUE(compared.difference.settings[0].inherited);
}

TEST(Difference, AnUnstableTypeIsMarked) {
  State before = StateOf({"figure=1@plot"}), after = StateOf({"figure=2@plot"});
  after.slots.at("r/plot.1#figure").unstable = true;
  EXPECT_TRUE(Compared(before, after).difference.variables.at(0).unstable);
}

}  // namespace
}  // namespace easel
