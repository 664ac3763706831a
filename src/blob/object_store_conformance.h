// What every object store does, as one suite of tests; a store that differs declares it in its ObjectStoreUnderTest.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/file.h"
#include "blob/crc32c.h"
#include "blob/object_store.h"

namespace easel {

/// A store to test, and its declared deviations.
struct ObjectStoreUnderTest {
  std::string name;
  /// Make a fresh, empty store; null: what it needs is not on this machine.
  std::function<std::unique_ptr<ObjectStore>()> make;
  bool checksums = true;                                      ///< keeps a CRC32C of each object
  bool folders = true;                                        ///< has folders of their own
  bool key_and_folder = true;                                 ///< `a` and `a/b` can both be objects
  bool touches = true;                                        ///< Touch makes another metageneration
  bool delete_conditions = true;                              ///< regards them
  bool strict_offsets = true;                                 ///< an offset beyond the end is an error
  std::size_t large_bytes = (std::size_t{20} << 20) + 12345;  ///< several pieces of a transfer
};

inline std::string PatternOf(std::size_t size, unsigned seed = 1) {
  std::string out(size, '\0');
  std::uint64_t x = seed * 0x9E3779B97F4A7C15ULL + 1;
  for (char& c : out) {
    x ^= x << 13, x ^= x >> 7, x ^= x << 17;
    c = static_cast<char>(x);
  }
  return out;
}

class ObjectStoreConformance : public testing::TestWithParam<ObjectStoreUnderTest> {
 protected:
  void SetUp() override {
    store_ = GetParam().make();
    if (store_ == nullptr) GTEST_SKIP() << "there is no " << GetParam().name << " on this machine";
    std::string folder = "/tmp/easel_store_XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }

  ObjectInfo MustPut(const std::string& key, std::string_view bytes, const PutOptions& options = {}) {
    const auto put = store_->Put(context_, key, bytes, options);
    EXPECT_TRUE(put) << key << ": " << put.error().message;
    return put ? *put : ObjectInfo{};
  }
  std::string MustGet(const std::string& key, const GetOptions& options = {}) {
    const auto got = store_->Get(context_, key, options);
    EXPECT_TRUE(got) << key << ": " << got.error().message;
    return got ? got->bytes : "";
  }
  static std::string ReasonOf(const auto& result) { return result ? "none" : result.error().reason; }
  std::vector<std::string> KeysBelow(const std::string& prefix, std::int32_t page_size = 1000) {
    const auto listed = ListAll(*store_, context_, {.prefix = prefix, .page_size = page_size});
    EXPECT_TRUE(listed) << listed.error().message;
    std::vector<std::string> out;
    if (listed)
      for (const ObjectInfo& object : listed->objects) out.push_back(object.key);
    return out;
  }
  std::string WriteLocal(const std::string& name, std::string_view bytes) {
    EXPECT_TRUE(WriteFileAtomically(folder_ + "/" + name, bytes));
    return folder_ + "/" + name;
  }

  const CallContext context_;
  std::unique_ptr<ObjectStore> store_;
  std::string folder_;
};

TEST_P(ObjectStoreConformance, WhatIsPutIsGot) {
  const std::string bytes = PatternOf(100'000);
  const ObjectInfo put = MustPut("a/b c/ü%+?#&.bin", bytes);
  EXPECT_EQ(put.key, "a/b c/ü%+?#&.bin");
  EXPECT_EQ(put.size_bytes, 100'000);
  EXPECT_GT(put.generation, 0);
  const auto got = store_->Get(context_, "a/b c/ü%+?#&.bin", {});
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->bytes, bytes);
  EXPECT_EQ(got->info.generation, put.generation);
  EXPECT_EQ(got->info.size_bytes, 100'000);
  if (GetParam().checksums) {
    EXPECT_EQ(put.crc32c, Crc32c(bytes));
  }
  const auto stat = store_->Stat(context_, "a/b c/ü%+?#&.bin");
  ASSERT_TRUE(stat) << stat.error().message;
  EXPECT_EQ(*stat, put);
}

TEST_P(ObjectStoreConformance, AnEmptyObjectIsAnObject) {
  EXPECT_EQ(MustPut("empty", "").size_bytes, 0);
  EXPECT_EQ(MustGet("empty"), "");
  ASSERT_TRUE(store_->GetFile(context_, "empty", folder_ + "/empty"));
  EXPECT_EQ(std::filesystem::file_size(folder_ + "/empty"), 0u);
  const std::string path = WriteLocal("nothing", "");
  ASSERT_TRUE(store_->PutFile(context_, "nothing", path, {.if_generation = 0}));
  EXPECT_EQ(MustGet("nothing"), "");
}

TEST_P(ObjectStoreConformance, WhatIsNotThereIsAbsent) {
  EXPECT_EQ(ReasonOf(store_->Get(context_, "no", {})), "OBJECT_ABSENT");
  EXPECT_EQ(ReasonOf(store_->Get(context_, "no/such/thing", {})), "OBJECT_ABSENT");
  EXPECT_EQ(ReasonOf(store_->Stat(context_, "no")), "OBJECT_ABSENT");
  EXPECT_EQ(ReasonOf(store_->Delete(context_, {.key = "no"})), "OBJECT_ABSENT");
  EXPECT_EQ(ReasonOf(store_->GetFile(context_, "no", folder_ + "/no")), "OBJECT_ABSENT");
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/no")) << "an error leaves no file";
  EXPECT_TRUE(KeysBelow("no").empty());
}

TEST_P(ObjectStoreConformance, KeysThatMeanSomethingElseAreRefused) {
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("../a"),
        std::string("a/./b"), std::string("a\nb"), std::string("a\0b", 3), std::string("\xff\xfe"),
        std::string(1025, 'x'), "a/" + std::string(256, 'y')}) {
    EXPECT_EQ(ReasonOf(store_->Put(context_, key, "x", {})), "KEY_INVALID") << key;
    EXPECT_EQ(ReasonOf(store_->Get(context_, key, {})), "KEY_INVALID") << key;
    EXPECT_EQ(ReasonOf(store_->Delete(context_, {.key = key})), "KEY_INVALID") << key;
  }
}

TEST_P(ObjectStoreConformance, EachWriteIsAGeneration) {
  const ObjectInfo first = MustPut("a", "one"), second = MustPut("a", "two!");
  EXPECT_NE(first.generation, second.generation);
  EXPECT_EQ(MustGet("a"), "two!");
  EXPECT_EQ(MustGet("a", {.generation = second.generation}), "two!");
  EXPECT_EQ(ReasonOf(store_->Get(context_, "a", {.generation = first.generation})), "OBJECT_ABSENT");
}

TEST_P(ObjectStoreConformance, ACreateOnlyWriteNeverReplaces) {
  MustPut("a", "mine", {.if_generation = 0});
  EXPECT_EQ(ReasonOf(store_->Put(context_, "a", "theirs", {.if_generation = 0})), "GENERATION_MISMATCH");
  const std::string path = WriteLocal("large", PatternOf(GetParam().large_bytes));
  EXPECT_EQ(ReasonOf(store_->PutFile(context_, "a", path, {.if_generation = 0})), "GENERATION_MISMATCH");
  EXPECT_EQ(MustGet("a"), "mine");
}

TEST_P(ObjectStoreConformance, AWriteOverAnotherGenerationIsRefused) {
  const ObjectInfo first = MustPut("a", "one");
  const ObjectInfo second = MustPut("a", "two", {.if_generation = first.generation});
  EXPECT_EQ(ReasonOf(store_->Put(context_, "a", "three", {.if_generation = first.generation})),
            "GENERATION_MISMATCH");
  EXPECT_EQ(ReasonOf(store_->Put(context_, "absent", "x", {.if_generation = first.generation})),
            "GENERATION_MISMATCH");
  EXPECT_EQ(MustGet("a", {.generation = second.generation}), "two");
}

TEST_P(ObjectStoreConformance, OfManyWritersOneCreates) {
  constexpr int kWriters = 6;
  std::atomic<int> won = 0, lost = 0;
  std::vector<std::thread> writers;
  for (int i = 0; i < kWriters; ++i)
    writers.emplace_back([&, i] {
      const auto put = store_->Put(context_, "raced", "writer " + std::to_string(i), {.if_generation = 0});
      ++(put ? won : lost);
      if (!put) {
        EXPECT_EQ(put.error().reason, "GENERATION_MISMATCH") << put.error().message;
      }
    });
  for (std::thread& writer : writers) writer.join();
  EXPECT_EQ(won, 1);
  EXPECT_EQ(lost, kWriters - 1);
}

TEST_P(ObjectStoreConformance, PartsAreRead) {
  MustPut("a", "0123456789");
  EXPECT_EQ(MustGet("a", {.offset = 3, .length = 4}), "3456");
  EXPECT_EQ(MustGet("a", {.offset = 8}), "89");
  EXPECT_EQ(MustGet("a", {.offset = 8, .length = 100}), "89");
  EXPECT_EQ(MustGet("a", {.length = 0}), "");
  EXPECT_EQ(MustGet("a", {.offset = 10}), "");
  if (GetParam().strict_offsets) {
    EXPECT_EQ(ReasonOf(store_->Get(context_, "a", {.offset = 11})), "OFFSET_BEYOND_END");
  }
}

TEST_P(ObjectStoreConformance, MoreThanTheReaderWantsIsRefusedUnread) {
  MustPut("a", PatternOf(5000));
  EXPECT_EQ(ReasonOf(store_->Get(context_, "a", {.max_bytes = 4999})), "OBJECT_TOO_LARGE");
  EXPECT_EQ(MustGet("a", {.max_bytes = 5000}).size(), 5000u);
  EXPECT_EQ(MustGet("a", {.offset = 1, .length = 10, .max_bytes = 10}).size(), 10u);
}

TEST_P(ObjectStoreConformance, LargeFilesGoUpAndDown) {
  const std::string bytes = PatternOf(GetParam().large_bytes, 7);
  const std::string path = WriteLocal("up", bytes);
  const auto put = store_->PutFile(context_, "large/file.bin", path, {.if_generation = 0});
  ASSERT_TRUE(put) << put.error().message;
  EXPECT_EQ(put->size_bytes, static_cast<std::int64_t>(bytes.size()));
  if (GetParam().checksums) {
    EXPECT_EQ(put->crc32c, Crc32c(bytes));
  }
  const auto got = store_->GetFile(context_, "large/file.bin", folder_ + "/down");
  ASSERT_TRUE(got) << got.error().message;
  EXPECT_EQ(got->generation, put->generation);
  EXPECT_TRUE(*ReadFile(folder_ + "/down") == bytes);
  EXPECT_FALSE(store_->GetFile(context_, "large/file.bin", folder_ + "/down")) << "the file is there already";
  EXPECT_TRUE(*ReadFile(folder_ + "/down") == bytes);
  EXPECT_EQ(ReasonOf(store_->GetFile(context_, "large/file.bin", folder_ + "/other", put->generation + 1)),
            "OBJECT_ABSENT");
}

TEST_P(ObjectStoreConformance, LargeBytesArePutAsTheyAre) {
  const std::string bytes = PatternOf(GetParam().large_bytes, 9);
  MustPut("large", bytes);
  EXPECT_TRUE(MustGet("large") == bytes);
}

TEST_P(ObjectStoreConformance, AListingIsInOrderAndInPages) {
  std::vector<std::string> keys;
  for (int i = 0; i < 25; ++i) keys.push_back("list/" + std::string(1, static_cast<char>('a' + i)));
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) MustPut(*key, *key);
  MustPut("lists", "");
  MustPut("other/x", "");
  EXPECT_EQ(KeysBelow("list/"), keys);
  EXPECT_EQ(KeysBelow("list/", 7), keys);
  EXPECT_EQ(KeysBelow("list/c"), std::vector<std::string>{"list/c"});
  const auto page = store_->List(context_, {.prefix = "list/", .page_size = 10});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->objects.size(), 10u);
  EXPECT_FALSE(page->next_page_token.empty());
  EXPECT_EQ(page->objects[0].size_bytes, 6);
  EXPECT_EQ(page->objects[0], *store_->Stat(context_, "list/a"));
}

TEST_P(ObjectStoreConformance, AShallowListingNamesFolders) {
  for (const char* key : {"top/a", "top/b/1", "top/b/2", "top/c/d/e", "top-not", "z"}) MustPut(key, "x");
  for (const std::int32_t page_size : {1000, 1}) {
    const auto listed =
        ListAll(*store_, context_, {.prefix = "top/", .shallow = true, .page_size = page_size});
    ASSERT_TRUE(listed) << listed.error().message;
    ASSERT_EQ(listed->objects.size(), 1u);
    EXPECT_EQ(listed->objects[0].key, "top/a");
    EXPECT_EQ(listed->folders, (std::vector<std::string>{"top/b/", "top/c/"}));
  }
}

TEST_P(ObjectStoreConformance, WhatIsDeletedIsGone) {
  const ObjectInfo info = MustPut("a", "x");
  if (GetParam().delete_conditions) {
    EXPECT_EQ(ReasonOf(store_->Delete(context_, {.key = "a", .if_generation = info.generation + 1})),
              "GENERATION_MISMATCH");
    EXPECT_EQ(MustGet("a"), "x");
  }
  const Status deleted = store_->Delete(
      context_, {.key = "a", .if_generation = info.generation, .if_metageneration = info.metageneration});
  EXPECT_TRUE(deleted) << deleted.error().message;
  EXPECT_EQ(ReasonOf(store_->Stat(context_, "a")), "OBJECT_ABSENT");
  MustPut("a", "again", {.if_generation = 0});
}

TEST_P(ObjectStoreConformance, ATouchedObjectIsNotDeletedAsItWas) {
  if (!GetParam().touches) GTEST_SKIP() << "declared";
  const ObjectInfo before = MustPut("a", "x");
  const auto touched = store_->Touch(context_, "a");
  ASSERT_TRUE(touched) << touched.error().message;
  EXPECT_EQ(touched->generation, before.generation);
  EXPECT_NE(touched->metageneration, before.metageneration);
  EXPECT_GE(touched->updated_ms, before.updated_ms);
  EXPECT_EQ(ReasonOf(store_->Delete(context_, {.key = "a",
                                               .if_generation = before.generation,
                                               .if_metageneration = before.metageneration})),
            "GENERATION_MISMATCH");
  EXPECT_EQ(MustGet("a"), "x");
  EXPECT_EQ(ReasonOf(store_->Touch(context_, "absent")), "OBJECT_ABSENT");
}

TEST_P(ObjectStoreConformance, ManyAreDeletedAtOnce) {
  std::vector<Deletion> deletions;
  for (int i = 0; i < 130; ++i) {
    const ObjectInfo info = MustPut("many/" + std::to_string(i), "x");
    deletions.push_back({.key = info.key, .if_generation = info.generation});
  }
  deletions[3].key = "many/absent";
  deletions[3].if_generation.reset();
  if (GetParam().delete_conditions) *deletions[5].if_generation += 1;
  const std::vector<Status> deleted = store_->DeleteAll(context_, deletions);
  ASSERT_EQ(deleted.size(), deletions.size());
  for (std::size_t i = 0; i < deleted.size(); ++i) {
    const std::string wanted = i == 3                                   ? "OBJECT_ABSENT"
                               : i == 5 && GetParam().delete_conditions ? "GENERATION_MISMATCH"
                                                                        : "none";
    EXPECT_EQ(ReasonOf(deleted[i]), wanted) << i << (deleted[i] ? "" : deleted[i].error().message);
  }
  EXPECT_EQ(KeysBelow("many/").size(), GetParam().delete_conditions ? 2u : 1u);
  EXPECT_TRUE(store_->DeleteAll(context_, {}).empty());
}

TEST_P(ObjectStoreConformance, AKeyMayBeAFolderToo) {
  MustPut("a", "x");
  if (!GetParam().key_and_folder) GTEST_SKIP() << "declared";
  MustPut("a/b", "y");
  EXPECT_EQ(MustGet("a"), "x");
  EXPECT_EQ(MustGet("a/b"), "y");
}

TEST_P(ObjectStoreConformance, FoldersAreMadeMovedAndRemoved) {
  if (!GetParam().folders) {
    EXPECT_EQ(ReasonOf(store_->CreateFolder(context_, "f/")), "FOLDERS_UNSUPPORTED");
    return;
  }
  ASSERT_TRUE(store_->CreateFolder(context_, "f/g/"));
  EXPECT_EQ(ReasonOf(store_->CreateFolder(context_, "f/g/")), "FOLDER_EXISTS");
  EXPECT_EQ(ReasonOf(store_->CreateFolder(context_, "f")), "KEY_INVALID");
  MustPut("f/g/h/object", "x");
  EXPECT_EQ(ReasonOf(store_->DeleteFolder(context_, "f/g/")), "FOLDER_NOT_EMPTY");
  EXPECT_EQ(ReasonOf(store_->RenameFolder(context_, "f/absent/", "f/x/")), "FOLDER_ABSENT");
  const Status renamed = store_->RenameFolder(context_, "f/g/", "f/moved/");
  ASSERT_TRUE(renamed) << renamed.error().message;
  EXPECT_EQ(MustGet("f/moved/h/object"), "x");
  EXPECT_EQ(ReasonOf(store_->Get(context_, "f/g/h/object", {})), "OBJECT_ABSENT");
  ASSERT_TRUE(store_->Delete(context_, {.key = "f/moved/h/object"}));
  const auto listed = ListAll(*store_, context_, {.prefix = "f/moved/", .shallow = true});
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->folders, std::vector<std::string>{"f/moved/h/"}) << "a folder stays when it is empty";
  EXPECT_TRUE(store_->DeleteFolder(context_, "f/moved/h/"));
  EXPECT_TRUE(store_->DeleteFolder(context_, "f/moved/"));
  EXPECT_EQ(ReasonOf(store_->DeleteFolder(context_, "f/moved/")), "FOLDER_ABSENT");
}

TEST_P(ObjectStoreConformance, AStoppedCallDoesNothing) {
  std::stop_source stop;
  stop.request_stop();
  const CallContext stopped{stop.get_token()};
  EXPECT_EQ(ReasonOf(store_->Put(stopped, "a", "x", {})), "CANCELLED");
  EXPECT_EQ(ReasonOf(store_->Get(stopped, "a", {})), "CANCELLED");
  EXPECT_EQ(ReasonOf(store_->List(stopped, {})), "CANCELLED");
  EXPECT_EQ(ReasonOf(store_->Stat(context_, "a")), "OBJECT_ABSENT");
}

TEST_P(ObjectStoreConformance, ManyThreadsWriteAndReadAtOnce) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string key = "threads/" + std::to_string(t) + "/" + std::to_string(i);
        const std::string bytes = PatternOf(2000, static_cast<unsigned>(t * 100 + i));
        MustPut(key, bytes, {.if_generation = 0});
        EXPECT_EQ(MustGet(key), bytes);
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(KeysBelow("threads/", 9).size(), 40u);
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ObjectStoreConformance);

}  // namespace easel
