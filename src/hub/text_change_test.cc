#include "hub/text_change.h"

#include <gtest/gtest.h>

#include <random>

#include "hub/line_diff.h"

namespace easel {
namespace {

TextChange Read(std::string_view text) {
  auto change = TextChange::FromJson(*ParseJson(text, "test"));
  EXPECT_TRUE(change) << text;
  return change ? *std::move(change) : TextChange();
}

std::string Applied(std::string_view change, std::string_view text) {
  auto out = Read(change).Apply(text);
  return out ? *out : out.error().reason;
}

TEST(TextChange, KeepsDeletesAndReplaces) {
  EXPECT_EQ(Applied("[1,[2],[0,\"x\",\"y\"],1]", "abcd"), "ax\nyd");
  EXPECT_EQ(Applied("[[0,\"\",\"\"],4]", "abcd"), "\nabcd");
  EXPECT_EQ(Applied("[]", ""), "");
}

TEST(TextChange, LengthsAreUtf16) {
  EXPECT_EQ(Utf16Length("aä€😀"), 5);
  EXPECT_EQ(Applied("[3,[2],[0,\"ß\"]]", "aä€😀"), "aä€ß");
  EXPECT_EQ(Applied("[4,[1]]", "aä€😀"), "TEXT_INVALID");  // half of a character
}

TEST(TextChange, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(Applied("[5]", "abcd"), "TEXT_INVALID");
  EXPECT_EQ(Applied("[3]", "abcd"), "TEXT_INVALID");
  for (const char* bad : {"{}", "[-1]", "[[]]", "[[\"a\"]]", "[[0,1]]", "[1.5]", "[[0,\"a\\nb\"]]",
                          "[[0,\"a\\u0000\"]]", "[4294967297]", "[4294967296,4294967296]", "[null]"})
    EXPECT_FALSE(TextChange::FromJson(*ParseJson(bad, "test"))) << bad;
}

std::string RandomText(std::mt19937& random, int lines) {
  static const char* kWords[] = {"a", "bb", "ä", "😀", "x = 1", ""};
  std::string out;
  for (int i = 0; i < lines; ++i) out += std::string(kWords[random() % 6]) + (random() % 3 != 0 ? "\n" : "");
  return out;
}

TEST(TextChange, BetweenMakesOneOfTheOther) {
  std::mt19937 random(3);
  for (int i = 0; i < 3000; ++i) {
    const std::string before = RandomText(random, static_cast<int>(random() % 20));
    std::string after = RandomText(random, static_cast<int>(random() % 20));
    if (i % 2 == 0) {  // near
      after = before;
      const std::size_t at = after.find('\n');
      if (at != std::string::npos) after.insert(at, RandomText(random, 2));
    }
    const TextChange change = TextChange::Between(before, after);
    EXPECT_EQ(*change.Apply(before), after);
    EXPECT_EQ(change.old_units(), Utf16Length(before));
    EXPECT_EQ(change.new_units(), Utf16Length(after));
    EXPECT_EQ(*Read(json::serialize(change.ToJson())).Apply(before), after);
  }
}

TEST(TextChange, BetweenLeavesWhatIsTheSame) {
  const TextChange change = TextChange::Between("a\nb\nc\nd\ne\n", "a\nB\nc\nd\nE!\n");
  EXPECT_EQ(json::serialize(change.ToJson()), R"([2,[1,"B"],5,[1,"E!"],1])");
}

TEST(TextChange, BothSidesOfAMergeStay) {
  std::mt19937 random(5);
  for (int i = 0; i < 2000; ++i) {
    const std::string base = RandomText(random, 10), ours = RandomText(random, 10),
                      theirs = RandomText(random, 10);
    const TextChange a = TextChange::Between(base, ours), b = TextChange::Between(base, theirs);
    EXPECT_TRUE(b.MappedOver(a).Apply(ours));
    EXPECT_TRUE(a.MappedOver(b).Apply(theirs));
  }
  const TextChange top = TextChange::Between("a\nb\nc\n", "top\na\nb\nc\n");
  const TextChange middle = TextChange::Between("a\nb\nc\n", "a\nB\nc\n");
  EXPECT_EQ(*middle.MappedOver(top).Apply("top\na\nb\nc\n"), "top\na\nB\nc\n");
}

TEST(DiffLines, CountsLines) {
  const LineCounts counts = CountDifference("a\nb\nc\n", "a\nx\ny\nc\n");
  EXPECT_EQ(counts.added, 2);
  EXPECT_EQ(counts.removed, 1);
  EXPECT_EQ(CountDifference("", "a").added, 1);
  EXPECT_EQ(CountDifference("a", "a").added, 0);
}

TEST(DiffLines, TextsThatHaveNothingInCommonAreOneHunk) {
  std::string before, after;
  for (int i = 0; i < 5000; ++i) before += std::to_string(i) + "\n", after += "x" + std::to_string(i) + "\n";
  EXPECT_EQ(DiffLines(before, after).size(), 1u);
}

}  // namespace
}  // namespace easel
