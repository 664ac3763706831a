#include "engine/join.h"

#include <gtest/gtest.h>

#include <set>

namespace easel {
namespace {

/// A state with variables of one slot each: name -> (content, block that made it).
StatePtr Make(const std::map<std::string, std::pair<std::string, std::string>>& variables) {
  auto state = std::make_shared<State>();
  for (const auto& [name, what] : variables) {
    const std::string slot = "r1/" + what.second + ".1#" + name;
    state->variables[name] = {.slot = slot, .origin = what.second};
    state->slots[slot] = {.digest = what.first};
  }
  return state;
}

struct Parent {
  std::string block;
  StateIndex index;
  std::set<std::string> ancestors;
};

JoinedState Join(std::vector<Parent>& parents) {
  std::vector<JoinParent> in;
  for (Parent& parent : parents)
    in.push_back({parent.block, &parent.index, [&parent](const std::string& name) {
                    return name == parent.block || parent.ancestors.contains(name);
                  }});
  return JoinStates(in);
}

std::string Content(const State& state, const std::string& name) {
  const auto found = state.variables.find(name);
  return found == state.variables.end() ? "absent" : state.slots.at(found->second.slot).digest;
}

TEST(Join, NoParentsGiveAnEmptyState) {
  const JoinedState joined = JoinStates(std::vector<JoinParent>{});
  EXPECT_TRUE(joined.state->variables.empty());
}

TEST(Join, TheSameStateTwiceIsNotCopied) {
  const StatePtr state = Make({{"x", {"1", "a"}}});
  std::vector<Parent> parents{{"b", StateIndex(state), {"a"}}, {"c", StateIndex(state), {"a"}}};
  EXPECT_EQ(Join(parents).state, state);
}

TEST(Join, AChangeInAnyPositionOverridesWhatWasOnlyInherited) {
  for (const bool change_first : {true, false}) {
    std::vector<Parent> parents;
    parents.push_back({"keep", StateIndex(Make({{"x", {"1", "root"}}})), {"root"}});
    parents.insert(change_first ? parents.begin() : parents.end(),
                   Parent{"change", StateIndex(Make({{"x", {"2", "change"}}})), {"root"}});
    const JoinedState joined = Join(parents);
    EXPECT_EQ(Content(*joined.state, "x"), "2");
    EXPECT_TRUE(joined.conflicts.empty());
  }
}

TEST(Join, ADeletionInAnyPositionOverridesWhatWasOnlyInherited) {
  for (const bool drop_first : {true, false}) {
    std::vector<Parent> parents;
    parents.push_back({"keep", StateIndex(Make({{"x", {"1", "root"}}})), {"root"}});
    parents.insert(drop_first ? parents.begin() : parents.end(),
                   Parent{"drop", StateIndex(Make({})), {"root"}});
    EXPECT_EQ(Content(*Join(parents).state, "x"), "absent");
  }
}

TEST(Join, WhatABranchNeverHadItHasNoSayIn) {
  std::vector<Parent> parents{{"a", StateIndex(Make({{"x", {"1", "a"}}})), {}},
                              {"b", StateIndex(Make({})), {}}};
  EXPECT_EQ(Content(*Join(parents).state, "x"), "1");
}

TEST(Join, OfThreeRealChangesTheLastWinsAndAllLosersAreNamed) {
  std::vector<Parent> parents{{"a", StateIndex(Make({{"x", {"1", "a"}}})), {}},
                              {"b", StateIndex(Make({{"x", {"2", "b"}}})), {}},
                              {"c", StateIndex(Make({{"x", {"3", "c"}}})), {}}};
  const JoinedState joined = Join(parents);
  EXPECT_EQ(Content(*joined.state, "x"), "3");
  ASSERT_EQ(joined.conflicts.size(), 1u);
  EXPECT_EQ(joined.conflicts[0].winner, "c");
  EXPECT_EQ(joined.conflicts[0].losers, (std::vector<std::string>{"a", "b"}));
}

TEST(Join, AParentThatIsAlsoAnAncestorOfAnotherLosesToIt) {
  // a -> b -> join and a -> join: b changed x, a's own x is the older one wherever its edge stands.
  std::vector<Parent> parents{{"b", StateIndex(Make({{"x", {"2", "b"}}})), {"a"}},
                              {"a", StateIndex(Make({{"x", {"1", "a"}}})), {}}};
  const JoinedState joined = Join(parents);
  EXPECT_EQ(Content(*joined.state, "x"), "2");
  EXPECT_TRUE(joined.conflicts.empty());
}

TEST(Merkle, ChangesWithWhatItRefersTo) {
  auto state = std::make_shared<State>();
  state->slots["c"] = {.digest = "class 1"};
  state->slots["o"] = {.digest = "object", .refs = {"c"}};
  const std::string before = StateIndex(state).Merkle("o");
  state->slots["c"].digest = "class 2";
  EXPECT_NE(StateIndex(state).Merkle("o"), before);
  EXPECT_EQ(StateIndex(state).Merkle("nowhere"), "missing");
}

TEST(Merkle, EndsWhenAManifestLiesAboutACircle) {
  auto state = std::make_shared<State>();
  state->slots["a"] = {.digest = "1", .refs = {"b"}};
  state->slots["b"] = {.digest = "2", .refs = {"a"}};
  EXPECT_FALSE(StateIndex(state).Merkle("a").empty());
}

TEST(Merkle, GoesAsDeepAsAManifestSays) {
  auto state = std::make_shared<State>();
  constexpr int kDeep = 50'000;
  for (int i = 0; i < kDeep; ++i) {
    Slot slot{.digest = "content"};
    if (i + 1 < kDeep) slot.refs.push_back("s" + std::to_string(i + 1));
    state->slots["s" + std::to_string(i)] = std::move(slot);
  }
  EXPECT_EQ(StateIndex(state).Merkle("s0").size(), 64u);
}

TEST(Version, TellsAbsentNotCarriedAndMembersApart) {
  auto state = std::make_shared<State>();
  state->slots["s"] = {.digest = "content"};
  state->variables["x"] = {.slot = "s"};
  state->variables["y"] = {.slot = "s", .member = "x"};
  state->variables["lock"] = {.type = "_thread.lock", .not_carried = NotCarried{"a lock", "make it again"}};
  StateIndex index(state);
  EXPECT_EQ(index.Version("nothing"), "absent");
  EXPECT_EQ(index.Version("lock"), "not carried _thread.lock");
  EXPECT_EQ(index.Version("x"), "content");
  EXPECT_EQ(index.Version("y"), "content x");
}

}  // namespace
}  // namespace easel
