#include "canvas/edit.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/file.h"
#include "canvas/reader.h"

namespace easel {
namespace {

/// Hand-written, with what people do: odd spacing, comments, quotes, several styles.
constexpr std::string_view kUgly =
    "# my canvas\n"
    "easel:   1     # do not touch\n"
    "\n"
    "edges:         # edges first, why not\n"
    "- load -> clean -> score   # the main line\n"
    "# and a side line\n"
    "- \"load -> score\"\n"
    "- load   ->   plot\n"
    "blocks:\n"
    "    # where it begins\n"
    "    load  :  { kind: python , file: 'blocks/load.py' , at : [ 0,0 ] }   # reads\n"
    "\n"
    "    \"clean\":\n"
    "        file: blocks/clean.py     # cleans\n"
    "        # it is Python\n"
    "        kind: python\n"
    "        compute:\n"
    "            memory: 2Gi\n"
    "\n"
    "    score: {kind: python,\n"
    "            file: blocks/score.py,   # scores\n"
    "            cache: {for: 2h},\n"
    "           }\n"
    "    plot: {kind: python, file: blocks/plot.py}\n"
    "name: >-\n"
    "  Ugly but\n"
    "  honest\n"
    "environment: default   # last line without newline";

std::string With(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

template <typename Edit>
std::string Edited(std::string_view text, Edit&& edit) {
  CanvasText canvas{std::string(text)};
  const Status status = edit(canvas);
  return status ? canvas.text() : status.error().reason + ": " + status.error().message;
}

const std::string ugly(kUgly);

TEST(MoveBlock, IsAOneLineDiff) {
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.MoveBlock("load", 420, -0.5); }),
            With(ugly, "[ 0,0 ]", "[420, -0.5]"));
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.MoveBlock("plot", 1, 2); }),
            With(ugly, "file: blocks/plot.py}", "file: blocks/plot.py, at: [1, 2]}"));
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.MoveBlock("clean", 1, 2); }),
            With(ugly, "            memory: 2Gi\n", "            memory: 2Gi\n        at: [1, 2]\n"));
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.MoveBlock("score", 1, 2); }),
            With(ugly, "{for: 2h},", "{for: 2h}, at: [1, 2],"));
  EXPECT_TRUE(
      Edited(kUgly, [](CanvasText& c) { return c.MoveBlock("gone", 1, 2); }).starts_with("BLOCK_UNKNOWN"));
}

TEST(SetBlockKey, ReplacesAddsAndRemoves) {
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.SetBlockKey("score", "cache", "never"); }),
            With(ugly, "{for: 2h}", "never"));
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.SetBlockKey("score", "cache", ""); }),
            With(ugly, ",   # scores\n            cache: {for: 2h},", ","));
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.SetBlockKey("clean", "compute", "{cpu: 2}"); }),
            With(ugly, "compute:\n            memory: 2Gi", "compute:\n            {cpu: 2}"));
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.SetBlockKey("clean", "compute", ""); }),
            With(ugly, "        compute:\n            memory: 2Gi\n", ""));
  for (const char* value :
       {"sometimes", "never}, x: {", "never # hi", "never\n    evil: {kind: python, file: e.py}", "&a never"})
    EXPECT_EQ(Edited(kUgly, [&](CanvasText& c) { return c.SetBlockKey("load", "cache", value); })
                  .find("CANVAS_INVALID"),
              0u)
        << value;
  EXPECT_NE(Edited(kUgly, [](CanvasText& c) { return c.SetBlockKey("load", "kidn", "x"); })
                .find("did you mean `kind`"),
            std::string::npos);
}

TEST(RemoveBlock, TakesItsLinesAndEdges) {
  std::string expected = With(ugly,
                              "    \"clean\":\n        file: blocks/clean.py     # cleans\n        # it is "
                              "Python\n        kind: python\n"
                              "        compute:\n            memory: 2Gi\n",
                              "");
  expected = With(expected, "- load -> clean -> score   # the main line\n", "");
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.RemoveBlock("clean"); }), expected);
  expected = With(ugly, "    plot: {kind: python, file: blocks/plot.py}\n", "");
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.RemoveBlock("plot"); }),
            With(expected, "- load   ->   plot\n", ""));
}

TEST(RenameBlock, EverywhereItIsNamed) {
  std::string expected = With(ugly, "    load  :", "    read  :");
  expected = With(expected, "load -> clean -> score", "read -> clean -> score");
  expected = With(expected, "\"load -> score\"", "read -> score");
  EXPECT_EQ(Edited(kUgly, [](CanvasText& c) { return c.RenameBlock("load", "read"); }),
            With(expected, "load   ->   plot", "read -> plot"));
}

TEST(RenameBlock, ChangesKeyAndEdgesOnly) {
  const std::string text =
      "easel: 1\nblocks:\n  a: {kind: python, file: a.py} # A\n  b: {kind: python, file: b.py}\nedges:\n  - "
      "a -> b  # to b\n";
  EXPECT_EQ(Edited(text, [](CanvasText& c) { return c.RenameBlock("a", "first"); }),
            With(With(text, "  a: ", "  first: "), "a -> b", "first -> b"));
  EXPECT_TRUE(
      Edited(text, [](CanvasText& c) { return c.RenameBlock("a", "B"); }).starts_with("CANVAS_INVALID"));
  EXPECT_TRUE(
      Edited(text, [](CanvasText& c) { return c.RenameBlock("a", "x: 1 #"); }).starts_with("CANVAS_INVALID"));
}

TEST(Edges, AddedBehindTheLastAndRemovedFromChains) {
  const std::string text =
      "easel: 1\nblocks: {a: {kind: python, file: a}, b: {kind: python, file: b}, c: {kind: python, file: "
      "c}, d: {kind: python, file: d}}\n"
      "edges:\n  - a -> b -> c -> d   # all\n  # end\n";
  EXPECT_EQ(Edited(text, [](CanvasText& c) { return c.AddEdge("a", "d"); }),
            With(text, "# all\n", "# all\n  - a -> d\n"));
  EXPECT_EQ(Edited(text, [](CanvasText& c) { return c.RemoveEdge("b", "c"); }),
            With(text, "a -> b -> c -> d", "a -> b\n  - c -> d"));
  EXPECT_EQ(Edited(text, [](CanvasText& c) { return c.RemoveEdge("a", "b"); }),
            With(text, "a -> b -> c -> d", "b -> c -> d"));
  EXPECT_TRUE(Edited(text, [](CanvasText& c) { return c.AddEdge("a", "b"); }).starts_with("EDGE_DUPLICATE"));
  EXPECT_TRUE(Edited(text, [](CanvasText& c) { return c.AddEdge("d", "a"); }).starts_with("CANVAS_INVALID"));
  EXPECT_TRUE(Edited(text, [](CanvasText& c) { return c.RemoveEdge("a", "c"); }).starts_with("EDGE_UNKNOWN"));
  EXPECT_EQ(Edited(text, [](CanvasText& c) { return c.RemoveBlock("a"); }),
            With(With(text, "a: {kind: python, file: a}, ", ""), "a -> b -> c -> d", "b -> c -> d"));
}

TEST(Edges, InBrackets) {
  const std::string text =
      "easel: 1\nblocks: {a: {kind: python, file: a}, b: {kind: python, file: b}, c: {kind: python, file: "
      "c}}\nedges: [a -> b, b -> c, a -> c]\n";
  EXPECT_EQ(Edited(text, [](CanvasText& c) { return c.RemoveEdge("a", "c"); }), With(text, ", a -> c]", "]"));
  EXPECT_EQ(Edited(text, [](CanvasText& c) { return c.RemoveEdge("a", "b"); }), With(text, "[a -> b, ", "["));
  EXPECT_EQ(Edited(text, [](CanvasText& c) { return c.RemoveBlock("c"); }),
            With(With(text, ", c: {kind: python, file: c}", ""), ", b -> c, a -> c]", "]"));
  EXPECT_EQ(Edited("easel: 1\nblocks: {a: {kind: python, file: a}, b: {kind: python, file: b}}\nedges: []\n",
                   [](CanvasText& c) { return c.AddEdge("a", "b"); }),
            "easel: 1\nblocks: {a: {kind: python, file: a}, b: {kind: python, file: b}}\nedges: [a -> b]\n");
}

TEST(AddBlock, WhereThereIsNoneYet) {
  const Block block{.name = "a",
                    .file = "./blocks/a b.py",
                    .x = 1,
                    .y = 2,
                    .compute = {.cpu = 0.5, .memory_bytes = 8LL << 30, .timeout_ms = 90'000},
                    .cache = {CachePolicy::Kind::kFor, 3'600'000}};
  const std::string line =
      "  a: {kind: python, file: 'blocks/a b.py', at: [1, 2], cache: {for: 1h}, compute: {cpu: 0.5, memory: "
      "8Gi, timeout: 90s}}";
  const auto add = [&](CanvasText& c) { return c.AddBlock(block); };
  EXPECT_EQ(Edited("easel: 1\r\n", add), "easel: 1\r\nblocks:\r\n" + line + "\r\n");
  EXPECT_EQ(Edited("easel: 1", add), "easel: 1\nblocks:\n" + line + "\n");
  EXPECT_EQ(Edited("easel: 1\nblocks:   # none yet\nedges: ~\n", add),
            "easel: 1\nblocks:   # none yet\n" + line + "\nedges: ~\n");
  EXPECT_EQ(Edited("\xEF\xBB\xBF"
                   "easel: 1\nblocks: {}\n",
                   add),
            "\xEF\xBB\xBF"
            "easel: 1\nblocks: {" +
                line.substr(2) + "}\n");
  EXPECT_TRUE(Edited("easel: 1\nblocks:\n" + line + "\n", add).starts_with("BLOCK_DUPLICATE"));
  EXPECT_EQ(Edited(kUgly, [&](CanvasText& c) { return c.AddBlock(block); }),
            With(ugly, "blocks/plot.py}\n", "blocks/plot.py}\n  " + line + "\n"));
}

TEST(CanvasText, RandomEditsKeepCommentsAndSayWhatWasAsked) {
  std::mt19937 random(5);
  for (int round = 0; round < 60; ++round) {
    CanvasText canvas{ugly};
    for (int step = 0; step < 12; ++step) {
      const Canvas before = *ParseCanvas(canvas.text()).canvas;
      const auto pick = [&] {
        return before.blocks.empty() ? std::string("none")
                                     : before.blocks[random() % before.blocks.size()].name;
      };
      const std::string a = pick(), b = pick(), fresh = "n" + std::to_string(step);
      Status status;
      switch (random() % 7) {
        case 0: status = canvas.AddBlock({.name = fresh, .file = fresh + ".py", .x = step * 0.25}); break;
        case 1: status = canvas.RemoveBlock(a); break;
        case 2: status = canvas.RenameBlock(a, fresh); break;
        case 3: status = canvas.MoveBlock(a, step, -step); break;
        case 4: status = canvas.AddEdge(a, b); break;
        case 5: status = canvas.RemoveEdge(a, b); break;
        default: status = canvas.SetBlockKey(a, "cache", step % 2 ? "never" : ""); break;
      }
      ASSERT_TRUE(status || status.error().reason != "EDIT_FAILED") << canvas.text();
      ASSERT_TRUE(ParseCanvas(canvas.text()).canvas) << canvas.text();
    }
    for (const char* kept :
         {"# my canvas\n", "# do not touch\n", "# edges first, why not\n", "# last line without newline"})
      EXPECT_NE(canvas.text().find(kept), std::string::npos) << canvas.text();
  }
}

class EditFolder : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/easel_edit_XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    root_ = path;
    Write("canvas.yaml", "easel: 1\nblocks:\n  a: {kind: python, file: a.py}\n");
    Write("a.py", "x = 1\n");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(WriteFileAtomically(root_ + "/" + path, text));
  }
  std::string root_;
};

TEST_F(EditFolder, IsWrittenOnceItIsValid) {
  const auto canvas = EditCanvas(root_, [](CanvasText& c) { return c.MoveBlock("a", 3, 4); });
  ASSERT_TRUE(canvas) << canvas.error().message;
  EXPECT_EQ(canvas->blocks[0].x, 3);
  EXPECT_EQ(canvas->blocks[0].source, "x = 1\n");
  EXPECT_EQ(*ReadFile(root_ + "/canvas.yaml"),
            "easel: 1\nblocks:\n  a: {kind: python, file: a.py, at: [3, 4]}\n");
}

TEST_F(EditFolder, AMissingFileLeavesTheOldText) {
  const std::string before = *ReadFile(root_ + "/canvas.yaml");
  const auto canvas =
      EditCanvas(root_, [](CanvasText& c) { return c.AddBlock({.name = "b", .file = "gone.py"}); });
  ASSERT_FALSE(canvas);
  EXPECT_NE(canvas.error().message.find("file `gone.py` is missing"), std::string::npos);
  EXPECT_EQ(*ReadFile(root_ + "/canvas.yaml"), before);
}

TEST_F(EditFolder, SomebodyElseWroteMeanwhile) {
  const auto canvas = EditCanvas(root_, [&](CanvasText& c) {
    Write("canvas.yaml", "easel: 1\n");
    return c.MoveBlock("a", 3, 4);
  });
  ASSERT_FALSE(canvas);
  EXPECT_EQ(canvas.error().reason, "CANVAS_CHANGED");
  EXPECT_EQ(*ReadFile(root_ + "/canvas.yaml"), "easel: 1\n");
}

TEST(NamingACanvas, KeepsEveryOtherByteOfTheText) {
  CanvasText text(
      "easel: 1  # format\nname: Old one   # what it is called\nblocks:\n  a: {kind: python, file: a.py}\n");
  ASSERT_TRUE(text.SetName("New: \"one\""));
  EXPECT_EQ(text.text(),
            "easel: 1  # format\nname: \"New: \\\"one\\\"\"   # what it is called\nblocks:\n  a: {kind: "
            "python, file: a.py}\n");
}

TEST(NamingACanvas, AddsTheKeyWhereItIsMissing) {
  CanvasText text("easel: 1  # format\nblocks: {}\n");
  ASSERT_TRUE(text.SetName("New"));
  EXPECT_EQ(text.text(), "easel: 1  # format\nname: \"New\"\nblocks: {}\n");
  EXPECT_FALSE(text.SetName("two\nlines"));
}

}  // namespace
}  // namespace easel
