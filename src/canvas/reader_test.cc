#include "canvas/reader.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"

namespace easel {
namespace {

/// All problems of a text, one line each; "" if it is good.
std::string Problems(std::string_view text) {
  std::string out;
  for (const Problem& problem : ParseCanvas(text).problems) out += problem.ToString() + "\n";
  return out;
}

/// Problems of a canvas with this one block, without the file's name.
std::string BlockProblem(const std::string& block) {
  std::string out = Problems("easel: 1\nblocks:\n  a: " + block + "\n");
  return out.starts_with("canvas.yaml:") ? out.substr(12) : out;
}

class CanvasFolder : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/easel_canvas_XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    root_ = path;
    std::filesystem::create_directory(root_ + "/blocks");
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  void Write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(WriteFileAtomically(root_ + "/" + path, text));
  }
  std::string Read() {
    const auto reading = ReadCanvasWithProblems(root_);
    if (!reading) return reading.error().reason + ": " + reading.error().message;
    std::string out;
    for (const Problem& problem : reading->problems) out += problem.ToString() + "\n";
    return out;
  }
  std::string root_;
};

constexpr std::string_view kWhole =
    "easel: 1                                   # format version\n"
    "name: Churn\n"
    "environment: default\n"
    "blocks:\n"
    "  load:  {kind: python, file: blocks/load.py, at: [0, 0]}\n"
    "  clean: {kind: python, file: ./blocks//clean.py, at: [420, -0.5], cache: never, environment: py3.11,\n"
    "          compute: {cpu: 2, memory: 8Gi, timeout: 30m}}\n"
    "  score:\n"
    "    kind: python\n"
    "    file: blocks/score.py\n"
    "    cache: {for: 1h}\n"
    "  notes: {kind: markdown, file: blocks/notes.md, cache: 'for: 2d'}\n"
    "edges:\n"
    "  - load -> clean -> score\n"
    "  - load->score\n";

TEST(ReadCanvas, EverythingThatAFolderMaySay) {
  const CanvasReading reading = ParseCanvas(kWhole);
  ASSERT_TRUE(reading.canvas) << Problems(kWhole);
  const Canvas& canvas = *reading.canvas;
  EXPECT_EQ(canvas.name, "Churn");
  ASSERT_EQ(canvas.blocks.size(), 4u);
  const Block& clean = canvas.blocks[1];
  EXPECT_EQ(clean.file, "blocks/clean.py");
  EXPECT_EQ(clean.x, 420);
  EXPECT_EQ(clean.y, -0.5);
  EXPECT_EQ(clean.cache.kind, CachePolicy::Kind::kNever);
  EXPECT_EQ(clean.compute.cpu, 2);
  EXPECT_EQ(clean.compute.memory_bytes, 8LL << 30);
  EXPECT_EQ(clean.compute.timeout_ms, 1'800'000);
  EXPECT_EQ(canvas.EnvironmentOf(1), "py3.11");
  EXPECT_EQ(canvas.EnvironmentOf(0), "default");
  EXPECT_EQ(canvas.blocks[2].cache.for_ms, 3'600'000);
  EXPECT_EQ(canvas.blocks[3].cache.for_ms, 172'800'000);
  EXPECT_EQ(canvas.blocks[3].kind, BlockKind::kMarkdown);
  EXPECT_EQ(canvas.parents[2], (std::vector<std::int32_t>{1, 0}));
}

TEST(ReadCanvas, WindowsLineEndsAndByteOrderMark) {
  std::string text = "\xEF\xBB\xBF";
  for (const char c : kWhole) text += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_TRUE(ParseCanvas(text).canvas) << Problems(text);
  EXPECT_EQ(Problems("\xEF\xBB\xBF"
                     "easel: 1\r\nfoo: 1\r\n"),
            "canvas.yaml:2:1: unknown key `foo`; known are easel, name, environment, blocks and edges\n");
}

TEST(ReadCanvas, NoBlocksYetIsACanvas) {
  EXPECT_EQ(Problems("easel: 1\n"), "");
  EXPECT_EQ(Problems("easel: 1\nblocks:\nedges:\n"), "");
  EXPECT_EQ(Problems("easel: 1\nblocks: {}\nedges: []\n"), "");
}

TEST(ReadCanvas, UnknownKeysHavePlaceAndSuggestion) {
  EXPECT_EQ(Problems("easel: 1\nblocks:\n  load: {kid: python, kind: python, file: blocks/load.py}\n"),
            "canvas.yaml:3:10: unknown key `kid`, did you mean `kind`?\n");
  EXPECT_EQ(BlockProblem("{kind: python, file: a.py, compute: {cpus: 2, color: red}}"),
            "3:43: unknown key `cpus` in `compute`, did you mean `cpu`?\n"
            "canvas.yaml:3:52: unknown key `color` in `compute`; known are cpu, memory and timeout\n");
}

TEST(ReadCanvas, NoNameOfAFileDrivesTheTerminal) {
  const std::string text = Problems("easel: 1\nblocks:\n  \"l\\tb\": {kind: python}\nedges: [lb -> l]\n");
  EXPECT_NE(text.find("add `file: blocks/l\\x09b.py`"), std::string::npos) << text;
  EXPECT_EQ(text.find('\t'), std::string::npos) << text;
}

TEST(ReadCanvas, AllProblemsAreReportedInTheOrderOfTheFile) {
  const std::string text =
      Problems("easel: 1\nnam: x\nblocks:\n  1a: {kind: pyton}\n  b: 3\nedges: [b -> c]\n");
  EXPECT_EQ(text,
            "canvas.yaml:2:1: unknown key `nam`, did you mean `name`?\n"
            "canvas.yaml:4:3: block `1a` has no file: add `file: blocks/1a.py`\n"
            "canvas.yaml:4:3: block name `1a` is not allowed: use a letter or _ first, then letters, digits, "
            "_ and -, at most 64\n"
            "canvas.yaml:4:14: unknown kind `pyton`, did you mean `python`?\n"
            "canvas.yaml:5:6: block `b` is a mapping, for example {kind: python, file: blocks/load.py, at: "
            "[0, 0]}\n"
            "canvas.yaml:6:9: edge to unknown block `c`\n");
}

TEST(ReadCanvas, FormatVersionsThatWeCannotRead) {
  EXPECT_EQ(Problems("easel: 2\nnew_things: [1]\n"),
            "canvas.yaml:1:8: this canvas has format 2, and this easel reads format 1: install a newer easel "
            "to open it\n");
  EXPECT_EQ(Problems("name: x\n"),
            "canvas.yaml:1:1: the format version is missing: write `easel: 1` in the first line\n");
  EXPECT_EQ(Problems("easel: one\n"), "canvas.yaml:1:8: `easel` is the format version: write `easel: 1`\n");
  EXPECT_EQ(Problems(""), Problems("---\n"));
  EXPECT_NE(Problems("").find("the file is empty"), std::string::npos);
}

TEST(ReadCanvas, KindsWithoutRuntime) {
  EXPECT_EQ(BlockProblem("{kind: sql, file: a.sql}"),
            "3:13: kind `sql` has no runtime yet; python and markdown blocks work in this version\n");
  EXPECT_EQ(BlockProblem("{kind: fortran, file: a.f}"),
            "3:13: unknown kind `fortran`; known are python and markdown\n");
}

TEST(ReadCanvas, PathsThatLeaveTheFolder) {
  for (const char* path : {"/etc/passwd", "../a.py", "blocks/../../a.py", "''", ".", "blocks/", ".easel/x.py",
                           "\"a\\0b\"", "\"\\e[31m\""})
    EXPECT_NE(BlockProblem("{kind: python, file: " + std::string(path) + "}"), "") << path;
  EXPECT_EQ(BlockProblem("{kind: python, file: ../a.py}"),
            "3:27: `../a.py` leads out of the canvas folder: a block's file is inside it\n");
  EXPECT_EQ(BlockProblem("{kind: python, file: \"\\e[31m\"}").find('\x1b'), std::string::npos);
}

TEST(ReadCanvas, TwoBlocksWithOneFile) {
  EXPECT_EQ(
      Problems("easel: 1\nblocks:\n  a: {kind: python, file: x.py}\n  b: {kind: python, file: ./x.py}\n"),
      "canvas.yaml:4:27: blocks `a` and `b` have the same file `x.py`: give each its own\n");
}

TEST(ReadCanvas, CycleIsReportedWithItsPathAndLine) {
  const std::string blocks =
      "easel: 1\nblocks:\n  a: {kind: python, file: a.py}\n  b: {kind: python, file: b.py}\n";
  EXPECT_EQ(Problems(blocks + "edges:\n  - a -> b\n  - b -> a\n"),
            "canvas.yaml:7:5: the edges form a cycle: a -> b -> a; remove one of these edges\n");
  EXPECT_EQ(Problems(blocks + "edges: [a -> a, a -> b, a->b]\n"),
            "canvas.yaml:5:9: block `a` has an edge to itself: remove it\n"
            "canvas.yaml:5:25: edge `a -> b` is there twice: remove one\n");
  EXPECT_EQ(Problems(blocks + "edges: [a, a ->, {from: a, to: b}, '']\n").substr(0, 80),
            std::string(
                "canvas.yaml:5:9: `a` is not an edge: write `parent -> child`, for example `- load -> clean`")
                .substr(0, 80));
}

TEST(ReadCanvas, YamlThatACanvasDoesNotUse) {
  EXPECT_NE(Problems("easel: 1\nblocks: &b {}\n").find("2:9: YAML anchors"), std::string::npos);
  EXPECT_NE(Problems("easel: 1\nblocks: *b\n").find("2:9: YAML aliases"), std::string::npos);
  EXPECT_NE(Problems("easel: !!int 1\n").find("1:8: YAML tags"), std::string::npos);
  EXPECT_NE(Problems("easel: 1\n---\neasel: 1\n").find("2:1: a second YAML document"), std::string::npos);
  EXPECT_NE(Problems("easel: 1\n? [a]\n: b\n").find("a key must be a plain word"), std::string::npos);
  EXPECT_NE(Problems("easel: 1\neasel: 1\n").find("2:1: key `easel` is there twice"), std::string::npos);
  EXPECT_NE(Problems("- a\n").find("a canvas is a mapping"), std::string::npos);
}

TEST(ReadCanvas, BrokenBytes) {
  EXPECT_EQ(Problems("easel: 1\nblocks:\n\ta: {}\n"),
            "canvas.yaml:3:1: a tab is here; YAML indents with spaces only: replace it by spaces\n");
  EXPECT_EQ(Problems("easel: 1\nname: caf\xE9\n"),
            "canvas.yaml:2:10: this is not UTF-8 text: save the file as UTF-8\n");
  EXPECT_EQ(Problems(std::string("easel: 1\nna\0me: x\n", 17)),
            "canvas.yaml:2:3: a control character is here: remove it\n");
  EXPECT_EQ(Problems("\xFF\xFE"
                     "e\0"),
            "canvas.yaml: the file is UTF-16: save it as UTF-8\n");
  EXPECT_NE(Problems("easel: 1\nname: a\xC2\x80\n").find("2:8: a character is here that YAML does not allow"),
            std::string::npos);
  EXPECT_NE(Problems(std::string(100'000, '[')).find("nested more than 16 levels"), std::string::npos);
  EXPECT_NE(Problems("blocks: {a: 'b\n").find("not valid YAML"), std::string::npos);
  EXPECT_NE(Problems("name: a: b\n").find("canvas.yaml:1:8: not valid YAML: mapping values are not allowed"),
            std::string::npos);
}

TEST(ReadCanvas, ColumnsCountCharactersNotBytes) {
  EXPECT_EQ(Problems("easel: 1\nblocks: {ä: {kind: python, file: 'é.py', kid: 1}}\n").substr(0, 20),
            "canvas.yaml:2:10: bl");
  EXPECT_NE(
      Problems("easel: 1\nname: é\nblocks: {a: {file: 'é.py', kid: 1}}\n").find("3:28: unknown key `kid`"),
      std::string::npos);
}

TEST(ReadCanvas, AWrongValueInEachPlace) {
  for (const char* block :
       {"[]", "{kind: [python], file: a.py}", "{kind: python, file: {a: b}}",
        "{kind: python, file: a.py, at: 3}", "{kind: python, file: a.py, at: [1]}",
        "{kind: python, file: a.py, at: [1, 2, 3]}", "{kind: python, file: a.py, at: [x, 2]}",
        "{kind: python, file: a.py, at: [[1], 2]}", "{kind: python, file: a.py, at: [.inf, 2]}",
        "{kind: python, file: a.py, cache: maybe}", "{kind: python, file: a.py, cache: {}}",
        "{kind: python, file: a.py, cache: {for: x}}", "{kind: python, file: a.py, cache: [auto]}",
        "{kind: python, file: a.py, compute: 3}", "{kind: python, file: a.py, compute: {cpu: 0}}",
        "{kind: python, file: a.py, compute: {memory: 8}}",
        "{kind: python, file: a.py, compute: {timeout: 30}}", "{kind: python, file: a.py, environment: ../x}",
        "{kind: , file: a.py}"})
    EXPECT_NE(BlockProblem(block), "") << block;
}

TEST_F(CanvasFolder, SourcesAreReadWithTheCanvas) {
  Write("canvas.yaml", "easel: 1\nblocks:\n  load: {kind: python, file: blocks/load.py}\n");
  Write("blocks/load.py",
        "\xEF\xBB\xBF"
        "x = 1\n");
  const auto canvas = ReadCanvas(root_ + "/");
  ASSERT_TRUE(canvas) << canvas.error().message;
  EXPECT_EQ(canvas->blocks[0].source, "x = 1\n");
  EXPECT_EQ(canvas->root, root_);
  EXPECT_EQ(canvas->name, std::filesystem::path(root_).filename());
  EXPECT_TRUE(ReadCanvas(root_ + "/canvas.yaml"));
}

TEST_F(CanvasFolder, MissingFileNamesTheNearestOne) {
  Write("canvas.yaml",
        "easel: 1\nblocks:\n  load: {kind: python, file: blocks/laod.py}\n  b: {kind: python, file: "
        "clean.py}\n");
  Write("blocks/load.py", "");
  Write("blocks/clean.py", "");
  EXPECT_EQ(Read(),
            "canvas.yaml:3:30: file `blocks/laod.py` is missing, did you mean `blocks/load.py`?\n"
            "canvas.yaml:4:27: file `clean.py` is missing, did you mean `blocks/clean.py`?\n");
  EXPECT_TRUE(ReadCanvas(root_, {.sources = false}));
}

TEST_F(CanvasFolder, LinksThatLeadOutAreRefusedAndLinksInsideFollowed) {
  Write("canvas.yaml",
        "easel: 1\nblocks:\n  a: {kind: python, file: blocks/a.py}\n  b: {kind: python, file: out/hostname}\n"
        "  c: {kind: python, file: blocks/c.py}\n  d: {kind: python, file: blocks/d.py}\n");
  Write("real.py", "x = 1\n");
  std::filesystem::create_symlink("/etc/hostname", root_ + "/blocks/a.py");
  std::filesystem::create_symlink("/etc", root_ + "/out");
  std::filesystem::create_symlink("../real.py", root_ + "/blocks/c.py");
  std::filesystem::create_symlink("../real.py", root_ + "/blocks/d.py");
  EXPECT_EQ(Read(),
            "canvas.yaml:3:27: file `blocks/a.py` is a symbolic link that leads out of the canvas folder: "
            "copy the file into it\n"
            "canvas.yaml:4:27: file `out/hostname` is a symbolic link that leads out of the canvas folder: "
            "copy the file into it\n"
            "canvas.yaml:6:27: blocks `c` and `d` have the same file (a link): give each its own\n");
}

TEST_F(CanvasFolder, ThingsThatAreNoSourceFiles) {
  Write("canvas.yaml",
        "easel: 1\nblocks:\n  a: {kind: python, file: blocks}\n  b: {kind: python, file: fifo}\n"
        "  c: {kind: python, file: latin.py}\n  d: {kind: python, file: nul.py}\n  e: {kind: python, file: "
        "latin.py/x}\n");
  ASSERT_EQ(::mkfifo((root_ + "/fifo").c_str(), 0600), 0);
  Write("latin.py", "x = 1\ny = 'caf\xE9'\n");
  Write("nul.py", std::string_view("a\0b", 3));
  EXPECT_EQ(Read(),
            "canvas.yaml:3:27: `blocks` is a folder, not a file\n"
            "canvas.yaml:4:27: `fifo` is not an ordinary file\n"
            "canvas.yaml:7:27: file `latin.py/x` is missing; make it, or remove the block\n"
            "latin.py:2:9: this is not UTF-8 text: save the file as UTF-8\n"
            "nul.py:1:2: a NUL byte is here: this is not a text file\n");
}

TEST_F(CanvasFolder, NoCanvasThere) {
  EXPECT_EQ(Read(), "CANVAS_NOT_FOUND: " + root_ +
                        ": no canvas.yaml in this folder; `easel new FOLDER` makes a canvas");
  EXPECT_EQ(ReadCanvas(root_ + "/gone").error().reason, "CANVAS_NOT_FOUND");
  ASSERT_EQ(::mkfifo((root_ + "/canvas.yaml").c_str(), 0600), 0);
  EXPECT_EQ(ReadCanvas(root_).error().reason, "CANVAS_INVALID");
}

TEST_F(CanvasFolder, AFileOfAHundredMegabytesIsRefusedUnread) {
  Write("canvas.yaml", "easel: 1\n");
  std::filesystem::resize_file(root_ + "/canvas.yaml", 100 << 20);
  EXPECT_EQ(Read(), "canvas.yaml: the file has 100 MiB; a canvas of at most 64 MiB can be read\n");
}

TEST(ReadCanvas, TwentyThousandBlocksWithAWrongEdgeEach) {
  std::string text = "easel: 1\nblocks:\n", edges = "edges:\n";
  for (int i = 0; i < 20'000; ++i) {
    const std::string n = std::to_string(i);
    text += "  block_" + n + ": {kind: python, file: blocks/block_" + n + ".py, at: [" + n + ", 0]}\n";
    edges += "  - block_" + n + " -> blokc_" + n + "\n";
  }
  const CanvasReading reading = ParseCanvas(text + edges);
  EXPECT_EQ(reading.problems.size(), 1000u);
  EXPECT_TRUE(ParseCanvas(text).canvas);
}

}  // namespace
}  // namespace easel
