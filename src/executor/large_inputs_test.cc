#include "executor/large_inputs.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

json::object Spec(json::array load, json::object variables) {
  return {{"load", std::move(load)}, {"state", {{"variables", std::move(variables)}}}};
}

json::object Variable(std::int64_t bytes, const char* slot) {
  return {{"bytes", bytes}, {"origin", "make"}, {"slot", slot}};
}

TEST(LargeInputs, TheLargestThatAreReadAreNamed) {
  const json::object variables{{"small", Variable(100, "s#0")},      {"a", Variable(20 << 20, "s#1")},
                               {"b", Variable(40 << 20, "s#2")},     {"alias", Variable(40 << 20, "s#2")},
                               {"c", Variable(30 << 20, "s#3")},     {"d", Variable(11 << 20, "s#4")},
                               {"unread", Variable(90 << 20, "s#5")}};
  EXPECT_EQ(LargeInputs(Spec({"small", "a", "b", "alias", "c", "d", "gone"}, variables)),
            " Of what it reads from above, the largest are `b` from `make` (40.0 MiB), `c` from `make` (30.0 "
            "MiB) and "
            "`a` from `make` (20.0 MiB).");
  EXPECT_EQ(LargeInputs(Spec({"d"}, variables)),
            " Of what it reads from above, the largest is `d` from `make` (11.0 MiB).");
}

TEST(LargeInputs, NothingLargeIsNotMentioned) {
  EXPECT_EQ(LargeInputs(Spec({"x"}, {{"x", Variable(100, "s#0")}})), "");
  EXPECT_EQ(LargeInputs(Spec({}, {})), "");
  EXPECT_EQ(LargeInputs({}), "");
  EXPECT_EQ(LargeInputs({{"load", 1}, {"state", "x"}}), "");
}

}  // namespace
}  // namespace easel
