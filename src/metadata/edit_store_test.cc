#include "metadata/edit_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace easel {
namespace {

struct Folder {
  Folder() {
    char name[] = "/tmp/easel_edits_XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

TEST(EditStore, ComesBackAsItWasLeft) {
  const Folder folder;
  std::string epoch;
  {
    auto store = EditStore::Open(folder.path + "/edits.db");
    ASSERT_TRUE(store) << store.error().message;
    epoch = (*store)->epoch();
    EXPECT_EQ(epoch.size(), 16u);
    EditBatch batch;
    batch.operations.push_back({1, "ada", "t1", R"({"op":"batch","changes":[]})", 5});
    batch.operations.push_back({2, "folder", "", "{}", 6});
    batch.updates.push_back({"a", 0, "c1", "ada", "[[0,\"x\"]]", 7});
    batch.updates.push_back({"a", 1, "c1", "ada", "[1,[0,\"y\"]]", 8});
    batch.blocks.push_back({"a", "{}", 1, "x"});
    batch.revisions.push_back({"a", 1, "ada", 7, 1, 0, "x"});
    batch.files.push_back({"blocks/a.py", "x", false});
    ASSERT_TRUE((*store)->Commit(batch));
  }
  auto store = EditStore::Open(folder.path + "/edits.db");
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->epoch(), epoch);
  EXPECT_EQ(*(*store)->LastSeq(), 2);
  EXPECT_EQ((*store)->Operations(1, 10)->at(0).actor, "folder");
  EXPECT_EQ((*(*store)->FindToken("ada", "t1"))->seq, 1);
  EXPECT_FALSE(*(*store)->FindToken("eve", "t1"));
  EXPECT_FALSE(*(*store)->FindToken("folder", ""));
  EXPECT_EQ((*store)->Updates("a", 0, 10)->size(), 2u);
  const auto behind = (*store)->Updates("", 0, 10);
  ASSERT_EQ(behind->size(), 1u);
  EXPECT_EQ(behind->at(0).version, 1);
  EXPECT_EQ((*store)->Blocks()->at(0).code, "x");
  EXPECT_EQ((*(*store)->FindRevision("a", 1))->code, "x");
  EXPECT_EQ((*store)->Revisions("a", 5, 10)->size(), 1u);
  EXPECT_EQ((*store)->Files()->at(0).path, "blocks/a.py");
}

TEST(EditStore, UpdatesLongBeforeTheTextOfTheRowGo) {
  const Folder folder;
  auto store = EditStore::Open(folder.path + "/edits.db");
  ASSERT_TRUE(store);
  constexpr std::int64_t kAll = EditStore::kKeptUpdates + 100;
  EditBatch typed;
  for (std::int64_t i = 0; i < kAll; ++i)
    for (const char* block : {"a", "b"}) typed.updates.push_back({block, i, "c", "ada", "[[0,\"x\"]]", 7});
  ASSERT_TRUE((*store)->Commit(typed));
  EXPECT_EQ((*store)->Updates("a", 0, 2 * kAll)->size(), static_cast<std::size_t>(kAll));
  EditBatch saved;
  saved.blocks.push_back({"a", "{}", kAll, "xxx"});
  saved.blocks.push_back({"b", "{}", 50, "x"});
  ASSERT_TRUE((*store)->Commit(saved));
  const auto left = (*store)->Updates("a", 0, 2 * kAll);
  ASSERT_EQ(left->size(), static_cast<std::size_t>(EditStore::kKeptUpdates));
  EXPECT_EQ(left->front().version, 100);
  EXPECT_EQ((*store)->Updates("b", 0, 2 * kAll)->size(),
            static_cast<std::size_t>(kAll));  // not in its text yet
}

TEST(EditStore, ABatchIsWholeOrAbsent) {
  const Folder folder;
  auto store = EditStore::Open(folder.path + "/edits.db");
  ASSERT_TRUE(store);
  EditBatch batch;
  batch.operations.push_back({1, "ada", "t1", "{}", 5});
  batch.updates.push_back({"a", 0, "c", "ada", "[]", 7});
  ASSERT_TRUE((*store)->Commit(batch));
  batch.operations[0].seq = 2;
  EXPECT_FALSE((*store)->Commit(batch));  // that update is there already
  EXPECT_EQ(*(*store)->LastSeq(), 1);
}

TEST(EditStore, AForeignFileIsNamedAndLeftAlone) {
  const Folder folder;
  std::ofstream(folder.path + "/edits.db") << "not a database, but long enough to be looked at";
  const auto store = EditStore::Open(folder.path + "/edits.db");
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().message.find("edits.db"), std::string::npos);
}

}  // namespace
}  // namespace easel
