#include "server/housekeeping.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>

#include "base/file.h"
#include "server/canvas_folders.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1000;

class StoppedClock final : public Clock {
 public:
  std::int64_t MonotonicMs() const override { return 0; }
  std::int64_t UnixMs() const override { return wall; }
  std::int64_t wall = 1000 * kDay;
};

/// Goes a year ahead with every word after the first.
class JumpingClock final : public Clock {
 public:
  std::int64_t MonotonicMs() const override { return 0; }
  std::int64_t UnixMs() const override {
    const int now = ++asked;
    asked.notify_all();
    return 1000 * kDay + (now >= 2 ? now * 365 * kDay : 0);
  }
  mutable std::atomic<int> asked = 0;
};

class HousekeepingTest : public testing::Test {
 protected:
  HousekeepingTest() {
    char name[] = "/tmp/easel_keeping.XXXXXX";
    root = ::mkdtemp(name);
    fs::create_directories(root + "/.easel/trash");
  }
  ~HousekeepingTest() override { fs::remove_all(root); }
  std::string Deleted(std::int64_t at_ms, const std::string& name) {
    std::string path = root + "/.easel/trash/" + std::to_string(at_ms) + "." + name;
    fs::create_directories(path + "/files");
    return path;
  }
  std::string root;
  StoppedClock clock;
};

TEST_F(HousekeepingTest, WhatIsOldGoesAndWhatIsYoungStays) {
  const std::string old = Deleted(clock.wall - 31 * kDay, "old"),
                    young = Deleted(clock.wall - 29 * kDay, "young");
  auto workspace = Workspace::Open(root);
  ASSERT_TRUE(workspace);
  {
    const Housekeeping keeping(*workspace, clock, {.trash_days = 30});
  }
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young));
}

TEST_F(HousekeepingTest, NothingGoesByItselfWithZeroDays) {
  const std::string old = Deleted(1, "old");
  auto workspace = Workspace::Open(root);
  ASSERT_TRUE(workspace);
  {
    const Housekeeping keeping(*workspace, clock, {.trash_days = 0});
  }
  EXPECT_TRUE(fs::exists(old));
}

TEST_F(HousekeepingTest, AClockThatJumpsAYearAheadRemovesNothingInThatRound) {
  const std::string young = Deleted(clock.wall - kDay, "young");
  auto workspace = Workspace::Open(root);
  ASSERT_TRUE(workspace);
  const JumpingClock jumping;
  {
    const Housekeeping keeping(*workspace, jumping, {.trash_days = 30, .every_ms = 1});
    for (int now = jumping.asked; now < 4; now = jumping.asked) jumping.asked.wait(now);
  }
  EXPECT_TRUE(fs::exists(young));
}

TEST_F(HousekeepingTest, WhatAKilledServerLeftHalfMadeIsRemoved) {
  fs::create_directories(root + "/.easel/new/half/blocks");
  auto workspace = Workspace::Open(root);
  ASSERT_TRUE(workspace);
  {
    const Housekeeping keeping(*workspace, clock, {});
  }
  std::size_t left = 0;
  for (const auto& one : fs::directory_iterator(root + "/.easel"))
    left += one.path().filename() == "trash" ? 0 : 1;
  EXPECT_EQ(left, 0u);
}

}  // namespace
}  // namespace easel
