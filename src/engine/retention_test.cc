#include "engine/retention.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/digest.h"
#include "base/file.h"
#include "state/manifest.h"

namespace easel {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kNow = std::int64_t{1} << 42;  // far in the future: all files are old

class Retention : public testing::Test {
 protected:
  Retention() {
    char path[] = "/tmp/easel_retention_XXXXXX";
    EXPECT_NE(::mkdtemp(path), nullptr);
    root_ = path;
  }
  ~Retention() override { fs::remove_all(root_); }

  std::string Object(const std::string& content, std::size_t bytes = 100) {
    const std::string name = DigestOf(content);
    EXPECT_TRUE(MakeDirectories(ParentOf(ObjectPath(root_, name))));
    EXPECT_TRUE(WriteFileAtomically(ObjectPath(root_, name), std::string(bytes, 'x')));
    return name;
  }

  /// One more attempt of `block`, with a run of its own.
  std::string Attempt(const std::string& block, const std::vector<std::string>& objects,
                      AttemptStatus status = AttemptStatus::kSucceeded, bool publish = true,
                      const std::vector<std::string>& bases = {}) {
    const std::int64_t epoch = ++epochs_[block];
    const std::string run = "r" + std::to_string(++runs_);
    Manifest manifest{.canvas = "c", .run = run, .block = block, .epoch = epoch};
    manifest.attempt = run + "/" + block + "." + std::to_string(epoch);
    for (const std::string& object : objects)
      manifest.state.slots[manifest.attempt + "#" + std::to_string(manifest.state.slots.size())] =
          Slot{.object = object, .objects = bases, .codec = "pickle5", .digest = object};
    const std::string text = SerializeManifest(manifest), path = ManifestPath(root_, manifest.attempt);
    EXPECT_TRUE(MakeDirectories(ParentOf(path)));
    EXPECT_TRUE(WriteFileAtomically(path, text));
    AttemptRecord record{.attempt = manifest.attempt, .run = run, .block = block, .epoch = epoch};
    Batch batch{PutRun{{.run = run, .created_ms = 1, .finished_ms = 2, .status = "succeeded"}},
                OpenAttempt{record}};
    record.status = status;
    batch.push_back(PutAttempt{record});
    if (publish)
      batch.push_back(easel::Publish{
          .block = block, .epoch = epoch, .attempt = manifest.attempt, .manifest = DigestOf(text)});
    EXPECT_TRUE(store_->CommitNow(std::move(batch)));
    return manifest.attempt;
  }

  Retained Apply(RetentionOptions options) {
    options.now_ms = kNow;
    auto done = ApplyRetention(root_, *store_, options);
    EXPECT_TRUE(done) << done.error().message;
    return *done;
  }
  bool Has(const std::string& object) const { return fs::exists(ObjectPath(root_, object)); }
  bool HasAttempt(const std::string& attempt) const { return fs::exists(ManifestPath(root_, attempt)); }

  std::string root_;
  std::map<std::string, std::int64_t> epochs_;
  int runs_ = 0;
  std::unique_ptr<MetadataStore> store_ = MakeFakeMetadata();
};

TEST_F(Retention, TheNewestAttemptsOfEachBlockStay) {
  std::vector<std::string> attempts, objects;
  for (int i = 0; i < 5; ++i) {
    objects.push_back(Object("o" + std::to_string(i)));
    attempts.push_back(Attempt("load", {objects.back()}));
  }
  const std::string other = Attempt("other", {objects[0]});
  const Retained planned = Apply({.keep = 2, .dry_run = true});
  EXPECT_TRUE(Has(objects[1]));
  const Retained done = Apply({.keep = 2});
  EXPECT_EQ(done.forgotten, 3u);
  EXPECT_EQ(done.collected.attempts, planned.collected.attempts);
  EXPECT_EQ(store_->History("load", 100)->size(), 2u);
  EXPECT_FALSE(HasAttempt(attempts[2]));
  EXPECT_TRUE(HasAttempt(attempts[3]));
  EXPECT_TRUE(Has(objects[0])) << "another block needs it";
  EXPECT_FALSE(Has(objects[1]));
  EXPECT_TRUE(Has(objects[3]) && Has(objects[4]));
  EXPECT_EQ(Apply({.keep = 2}).forgotten, 0u);
}

TEST_F(Retention, APatchKeepsItsBase) {
  const std::string base = Object("base"), patch = Object("patch");
  Attempt("load", {base}, AttemptStatus::kSucceeded, false);
  Attempt("load", {patch}, AttemptStatus::kSucceeded, true, {base});
  EXPECT_EQ(Apply({.keep = 1}).forgotten, 1u);
  EXPECT_TRUE(Has(base) && Has(patch));
}

TEST_F(Retention, FailuresDoNotPushOutResults) {
  const std::string first = Attempt("load", {Object("a")}), second = Attempt("load", {Object("b")});
  for (int i = 0; i < 5; ++i) Attempt("load", {}, AttemptStatus::kFailed, false);
  Apply({.keep = 2});
  EXPECT_TRUE(HasAttempt(first) && HasAttempt(second));
  EXPECT_EQ(store_->History("load", 100)->size(), 4u);
}

TEST_F(Retention, BytesLetTheOldestGoButNeverWhatStands) {
  constexpr std::size_t kMiB = 1 << 20;
  const std::string shared = Object("shared", 4 * kMiB);
  std::vector<std::string> own, attempts;
  for (int i = 0; i < 4; ++i) {
    own.push_back(Object("own" + std::to_string(i), 4 * kMiB));
    attempts.push_back(Attempt("load", {own.back(), shared}));
  }
  Retained done = Apply({.max_bytes = 13 * kMiB});
  EXPECT_EQ(done.forgotten, 2u);
  EXPECT_FALSE(done.over_limit);
  EXPECT_FALSE(Has(own[0]) || Has(own[1]));
  EXPECT_TRUE(Has(own[2]) && Has(own[3]) && Has(shared));
  done = Apply({.max_bytes = kMiB});
  EXPECT_TRUE(done.over_limit);
  EXPECT_TRUE(HasAttempt(attempts[3]) && Has(own[3]) && Has(shared));
  EXPECT_FALSE(Has(own[2]));
}

TEST_F(Retention, WhileAnAttemptIsUnderWayNothingOfThePastGoes) {
  const std::string old = Object("old"), unreachable = Object("nobody's");
  Attempt("load", {old}, AttemptStatus::kSucceeded, false);
  Attempt("load", {Object("new")});
  Attempt("next", {}, AttemptStatus::kRunning, false);
  const Retained done = Apply({.keep = 1, .max_bytes = 1});
  EXPECT_TRUE(done.under_way);
  EXPECT_EQ(done.forgotten, 0u);
  EXPECT_TRUE(Has(old)) << "the attempt may read it";
  EXPECT_FALSE(Has(unreachable)) << "old, and no manifest names it";
}

TEST_F(Retention, RunsAndAnalysesThatNothingNeedsGo) {
  for (int i = 0; i < kKeptRuns + 5; ++i) Attempt("load", {});
  ASSERT_TRUE(store_->CommitNow({PutAnalysis{"today", "p", "{}"}, PutAnalysis{"yesterday", "p", "{}"}}));
  const Retained done = Apply({.keep = 1, .sources = {"today"}});
  EXPECT_EQ(done.runs, 5u);
  EXPECT_EQ(store_->Runs(1000)->size(), static_cast<std::size_t>(kKeptRuns));
  EXPECT_EQ(done.analyses, 1u);
  EXPECT_EQ(*store_->AnalysedSources(), std::vector<std::string>{"today"});
}

TEST_F(Retention, ARunFromWhichAnotherBeganStays) {
  ASSERT_TRUE(store_->CommitNow(
      {PutRun{{.run = "old", .finished_ms = 1}}, PutRun{{.run = "older", .finished_ms = 1}}}));
  for (int i = 0; i < kKeptRuns - 1; ++i)
    ASSERT_TRUE(store_->CommitNow({PutRun{{.run = "r" + std::to_string(i), .finished_ms = 1}}}));
  ASSERT_TRUE(store_->CommitNow({PutRun{{.run = "new", .finished_ms = 1, .at = "old"}}}));
  EXPECT_EQ(Apply({}).runs, 1u);
  const auto runs = store_->Runs(1000);
  EXPECT_EQ(runs->back().run, "old");
}

TEST_F(Retention, IsDueWhenABlockHasTwiceAsManyOrTheDiskMore) {
  const RetentionOptions options{.keep = 2, .max_bytes = 1 << 20};
  for (int i = 0; i < 4; ++i) Attempt("load", {});
  EXPECT_FALSE(*RetentionIsDue(root_, *store_, options));
  Attempt("load", {});
  EXPECT_TRUE(*RetentionIsDue(root_, *store_, options));
  Apply(options);
  EXPECT_FALSE(*RetentionIsDue(root_, *store_, options));
  Object("large", 2 << 20);
  EXPECT_TRUE(*RetentionIsDue(root_, *store_, options));
}

}  // namespace
}  // namespace easel
