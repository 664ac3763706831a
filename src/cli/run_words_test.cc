#include "cli/run_words.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <time.h>

namespace easel {
namespace {

constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kToday = 1'795'435'200'000;  // 2026-11-23 12:00:00 UTC

class RunWordsTest : public testing::Test {
 protected:
  void SetUp() override {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    // Newest first: one under way, then three that ended at noon, at 11:00:30 and two days before.
    runs_ = {Run("r1kd00ddaaaaaa", 0), Run("r1kd00ccbbbbbb", kToday),
             Run("r1kd00bbcccccc", kToday - kHour + 30'500), Run("r1k000aadddddd", kToday - 48 * kHour)};
  }
  static RunRecord Run(const std::string& id, std::int64_t finished_ms) {
    return {.run = id,
            .mode = "all",
            .created_ms = kToday - 1000,
            .finished_ms = finished_ms,
            .status = finished_ms == 0 ? "running" : "succeeded",
            .summary = R"({"ran":2,"up_to_date":1})"};
  }
  std::string Picked(std::string_view words) {
    const auto run = PickRun(runs_, words, kToday + kHour);
    return run ? run->run.substr(8) : run.error().reason;
  }
  std::vector<RunRecord> runs_;
};

TEST_F(RunWordsTest, CountedFromTheNewestThatHasEnded) {
  EXPECT_EQ(Picked("last"), "bbbbbb");
  EXPECT_EQ(Picked("last~0"), "bbbbbb");
  EXPECT_EQ(Picked("last~2"), "dddddd");
  EXPECT_EQ(Picked("last~3"), "RUN_UNKNOWN");
  EXPECT_EQ(Picked("last~"), "RUN_UNKNOWN");
  EXPECT_EQ(Picked("last~x"), "RUN_UNKNOWN");
}

TEST_F(RunWordsTest, ByIdOrItsBeginningOrItsEnd) {
  EXPECT_EQ(Picked("r1kd00bbcccccc"), "cccccc");
  EXPECT_EQ(Picked("r1kd00cc"), "bbbbbb");
  EXPECT_EQ(Picked("cccc"), "cccccc");
  EXPECT_EQ(Picked("ccc"), "RUN_UNKNOWN") << "too short for an end";
  EXPECT_EQ(Picked("r1k0"), "dddddd");
  EXPECT_EQ(Picked("r1kd"), "RUN_AMBIGUOUS");
  EXPECT_EQ(Picked("r1kd00dd"), "RUN_UNDER_WAY");
  EXPECT_EQ(Picked(""), "RUN_UNKNOWN");
}

TEST_F(RunWordsTest, ByTheTimeAtWhichItHadEnded) {
  EXPECT_EQ(Picked("2026-11-23"), "bbbbbb");
  EXPECT_EQ(Picked("2026-11-22"), "dddddd");
  EXPECT_EQ(Picked("2026-11-20"), "RUN_UNKNOWN");
  EXPECT_EQ(Picked("2026-11-23 11:00"), "cccccc") << "the whole minute counts";
  EXPECT_EQ(Picked("2026-11-23T11:00:30"), "cccccc") << "the whole second counts";
  EXPECT_EQ(Picked("2026-11-23 11:00:29"), "dddddd");
  EXPECT_EQ(Picked("11:59"), "cccccc");
  EXPECT_EQ(Picked("12:00"), "bbbbbb");
  EXPECT_EQ(Picked("11:00:29"), "dddddd");
  EXPECT_EQ(Picked("2026-13-77"), "RUN_UNKNOWN");
  EXPECT_EQ(Picked("yesterday"), "RUN_UNKNOWN");
}

TEST_F(RunWordsTest, WhatIsNotThereIsAnsweredWithWhatIs) {
  const auto none = PickRun(runs_, "r9\x1b[2J", kToday);
  EXPECT_NE(none.error().message.find("r1kd00ccbbbbbb"), std::string::npos) << none.error().message;
  EXPECT_NE(none.error().message.find("2 ran, 1 up to date"), std::string::npos) << none.error().message;
  EXPECT_EQ(none.error().message.find('\x1b'), std::string::npos)
      << "what was typed does not drive the terminal";
  EXPECT_NE(PickRun({}, "last", kToday).error().message.find("nothing has run yet"), std::string::npos);
}

}  // namespace
}  // namespace easel
