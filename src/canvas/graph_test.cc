#include "canvas/graph.h"

#include <gtest/gtest.h>

#include <random>

namespace easel {
namespace {

std::vector<Block> Blocks(const std::vector<std::string>& names) {
  std::vector<Block> out;
  for (const std::string& name : names) out.push_back({.name = name});
  return out;
}

std::string OrderOf(const Canvas& canvas) {
  std::string out;
  for (const std::int32_t i : canvas.topological) out += (out.empty() ? "" : " ") + canvas.blocks[i].name;
  return out;
}

std::string Failure(const std::vector<std::string>& names, std::vector<NamedEdge> edges) {
  const auto canvas = MakeCanvas(Blocks(names), std::move(edges));
  return canvas ? "" : canvas.error().reason + ": " + canvas.error().message;
}

TEST(MakeCanvas, FileOrderThatIsAlreadyTopologicalIsKept) {
  const auto canvas = MakeCanvas(Blocks({"a", "c", "b", "d"}), {{"a", "d"}, {"c", "d"}, {"a", "b"}});
  ASSERT_TRUE(canvas);
  EXPECT_EQ(OrderOf(*canvas), "a c b d");
  EXPECT_EQ(canvas->parents[3], (std::vector<std::int32_t>{0, 1}));
  EXPECT_EQ(canvas->children[0], (std::vector<std::int32_t>{3, 2}));
  EXPECT_EQ(canvas->Find("b"), 2);
  EXPECT_FALSE(canvas->Find("e"));
}

TEST(MakeCanvas, ParentsComeFirstWhenTheFileHasThemLast) {
  const auto canvas = MakeCanvas(Blocks({"c", "b", "a"}), {{"a", "b"}, {"b", "c"}});
  ASSERT_TRUE(canvas);
  EXPECT_EQ(OrderOf(*canvas), "a b c");
}

TEST(MakeCanvas, EmptyIsFine) { EXPECT_TRUE(MakeCanvas({}, {})); }

TEST(MakeCanvas, BadNames) {
  for (const char* name : {"", "1a", "a b", "a/b", "..", "-a", "ä", "a.b"})
    EXPECT_TRUE(Failure({name}, {}).starts_with("BLOCK_NAME_INVALID")) << name;
  EXPECT_TRUE(Failure({std::string(65, 'a')}, {}).starts_with("BLOCK_NAME_INVALID"));
  EXPECT_EQ(Failure({std::string(64, 'a'), "_", "a-1"}, {}), "");
  EXPECT_TRUE(Failure({"Load", "load"}, {})
                  .starts_with("BLOCK_DUPLICATE: blocks `Load` and `load` differ only in case"));
  EXPECT_TRUE(Failure({"load", "load"}, {}).starts_with("BLOCK_DUPLICATE: block `load` is there twice"));
}

TEST(MakeCanvas, BadEdges) {
  EXPECT_EQ(Failure({"load", "clean"}, {{"laod", "clean"}}),
            "EDGE_UNKNOWN_BLOCK: edge to unknown block `laod`, did you mean `load`?");
  EXPECT_TRUE(Failure({"a"}, {{"a", "a"}}).starts_with("EDGE_SELF"));
  EXPECT_TRUE(Failure({"a", "b"}, {{"a", "b"}, {"a", "b"}}).starts_with("EDGE_DUPLICATE"));
}

TEST(MakeCanvas, CycleIsNamedAsItsPathFromTheFirstBlockInTheFile) {
  EXPECT_EQ(Failure({"x", "a", "b", "c"}, {{"x", "a"}, {"a", "b"}, {"b", "c"}, {"c", "a"}}),
            "BLOCK_CYCLE: the edges form a cycle: a -> b -> c -> a; remove one of these edges");
  EXPECT_EQ(Failure({"b", "a"}, {{"a", "b"}, {"b", "a"}}),
            "BLOCK_CYCLE: the edges form a cycle: b -> a -> b; remove one of these edges");
}

TEST(MakeCanvas, MarkdownHasNoEdges) {
  auto blocks = Blocks({"a", "notes"});
  blocks[1].kind = BlockKind::kMarkdown;
  const auto canvas = MakeCanvas(blocks, {{"a", "notes"}});
  ASSERT_FALSE(canvas);
  EXPECT_EQ(canvas.error().reason, "EDGE_MARKDOWN");
}

TEST(MakeCanvas, HundredThousandBlocksInOneChain) {
  std::vector<Block> blocks;
  std::vector<NamedEdge> edges;
  constexpr int kCount = 100'000;
  for (int i = kCount; i-- > 0;) blocks.push_back({.name = "b" + std::to_string(i)});
  for (int i = 1; i < kCount; ++i) edges.emplace_back("b" + std::to_string(i - 1), "b" + std::to_string(i));
  const auto canvas = MakeCanvas(blocks, edges);
  ASSERT_TRUE(canvas);
  EXPECT_EQ(canvas->blocks[canvas->topological[0]].name, "b0");
  EXPECT_EQ(canvas->topological.back(), 0);
  edges.emplace_back("b99999", "b0");
  const auto cyclic = MakeCanvas(std::move(blocks), std::move(edges));
  ASSERT_FALSE(cyclic);
  EXPECT_LT(cyclic.error().message.size(), 300u);
}

TEST(MakeCanvas, RandomGraphsAreOrderedOrRefusedForARealCycle) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const int n = 2 + static_cast<int>(random() % 8);
    std::vector<std::string> names;
    for (int i = 0; i < n; ++i) names.push_back("b" + std::to_string(i));
    std::vector<std::vector<char>> reach(n, std::vector<char>(n));
    std::vector<NamedEdge> edges;
    for (int k = 0; k < n; ++k) {
      const int a = static_cast<int>(random() % n), b = static_cast<int>(random() % n);
      if (a == b || reach[a][b]) continue;
      reach[a][b] = 1;
      edges.emplace_back(names[a], names[b]);
    }
    const auto direct = reach;
    for (int k = 0; k < n; ++k)
      for (int i = 0; i < n; ++i)
        for (int j = 0; j < n; ++j) reach[i][j] |= reach[i][k] && reach[k][j];
    bool cyclic = false;
    for (int i = 0; i < n; ++i) cyclic |= reach[i][i] != 0;
    const auto canvas = MakeCanvas(Blocks(names), edges);
    ASSERT_EQ(canvas.has_value(), !cyclic);
    if (!canvas) continue;
    std::vector<int> at(n);
    for (int i = 0; i < n; ++i) at[canvas->topological[i]] = i;
    for (int i = 0; i < n; ++i)
      for (int j = 0; j < n; ++j) EXPECT_TRUE(!direct[i][j] || at[i] < at[j]);
  }
}

}  // namespace
}  // namespace easel
