#include "hub/live_canvas.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "canvas/merge.h"
#include "canvas/reader.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

/// A canvas `a -> b` in a folder of its own, opened with a clock that the test moves.
struct Opened {
  Opened() {
    char name[] = "/tmp/easel_live_XXXXXX";
    path = ::mkdtemp(name);
    Put("canvas.yaml",
        "easel: 1   # mine\nname: Test\nblocks:\n  a: {kind: python, file: blocks/a.py, at: [0, 0]}\n"
        "  b: {kind: python, file: blocks/b.py, at: [400, 0]}   # the second\nedges:\n  - a -> b\n");
    Put("blocks/a.py", "x = 1\n");
    Put("blocks/b.py", "print(x)\n");
    Open();
  }
  ~Opened() {
    canvas.reset();
    fs::remove_all(path);
  }
  void Put(const std::string& file, const std::string& text) const {
    fs::create_directories(fs::path(path + "/" + file).parent_path());
    std::ofstream(path + "/" + file) << text;
  }
  std::string Get(const std::string& file) const {
    std::ifstream in(path + "/" + file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void Open() {
    canvas.reset();
    auto opened = LiveCanvas::Open(path, clock);
    ASSERT_TRUE(opened) << opened.error().message;
    canvas = *std::move(opened);
  }
  std::string Id(std::string_view name) const {
    const LiveBlock* block = canvas->model().Named(name);
    return block == nullptr ? "" : block->id;
  }
  /// The operation's number, or the reason of the refusal.
  std::string Do(const std::string& change, const std::string& token = "") {
    auto parsed = ChangeFromJson(*ParseJson(change, "test"));
    if (!parsed) return parsed.error().reason;
    auto made = canvas->Change("ada", token, *parsed);
    return made ? std::to_string(made->seq) : made.error().reason;
  }
  bool Type(const std::string& name, const std::string& changes) {
    const json::array updates{json::object{{"client", "c1"}, {"changes", *ParseJson(changes, "test")}}};
    const auto typed = canvas->Type("ada", Id(name), canvas->VersionOf(Id(name)), updates);
    EXPECT_TRUE(typed) << typed.error().message;
    return typed && *typed;
  }
  /// Let so much time pass, and everything happen that is due.
  void Pass(std::int64_t ms) {
    canvas->FolderChanged();
    for (std::int64_t i = 0; i < ms; i += 10) {
      clock.now_ms += 10;
      canvas->FolderChanged();
      const auto worked = canvas->Work();
      ASSERT_TRUE(worked) << worked.error().message;
    }
  }
  /// What happened since the last call.
  std::string News() {
    EXPECT_TRUE(canvas->Commit());
    std::string out = canvas->news().Members();
    canvas->news() = Tick();
    return out;
  }
  static std::string Block(const std::string& id, const std::string& name, const std::string& code = "") {
    return R"({"id":")" + id + R"(","kind":"python","name":")" + name + R"(","code":")" + code +
           R"(","at":{"x":1,"y":2},"size":{"width":360,"height":190},"settings":{}})";
  }

  std::string path;
  FakeClock clock;
  std::unique_ptr<LiveCanvas> canvas;
};

TEST(LiveCanvas, WhatPagesMakeComesIntoTheFolder) {
  Opened o;
  EXPECT_EQ(o.Do(R"({"op":"add","block":)" + Opened::Block("n1", "c", "y = x\\n") + "}"), "1");
  EXPECT_EQ(o.Do(R"({"op":"connect","edge":{"parent":")" + o.Id("a") + R"(","child":"n1"}})"), "2");
  EXPECT_EQ(o.Do(R"({"op":"resize","id":"n1","size":{"width":500,"height":200}})"), "3");
  EXPECT_EQ(o.Do(R"({"op":"rename","id":")" + o.Id("b") + R"(","name":"show"})"), "4");
  EXPECT_EQ(o.Get("canvas.yaml").find("show"), std::string::npos);  // a moment later
  o.Pass(200);
  EXPECT_EQ(o.Get("canvas.yaml"),
            "easel: 1   # mine\nname: Test\nblocks:\n  a: {kind: python, file: blocks/a.py, at: [0, 0]}\n"
            "  show: {kind: python, file: blocks/b.py, at: [400, 0]}   # the second\n"
            "  c: {kind: python, file: blocks/c.py, at: [1, 2], size: [500, 200]}\n"
            "edges:\n  - a -> show\n  - a -> c\n");
  EXPECT_EQ(o.Get("blocks/c.py"), "y = x\n");
  EXPECT_EQ(o.canvas->problem(), "");
  const std::string news = o.News();
  EXPECT_NE(news.find(R"("seq":4)"), std::string::npos);
  o.Pass(500);
  EXPECT_EQ(o.News(), "");  // our own writing is no news
}

TEST(LiveCanvas, RefusalsHaveTheReasonsOfTheWeb) {
  Opened o;
  EXPECT_EQ(o.Do(R"({"op":"rename","id":"nobody","name":"x"})"), "NO_SUCH_BLOCK");
  EXPECT_EQ(o.Do(R"({"op":"rename","id":")" + o.Id("a") + R"(","name":"B"})"), "NAME_TAKEN");
  EXPECT_EQ(o.Do(R"({"op":"rename","id":")" + o.Id("a") + R"(","name":"1x"})"), "NAME_INVALID");
  EXPECT_EQ(
      o.Do(R"({"op":"connect","edge":{"parent":")" + o.Id("b") + R"(","child":")" + o.Id("a") + R"("}})"),
      "BLOCK_CYCLE");
  EXPECT_EQ(
      o.Do(R"({"op":"connect","edge":{"parent":")" + o.Id("a") + R"(","child":")" + o.Id("b") + R"("}})"),
      "EDGE_EXISTS");
  EXPECT_EQ(o.Do(R"({"op":"fly"})"), "CHANGE_INVALID");
  EXPECT_EQ(o.Do(R"({"op":"setSettings","id":")" + o.Id("a") + R"(","settings":{"memory":"lots"}})"),
            "SETTINGS_INVALID");
  EXPECT_EQ(o.canvas->seq(), 0);
  EXPECT_EQ(o.News(), "");
}

TEST(LiveCanvas, ATokenMakesOneOperation) {
  Opened o;
  const std::string move = R"({"op":"move","moves":[{"id":")" + o.Id("a") + R"(","at":{"x":5,"y":5}}]})";
  EXPECT_EQ(o.Do(move, "t1"), "1");
  EXPECT_EQ(o.Do(move, "t1"), "1");
  ASSERT_TRUE(o.canvas->Commit());
  EXPECT_EQ(o.Do(move, "t1"), "1");
  o.Open();
  EXPECT_EQ(o.Do(move, "t1"), "1");
  EXPECT_EQ(o.Do(move, "t2"), "2");
}

TEST(LiveCanvas, EndsAtAnyMomentAndLosesNothing) {
  Opened o;
  EXPECT_EQ(o.Do(R"({"op":"add","block":)" + Opened::Block("n1", "c", "y = x\\n") + "}"), "1");
  o.Type("a", R"([6,[0,"z = 2",""]])");
  o.Do(R"({"op":"delete","ids":[")" + o.Id("b") + R"("]})");
  ASSERT_TRUE(o.canvas->Commit());
  const std::string id = o.Id("a");
  const std::int64_t version = o.canvas->VersionOf(id);
  o.Open();  // nothing was written
  EXPECT_EQ(o.Id("a"), id);
  EXPECT_EQ(o.canvas->VersionOf(id), version);
  EXPECT_EQ(o.canvas->model().Find(id)->code, "x = 1\nz = 2\n");
  o.Pass(200);
  EXPECT_EQ(o.Get("blocks/a.py"), "x = 1\nz = 2\n");
  EXPECT_EQ(o.Get("blocks/c.py"), "y = x\n");
  EXPECT_FALSE(fs::exists(o.path + "/blocks/b.py"));
  EXPECT_EQ(ReadCanvas(o.path)->blocks.size(), 2u);
}

TEST(LiveCanvas, ADeletedBlockComesBackWithItsFileAndEdges) {
  Opened o;
  const std::string b = o.Id("b"), a = o.Id("a");
  EXPECT_EQ(o.Do(R"({"op":"delete","ids":[")" + b + R"("]})"), "1");
  o.Pass(200);
  EXPECT_FALSE(fs::exists(o.path + "/blocks/b.py"));
  o.Open();
  EXPECT_EQ(o.Do(R"({"op":"paste","blocks":[)" + Opened::Block(b, "b", "print(x)\\n") +
                 R"(],"edges":[{"parent":")" + a + R"(","child":")" + b + R"(","index":0}]})"),
            "2");
  o.Pass(200);
  EXPECT_EQ(o.Get("blocks/b.py"), "print(x)\n");
  EXPECT_EQ(EdgesOf(*ReadCanvas(o.path)), (std::vector<NamedEdge>{{"a", "b"}}));
}

TEST(LiveCanvas, TypingAtAnOldVersionDoesNothing) {
  Opened o;
  const std::string a = o.Id("a");
  EXPECT_TRUE(o.Type("a", R"([[0,"# "],6])"));
  const json::array late{json::object{{"client", "c2"}, {"changes", json::array{6}}}};
  EXPECT_FALSE(*o.canvas->Type("eve", a, 0, late));
  EXPECT_FALSE(o.canvas->Type("eve", a, 1, late));  // does not fit
  EXPECT_EQ(o.canvas->model().Find(a)->code, "# x = 1\n");
  EXPECT_EQ(*o.canvas->TextsSince(a, 0),
            R"({"type":"texts","block":")" + a +
                R"(","version":1,"updates":[{"client":"c1","changes":[[0,"# "],6]}]})");
}

TEST(LiveCanvas, AnEditorChangesAFile) {
  Opened o;
  o.Put("blocks/a.py", "x = 2\n");
  o.Pass(200);
  EXPECT_EQ(o.canvas->model().Named("a")->code, "x = 2\n");
  const std::string news = o.News();
  EXPECT_NE(news.find(R"("actor":"folder")"), std::string::npos) << news;
  EXPECT_NE(news.find(R"({"client":"folder","changes":[4,[1,"2"],1]})"), std::string::npos) << news;
  o.Pass(1000);
  EXPECT_EQ(o.News(), "");
}

TEST(LiveCanvas, AnEditorSavesWhileSomebodyTypes) {
  Opened o;
  o.Put("blocks/a.py", "x = 1\ny = 2\n");  // below
  o.Type("a", R"([[0,"# mine",""],6])");   // above
  o.Pass(400);
  EXPECT_EQ(o.canvas->model().Named("a")->code, "# mine\nx = 1\ny = 2\n");
  EXPECT_EQ(o.Get("blocks/a.py"), "# mine\nx = 1\ny = 2\n");
}

TEST(LiveCanvas, GitChecksOutAnotherCanvas) {
  Opened o;
  const std::string a = o.Id("a"), b = o.Id("b");
  o.Put("blocks/d.py", "new\n");
  o.Put("blocks/a.py", "x = 3\n");
  fs::remove(o.path + "/blocks/b.py");
  o.Put("canvas.yaml",
        "easel: 1\nblocks:\n  first: {kind: python, file: blocks/a.py, at: [7, 7]}\n"
        "  d: {kind: python, file: blocks/d.py}\nedges:\n  - d -> first\n");
  o.Pass(200);
  EXPECT_EQ(o.canvas->seq(), 1);  // one batch
  EXPECT_EQ(o.Id("first"), a);    // the same file: renamed
  EXPECT_EQ(o.canvas->model().Find(b), nullptr);
  EXPECT_EQ(o.canvas->model().Find(a)->code, "x = 3\n");
  EXPECT_EQ(o.canvas->model().ParentsOf(a), std::vector<std::string>{o.Id("d")});
  EXPECT_EQ(o.canvas->model().Named("d")->code, "new\n");
  EXPECT_EQ(o.canvas->VersionOf(o.Id("d")), 0);
  o.Pass(500);
  EXPECT_EQ(o.Get("blocks/d.py"), "new\n");
  EXPECT_TRUE(ReadCanvas(o.path));
}

TEST(LiveCanvas, EditsWhileNobodyWasThere) {
  Opened o;
  o.Type("a", R"([[0,"# mine",""],6])");
  ASSERT_TRUE(o.canvas->Commit());
  o.canvas.reset();
  o.Put("blocks/a.py", "x = 1\nand = 2\n");
  o.Put("canvas.yaml", o.Get("canvas.yaml") + "  # a comment\n");
  o.Open();
  EXPECT_EQ(o.canvas->model().Named("a")->code, "# mine\nx = 1\nand = 2\n");
  o.Pass(300);
  EXPECT_EQ(o.Get("blocks/a.py"), "# mine\nx = 1\nand = 2\n");
  EXPECT_NE(o.Get("canvas.yaml").find("# a comment"), std::string::npos);
}

TEST(LiveCanvas, ABrokenCanvasYamlKeepsTheLastGoodOne) {
  Opened o;
  const std::string good = o.Get("canvas.yaml");
  o.Put("canvas.yaml", good + "  - b -> a\n");
  o.Pass(200);
  EXPECT_NE(o.canvas->problem().find("cycle"), std::string::npos);
  EXPECT_NE(o.News().find(R"("problem":"canvas.yaml)"), std::string::npos);
  o.Do(R"({"op":"move","moves":[{"id":")" + o.Id("a") + R"(","at":{"x":5,"y":5}}]})");
  o.Pass(700);
  EXPECT_EQ(o.Get("canvas.yaml"), good + "  - b -> a\n");  // not ours to replace
  o.Put("canvas.yaml", good + "# fixed\n");
  o.Pass(700);
  EXPECT_EQ(o.canvas->problem(), "");
  EXPECT_NE(o.News().find(R"("problem":null)"), std::string::npos);
  EXPECT_NE(o.Get("canvas.yaml").find("at: [5, 5]"), std::string::npos);
  EXPECT_NE(o.Get("canvas.yaml").find("# fixed"), std::string::npos);
}

TEST(LiveCanvas, AnEditorsDanceOfRenamesIsOneChange) {
  Opened o;
  fs::rename(o.path + "/blocks/a.py", o.path + "/blocks/a.py~");
  o.Put("blocks/a.py", "x = 9\n");
  fs::remove(o.path + "/blocks/a.py~");
  o.Pass(200);
  EXPECT_EQ(o.canvas->problem(), "");
  EXPECT_EQ(o.canvas->model().Named("a")->code, "x = 9\n");
  EXPECT_EQ(o.canvas->seq(), 1);
}

TEST(LiveCanvas, LineEndsOfTheFileStay) {
  Opened o;
  o.Put("blocks/a.py", "x = 1\r\ny = 2\r\n");
  o.Pass(200);
  EXPECT_EQ(o.canvas->model().Named("a")->code, "x = 1\ny = 2\n");
  o.Type("a", R"([[0,"# mine",""],12])");
  o.Pass(200);
  EXPECT_EQ(o.Get("blocks/a.py"), "# mine\r\nx = 1\r\ny = 2\r\n");
  o.Pass(500);
  EXPECT_EQ(o.canvas->model().Named("a")->code, "# mine\nx = 1\ny = 2\n");
}

TEST(LiveCanvas, AFolderThatIsMovedEndsIt) {
  Opened o;
  o.Type("a", R"([[0,"# mine",""],6])");
  ASSERT_TRUE(o.canvas->Commit());
  const std::string to = o.path + "_moved";
  fs::rename(o.path, to);
  o.clock.now_ms += 200;
  const auto worked = o.canvas->Work();
  ASSERT_FALSE(worked);
  EXPECT_EQ(worked.error().reason, "FOLDER_GONE");
  EXPECT_FALSE(fs::exists(o.path));
  o.canvas.reset();
  o.path = to;
  o.Open();
  o.Pass(200);
  EXPECT_EQ(o.Get("blocks/a.py"), "# mine\nx = 1\n");  // and nothing was lost
}

TEST(LiveCanvas, QuickTypingIsOneRevision) {
  Opened o;
  const std::string a = o.Id("a");
  for (int i = 0; i < 5; ++i) {
    o.Type("a", "[[0,\"# " + std::to_string(i) + R"(",""],)" +
                    std::to_string(Utf16Length(o.canvas->model().Find(a)->code)) + "]");
    o.Pass(1000);
  }
  o.Pass(6000);
  o.Type("a", "[[0,\"later\",\"\"]," + std::to_string(Utf16Length(o.canvas->model().Find(a)->code)) + "]");
  const auto revisions = o.canvas->Revisions(a, 1000, 10);
  ASSERT_EQ(revisions->size(), 3u);
  EXPECT_EQ(revisions->at(0).lines_added, 1);
  EXPECT_EQ(revisions->at(1).lines_added, 5);
  EXPECT_EQ(revisions->at(2).actor, "folder");
  EXPECT_EQ((*o.canvas->FindRevision(a, 1))->code, "x = 1\n");
}

/// Its wall clock is set by people; the other one goes on.
class SetClock final : public Clock {
 public:
  std::int64_t UnixMs() const override { return wall_ms; }
  std::int64_t MonotonicMs() const override { return steady_ms; }
  std::int64_t wall_ms = 1'700'000'000'000, steady_ms = 5'000;
};

TEST(LiveCanvas, AClockThatJumpsChangesNoOrderAndHoldsUpNoFile) {
  Opened o;
  o.canvas.reset();
  SetClock clock;
  auto opened = LiveCanvas::Open(o.path, clock);
  ASSERT_TRUE(opened) << opened.error().message;
  LiveCanvas& canvas = **opened;
  const std::string a = canvas.model().Named("a")->id;
  constexpr std::int64_t kYear = std::int64_t{365} * 24 * 3600 * 1000;
  std::int64_t number = 0;
  for (const std::int64_t jump : {std::int64_t{0}, -10 * kYear, 20 * kYear, -5 * kYear}) {
    clock.wall_ms += jump;
    const std::string code = "y = " + std::to_string(++number) + "\n";
    ASSERT_TRUE(canvas.Change("ada", "t" + std::to_string(number), {SetBlockCode{a, code}}));
    ASSERT_TRUE(canvas.Commit());
    clock.steady_ms += LiveCanvas::kQuietMs;
    ASSERT_TRUE(canvas.Work());
    EXPECT_EQ(o.Get("blocks/a.py"), code);
  }
  const auto operations = canvas.Operations(0, 10);
  ASSERT_EQ(operations->size(), 4u);
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(operations->at(i).seq, static_cast<std::int64_t>(i + 1));
  const auto revisions = canvas.Revisions(a, 1000, 10);
  ASSERT_EQ(revisions->size(), 5u);
  EXPECT_EQ((*canvas.FindRevision(a, revisions->at(0).revision))->code, "y = 4\n");
}

TEST(LiveCanvas, ANameThatNoEngineHeardOfIsKnownAfterAnEnd) {
  Opened o;
  const std::string a = o.Id("a"), b = o.Id("b");
  o.Do(R"({"op":"batch","changes":[{"op":"rename","id":")" + a + R"(","name":"t"},{"op":"rename","id":")" +
       b + R"(","name":"a"},{"op":"rename","id":")" + a + R"(","name":"b"}]})");
  ASSERT_TRUE(o.canvas->Commit());
  (void)o.canvas->TakeRenames();  // handed to an engine that is killed before it recorded them
  o.Open();
  EXPECT_EQ(ComposeRenames(o.canvas->TakeRenames()), (Renames{{"a", "b"}, {"b", "a"}}));
  EXPECT_EQ(o.canvas->UnheardNames(), (std::map<std::string, std::string>{{a, "b"}, {b, "a"}}));
  o.canvas->Heard(o.canvas->UnheardNames());
  ASSERT_TRUE(o.canvas->Commit());
  o.Open();
  EXPECT_TRUE(o.canvas->TakeRenames().empty());
  EXPECT_TRUE(o.canvas->UnheardNames().empty());
}

TEST(LiveCanvas, WhatTheFolderSaysOfItsNameAndEnvironmentIsNews) {
  Opened o;
  Tick news;
  o.canvas->SendNewsTo(news);
  const std::int64_t before = o.canvas->generation();
  o.Put("canvas.yaml", "easel: 1\nname: Other\nenvironment: big\n" +
                           o.Get("canvas.yaml").substr(o.Get("canvas.yaml").find("blocks:")));
  o.Pass(300);
  EXPECT_NE(news.Members().find(R"("canvas":{"name":"Other","environment":"big"})"), std::string::npos)
      << news.Members();
  EXPECT_GT(o.canvas->generation(), before);
}

TEST(LiveCanvas, TwoServersOnOneCanvas) {
  Opened o;
  FakeClock clock;
  const auto second = LiveCanvas::Open(o.path, clock);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "CANVAS_OPEN_ELSEWHERE");
}

}  // namespace
}  // namespace easel
