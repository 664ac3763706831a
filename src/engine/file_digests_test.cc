#include "engine/file_digests.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/digest.h"

namespace easel {
namespace {

class FileDigestsTest : public testing::Test {
 protected:
  FileDigestsTest() : folder_(testing::TempDir() + "file_digests.XXXXXX") {
    EXPECT_NE(::mkdtemp(folder_.data()), nullptr);
    digests_ = FileDigests(folder_);
  }
  ~FileDigestsTest() override { std::filesystem::remove_all(folder_); }
  void Write(const std::string& path, const std::string& text) {
    std::ofstream(folder_ + "/" + path) << text;
  }

  std::string folder_;
  FileDigests digests_{""};
};

TEST_F(FileDigestsTest, AFileIsItsContent) {
  Write("a.csv", "1,2");
  EXPECT_EQ(digests_.Of("a.csv"), DigestOf("1,2"));
  Write("a.csv", "1,2,3");
  EXPECT_EQ(digests_.Of("a.csv"), DigestOf("1,2,3"));
  std::filesystem::remove(folder_ + "/a.csv");
  EXPECT_EQ(digests_.Of("a.csv"), "absent");
}

TEST_F(FileDigestsTest, AChangeOfTheSameSizeAndTimeIsSeenByTheInode) {
  Write("a", "one");
  EXPECT_EQ(digests_.Of("a"), DigestOf("one"));
  Write("b", "two");
  std::filesystem::last_write_time(folder_ + "/b", std::filesystem::last_write_time(folder_ + "/a"));
  std::filesystem::rename(folder_ + "/b", folder_ + "/a");
  EXPECT_EQ(digests_.Of("a"), DigestOf("two"));
}

TEST_F(FileDigestsTest, ATouchedFileKeepsItsDigest) {
  Write("a", "one");
  const std::string before = digests_.Of("a");
  std::filesystem::last_write_time(folder_ + "/a",
                                   std::filesystem::file_time_type::min() + std::chrono::hours(1));
  EXPECT_EQ(digests_.Of("a"), before);
}

TEST_F(FileDigestsTest, AFolderIsItsSortedNames) {
  std::filesystem::create_directory(folder_ + "/raw");
  Write("raw/b", "");
  Write("raw/a", "");
  const std::string two = digests_.Of("raw/");
  EXPECT_EQ(two, DigestOf("a\nb\n"));
  std::filesystem::create_directory(folder_ + "/raw/__pycache__");
  EXPECT_EQ(digests_.Of("raw/"), two);
  Write("raw/c", "");
  EXPECT_NE(digests_.Of("raw/"), two);
  EXPECT_EQ(digests_.Of("nothing/"), "absent");
  EXPECT_EQ(digests_.Of("raw/a/"), "absent");
}

TEST_F(FileDigestsTest, AFileOutsideIsItsSizeAndTime) {
  Write("a", "12345");
  const std::string outside = digests_.Of(folder_ + "/a");
  EXPECT_TRUE(outside.starts_with("5:")) << outside;
  EXPECT_EQ(digests_.Of("/nowhere/at/all"), "absent");
}

TEST_F(FileDigestsTest, WhatIsNoFileIsUnreadableAndDoesNotBlock) {
  ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(digests_.Of("pipe"), "unreadable");
  std::filesystem::create_directory(folder_ + "/folder");
  EXPECT_EQ(digests_.Of("folder"), "unreadable");
  EXPECT_EQ(digests_.Of("folder"), "unreadable");
}

}  // namespace
}  // namespace easel
