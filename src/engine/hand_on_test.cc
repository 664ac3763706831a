#include "engine/hand_on.h"

#include <gtest/gtest.h>

#include <memory>

namespace easel {
namespace {

/// Adds variable `name` of block `origin`, in slot `slot` with content `digest`.
void Add(State& state, const std::string& name, const std::string& origin, const std::string& slot,
         const std::string& digest, std::vector<std::string> refs = {}) {
  state.variables[name] = {.slot = slot, .origin = origin, .type = "object"};
  state.slots[slot] = {.digest = digest, .names = {name}, .refs = std::move(refs)};
}

HandedOn Handed(const State& left, const State& joined, const Analysis& analysis = {}) {
  StateIndex left_index(std::make_shared<State>(left)), joined_index(std::make_shared<State>(joined));
  return HandOn("clean", "r1/clean.1", analysis, left_index, joined_index);
}

TEST(HandOn, WhatIsTheSameAboveIsHandedOnAsItWasLeft) {
  State left, joined;
  Add(left, "x", "load", "r1/load.1#0", "1");
  Add(left, "y", "clean", "r1/clean.1#0", "2");
  Add(joined, "x", "load", "r2/load.2#7", "1");
  const HandedOn handed = Handed(left, joined);
  EXPECT_EQ(handed.state, nullptr);
  EXPECT_EQ(handed.unclear, "");
}

TEST(HandOn, NewerValuesComeThroughAndOwnOnesStay) {
  State left, joined;
  Add(left, "x", "load", "r1/load.1#0", "1");
  Add(left, "limit", "load", "r1/load.1#1", "10");
  Add(left, "gone", "load", "r1/load.1#2", "3");
  Add(left, "y", "clean", "r1/clean.1#0", "own");
  Add(joined, "x", "load", "r2/load.2#0", "1");
  Add(joined, "limit", "load", "r2/load.2#1", "12");
  Add(joined, "y", "load", "r2/load.2#2", "other");
  Add(joined, "fresh", "load", "r2/load.2#3", "4");
  Add(joined, "deleted", "load", "r2/load.2#4", "5");
  const HandedOn handed = Handed(left, joined, {.deletes = {"deleted"}});
  ASSERT_NE(handed.state, nullptr) << handed.unclear;
  const auto slot_of = [&](const char* name) {
    const auto found = handed.state->variables.find(name);
    return found == handed.state->variables.end() ? "none" : found->second.slot;
  };
  EXPECT_EQ(slot_of("x"), "r2/load.2#0");
  EXPECT_EQ(slot_of("limit"), "r2/load.2#1");
  EXPECT_EQ(slot_of("y"), "r1/clean.1#0");
  EXPECT_EQ(slot_of("fresh"), "r2/load.2#3");
  EXPECT_EQ(slot_of("gone"), "none");
  EXPECT_EQ(slot_of("deleted"), "none");
  EXPECT_EQ(handed.state->slots.size(), 4u) << "closed, and nothing that no name reaches";
  for (const auto& [name, variable] : handed.state->variables)
    EXPECT_TRUE(handed.state->slots.contains(variable.slot)) << name;
}

TEST(HandOn, WhatItChangedInPlaceIsSeenByWhatRefersToIt) {
  // clean set an attribute of the class C; load's `items` are instances of it, and `limit` is new.
  State left, joined;
  Add(left, "C", "clean", "r1/load.1#0", "class changed");
  Add(left, "items", "load", "r1/load.1#1", "items", {"r1/load.1#0"});
  Add(left, "limit", "load", "r1/load.1#2", "10");
  Add(joined, "C", "load", "r1/load.1#0", "class");
  Add(joined, "items", "load", "r1/load.1#1", "items", {"r1/load.1#0"});
  Add(joined, "limit", "other", "r2/other.1#0", "12");
  const HandedOn handed = Handed(left, joined);
  ASSERT_NE(handed.state, nullptr) << handed.unclear;
  EXPECT_EQ(handed.state->slots.at("r1/load.1#0").digest, "class changed");
  EXPECT_EQ(handed.state->variables.at("items").slot, "r1/load.1#1");
  EXPECT_EQ(handed.state->variables.at("limit").slot, "r2/other.1#0");
  joined.variables["limit"] = left.variables["limit"];
  joined.slots["r1/load.1#2"] = left.slots["r1/load.1#2"];
  EXPECT_EQ(Handed(left, joined).state, nullptr) << "nothing is new above";
}

TEST(HandOn, WhatMightNotFitTogetherIsUnclear) {
  State left, joined;
  Add(left, "C", "load", "r1/load.1#0", "class");
  Add(left, "limit", "load", "r1/load.1#1", "10");
  Add(left, "p", "clean", "r1/clean.1#0", "p", {"r1/load.1#0"});
  Add(joined, "C", "load", "r2/load.2#0", "class");
  Add(joined, "limit", "load", "r2/load.2#1", "12");
  const HandedOn made_anew = Handed(left, joined);
  EXPECT_EQ(made_anew.state, nullptr);
  EXPECT_EQ(made_anew.unclear, "C") << "p is an instance of the C of then";

  left.variables.erase("p");
  EXPECT_NE(Handed(left, joined).state, nullptr);
  const HandedOn maybe_set = Handed(left, joined, {.writes = {"limit"}});
  EXPECT_EQ(maybe_set.unclear, "limit");
  EXPECT_EQ(maybe_set.origin, "load");
  EXPECT_EQ(Handed(left, joined, {.writes = {"*"}}).unclear, "limit");
}

TEST(HandOn, ANameThatIsNotCarriedAndOneThatIsAgain) {
  State left, joined;
  left.variables["lock"] = {.origin = "load", .type = "Lock", .not_carried = NotCarried{"a", "b"}};
  joined.variables["lock"] = left.variables["lock"];
  EXPECT_EQ(Handed(left, joined).state, nullptr);
  joined.variables.clear();
  Add(joined, "lock", "load", "r2/load.2#0", "1");
  ASSERT_NE(Handed(left, joined).state, nullptr);
  EXPECT_FALSE(Handed(left, joined).state->variables.at("lock").not_carried);
}

TEST(HandOn, ModulesOfTheStandardLibraryThatAreNewComeThrough) {
  State left, joined;
  left.settings = {{"environ:TZ", json::object{{"value", "UTC"}, {"by", "clean"}}}};
  joined.settings = {{"import:json", json::object{{"value", true}, {"by", "load"}}}};
  const HandedOn handed = Handed(left, joined);
  ASSERT_NE(handed.state, nullptr);
  ASSERT_EQ(handed.state->settings.size(), 2u);
  EXPECT_EQ(handed.state->settings[0].first, "environ:TZ");
}

}  // namespace
}  // namespace easel
