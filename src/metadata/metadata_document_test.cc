#include "metadata/metadata_document.h"

#include <gtest/gtest.h>

#include "metadata/metadata_store.h"

namespace easel {
namespace {

const std::string kDigest(64, 'a');

/// A machine with a clock of its own that publishes what it is told.
struct Machine {
  std::unique_ptr<MetadataStore> store = MakeFakeMetadata();
  std::int64_t now_ms = 1000;

  void Run(const std::string& run, const std::vector<std::string>& blocks) {
    ASSERT_TRUE(store->CommitNow({PutRun{{.run = run, .mode = "all", .created_ms = ++now_ms}}}));
    for (const std::string& block : blocks) {
      const std::int64_t epoch = (*store->FindBlock(block)).value_or(BlockRecord{}).epoch + 1;
      AttemptRecord attempt{.attempt = run + "/" + block + "." + std::to_string(epoch),
                            .run = run,
                            .block = block,
                            .epoch = epoch,
                            .base_key = "base of " + run,
                            .started_ms = ++now_ms};
      ASSERT_TRUE(store->CommitNow({OpenAttempt{attempt}}));
      attempt.status = AttemptStatus::kSucceeded;
      attempt.manifest = kDigest;
      attempt.finished_ms = ++now_ms;
      ASSERT_TRUE(store->CommitNow({PutAttempt{attempt}, Publish{.block = block,
                                                                 .epoch = epoch,
                                                                 .attempt = attempt.attempt,
                                                                 .manifest = kDigest,
                                                                 .base_key = attempt.base_key,
                                                                 .now_ms = ++now_ms}}));
    }
    ASSERT_TRUE(store->CommitNow({PutRun{
        {.run = run, .mode = "all", .created_ms = now_ms, .finished_ms = ++now_ms, .status = "succeeded"}}}));
  }
  MetadataDocument Now() const { return WhatHasEnded(*store->Export()); }
  void Become(const MetadataDocument& document) {
    ASSERT_TRUE(store->CommitNow({ReplaceAll{std::make_shared<const MetadataDocument>(document)}}));
  }
  std::string Published(const std::string& block) const {
    return (*store->FindBlock(block)).value_or(BlockRecord{}).published_attempt;
  }
};

std::vector<std::string> AttemptsOf(const MetadataDocument& document) {
  std::vector<std::string> out;
  for (const AttemptRecord& attempt : document.attempts) out.push_back(attempt.attempt);
  return out;
}

TEST(MetadataDocument, ItsTextSaysAllOfIt) {
  Machine a;
  a.Run("r1", {"load", "train"});
  ASSERT_TRUE(a.store->CommitNow({RenameBlocks{{{"train", "fit"}}}}));
  const MetadataDocument document = a.Now();
  const auto read = ReadMetadataDocument(ToJson(document), "state.json");
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_TRUE(*read == document);
}

TEST(MetadataDocument, WhatWouldLeadAstrayIsRefusedByField) {
  Machine a;
  a.Run("r1", {"load"});
  const json::object good = ToJson(a.Now());
  const auto refused = [&](std::string_view list, std::string_view field, json::value value) {
    json::object bad = good;
    bad.at(list).get_array()[0].get_object()[field] = std::move(value);
    const auto read = ReadMetadataDocument(bad, "state.json");
    return !read && read.error().message.find("state.json") != std::string::npos;
  };
  EXPECT_TRUE(ReadMetadataDocument(good, "state.json"));
  for (const char* path :
       {"../x/load.1", "r1/../load.1", "r1/a/b.1", "load.1", "/r1/load.1", "r1/load", ".r/load.1"})
    EXPECT_TRUE(refused("attempts", "attempt", path)) << path;
  EXPECT_TRUE(refused("attempts", "manifest", "abc"));
  EXPECT_TRUE(refused("attempts", "manifest", ""));
  EXPECT_TRUE(refused("attempts", "status", "running"));
  EXPECT_TRUE(refused("attempts", "epoch", "1"));
  EXPECT_TRUE(refused("runs", "through", 2));
  EXPECT_TRUE(refused("runs", "through", -1));
  EXPECT_TRUE(refused("runs", "finished_ms", 0));
  EXPECT_TRUE(refused("blocks", "published_manifest", "x"));
  EXPECT_TRUE(refused("blocks", "published_attempt", "../../x.1"));
  EXPECT_TRUE(refused("publications", "attempt", "../../x.1"));
  json::object bad = good;
  bad["renames"] = json::array{json::object{{"a", 1}}};
  EXPECT_FALSE(ReadMetadataDocument(bad, "state.json"));
  EXPECT_FALSE(ReadMetadataDocument(json::array{}, "state.json"));
}

TEST(MetadataMerge, WhatOnlyOneDidIsTakenAsItIs) {
  Machine a, b;
  a.Run("r1", {"load"});
  const MetadataDocument base = a.Now();
  b.Become(base);
  b.now_ms = a.now_ms;
  b.Run("r2", {"load", "train"});
  EXPECT_TRUE(*MergeMetadata(base, base, b.Now()) == b.Now());
  EXPECT_TRUE(*MergeMetadata(base, b.Now(), base) == b.Now());
  EXPECT_TRUE(*MergeMetadata({}, {}, b.Now()) == b.Now());
  EXPECT_TRUE(*MergeMetadata(b.Now(), b.Now(), b.Now()) == b.Now());
}

TEST(MetadataMerge, WhatBothDidIsThereAndTheLaterResultStands) {
  Machine a, b;
  a.Run("r1", {"load"});
  const MetadataDocument base = a.Now();
  b.Become(base);
  b.now_ms = a.now_ms + 500;
  a.Run("r2", {"load", "plot"});
  b.Run("r3", {"load", "train"});
  for (const auto& merged : {MergeMetadata(base, a.Now(), b.Now()), MergeMetadata(base, b.Now(), a.Now())}) {
    ASSERT_TRUE(merged);
    EXPECT_EQ(AttemptsOf(*merged),
              (std::vector<std::string>{"r1/load.1", "r2/load.2", "r2/plot.1", "r3/load.2", "r3/train.1"}));
    Machine c;
    c.Become(*merged);
    EXPECT_EQ(c.Published("load"), "r3/load.2");
    EXPECT_EQ(c.Published("plot"), "r2/plot.1");
    EXPECT_EQ(c.Published("train"), "r3/train.1");
    EXPECT_EQ((**c.store->ResultsAfter("r1")).size(), 1u);
    const auto after = **c.store->ResultsAfter("r2");
    ASSERT_EQ(after.size(), 2u) << "b's results came later";
    EXPECT_EQ(after[0].attempt, "r2/load.2");
    EXPECT_TRUE(c.Now() == *merged);
    c.Run("r4", {"load"});
    EXPECT_EQ(c.Published("load"), "r4/load.3") << "the fence is above both";
  }
}

TEST(MetadataMerge, WhatWasRemovedStaysRemovedUnlessItIsPublished) {
  Machine a, b;
  a.Run("r1", {"load"});
  a.Run("r2", {"load"});
  const MetadataDocument base = a.Now();
  b.Become(base);
  b.now_ms = a.now_ms;
  ASSERT_TRUE(a.store->CommitNow({ForgetAttempts{{"r1/load.1"}}, ForgetRuns{{"r1"}}}));
  b.Run("r3", {"train"});
  const auto merged = MergeMetadata(base, a.Now(), b.Now());
  ASSERT_TRUE(merged);
  EXPECT_EQ(AttemptsOf(*merged), (std::vector<std::string>{"r2/load.2", "r3/train.1"}));
  EXPECT_EQ(merged->runs.size(), 2u);
  // One restores what the other has forgotten meanwhile.
  b.Become(base);
  ASSERT_TRUE(b.store->CommitNow(
      {Publish{.block = "load", .epoch = 2, .attempt = "r1/load.1", .manifest = kDigest, .now_ms = 9000}}));
  const auto restored = MergeMetadata(base, a.Now(), b.Now());
  ASSERT_TRUE(restored);
  Machine c;
  c.Become(*restored);
  EXPECT_EQ(c.Published("load"), "r1/load.1");
  EXPECT_TRUE((*c.store->FindAttempt("r1/load.1")).has_value());
}

TEST(MetadataMerge, RenamesOfOneSideReachTheOther) {
  Machine a, b;
  a.Run("r1", {"load"});
  const MetadataDocument base = a.Now();
  b.Become(base);
  b.now_ms = a.now_ms;
  ASSERT_TRUE(a.store->CommitNow({RenameBlocks{{{"load", "fetch"}}}}));
  b.Run("r2", {"load"});
  const auto merged = MergeMetadata(base, a.Now(), b.Now());
  ASSERT_TRUE(merged) << merged.error().message;
  Machine c;
  c.Become(*merged);
  EXPECT_EQ(c.Published("fetch"), "r2/load.2");
  EXPECT_EQ(c.Published("load"), "");
  EXPECT_EQ((*c.store->History("fetch", 10)).size(), 2u);
  ASSERT_TRUE(b.store->CommitNow({RenameBlocks{{{"load", "read"}}}}));
  EXPECT_EQ(MergeMetadata(base, a.Now(), b.Now()).error().reason, "STORE_DIVERGED");
}

}  // namespace
}  // namespace easel
