// The record of what was made: read back, joined, refused when it is not one.

#include "gcp/provision/record.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

TEST(Record, ReadsBackAsWritten) {
  const ProvisionRecord record{
      .project = "p",
      .bucket = "b",
      .prefix = "easel",
      .entries = {{"bucket/b", RecordState::kMade},
                  {GrantId("project/p", "roles/x", "user:a@b"), RecordState::kIntended}}};
  const auto read = ParseRecord(RecordText(record), "record");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(*read, record);
}

TEST(Record, OfTwoTheMadeOneWins) {
  const ProvisionRecord a{.entries = {{"x", RecordState::kIntended}, {"y", RecordState::kMade}}},
      b{.entries = {{"x", RecordState::kMade}, {"y", RecordState::kIntended}, {"z", RecordState::kIntended}}};
  const ProvisionRecord joined = Joined(a, b);
  EXPECT_EQ(joined.entries.at("x"), RecordState::kMade);
  EXPECT_EQ(joined.entries.at("y"), RecordState::kMade);
  EXPECT_EQ(joined.entries.at("z"), RecordState::kIntended);
  EXPECT_EQ(Joined(b, a), joined);
}

TEST(Record, WhatIsNotARecordIsRefusedByName) {
  for (const char* text : {"", "{", "[]", R"({"format": "1"})",
                           R"({"format": 1, "project": "p", "bucket": "b", "prefix": "e", "made": [1]})"})
    EXPECT_EQ(ParseRecord(text, "/x/record.json").error().reason, "RECORD_INVALID") << text;
  const auto newer = ParseRecord(R"({"format": 2})", "/x/record.json");
  EXPECT_EQ(newer.error().reason, "RECORD_NEWER");
  EXPECT_TRUE(newer.error().message.starts_with("/x/record.json"));
}

}  // namespace
}  // namespace easel
