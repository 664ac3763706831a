#include "engine/key.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

KeyInputs Some() {
  return {.kind = "python",
          .code = "c1",
          .environment = "e1",
          .names = {{"df", "d1"}, {"np", "absent"}},
          .settings = {{"module:pandas", "m1"}},
          .origins = {{"df", "load"}}};
}

TEST(Key, EveryPartCountsExceptOrigins) {
  const std::string digest = Some().Digest();
  const auto changed = [&](auto change) {
    KeyInputs inputs = Some();
    change(inputs);
    return inputs.Digest() != digest;
  };
  EXPECT_TRUE(changed([](KeyInputs& k) { k.kind = "sql"; }));
  EXPECT_TRUE(changed([](KeyInputs& k) { k.code = "c2"; }));
  EXPECT_TRUE(changed([](KeyInputs& k) { k.environment = "e2"; }));
  EXPECT_TRUE(changed([](KeyInputs& k) { k.names["df"] = "d2"; }));
  EXPECT_TRUE(changed([](KeyInputs& k) { k.names.erase("np"); }));
  EXPECT_TRUE(changed([](KeyInputs& k) { k.settings.clear(); }));
  EXPECT_FALSE(changed([](KeyInputs& k) { k.origins["df"] = "clean"; }));
}

TEST(Key, FieldsDoNotRunTogether) {
  EXPECT_NE((KeyInputs{.kind = "ab", .code = "c"}.Digest()), (KeyInputs{.kind = "a", .code = "bc"}.Digest()));
  EXPECT_NE((KeyInputs{.names = {{"a", "b"}}}.Digest()), (KeyInputs{.settings = {{"a", "b"}}}.Digest()));
}

TEST(Key, SurvivesTheDatabase) {
  const auto back = ParseKeyInputs(Some().Serialize());
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->Digest(), Some().Digest());
  EXPECT_EQ(back->origins, Some().origins);
  EXPECT_FALSE(ParseKeyInputs("{}"));
  EXPECT_FALSE(ParseKeyInputs("not JSON"));
}

TEST(Explanation, NamesTheFirstDifferenceInWords) {
  const auto said = [](auto change) {
    KeyInputs now = Some();
    change(now);
    return ExplainDifference(Some(), now);
  };
  EXPECT_EQ(said([](KeyInputs&) {}), "");
  EXPECT_EQ(said([](KeyInputs& k) { k.code = "c2", k.names["df"] = "d2"; }), "code changed");
  EXPECT_EQ(said([](KeyInputs& k) { k.environment = "e2"; }), "environment changed");
  EXPECT_EQ(said([](KeyInputs& k) { k.names["df"] = "d2"; }), "`df` from `load` changed");
  EXPECT_EQ(said([](KeyInputs& k) { k.names["df"] = "absent"; }), "`df` from `load` is gone");
  EXPECT_EQ(said([](KeyInputs& k) { k.names["np"] = "n1", k.origins["np"] = "imports"; }),
            "`np` from `imports` is new");
  EXPECT_EQ(said([](KeyInputs& k) { k.names["x"] = "x1"; }), "`x` is read now");
  EXPECT_EQ(said([](KeyInputs& k) { k.names.erase("df"); }), "`df` is no longer read");
  EXPECT_EQ(said([](KeyInputs& k) { k.settings["module:pandas"] = "m2"; }),
            "the imported module `pandas` changed");
  EXPECT_EQ(said([](KeyInputs& k) { k.settings.clear(); }), "the imported module `pandas` is no longer set");
}

State StateWith(const std::vector<std::pair<std::string, std::vector<std::string>>>& functions) {
  State state;
  for (const auto& [name, reads] : functions) {
    state.variables[name] = {.slot = "s" + name};
    state.slots["s" + name] = {.digest = name, .reads = reads};
  }
  return state;
}

TEST(Closure, FollowsWhatFunctionsRead) {
  const State state = StateWith({{"f", {"g", "x"}}, {"g", {"y"}}, {"x", {}}, {"y", {}}, {"z", {}}});
  EXPECT_EQ(ReadClosure({.reads = {"f", "print"}}, state),
            (std::vector<std::string>{"f", "g", "print", "x", "y"}));
  EXPECT_EQ(NamesToLoad({"f", "print"}, state), (std::vector<std::string>{"f"}));
}

TEST(Closure, EndsWhereFunctionsReadEachOther) {
  const State state = StateWith({{"f", {"g"}}, {"g", {"f"}}});
  EXPECT_EQ(ReadClosure({.reads = {"f"}}, state), (std::vector<std::string>{"f", "g"}));
}

TEST(Closure, PossibleReadsCountOnlyIfThere) {
  const State state = StateWith({{"df", {}}, {"x", {}}});
  EXPECT_EQ(ReadClosure({.possible_reads = {"df", "select"}}, state), (std::vector<std::string>{"df"}));
}

TEST(Closure, WhoMayReadEverythingReadsEverything) {
  const State state = StateWith({{"f", {"globals"}}, {"x", {}}});
  EXPECT_EQ(ReadClosure({.reads_all = true}, state), (std::vector<std::string>{"f", "globals", "x"}));
  EXPECT_EQ(ReadClosure({.reads = {"f"}}, state), (std::vector<std::string>{"f", "globals", "x"}));
}

TEST(Files, ABlockMayLeaveWhatItReadDifferently) {
  const FileUse use{.read = {{"a", "1"}}, .written = {{"a", "2"}}};
  const auto changed = [&](const std::string& now) {
    return ChangedFile(
        use, [&](const std::string&) { return now; }, [](const auto&, const auto&) { return false; });
  };
  EXPECT_FALSE(changed("2"));
  EXPECT_EQ(changed("3"), "`a` changed");
  EXPECT_EQ(changed("absent"), "`a` is gone");
}

TEST(Files, AnAbsentFileThatCameCounts) {
  const FileUse use{.read = {{"config.toml", "absent"}}};
  EXPECT_EQ(ChangedFile(
                use, [](const std::string&) { return std::string("1"); },
                [](const auto&, const auto&) { return false; }),
            "`config.toml` is there now");
}

TEST(FullKey, CountsFilesReadButNotWritten) {
  const std::string plain = FullKey("base", {});
  EXPECT_NE(FullKey("base", {.read = {{"a", "1"}}}), plain);
  EXPECT_NE(FullKey("base", {.outside = {{"/a", "1"}}}), FullKey("base", {.read = {{"/a", "1"}}}));
  EXPECT_EQ(FullKey("base", {.written = {{"a", "1"}}}), plain);
}

}  // namespace
}  // namespace easel
