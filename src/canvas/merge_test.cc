#include "canvas/merge.h"

#include <gtest/gtest.h>

#include "canvas/graph.h"

namespace easel {
namespace {

Canvas Made(const std::vector<std::string>& names, std::vector<NamedEdge> edges) {
  std::vector<Block> blocks;
  for (const std::string& name : names) blocks.push_back({.name = name, .source = "# " + name});
  auto canvas = MakeCanvas(std::move(blocks), std::move(edges));
  EXPECT_TRUE(canvas);
  return *std::move(canvas);
}

std::string Shown(const Canvas& canvas) {
  std::string out;
  for (std::size_t i = 0; i < canvas.blocks.size(); ++i) {
    out += (canvas.blocks[i].removed ? "-" : "") + canvas.blocks[i].name;
    for (const std::int32_t parent : canvas.parents[i]) out += "<" + std::to_string(parent);
    for (const std::int32_t child : canvas.children[i]) out += ">" + std::to_string(child);
    out += " ";
  }
  return out;
}

TEST(Merge, BlocksKeepTheirPlacesAndNewOnesComeBehind) {
  const Canvas now = Made({"a", "b", "c"}, {{"a", "b"}, {"b", "c"}});
  const Canvas merged = MergeCanvas(now, Made({"n", "c", "a"}, {{"a", "c"}, {"n", "c"}}));
  EXPECT_EQ(Shown(merged), "a>2 -b c<0<3 n>2 ");
  EXPECT_EQ(merged.Find("b"), std::nullopt);
  EXPECT_EQ(merged.Find("n"), 3);
  EXPECT_EQ(merged.topological, (std::vector<std::int32_t>{3, 0, 2}));
  EXPECT_EQ(merged.blocks[1].source, "# b");
}

TEST(Merge, WhatComesBackHasItsOldPlace) {
  const Canvas first = Made({"a", "b"}, {{"a", "b"}});
  const Canvas without = MergeCanvas(first, Made({"b", "c"}, {}));
  EXPECT_EQ(Shown(without), "-a b c ");
  EXPECT_EQ(Shown(MergeCanvas(without, Made({"c", "b", "a"}, {{"a", "b"}}))), "a>1 b<0 c ");
}

TEST(Merge, RenamedBlocksStayWhereTheyAre) {
  const Canvas now = Made({"a", "b"}, {{"a", "b"}});
  EXPECT_EQ(Shown(MergeCanvas(now, Made({"x", "b"}, {{"x", "b"}}), {{"a", "x"}})), "x>1 b<0 ");
  EXPECT_EQ(Shown(MergeCanvas(now, Made({"b", "a"}, {{"b", "a"}}), {{"a", "b"}, {"b", "a"}})), "b>1 a<0 ");
  // Renamed, and another one of the old name is new.
  EXPECT_EQ(Shown(MergeCanvas(now, Made({"a", "x", "b"}, {}), {{"a", "x"}})), "x b a ");
  // Renamed, and deleted before anybody looked.
  EXPECT_EQ(Shown(MergeCanvas(now, Made({"b"}, {}), {{"a", "x"}})), "-x b ");
}

TEST(Merge, ANameBelongsToWhatIsThere) {
  const Canvas now = MergeCanvas(Made({"a", "b"}, {}), Made({"a"}, {}));
  EXPECT_EQ(Shown(now), "a -b ");
  const Canvas taken = MergeCanvas(now, Made({"b"}, {}), {{"a", "b"}});
  EXPECT_EQ(Shown(taken), "b -b ");
  EXPECT_EQ(Shown(MergeCanvas(taken, taken)), "b -b ") << "an edit that changes nothing";
}

TEST(Merge, RenamesOneAfterTheOtherAreOneStep) {
  EXPECT_EQ(ComposeRenames({{"a", "t"}, {"b", "a"}, {"t", "b"}}), (Renames{{"a", "b"}, {"b", "a"}}));
  EXPECT_EQ(ComposeRenames({{"a", "b"}, {"b", "c"}}), (Renames{{"a", "c"}}));
  EXPECT_EQ(ComposeRenames({{"a", "b"}, {"b", "a"}}), Renames{});
  EXPECT_EQ(ComposeRenames({}), Renames{});
}

}  // namespace
}  // namespace easel
