#include "executor/disk_use.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/file.h"

namespace easel {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

class DiskUse : public testing::Test {
 protected:
  void SetUp() override {
    root_ = testing::TempDir() + "disk-use-" + std::to_string(::getpid());
    std::filesystem::remove_all(root_);
    ASSERT_TRUE(MakeDirectories(root_ + "/files/deep/er").has_value());
    ASSERT_TRUE(MakeDirectories(root_ + "/home").has_value());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Put(const std::string& name, std::int64_t bytes) const {
    ASSERT_TRUE(WriteFileAtomically(root_ + "/" + name, std::string(static_cast<std::size_t>(bytes), 'x'))
                    .has_value());
  }
  std::int64_t Measured() const {
    auto bytes = MeasureFolders({root_ + "/files", root_ + "/home"});
    EXPECT_TRUE(bytes.has_value());
    return bytes.value_or(-1);
  }

  std::string root_;
};

TEST_F(DiskUse, FilesOfAllFoldersCountWhereverTheyLie) {
  const std::int64_t empty = Measured();
  Put("files/deep/er/a", 3 * kMiB);
  Put("home/b", kMiB);
  EXPECT_NEAR(static_cast<double>(Measured() - empty), 4.0 * kMiB, 65536);
}

TEST_F(DiskUse, AFileWithTwoNamesCountsOnce) {
  Put("files/a", 2 * kMiB);
  const std::int64_t once = Measured();
  ASSERT_EQ(::link((root_ + "/files/a").c_str(), (root_ + "/home/b").c_str()), 0);
  EXPECT_EQ(Measured(), once);
}

TEST_F(DiskUse, SparseFilesCountWhatTheyTakeAndEmptyOnesTheirNames) {
  const std::int64_t empty = Measured();
  for (int i = 0; i < 100; ++i) Put("files/n" + std::to_string(i), 0);
  EXPECT_EQ(Measured() - empty, 100 * 4096);
  Put("files/hole", 1);
  ASSERT_EQ(::truncate((root_ + "/files/hole").c_str(), 1024 * kMiB), 0);
  EXPECT_LT(Measured() - empty, kMiB);
}

TEST_F(DiskUse, LinksLeadNowhere) {
  const std::int64_t empty = Measured();
  ASSERT_EQ(::symlink("/usr", (root_ + "/files/usr").c_str()), 0);
  EXPECT_EQ(Measured() - empty, 4096);
}

TEST_F(DiskUse, FoldersNestedWithoutEndAreRefused) {
  std::string path = root_ + "/files";
  for (int i = 0; i < 200; ++i) path += "/d";
  ASSERT_TRUE(MakeDirectories(path).has_value());
  const auto bytes = MeasureFolders({root_ + "/files"});
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().reason, "DISK_LIMIT");
}

TEST_F(DiskUse, AFileWithoutANameCountsWhileItIsHeld) {
  Put("files/gone", 5 * kMiB);
  const std::int64_t before = UnnamedBytes(::getpid());
  const UniqueFd held(::open((root_ + "/files/gone").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(held.valid());
  ASSERT_EQ(::unlink((root_ + "/files/gone").c_str()), 0);
  EXPECT_NEAR(static_cast<double>(UnnamedBytes(::getpid()) - before), 5.0 * kMiB, 65536);
}

TEST_F(DiskUse, ACanvasThatHasTooMuchMayBeReadAndTidiedButNotGrow) {
  Put("files/a", 3 * kMiB);
  const DiskAllowance allowance{{root_ + "/files"}, kMiB, Measured()};
  EXPECT_TRUE(CheckAllowance(allowance, -1).has_value());
  Put("files/b", kMiB);
  const Status grown = CheckAllowance(allowance, -1);
  ASSERT_FALSE(grown.has_value());
  EXPECT_NE(grown.error().message.find("the limit is 1.0 MiB"), std::string::npos) << grown.error().message;
}

}  // namespace
}  // namespace easel
