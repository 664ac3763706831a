#include "cli/continued_run.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

json::object Parse(const char* text) { return json::parse(text).get_object(); }

TEST(ContinuedRun, ChangesNothingWhileOneEngineDoesIt) {
  ContinuedRun run;
  for (const char* text :
       {R"({"event":"run.started","run":"r1"})",
        R"({"event":"block.started","block":"a","attempt":"r1/a.1"})",
        R"({"event":"block.finished","block":"a","status":"succeeded","reason":"never run"})",
        R"({"event":"block.finished","block":"b","status":"up_to_date","reason":""})",
        R"({"event":"run.finished","run":"r1","status":"succeeded","ran":["a"],"up_to_date":["b"]})"})
    EXPECT_EQ(run.Tell(Parse(text)), Parse(text));
}

TEST(ContinuedRun, CountsWhatRanUnderTheFirstEngineWhenASecondGoesOn) {
  ContinuedRun run;
  for (const char* text : {R"({"event":"run.started","run":"r1"})",
                           R"({"event":"block.started","block":"a","attempt":"r1/a.1"})",
                           R"({"event":"block.finished","block":"a","status":"succeeded"})",
                           R"({"event":"block.started","block":"b","attempt":"r1/b.1"})"})
    EXPECT_TRUE(run.Tell(Parse(text)));
  run.EngineGone();
  EXPECT_FALSE(run.Tell(Parse(R"({"event":"run.started","run":"r2"})")));
  EXPECT_FALSE(run.Tell(Parse(R"({"event":"block.finished","block":"a","status":"up_to_date"})")));
  const auto adopted = run.Tell(Parse(R"({"event":"block.finished","block":"b","status":"up_to_date"})"));
  ASSERT_TRUE(adopted);
  EXPECT_EQ(adopted->at("status"), "succeeded");
  EXPECT_EQ(adopted->at("attempt"), "r1/b.1");
  EXPECT_TRUE(run.Tell(Parse(R"({"event":"block.finished","block":"c","status":"up_to_date"})")));
  const auto whole = run.Tell(Parse(
      R"({"event":"run.finished","run":"r2","status":"succeeded","ran":[],"up_to_date":["a","b","c"]})"));
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->at("run"), "r1");
  EXPECT_EQ(whole->at("ran"), json::array({"a", "b"}));
  EXPECT_EQ(whole->at("up_to_date"), json::array({"c"}));
}

TEST(ContinuedRun, FailsWhenABlockFailedUnderTheFirstEngine) {
  ContinuedRun run;
  run.Tell(Parse(R"({"event":"run.started","run":"r1"})"));
  run.Tell(Parse(R"({"event":"block.finished","block":"a","status":"failed"})"));
  run.EngineGone();
  const auto whole = run.Tell(Parse(R"({"event":"run.finished","run":"r2","status":"succeeded"})"));
  EXPECT_EQ(whole->at("status"), "failed");
  EXPECT_EQ(whole->at("failed"), json::array({"a"}));
}

}  // namespace
}  // namespace easel
