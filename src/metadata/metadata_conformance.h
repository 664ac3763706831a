// What every metadata store does, as one suite of tests; a store that differs declares it in its MetadataUnderTest.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "metadata/metadata_document.h"
#include "metadata/metadata_store.h"

namespace easel {

/// A store to test, and its declared deviations.
struct MetadataUnderTest {
  std::string name;
  /// Make a fresh, empty store.
  std::function<std::unique_ptr<MetadataStore>()> make;
  /// Callbacks come from a thread of the store's own (otherwise: from the thread that commits).
  bool own_thread = true;
};

inline AttemptRecord AttemptFor(const std::string& block, std::int64_t epoch,
                                AttemptStatus status = AttemptStatus::kQueued) {
  return {.attempt = "r1/" + block + "." + std::to_string(epoch),
          .run = "r1",
          .block = block,
          .epoch = epoch,
          .status = status,
          .base_key = "base",
          .inputs = "{\"code\":\"c\"}",
          .key = "key"};
}

inline Publish PublishFor(const std::string& block, std::int64_t epoch) {
  return {.block = block,
          .epoch = epoch,
          .attempt = "r1/" + block + "." + std::to_string(epoch),
          .manifest = "manifest" + std::to_string(epoch),
          .base_key = "base",
          .inputs = "{\"code\":\"p\"}",
          .now_ms = 7};
}

class MetadataConformance : public testing::TestWithParam<MetadataUnderTest> {
 protected:
  void SetUp() override { store_ = GetParam().make(); }

  BlockRecord BlockNamed(const std::string& name) {
    const auto snapshot = store_->Load();
    EXPECT_TRUE(snapshot.has_value());
    for (const BlockRecord& block : snapshot->blocks)
      if (block.block == name) return block;
    return {};
  }

  std::unique_ptr<MetadataStore> store_;
};

TEST_P(MetadataConformance, AnEmptyStoreHasNothing) {
  const auto snapshot = store_->Load();
  ASSERT_TRUE(snapshot);
  EXPECT_TRUE(snapshot->blocks.empty());
  EXPECT_TRUE(snapshot->open_attempts.empty());
  EXPECT_TRUE(snapshot->open_runs.empty());
  EXPECT_TRUE(snapshot->cursors.empty());
  EXPECT_EQ(store_->FindAnalysis("d", "python-3.11+1"), std::nullopt);
  EXPECT_TRUE(store_->Runs(10)->empty());
  EXPECT_TRUE(store_->History("", 10)->empty());
}

TEST_P(MetadataConformance, EveryFieldComesBack) {
  const RunRecord run{
      .run = "r1", .mode = "all", .request = "{\"to\":\"é\"}", .created_ms = 1, .status = "running"};
  AttemptRecord attempt = AttemptFor("load", 1, AttemptStatus::kRunning);
  attempt.manifest = "m";
  attempt.failure = std::string("{\"a\":\"\0b\"}", 10);
  attempt.started_ms = 1'700'000'000'000;
  attempt.finished_ms = -1;
  attempt.at = "r0";
  ASSERT_TRUE(store_->CommitNow({PutRun{run}, OpenAttempt{attempt}, PublishFor("load", 1),
                                 SetBlockOutcome{"load", "succeeded", "ran"}, SetCursor{"x1", 42},
                                 PutAnalysis{"d", "python-3.11+1", "{}"}}));
  const auto snapshot = store_->Load();
  ASSERT_TRUE(snapshot);
  ASSERT_EQ(snapshot->blocks.size(), 1u);
  const BlockRecord& block = snapshot->blocks[0];
  EXPECT_EQ(block.block, "load");
  EXPECT_EQ(block.epoch, 1);
  EXPECT_EQ(block.published_attempt, "r1/load.1");
  EXPECT_EQ(block.published_manifest, "manifest1");
  EXPECT_EQ(block.published_base_key, "base");
  EXPECT_EQ(block.published_inputs, "{\"code\":\"p\"}");
  EXPECT_EQ(block.published_ms, 7);
  EXPECT_EQ(block.last_status, "succeeded");
  EXPECT_EQ(block.last_reason, "ran");
  ASSERT_EQ(snapshot->open_attempts.size(), 1u);
  const AttemptRecord& read = snapshot->open_attempts[0];
  EXPECT_EQ(read.attempt, attempt.attempt);
  EXPECT_EQ(read.run, "r1");
  EXPECT_EQ(read.block, "load");
  EXPECT_EQ(read.epoch, 1);
  EXPECT_EQ(read.status, AttemptStatus::kRunning);
  EXPECT_EQ(read.base_key, "base");
  EXPECT_EQ(read.inputs, "{\"code\":\"c\"}");
  EXPECT_EQ(read.key, "key");
  EXPECT_EQ(read.manifest, "m");
  EXPECT_EQ(read.failure, attempt.failure);
  EXPECT_EQ(read.started_ms, attempt.started_ms);
  EXPECT_EQ(read.finished_ms, -1);
  EXPECT_EQ(read.at, "r0");
  EXPECT_EQ((*store_->FindAttempt(attempt.attempt))->inputs, "{\"code\":\"c\"}");
  ASSERT_EQ(snapshot->open_runs.size(), 1u);
  EXPECT_EQ(snapshot->open_runs[0].request, run.request);
  EXPECT_EQ(snapshot->open_runs[0].created_ms, 1);
  EXPECT_EQ(snapshot->cursors.at("x1"), 42);
  EXPECT_EQ(store_->FindAnalysis("d", "python-3.11+1"), "{}");
  EXPECT_EQ(store_->FindAnalysis("d", "python-3.12+1"), std::nullopt);
}

TEST_P(MetadataConformance, AFinishedRunAndAttemptAreNoLongerOpen) {
  RunRecord run{.run = "r1", .mode = "all", .status = "running"};
  ASSERT_TRUE(store_->CommitNow({PutRun{run}, OpenAttempt{AttemptFor("load", 1)}}));
  run.finished_ms = 9;
  run.status = "succeeded";
  run.summary = "{}";
  ASSERT_TRUE(store_->CommitNow({PutRun{run}, PutAttempt{AttemptFor("load", 1, AttemptStatus::kSucceeded)}}));
  const auto snapshot = store_->Load();
  EXPECT_TRUE(snapshot->open_attempts.empty());
  EXPECT_TRUE(snapshot->open_runs.empty());
  const auto runs = store_->Runs(10);
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_EQ((*runs)[0].status, "succeeded");
  EXPECT_EQ((*runs)[0].finished_ms, 9);
}

TEST_P(MetadataConformance, AnEpochIsGivenOutOnce) {
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 1)}}));
  for (const std::int64_t epoch : {0, 1, 3}) {
    const Status again = store_->CommitNow({OpenAttempt{AttemptFor("load", epoch)}});
    ASSERT_FALSE(again) << epoch;
    EXPECT_EQ(again.error().code, Code::kAborted);
    EXPECT_EQ(again.error().reason, "STALE_EPOCH");
  }
  EXPECT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 2)}}));
  EXPECT_EQ(BlockNamed("load").epoch, 2);
}

TEST_P(MetadataConformance, ALateAttemptDoesNotPublish) {
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 1)}}));
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 2)}, PublishFor("load", 2)}));
  const Status late = store_->CommitNow({PublishFor("load", 1)});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Code::kAborted);
  EXPECT_EQ(late.error().reason, "STALE_EPOCH");
  EXPECT_EQ(BlockNamed("load").published_attempt, "r1/load.2");
}

TEST_P(MetadataConformance, ARefusedBatchChangesNothingAtAll) {
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 1)}}));
  ASSERT_FALSE(store_->CommitNow(
      {SetCursor{"x", 5}, PutAttempt{AttemptFor("load", 1, AttemptStatus::kSucceeded)},
       SetBlockOutcome{"load", "succeeded", ""}, PublishFor("load", 9), PutRun{RunRecord{.run = "r9"}}}));
  const auto snapshot = store_->Load();
  EXPECT_TRUE(snapshot->cursors.empty());
  ASSERT_EQ(snapshot->open_attempts.size(), 1u);
  EXPECT_EQ(BlockNamed("load").last_status, "");
  EXPECT_TRUE(store_->Runs(10)->empty());
}

TEST_P(MetadataConformance, TheNeighboursOfARefusedBatchStay) {
  std::vector<std::string> told;
  std::promise<void> all;
  for (int i = 1; i <= 30; ++i) {
    const std::string block = "b" + std::to_string(i);
    Batch batch{OpenAttempt{AttemptFor(block, i % 3 == 0 ? 2 : 1)}};
    store_->Commit(std::move(batch), [&, i](Status status) {
      told.push_back(std::to_string(i) + (status ? " good" : " refused"));
      if (i == 30) all.set_value();
    });
  }
  all.get_future().wait();
  ASSERT_EQ(told.size(), 30u);
  for (int i = 1; i <= 30; ++i)
    EXPECT_EQ(told[i - 1], std::to_string(i) + (i % 3 == 0 ? " refused" : " good"));
  EXPECT_EQ(store_->Load()->open_attempts.size(), 20u);
}

TEST_P(MetadataConformance, ARestorePublishesAnOldAttemptAgain) {
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 1)}, PublishFor("load", 1)}));
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 2)}, PublishFor("load", 2)}));
  Publish restore = PublishFor("load", 1);
  restore.epoch = 2;
  ASSERT_TRUE(store_->CommitNow({restore}));
  EXPECT_EQ(BlockNamed("load").published_attempt, "r1/load.1");
  EXPECT_EQ(BlockNamed("load").epoch, 2);
}

TEST_P(MetadataConformance, AnOutcomeNeitherPublishesNorUnpublishes) {
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 1)}, PublishFor("load", 1)}));
  ASSERT_TRUE(store_->CommitNow(
      {OpenAttempt{AttemptFor("load", 2)}, SetBlockOutcome{"load", "failed", "ValueError"}}));
  EXPECT_EQ(BlockNamed("load").published_attempt, "r1/load.1");
  EXPECT_EQ(BlockNamed("load").last_status, "failed");
  ASSERT_TRUE(store_->CommitNow({SetBlockOutcome{"never_ran", "skipped", "`load` failed"}}));
  EXPECT_EQ(BlockNamed("never_ran").epoch, 0);
  EXPECT_EQ(BlockNamed("never_ran").last_reason, "`load` failed");
}

TEST_P(MetadataConformance, HistoryIsNewestFirstAndBounded) {
  for (int epoch = 1; epoch <= 4; ++epoch) {
    ASSERT_TRUE(
        store_->CommitNow({OpenAttempt{AttemptFor("load", epoch)}, OpenAttempt{AttemptFor("clean", epoch)}}));
    AttemptRecord over =
        AttemptFor("load", epoch, epoch == 3 ? AttemptStatus::kFailed : AttemptStatus::kSucceeded);
    over.base_key = epoch == 4 ? "other" : "base";
    ASSERT_TRUE(store_->CommitNow({PutAttempt{over}}));
  }
  const auto history = store_->History("load", 3);
  ASSERT_EQ(history->size(), 3u);
  EXPECT_EQ((*history)[0].epoch, 4);
  EXPECT_EQ((*history)[2].epoch, 2);
  EXPECT_EQ(store_->History("", 100)->size(), 8u);
  EXPECT_EQ(store_->History("nobody", 100)->size(), 0u);

  const auto found = store_->FindAttempts("load", "base", 10);
  ASSERT_EQ(found->size(), 2u) << "neither the failed one nor the one with another key";
  EXPECT_EQ((*found)[0].epoch, 2);
  EXPECT_EQ((*found)[1].epoch, 1);
  EXPECT_EQ(store_->FindAttempts("load", "base", 1)->size(), 1u);
  EXPECT_TRUE(store_->FindAttempts("clean", "base", 10)->empty()) << "still open";
}

TEST_P(MetadataConformance, ForgettingKeepsWhatIsPublished) {
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 1)}}));
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 2)}, PublishFor("load", 2)}));
  const Status refused = store_->CommitNow({ForgetAttempts{{"r1/load.1", "r1/load.2"}}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "ATTEMPT_PUBLISHED");
  EXPECT_EQ(store_->History("load", 10)->size(), 2u);
  ASSERT_TRUE(store_->CommitNow({ForgetAttempts{{"r1/load.1", "r1/unknown.1"}}}));
  EXPECT_EQ(store_->History("load", 10)->size(), 1u);
}

TEST_P(MetadataConformance, RunsAndAnalysesCanBeForgotten) {
  ASSERT_TRUE(store_->CommitNow({PutRun{{.run = "r1"}}, PutRun{{.run = "r2"}},
                                 OpenAttempt{AttemptFor("load", 1)}, OpenAttempt{AttemptFor("load", 2)},
                                 OpenAttempt{AttemptFor("other", 1)}, PutAnalysis{"a", "p", "{}"},
                                 PutAnalysis{"a", "q", "{}"}, PutAnalysis{"b", "p", "{}"}}));
  EXPECT_EQ(*store_->MostAttempts(), 2);
  EXPECT_EQ(store_->AnalysedSources()->size(), 2u);
  ASSERT_TRUE(store_->CommitNow({ForgetRuns{{"r1", "unknown"}}, ForgetAnalyses{{"a", "unknown"}}}));
  ASSERT_EQ(store_->Runs(10)->size(), 1u);
  EXPECT_EQ(store_->Runs(10)->front().run, "r2");
  EXPECT_EQ(*store_->AnalysedSources(), std::vector<std::string>{"b"});
  EXPECT_EQ(store_->History("load", 10)->size(), 2u) << "attempts stay";
}

TEST_P(MetadataConformance, WhatStoodWhenARunEndedIsKnownForEver) {
  const auto run = [](const std::string& id, std::int64_t finished_ms, const std::string& at = "") {
    return PutRun{RunRecord{.run = id, .finished_ms = finished_ms, .status = "x", .at = at}};
  };
  const auto result = [](const std::string& block, std::int64_t epoch) {
    return StandingResult{block, "r1/" + block + "." + std::to_string(epoch),
                          "manifest" + std::to_string(epoch), 7};
  };
  using Results = std::vector<StandingResult>;
  EXPECT_EQ(*store_->ResultsAfter("r1"), std::nullopt) << "unknown";
  ASSERT_TRUE(store_->CommitNow({run("r1", 0), OpenAttempt{AttemptFor("load", 1)}, PublishFor("load", 1),
                                 OpenAttempt{AttemptFor("clean", 1)}, PublishFor("clean", 1)}));
  EXPECT_EQ(*store_->ResultsAfter("r1"), std::nullopt) << "under way";
  ASSERT_TRUE(store_->CommitNow({run("r1", 5)}));
  ASSERT_TRUE(store_->CommitNow(
      {run("r2", 0), OpenAttempt{AttemptFor("load", 2)}, PublishFor("load", 2), run("r2", 6)}));
  ASSERT_TRUE(store_->CommitNow({run("r3", 7)}));
  EXPECT_EQ(**store_->ResultsAfter("r1"), (Results{result("clean", 1), result("load", 1)}));
  EXPECT_EQ(**store_->ResultsAfter("r2"), (Results{result("clean", 1), result("load", 2)}));
  EXPECT_EQ(**store_->ResultsAfter("r3"), **store_->ResultsAfter("r2"));

  // Beside what is published: seen by its own run, and by one that begins there.
  const auto aside = [&](const std::string& id, const std::string& block, std::int64_t epoch) {
    return PublishAside{id, block, epoch, result(block, epoch).attempt, result(block, epoch).manifest, 7};
  };
  ASSERT_TRUE(store_->CommitNow({run("r4", 0, "r1"), OpenAttempt{AttemptFor("clean", 2)},
                                 aside("r4", "clean", 2), run("r4", 8, "r1")}));
  ASSERT_TRUE(store_->CommitNow(
      {run("r5", 0, "r4"), OpenAttempt{AttemptFor("plot", 1)}, aside("r5", "plot", 1), run("r5", 9, "r4")}));
  EXPECT_EQ(BlockNamed("clean").published_attempt, "r1/clean.1");
  EXPECT_EQ(BlockNamed("plot").published_attempt, "");
  EXPECT_EQ(**store_->ResultsAfter("r4"), (Results{result("clean", 2), result("load", 1)}));
  EXPECT_EQ(**store_->ResultsAfter("r5"),
            (Results{result("clean", 2), result("load", 1), result("plot", 1)}));
  EXPECT_EQ(**store_->ResultsAfter("r3"), **store_->ResultsAfter("r2"));
  EXPECT_EQ(store_->Runs(1)->front().at, "r4");

  const Status late = store_->CommitNow({aside("r5", "clean", 1)});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason, "STALE_EPOCH");
  // An attempt may be forgotten; that it stood is still known.
  ASSERT_TRUE(store_->CommitNow({ForgetAttempts{{"r1/load.1"}}}));
  EXPECT_EQ((**store_->ResultsAfter("r1"))[1].attempt, "r1/load.1");
  EXPECT_EQ(*store_->FindAttempt("r1/load.1"), std::nullopt);
}

TEST_P(MetadataConformance, AForgottenBlockKeepsItsFence) {
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 1)}, PublishFor("load", 1),
                                 SetBlockOutcome{"load", "succeeded", ""}, ForgetBlock{"load"},
                                 ForgetBlock{"nobody"}}));
  const BlockRecord block = BlockNamed("load");
  EXPECT_EQ(block.published_attempt, "");
  EXPECT_EQ(block.last_status, "");
  EXPECT_TRUE(store_->History("load", 10)->empty());
  EXPECT_FALSE(store_->CommitNow({OpenAttempt{AttemptFor("load", 1)}}))
      << "an attempt of before could publish";
  EXPECT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("load", 2)}}));
  EXPECT_EQ(store_->Load()->blocks.size(), 1u);
}

TEST_P(MetadataConformance, ARenamedBlockTakesItsResultsAlong) {
  ASSERT_TRUE(
      store_->CommitNow({PutRun{{.run = "r1"}}, OpenAttempt{AttemptFor("load", 1, AttemptStatus::kSucceeded)},
                         PublishFor("load", 1), SetBlockOutcome{"load", "succeeded", "ran"},
                         PutRun{{.run = "r1", .finished_ms = 5}}}));
  ASSERT_TRUE(store_->CommitNow({RenameBlocks{{{"load", "fetch"}}}}));
  const BlockRecord block = BlockNamed("fetch");
  EXPECT_EQ(block.published_attempt, "r1/load.1") << "ids stay";
  EXPECT_EQ(block.epoch, 1);
  EXPECT_EQ(block.last_reason, "ran");
  EXPECT_EQ(store_->History("fetch", 10)->size(), 1u);
  EXPECT_EQ(store_->FindAttempts("fetch", "base", 10)->size(), 1u);
  EXPECT_TRUE(store_->History("load", 10)->empty());
  EXPECT_EQ((**store_->ResultsAfter("r1"))[0].block, "fetch");
  const auto old = store_->FindBlock("load");
  ASSERT_TRUE(old && *old);
  EXPECT_EQ((*old)->epoch, 1) << "the fence stays: r1/load.1 was given out";
  EXPECT_EQ((*old)->published_attempt, "");
  EXPECT_EQ(*store_->FindBlock("nobody"), std::nullopt);
  ASSERT_EQ(store_->Load()->renames.size(), 1u);
  EXPECT_EQ(store_->Load()->renames[0].at("load"), "fetch");
  ASSERT_TRUE(store_->CommitNow({RenameBlocks{{{"fetch", "load"}}}}));
  EXPECT_EQ(BlockNamed("load").published_attempt, "r1/load.1");
  EXPECT_EQ(store_->Load()->renames.size(), 2u);
}

TEST_P(MetadataConformance, TwoBlocksSwapTheirNames) {
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("a", 1, AttemptStatus::kSucceeded)},
                                 PublishFor("a", 1), OpenAttempt{AttemptFor("b", 1)}}));
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("b", 2, AttemptStatus::kRunning)}}));
  ASSERT_TRUE(store_->CommitNow({RenameBlocks{{{"a", "b"}, {"b", "a"}}}}));
  EXPECT_EQ(BlockNamed("b").published_attempt, "r1/a.1");
  EXPECT_EQ(BlockNamed("b").epoch, 2) << "r1/b.2 was given out";
  EXPECT_EQ(BlockNamed("a").published_attempt, "");
  EXPECT_EQ(BlockNamed("a").epoch, 2);
  EXPECT_EQ(store_->History("b", 10)->size(), 1u);
  EXPECT_EQ(store_->History("a", 10)->size(), 2u);
}

TEST_P(MetadataConformance, AnAttemptUnderWayStaysTheNewestOfARenamedBlock) {
  for (int epoch = 1; epoch <= 3; ++epoch)
    ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("gone", epoch)}}));
  ASSERT_TRUE(
      store_->CommitNow({ForgetBlock{"gone"}, OpenAttempt{AttemptFor("load", 1, AttemptStatus::kRunning)}}));
  ASSERT_TRUE(store_->CommitNow({RenameBlocks{{{"load", "gone"}}}}));
  EXPECT_EQ(BlockNamed("gone").epoch, 3);
  const auto open = store_->Load()->open_attempts;
  ASSERT_EQ(open.size(), 1u);
  EXPECT_EQ(open[0].attempt, "r1/load.1");
  EXPECT_EQ(open[0].block, "gone");
  EXPECT_EQ(open[0].epoch, 3) << "an engine that adopts it must not think it older";
  EXPECT_TRUE(store_->CommitNow({PublishFor("gone", 3)}));
}

TEST_P(MetadataConformance, ANameUnderWhichAnotherBlockHasResultsIsRefused) {
  ASSERT_TRUE(store_->CommitNow({OpenAttempt{AttemptFor("a", 1)}, OpenAttempt{AttemptFor("b", 1)}}));
  const Status taken = store_->CommitNow({SetCursor{"x", 1}, RenameBlocks{{{"a", "b"}}}});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().reason, "BLOCK_NAME_TAKEN");
  EXPECT_TRUE(store_->Load()->cursors.empty());
  EXPECT_TRUE(store_->Load()->renames.empty());
  EXPECT_EQ(store_->History("a", 10)->size(), 1u);
  ASSERT_TRUE(store_->CommitNow({RenameBlocks{{{"a", "b"}, {"b", "b~1"}}}})) << "it makes room";
  EXPECT_EQ(store_->History("b~1", 10)->size(), 1u);
  ASSERT_TRUE(store_->CommitNow({RenameBlocks{{{"never", "ran"}}}}));
  EXPECT_EQ(BlockNamed("ran").block, "");
}

TEST_P(MetadataConformance, WhatIsExportedReplacesAnother) {
  AttemptRecord open = AttemptFor("plot", 1, AttemptStatus::kRunning);
  ASSERT_TRUE(
      store_->CommitNow({PutRun{{.run = "r1"}}, OpenAttempt{AttemptFor("load", 1, AttemptStatus::kSucceeded)},
                         PublishFor("load", 1), SetBlockOutcome{"load", "succeeded", "ran"},
                         PutRun{{.run = "r1", .finished_ms = 5}}, OpenAttempt{open},
                         RenameBlocks{{{"load", "fetch"}}}, SetCursor{"x", 3}, PutRun{{.run = "r2"}}}));
  const auto document = store_->Export();
  ASSERT_TRUE(document);
  EXPECT_EQ(document->runs.size(), 2u);
  EXPECT_EQ(document->runs[0].through, 1);
  EXPECT_EQ(document->publications.size(), 1u);
  EXPECT_EQ(WhatHasEnded(*document).attempts.size(), 1u);
  EXPECT_EQ(WhatHasEnded(*document).runs.size(), 1u);
  const auto other = GetParam().make();
  ASSERT_TRUE(
      other->CommitNow({OpenAttempt{AttemptFor("gone", 1)}, PublishFor("gone", 1), SetCursor{"y", 1}}));
  ASSERT_TRUE(other->CommitNow({ReplaceAll{std::make_shared<const MetadataDocument>(*document)}}));
  EXPECT_TRUE(*other->Export() == *document);
  EXPECT_EQ(other->Load()->open_attempts.size(), 1u);
  EXPECT_EQ(other->Load()->cursors, (std::map<std::string, std::int64_t>{{"y", 1}})) << "of this machine";
  EXPECT_EQ((**other->ResultsAfter("r1"))[0].block, "fetch");
  EXPECT_TRUE(other->CommitNow({OpenAttempt{AttemptFor("fetch", 2)}, PublishFor("fetch", 2)}));
}

TEST_P(MetadataConformance, ACallbackSeesItsOwnCommitAndMayCommitAgain) {
  std::promise<std::string> seen;
  store_->Commit({SetCursor{"x", 1}}, [&](Status) {
    const std::int64_t cursor = store_->Load()->cursors.at("x");
    store_->Commit({SetCursor{"x", cursor + 1}},
                   [&](Status) { seen.set_value(std::to_string(store_->Load()->cursors.at("x"))); });
  });
  EXPECT_EQ(seen.get_future().get(), "2");
}

TEST_P(MetadataConformance, CallbacksComeFromTheDeclaredThread) {
  std::promise<std::thread::id> where;
  store_->Commit({SetCursor{"x", 1}}, [&](Status) { where.set_value(std::this_thread::get_id()); });
  EXPECT_EQ(where.get_future().get() != std::this_thread::get_id(), GetParam().own_thread);
}

TEST_P(MetadataConformance, ManyThreadsCommitAndReadAtOnce) {
  constexpr int kThreads = 4, kEach = 100;
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::map<int, int> last;
  int out_of_order = 0;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 1; i <= kEach; ++i) {
        store_->Commit({OpenAttempt{AttemptFor("b" + std::to_string(t), i)}}, [&, t, i](Status status) {
          const std::lock_guard lock(mutex);
          if (!status || last[t] != i - 1) ++out_of_order;
          last[t] = i;
        });
        if (i % 10 == 0) {
          EXPECT_TRUE(store_->Load());
        }
      }
    });
  for (std::thread& thread : threads) thread.join();
  ASSERT_TRUE(store_->CommitNow({}));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(out_of_order, 0);
  for (int t = 0; t < kThreads; ++t) EXPECT_EQ(BlockNamed("b" + std::to_string(t)).epoch, kEach);
}

}  // namespace easel
