#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "base/file.h"
#include "exchange/zip_reader.h"
#include "exchange/zip_writer.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

class ZipTest : public testing::Test {
 protected:
  ZipTest() {
    char name[] = "/tmp/easel_zip.XXXXXX";
    root = ::mkdtemp(name);
    fs::create_directories(root + "/from/blocks");
    fs::create_directories(root + "/to");
  }
  ~ZipTest() override { fs::remove_all(root); }
  void Put(const std::string& path, std::string_view text) {
    ASSERT_TRUE(WriteFileAtomically(root + "/from/" + path, text));
  }
  Result<std::vector<std::string>> Pack() {
    return PackZip(root + "/from", "churn", root + "/a.zip",
                   [](std::string_view path) { return path != ".easel"; });
  }
  std::string root;
};

TEST_F(ZipTest, AFolderComesBackAsItWas) {
  Put("canvas.yaml", "easel: 1\n");
  Put("blocks/ünï.py", "x = 1\n");
  Put("empty", "");
  Put("large", std::string(3 << 20, 'a'));
  fs::create_directories(root + "/from/files/deep");
  fs::create_directories(root + "/from/.easel/objects");
  Put("run.sh", "#!/bin/sh\n");
  ::chmod((root + "/from/run.sh").c_str(), 0755);
  ASSERT_TRUE(Pack());
  const auto zip = ZipReader::Open(root + "/a.zip");
  ASSERT_TRUE(zip) << zip.error().message;
  ASSERT_TRUE((*zip)->Unpack(root + "/to", [](const ZipEntry& entry) {
    return entry.path == "churn" ? std::string() : entry.path.substr(6);
  }));
  std::set<std::string> there;
  for (const auto& one : fs::recursive_directory_iterator(root + "/to"))
    there.insert(fs::relative(one.path(), root + "/to").string());
  EXPECT_EQ(there, (std::set<std::string>{"blocks", "blocks/ünï.py", "canvas.yaml", "empty", "files",
                                          "files/deep", "large", "run.sh"}));
  EXPECT_EQ(*ReadFile(root + "/to/large"), std::string(3 << 20, 'a'));
  struct stat info{};
  ASSERT_EQ(::stat((root + "/to/run.sh").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0111, 0111u);
}

TEST_F(ZipTest, LinksAndPipesAreLeftOutAndNamed) {
  Put("secret", "x");
  fs::create_symlink("/etc/passwd", root + "/from/link");
  fs::create_directory_symlink("/etc", root + "/from/folder");
  ASSERT_EQ(::mkfifo((root + "/from/pipe").c_str(), 0644), 0);
  const auto left_out = Pack();
  ASSERT_TRUE(left_out) << left_out.error().message;
  EXPECT_EQ(*left_out, (std::vector<std::string>{"folder", "link", "pipe"}));
}

TEST_F(ZipTest, AnArchiveThatLosesItsEndOrAnyPartIsRefused) {
  Put("canvas.yaml", std::string(1000, 'a') + "b");
  ASSERT_TRUE(Pack());
  const std::string whole = *ReadFile(root + "/a.zip");
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_TRUE(WriteFileAtomically(root + "/cut.zip", whole.substr(0, length)));
    const auto zip = ZipReader::Open(root + "/cut.zip");
    ASSERT_FALSE(zip) << length;
    EXPECT_EQ(zip.error().reason, "ZIP_INVALID");
  }
}

TEST_F(ZipTest, ADamagedFileIsSeenByItsCheckSum) {
  std::string noise;
  for (unsigned i = 0, x = 1; i < 5000; ++i, x = x * 1103515245 + 12345) noise += static_cast<char>(x >> 16);
  Put("data", noise);
  ASSERT_TRUE(Pack());
  std::string bytes = *ReadFile(root + "/a.zip");
  bytes[bytes.find("churn/data") + 2000] ^= 1;
  ASSERT_TRUE(WriteFileAtomically(root + "/a.zip", bytes));
  const auto zip = ZipReader::Open(root + "/a.zip");
  ASSERT_TRUE(zip);
  const Status unpacked = (*zip)->Unpack(root + "/to", [](const ZipEntry& entry) { return entry.path; });
  ASSERT_FALSE(unpacked);
  EXPECT_EQ(unpacked.error().reason, "ZIP_INVALID");
}

TEST_F(ZipTest, MoreThanTheLimitsIsRefusedBeforeAnythingIsWritten) {
  Put("zeros", std::string(1 << 20, '\0'));
  Put("other", "x");
  ASSERT_TRUE(Pack());
  EXPECT_EQ(ZipReader::Open(root + "/a.zip", {.entries = 2}).error().reason, "ZIP_TOO_LARGE");
  EXPECT_EQ(ZipReader::Open(root + "/a.zip", {.bytes = 1000}).error().reason, "ZIP_TOO_LARGE");
  const auto bomb = ZipReader::Open(root + "/a.zip", {.growth = 100, .free_bytes = 1 << 16});
  ASSERT_FALSE(bomb);
  EXPECT_NE(bomb.error().message.find("bomb"), std::string::npos);
  EXPECT_TRUE(ZipReader::Open(root + "/a.zip"));
}

}  // namespace
}  // namespace easel
