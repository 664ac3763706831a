#include "state/stamps.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "state/test_vectors.h"

namespace easel {
namespace {

struct stat FileOf(const std::string& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info;
}

class Stamps : public testing::Test {
 protected:
  Stamps() {
    EXPECT_TRUE(WriteFileAtomically(object_, "content"));
    info_ = FileOf(object_);
  }
  std::string File() const { return folder_.path() + "/stamps"; }
  bool Kept() const { return ObjectStamps(folder_.path()).Holds(name_, info_); }
  void Put() { ObjectStamps(folder_.path()).Put(name_, info_); }

  TemporaryFolder folder_;
  const std::string object_ = folder_.path() + "/object";
  const std::string name_ = DigestOf("content");
  struct stat info_{};
};

TEST_F(Stamps, OutliveTheProcess) {
  ObjectStamps stamps(folder_.path());
  EXPECT_FALSE(stamps.Holds(name_, info_));
  stamps.Put(name_, info_);
  EXPECT_TRUE(stamps.Holds(name_, info_));
  EXPECT_TRUE(Kept());
  EXPECT_FALSE(stamps.Holds(DigestOf("other"), info_));
  EXPECT_FALSE(stamps.Holds("no digest", info_));
}

TEST_F(Stamps, EveryChangeOfTheFileMakesThemVoid) {
  Put();
  struct stat other = info_;
  other.st_size++;
  EXPECT_FALSE(ObjectStamps(folder_.path()).Holds(name_, other));
  for (auto field : {&stat::st_mtim, &stat::st_ctim}) {
    other = info_;
    (other.*field).tv_nsec ^= 1;
    EXPECT_FALSE(ObjectStamps(folder_.path()).Holds(name_, other));
  }
  ASSERT_TRUE(WriteFileAtomically(object_, "content"));  // the same bytes in another file
  EXPECT_FALSE(ObjectStamps(folder_.path()).Holds(name_, FileOf(object_)));
}

TEST_F(Stamps, ADamagedFileForgetsAndIsWrittenAnew) {
  Put();
  const std::string whole = *ReadFile(File());
  for (const std::string& bad : {std::string(), whole.substr(0, 10), whole.substr(0, whole.size() - 1),
                                 "PAR1" + whole.substr(4), whole.substr(0, 8) + "\x02" + whole.substr(9)}) {
    std::ofstream(File(), std::ios::binary | std::ios::trunc) << bad;
    EXPECT_FALSE(Kept());
    Put();
    EXPECT_TRUE(Kept());
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string bad = whole;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    EXPECT_TRUE(ParseStamps(bad).empty()) << at;
  }
}

TEST_F(Stamps, OneDamagedRecordCostsOneStamp) {
  Put();
  ObjectStamps(folder_.path()).Put(DigestOf("second"), info_);
  std::string bytes = *ReadFile(File());
  bytes[20] = static_cast<char>(bytes[20] ^ 1);
  std::ofstream(File(), std::ios::binary | std::ios::trunc) << bytes;
  EXPECT_FALSE(Kept());
  EXPECT_TRUE(ObjectStamps(folder_.path()).Holds(DigestOf("second"), info_));
}

TEST_F(Stamps, WhatIsNoFileIsReplacedOrLeft) {
  ASSERT_EQ(::mkfifo(File().c_str(), 0600), 0);
  Put();
  EXPECT_TRUE(Kept());
  std::filesystem::remove(File());
  ASSERT_EQ(::symlink("/dev/zero", File().c_str()), 0);
  Put();
  EXPECT_TRUE(Kept());
  std::filesystem::remove(File());
  std::filesystem::create_directory(File());
  ObjectStamps stamps(folder_.path());
  stamps.Put(name_, info_);
  EXPECT_TRUE(stamps.Holds(name_, info_)) << "in memory at least";
}

TEST_F(Stamps, AnotherProcessAppendsToTheSameFile) {
  ObjectStamps one(folder_.path()), other(folder_.path());
  one.Put(name_, info_);
  EXPECT_FALSE(other.Holds(DigestOf("b"), info_));
  other.Put(DigestOf("b"), info_);
  one.Put(DigestOf("c"), info_);
  ObjectStamps fresh(folder_.path());
  EXPECT_TRUE(fresh.Holds(DigestOf("b"), info_));
  EXPECT_TRUE(fresh.Holds(DigestOf("c"), info_));
}

TEST_F(Stamps, AreBoundedHoweverManyComeAndHoweverOften) {
  ObjectStamps stamps(folder_.path());
  struct stat changing = info_;
  for (int i = 0; i < 5000; ++i) {  // one file again and again
    changing.st_mtim.tv_nsec = i;
    stamps.Put(name_, changing);
  }
  EXPECT_LT(std::filesystem::file_size(File()), 1100u * 72);
  EXPECT_TRUE(ObjectStamps(folder_.path()).Holds(name_, changing));
  for (int i = 0; i < 70'000; ++i) stamps.Put(DigestOf(std::to_string(i)), info_);
  EXPECT_LT(std::filesystem::file_size(File()), std::size_t{3} * 65'536 * 72);
  ObjectStamps fresh(folder_.path());
  EXPECT_TRUE(fresh.Holds(DigestOf("69999"), info_));
  EXPECT_FALSE(fresh.Holds(DigestOf("0"), info_));
}

TEST_F(Stamps, ADeletedStateFolderIsFollowed) {
  ObjectStamps stamps(folder_.path());
  stamps.Put(name_, info_);
  std::filesystem::remove(File());
  stamps.Put(DigestOf("second"), info_);
  EXPECT_TRUE(ObjectStamps(folder_.path()).Holds(DigestOf("second"), info_));
}

}  // namespace
}  // namespace easel
