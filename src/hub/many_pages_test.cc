// Fifty pages that change one canvas at once, over connections that are cut and come back: all end alike, and with what
// the folder says; no operation and no text is lost or doubled.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <random>

#include "canvas/reader.h"
#include "hub/live_canvas.h"

namespace easel {
namespace {

struct Page {
  CanvasModel model;
  std::map<std::string, std::int64_t> versions;
  std::int64_t seq = 0;
  std::vector<std::pair<std::string, CanvasChange>> sent;  ///< without an answer yet
};

std::string Shown(const CanvasModel& model) {
  std::map<std::string, std::string> out;
  for (const LiveBlock* block : model.Blocks()) {
    std::string& one = out[block->id] = json::serialize(ToJson(*block));
    for (const std::string& parent : model.ParentsOf(block->id)) one += " " + parent;
  }
  std::string all;
  for (const auto& [id, one] : out) all += one + "\n";
  return all;
}

class ManyPages : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/easel_many_XXXXXX";
    path = ::mkdtemp(name);
    std::filesystem::create_directories(path + "/blocks");
    std::ofstream(path + "/blocks/a.py") << "x = 1\n";
    std::ofstream(path + "/canvas.yaml") << "easel: 1\nblocks:\n  a: {kind: python, file: blocks/a.py}\n";
    const char* given = std::getenv("EASEL_SEED");
    seed = given != nullptr ? static_cast<unsigned>(std::atol(given)) : std::random_device{}();
    std::cerr << "EASEL_SEED=" << seed << "\n";
    random.seed(seed);
    Open();
  }
  void TearDown() override {
    canvas.reset();
    std::filesystem::remove_all(path);
  }
  void Open() {
    canvas.reset();
    auto opened = LiveCanvas::Open(path, clock);
    ASSERT_TRUE(opened) << opened.error().message;
    canvas = *std::move(opened);
  }
  int Below(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }
  std::string AnyId() { return "b" + std::to_string(Below(12)); }

  CanvasChange AnyChange() {
    const LiveEdge edge{AnyId(), AnyId()};
    switch (Below(9)) {
      case 0:
      case 1: {
        LiveBlock block{
            .id = AnyId(), .code = "# " + std::to_string(Below(9)) + "\n", .width = 360, .height = 190};
        block.name = "n" + std::to_string(Below(14));
        return {AddBlocks{{block}, {}}};
      }
      case 2: return {DeleteBlocks{{AnyId()}}};
      case 3: return {MoveBlocks{{{AnyId(), double(Below(500)), double(Below(500))}}}};
      case 4: return {ConnectBlocks{{edge, Below(3)}}};
      case 5: return {DisconnectBlocks{edge}};
      case 6: return {RenameLiveBlock{AnyId(), "n" + std::to_string(Below(14))}};
      case 7: return {SetBlockCode{AnyId(), "y = " + std::to_string(Below(100)) + "\n"}};
      default:
        return {ChangeGroup{
            {{RenameLiveBlock{AnyId(), "n" + std::to_string(Below(14))}}, {DeleteBlocks{{AnyId()}}}}}};
    }
  }

  /// Bring a page to now, as one that comes back: operations after its own, then texts after its versions.
  void CatchUp(Page& page) {
    ASSERT_TRUE(canvas->Commit());
    const auto operations = canvas->Operations(page.seq, 1'000'000);
    ASSERT_TRUE(operations);
    for (const OperationRecord& made : *operations) {
      ASSERT_EQ(made.seq, page.seq + 1);
      page.seq = made.seq;
      const auto change = ChangeFromJson(*ParseJson(made.change, "test"));
      ASSERT_TRUE(change);
      // Texts come by their updates alone.
      std::map<std::string, std::string> codes;
      for (const LiveBlock* block : page.model.Blocks()) codes[block->id] = block->code;
      (void)page.model.TakeAdded();
      ASSERT_TRUE(page.model.Apply(*change)) << made.change;
      const std::set<std::string> added = page.model.TakeAdded();
      for (const auto& [id, code] : codes)
        if (page.model.Find(id) != nullptr && !added.contains(id)) page.model.SetCode(id, code);
      for (const std::string& id : added) page.versions[id] = 0;
      std::erase_if(page.sent, [&](const auto& sent) { return sent.first == made.token; });
    }
    for (const LiveBlock* block : page.model.Blocks()) {
      const std::string id = block->id;
      const json::value texts = *ParseJson(*canvas->TextsSince(id, page.versions[id]), "texts");
      std::string code = block->code;
      for (const json::value& update : texts.at("updates").get_array())
        code = *TextChange::FromJson(update.at("changes"))->Apply(code);
      ASSERT_FALSE(texts.as_object().contains("code"));
      page.versions[id] = texts.at("version").to_number<std::int64_t>();
      page.model.SetCode(id, code);
    }
  }

  std::string path;
  FakeClock clock;
  unsigned seed = 0;
  std::mt19937 random;
  std::unique_ptr<LiveCanvas> canvas;
};

TEST_F(ManyPages, EndAlikeWithTheFolder) {
  std::vector<Page> pages(50);
  for (Page& page : pages)
    for (const LiveBlock* block : canvas->model().Blocks()) {
      page.model.Restore(*block, canvas->model().PlaceOf(block->id), {});
      page.versions[block->id] = 0;
    }
  std::map<std::string, std::int64_t> made;  // by token
  int tokens = 0;
  for (int step = 0; step < 1000; ++step) {
    Page& page = pages[static_cast<std::size_t>(Below(50))];
    const int what = Below(10);
    if (what < 5) {
      page.sent.emplace_back("t" + std::to_string(++tokens), AnyChange());
    } else if (what < 8 && !page.sent.empty()) {
      // It arrives, maybe twice: the answer of the first time was lost.
      for (int times = 1 + Below(2); times-- > 0;) {
        const auto& [token, change] = page.sent.front();
        const auto operation = canvas->Change("ada", token, change);
        if (operation) {
          const auto [first, fresh] = made.emplace(token, operation->seq);
          ASSERT_EQ(first->second, operation->seq);
        }
      }
      page.sent.erase(page.sent.begin());
    } else if (what == 8) {
      const auto blocks = canvas->model().Blocks();
      if (!blocks.empty()) {
        const LiveBlock& block = *blocks[static_cast<std::size_t>(Below(static_cast<int>(blocks.size())))];
        const json::array changes =
            TextChange::Between(block.code, block.code + "# typed " + std::to_string(step) + "\n").ToJson();
        const auto typed = canvas->Type("ada", block.id, canvas->VersionOf(block.id) - Below(2),
                                        {json::object{{"client", "c"}, {"changes", changes}}});
        ASSERT_TRUE(typed) << typed.error().message;
      }
    } else {
      CatchUp(page);
      if (HasFatalFailure()) return;
    }
    clock.now_ms += Below(40);
    if (Below(4) == 0) {
      canvas->FolderChanged();
      const auto worked = canvas->Work();
      ASSERT_TRUE(worked) << worked.error().message;
    }
    if (Below(150) == 0) {  // the server ends, at any moment after a commit
      ASSERT_TRUE(canvas->Commit());
      const std::string before = Shown(canvas->model());
      Open();
      ASSERT_EQ(Shown(canvas->model()), before);
    }
  }
  for (Page& page : pages) {
    CatchUp(page);
    if (HasFatalFailure()) return;
    EXPECT_EQ(Shown(page.model), Shown(canvas->model()));
  }
  EXPECT_EQ(canvas->seq(), static_cast<std::int64_t>(made.size()));
  ASSERT_TRUE(canvas->Flush());
  const auto folder = ReadCanvas(path);
  ASSERT_TRUE(folder) << folder.error().message;
  ASSERT_EQ(folder->blocks.size(), canvas->model().size());
  for (const Block& block : folder->blocks) EXPECT_EQ(block.source, canvas->model().Named(block.name)->code);
}

}  // namespace
}  // namespace easel
