#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "canvas/edit.h"
#include "canvas/reader.h"

namespace easel {
namespace {

using Wanted = CanvasText::Wanted;

constexpr std::string_view kText =
    "# mine\n"
    "easel: 1\n"
    "blocks:\n"
    "  a: {kind: python, file: blocks/a.py, at: [0, 0]}   # first\n"
    "  b:\n"
    "    kind: python   # written long\n"
    "    file: blocks/b.py\n"
    "  c: {kind: python, file: blocks/c.py, compute: {memory: 1024Mi}}\n"
    "edges:\n"
    "  # the line\n"
    "  - a -> b -> c\n"
    "  - a -> c   # direct\n";

std::vector<Wanted> AsItIs(const Canvas& canvas) {
  std::vector<Wanted> out;
  for (const Block& block : canvas.blocks) out.push_back({block, block.name});
  return out;
}

std::string Without(std::string text, std::string_view what) {
  const auto at = text.find(what);
  return at == std::string::npos ? "not found" : text.erase(at, what.size());
}

TEST(Become, WhatIsSoKeepsItsBytes) {
  const Canvas canvas = *ParseCanvas(kText).canvas;
  CanvasText text{std::string(kText)};
  ASSERT_TRUE(text.Become(AsItIs(canvas), EdgesOf(canvas)));
  EXPECT_EQ(text.text(), kText);
}

TEST(Become, SeveralChangesAtOnce) {
  const Canvas canvas = *ParseCanvas(kText).canvas;
  std::vector<Wanted> blocks = AsItIs(canvas);
  blocks[0].block.name = "b", blocks[1].block.name = "a";  // a swap
  blocks[0].block.x = 7;
  blocks[1].block.width = 500, blocks[1].block.height = 300;
  blocks.push_back({{.name = "d", .file = "blocks/d.py", .x = 1, .y = 2}, ""});
  blocks.push_back({{.name = "e", .file = "blocks/e.py"}, ""});
  CanvasText text{std::string(kText)};
  const Status became =
      text.Become(blocks, {{"b", "a"}, {"a", "c"}, {"d", "c"}, {"b", "c"}, {"e", "c"}, {"d", "e"}});
  ASSERT_TRUE(became) << became.error().message;
  EXPECT_EQ(text.text(),
            "# mine\n"
            "easel: 1\n"
            "blocks:\n"
            "  b: {kind: python, file: blocks/a.py, at: [7, 0]}   # first\n"
            "  a:\n"
            "    kind: python   # written long\n"
            "    file: blocks/b.py\n"
            "    size: [500, 300]\n"
            "  c: {kind: python, file: blocks/c.py, compute: {memory: 1024Mi}}\n"
            "  d: {kind: python, file: blocks/d.py, at: [1, 2]}\n"
            "  e: {kind: python, file: blocks/e.py, at: [0, 0]}\n"
            "edges:\n"
            "  # the line\n"
            "  - b -> a -> c\n"
            "  - d -> c\n"
            "  - b -> c   # direct\n"
            "  - e -> c\n"
            "  - d -> e\n");
}

TEST(Become, ABlockGoesWithItsLines) {
  const Canvas canvas = *ParseCanvas(kText).canvas;
  std::vector<Wanted> blocks = AsItIs(canvas);
  blocks.erase(blocks.begin() + 1);
  CanvasText text{std::string(kText)};
  ASSERT_TRUE(text.Become(blocks, {{"a", "c"}}));
  std::string expected =
      Without(std::string(kText), "  b:\n    kind: python   # written long\n    file: blocks/b.py\n");
  EXPECT_EQ(text.text(), Without(expected, "  - a -> b -> c\n"));
}

/// Any canvas becomes any other, in every style.
TEST(Become, RandomCanvases) {
  std::mt19937 random(7);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (const std::string_view start :
       {kText,
        std::string_view("easel: 1\nblocks: {a: {kind: python, file: a.py}, b: {kind: python, file: "
                         "b.py}}\nedges: [a -> b]"),
        std::string_view("easel: 1\n"), std::string_view("easel: 1\r\nedges:\r\nblocks: ~\r\n")}) {
    std::string now(start);
    for (int round = 0; round < 300; ++round) {
      const Canvas canvas = *ParseCanvas(now).canvas;
      std::vector<Wanted> blocks;
      for (const Block& block : canvas.blocks)
        if (below(5) != 0) blocks.push_back({block, block.name});
      for (Wanted& one : blocks) {
        if (below(4) == 0) one.block.x = below(100);
        if (below(6) == 0) one.block.width = below(2) * 100.0, one.block.height = one.block.width;
        if (below(6) == 0) one.block.cache.kind = static_cast<CachePolicy::Kind>(below(2));
        if (below(6) == 0) one.block.environment = below(2) == 0 ? "ml" : "";
        if (below(6) == 0) one.block.compute.cpu = below(3);
      }
      for (int i = below(4); i-- > 0;)
        blocks.push_back(
            {{.name = "n", .file = "blocks/" + std::to_string(round) + "_" + std::to_string(i)}, ""});
      std::vector<std::string> names;
      for (int i = 0; i < 60; ++i) names.push_back("n" + std::to_string(i));
      std::ranges::shuffle(names, random);
      for (std::size_t i = 0; i < blocks.size(); ++i)
        if (blocks[i].was.empty() || below(4) == 0) blocks[i].block.name = names[i];
      std::set<std::string> seen;
      for (std::size_t i = 0; i < blocks.size(); ++i)
        if (!seen.insert(blocks[i].block.name).second)
          blocks[i].block.name = "x" + std::to_string(i) + "_" + std::to_string(round);
      std::vector<NamedEdge> edges;
      for (std::size_t child = 0; child < blocks.size(); ++child) {
        std::vector<std::string> parents;
        for (std::size_t parent = 0; parent < child; ++parent)
          if (below(3) == 0) parents.push_back(blocks[parent].block.name);
        std::ranges::shuffle(parents, random);
        for (const std::string& parent : parents) edges.emplace_back(parent, blocks[child].block.name);
      }
      CanvasText text(now);
      const Status became = text.Become(blocks, edges);
      ASSERT_TRUE(became) << became.error().message << "\n" << now;
      now = text.text();
    }
  }
}

}  // namespace
}  // namespace easel
