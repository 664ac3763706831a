#include "engine/owner.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

namespace easel {
namespace {

class OwnerTest : public testing::Test {
 protected:
  OwnerTest() : folder_(testing::TempDir() + "owner.XXXXXX") {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
  }
  ~OwnerTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(OwnerTest, OneHoldsTheLockUntilItEnds) {
  {
    const auto first = EngineLock::TryAcquire(folder_ + "/.easel");
    ASSERT_TRUE(first && *first);
    const auto second = EngineLock::TryAcquire(folder_ + "/.easel");
    ASSERT_TRUE(second);
    EXPECT_FALSE(second->has_value());
  }
  const auto third = EngineLock::TryAcquire(folder_ + "/.easel");
  EXPECT_TRUE(third && *third);
}

TEST_F(OwnerTest, NobodyListensIsSaidAsSuch) {
  const auto guest = EngineGuest::Connect(folder_, {});
  ASSERT_FALSE(guest);
  EXPECT_EQ(guest.error().reason, "ENGINE_GONE");
}

TEST(RunRequestJson, ComesBackAsItWas) {
  const RunRequest request{.mode = RunMode::kFrom, .blocks = {"a", "b"}, .force = true, .jobs = 3};
  const auto back = RunRequestFromJson(json::value(ToJson(request)));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->mode, RunMode::kFrom);
  EXPECT_EQ(back->blocks, request.blocks);
  EXPECT_TRUE(back->force);
  EXPECT_EQ(back->jobs, 3);
}

TEST(RunRequestJson, WhatIsWrongIsRefused) {
  for (const char* text : {"1", "{}", R"({"mode": "sideways"})", R"({"mode": "all", "blocks": [1]})",
                           R"({"mode": "all", "force": "yes"})"})
    EXPECT_FALSE(RunRequestFromJson(*ParseJson(text, "test"))) << text;
}

TEST(EventQueue, GivesEventsInOrderAndEndsWhenClosedAndEmpty) {
  EventQueue queue;
  queue.Put({{"event", "a"}});
  queue.Put({{"event", "b"}});
  queue.Close();
  queue.Put({{"event", "too late"}});
  EXPECT_EQ(queue.Take(-1), R"({"event":"a"})");
  EXPECT_EQ(queue.Take(-1), R"({"event":"b"})");
  EXPECT_EQ(queue.Take(-1), std::nullopt);
  EXPECT_TRUE(queue.closed());
}

TEST(EventQueue, AReaderThatWaitsIsWokenByEventsAndByTheEnd) {
  EventQueue queue;
  std::vector<std::string> got;
  std::thread reader([&] {
    while (auto line = queue.Take(-1)) got.push_back(*line);
  });
  for (int i = 0; i < 1000; ++i) queue.Put({{"n", i}});
  queue.Close();
  reader.join();
  ASSERT_EQ(got.size(), 1000u);
  EXPECT_EQ(got.back(), R"({"n":999})");
}

}  // namespace
}  // namespace easel
