#include "gcp/log_entry.h"

#include <gtest/gtest.h>

namespace easel::gcp {
namespace {

TEST(LogEntryTest, WhatIsWrittenIsRead) {
  const LogEntry entry{.labels = {.canvas = "c\"1", .block = "load", .run = "r", .attempt = "r/load.1"},
                       .insert_id = "r-load.1-0000000003",
                       .unix_ms = 1'700'000'000'123,
                       .severity = Severity::kError,
                       .text = "Übel\n"};
  const json::value answer{{"entries", json::array{ToJson(entry)}}, {"nextPageToken", "n"}};
  const auto page = ParseLogPage(answer);
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->entries, std::vector{entry});
  EXPECT_EQ(page->next_page, "n");
}

TEST(LogEntryTest, EntriesOfOthersAreShownAsTheyAre) {
  const auto page = ParseLogPage(ParseJson(R"({"entries": [
      {"timestamp": "2023-11-14T22:13:20.123456789Z", "jsonPayload": {"message": "m"}, "severity": "ALERT"},
      {"timestamp": "2023-11-14T22:13:20Z", "jsonPayload": {"a": 1}, "labels": {"block": 7}}]})",
                                           "page")
                                     .value());
  ASSERT_TRUE(page);
  EXPECT_EQ(page->entries[0].text, "m");
  EXPECT_EQ(page->entries[0].unix_ms, 1'700'000'000'123);
  EXPECT_EQ(page->entries[1].text, R"({"a":1})");
  EXPECT_TRUE(ParseLogPage(json::value())->entries.empty());
  for (const char* text :
       {"[]", R"({"entries": 1})", R"({"entries": [1]})", R"({"entries": [{"timestamp": "soon"}]})"})
    EXPECT_EQ(ParseLogPage(ParseJson(text, "page").value()).error().reason, "GCP_NOT_JSON") << text;
}

TEST(LogEntryTest, ALongTextIsSplitBetweenCharacters) {
  std::string text;
  while (text.size() < 3 * kLongestLogText_bytes) text += "aé€😀";
  std::string whole;
  for (const std::string& piece : LogPieces(text)) {
    EXPECT_LE(piece.size(), kLongestLogText_bytes);
    EXPECT_NE(static_cast<unsigned char>(piece[0]) & 0xc0, 0x80);
    whole += piece;
  }
  EXPECT_EQ(whole, text);
  EXPECT_EQ(LogPieces("a\xff"), std::vector<std::string>{"a\xef\xbf\xbd"});
  EXPECT_TRUE(LogPieces("").empty());
}

TEST(LogEntryTest, InsertIdsSortAndHoldOnlyWhatLoggingTakes) {
  EXPECT_EQ(LogInsertId("r1/a b.2", 12), "r1-a-b.2-0000000012");
  EXPECT_LT(LogInsertId("r", 9), LogInsertId("r", 10));
}

}  // namespace
}  // namespace easel::gcp
