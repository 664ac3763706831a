#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/digest.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/processors.h"
#include "base/text.h"

namespace easel {
namespace {

TEST(Digest, MatchesThePublishedVector) {
  // FIPS 180-2, appendix B.1
  EXPECT_EQ(DigestOf("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Digest, FieldsDoNotRunTogether) {
  EXPECT_NE(Sha256().UpdateField("ab").UpdateField("c").Finish(),
            Sha256().UpdateField("a").UpdateField("bc").Finish());
}

TEST(Processors, OnlyThoseThatTheThreadMayRunOnCount) {
  int alone = 0;
  std::thread([&] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    if (::sched_setaffinity(0, sizeof one, &one) == 0) alone = UsableProcessors();
  }).join();
  EXPECT_EQ(alone, 1);
  EXPECT_GE(UsableProcessors(), 1);
}

TEST(Json, MalformedInputNamesTheDocumentAndTheByte) {
  const auto parsed = ParseJson("{\"a\": tru}", "spec.json");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().reason, "JSON_MALFORMED");
  EXPECT_NE(parsed.error().message.find("spec.json"), std::string::npos);
}

TEST(Json, TrailingBytesAreRefused) { EXPECT_FALSE(ParseJson("{} x", "d")); }

TEST(Json, ReaderNamesTheFirstMissingField) {
  const auto parsed = ParseJson(R"({"name": 3})", "doc");
  JsonReader reader(*parsed, "doc");
  reader.String("name");
  reader.Int("count");
  ASSERT_FALSE(reader.status());
  EXPECT_EQ(reader.status().error().message, "doc: name: expected a string");
}

TEST(Text, ATypoFindsItsWordAndAStrangerNone) {
  EXPECT_EQ(NearestWord("kid", {"kind", "file"}), "kind");
  EXPECT_EQ(NearestWord("environmnet", {"environment", "edges"}), "environment");
  EXPECT_EQ(NearestWord("zzz", {"kind", "file"}), std::nullopt);
}

TEST(Text, SizesAndDurationsReadWell) {
  EXPECT_EQ(HumanBytes(512), "512 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
  EXPECT_EQ(HumanDuration(0.0123), "12 ms");
  EXPECT_EQ(HumanDuration(75), "1 m 15 s");
}

TEST(Ids, RunIdsSortByTime) { EXPECT_LT(NewRunId(1'700'000'000'000), NewRunId(1'700'000'000'001)); }

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/easel_file_test.XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(FileTest, AtomicWriteReplacesAndLeavesNothingBeside) {
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/a", "one"));
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/a", "two", {.sync = true}));
  EXPECT_EQ(ReadFile(folder_ + "/a"), "two");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(FileTest, CreateOnlyRefusesASecondWrite) {
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/a", "one", {.create_only = true}));
  const Status second = WriteFileAtomically(folder_ + "/a", "two", {.create_only = true});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kAlreadyExists);
  EXPECT_EQ(ReadFile(folder_ + "/a"), "one");
}

TEST_F(FileTest, ReadingMoreThanAllowedIsAnError) {
  ASSERT_TRUE(WriteFileAtomically(folder_ + "/a", "12345"));
  EXPECT_EQ(ReadFile(folder_ + "/a", 4).error().reason, "FILE_TOO_LARGE");
}

}  // namespace
}  // namespace easel
