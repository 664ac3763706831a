#include "results/log_pages.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

namespace easel {
namespace {

class LogOfAnAttempt : public testing::Test {
 protected:
  LogOfAnAttempt() {
    std::filesystem::remove(path_);
    auto made = JournalWriter::Create(path_);
    EXPECT_TRUE(made);
    writer_.emplace(*std::move(made));
  }
  ~LogOfAnAttempt() override { std::filesystem::remove(path_); }
  void Say(std::string_view text, JournalStream stream = JournalStream::kStdout) {
    ASSERT_TRUE(writer_->Append(stream, 1, text));
  }
  static std::string Texts(const LogLines& page) {
    std::string out;
    for (const LogLine& line : page.lines) out += std::to_string(line.n) + ":" + line.text + "|";
    return out;
  }
  const std::string path_ = testing::TempDir() + "log_pages_test." + std::to_string(::getpid());
  std::optional<JournalWriter> writer_;
};

TEST_F(LogOfAnAttempt, LinesThatCameInPiecesOfTwoStreamsAreWhole) {
  Say("one\ntw");
  Say("oops\n", JournalStream::kStderr);
  Say("o\nthr");
  LogPages log(path_);
  const auto page = log.Page(0, 10);
  ASSERT_TRUE(page);
  EXPECT_EQ(Texts(*page), "0:one|1:oops|2:two|3:thr|");
  EXPECT_EQ(page->total, 4);
  EXPECT_EQ(page->lines[1].stream, JournalStream::kStderr);
}

TEST_F(LogOfAnAttempt, AGrowingLogIsReadOn) {
  Say("a\n");
  LogPages log(path_);
  EXPECT_EQ(log.Page(0, 10)->total, 1);
  Say("b\nc");
  EXPECT_EQ(Texts(*log.Page(-2, 10)), "1:b|2:c|");
  Say("d\n");
  EXPECT_EQ(Texts(*log.Page(-1, 10)), "2:cd|");
}

TEST_F(LogOfAnAttempt, AnyPageOfManyLinesIsTheSameAsWhenReadFromTheStart) {
  for (int i = 0; i < 20'000; ++i) Say("line " + std::to_string(i) + (i % 3 == 0 ? "\nand " : " and\n"));
  LogPages log(path_);
  const auto all = log.Page(0, 1'000'000);
  ASSERT_TRUE(all);
  for (const std::int64_t from : {0L, 1L, 2047L, 2048L, 2049L, 9'999L, 15'000L, all->total - 3}) {
    const auto page = log.Page(from, 5);
    ASSERT_TRUE(page);
    for (std::size_t i = 0; i < page->lines.size(); ++i) {
      EXPECT_EQ(page->lines[i].n, from + static_cast<std::int64_t>(i));
      EXPECT_EQ(page->lines[i].text, all->lines[static_cast<std::size_t>(from) + i].text);
    }
  }
  EXPECT_TRUE(log.Page(all->total + 5, 5)->lines.empty());
}

TEST_F(LogOfAnAttempt, ASearchFindsLinesInAnyCaseAndPagesThroughThem) {
  for (int i = 0; i < 100; ++i) Say(i % 10 == 0 ? "An Error here\n" : "fine\n");
  LogPages log(path_);
  const auto first = log.Search("error", 0, 3);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->total, 10);
  EXPECT_EQ(Texts(*first), "0:An Error here|10:An Error here|20:An Error here|");
  EXPECT_EQ(Texts(*log.Search("ERROR", 9, 3)), "90:An Error here|");
}

TEST_F(LogOfAnAttempt, AProgressBarIsWhatItShowedLastAndBytesThatAreNoTextAreReplaced) {
  Say("10 %\r50 %\r100 %\n\xff\xfe\n");
  EXPECT_EQ(Texts(*LogPages(path_).Page(0, 10)), "0:100 %|1:\xef\xbf\xbd\xef\xbf\xbd|");
}

}  // namespace
}  // namespace easel
