#include "state/reachability.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <thread>

#include "base/digest.h"
#include "state/manifest.h"
#include "state/objects_lock.h"
#include "state/test_vectors.h"

namespace easel {
namespace {

namespace fs = std::filesystem;
constexpr std::int64_t kNow = 1'700'000'000'000;

class Collection : public testing::Test {
 protected:
  std::string Object(const std::string& content, std::int64_t age_ms = 7'200'000) {
    const std::string digest = DigestOf(content);
    Write("objects/" + digest.substr(0, 2) + "/" + digest, content, age_ms);
    return digest;
  }
  void Write(const std::string& path, const std::string& content, std::int64_t age_ms = 7'200'000) {
    ASSERT_TRUE(MakeDirectories(ParentOf(root() + "/" + path)));
    ASSERT_TRUE(WriteFileAtomically(root() + "/" + path, content));
    Age(path, age_ms);
  }
  void Age(const std::string& path, std::int64_t age_ms) {
    const std::int64_t at = kNow - age_ms;
    const timespec times[2] = {{at / 1000, 0}, {at / 1000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (root() + "/" + path).c_str(), times, 0), 0);
  }
  void Attempt(const std::string& block, const std::vector<std::string>& objects,
               std::int64_t age_ms = 7'200'000) {
    Manifest manifest{
        .canvas = "c", .attempt = "r0/" + block + ".1", .run = "r0", .block = block, .epoch = 1};
    for (const std::string& object : objects)
      manifest.state.slots[manifest.attempt + "#" + std::to_string(manifest.state.slots.size())] =
          Slot{.object = object, .codec = "pickle5", .digest = object};
    Write("attempts/r0/" + block + ".1/manifest.json", SerializeManifest(manifest), age_ms);
    Age("attempts/r0/" + block + ".1", age_ms);
  }
  Collected Collect(std::vector<std::string> keep, bool dry_run = false) {
    auto out = CollectGarbage(root(), {.keep = std::move(keep), .now_ms = kNow, .dry_run = dry_run});
    EXPECT_TRUE(out);
    return *out;
  }
  bool Exists(const std::string& digest) { return fs::exists(ObjectPath(root(), digest)); }
  const std::string& root() const { return folder_.path(); }
  TemporaryFolder folder_;
};

TEST_F(Collection, WhatAKeptManifestReachesStays) {
  const std::string used = Object("used"), shared = Object("shared"), unused = Object("unused");
  Attempt("kept", {used, shared});
  Attempt("old", {shared, unused});
  const Collected planned = Collect({"r0/kept.1"}, true);
  EXPECT_TRUE(Exists(unused));
  const Collected done = Collect({"r0/kept.1"});
  EXPECT_EQ(done.attempts, std::vector<std::string>{"r0/old.1"});
  EXPECT_EQ(done.attempts, planned.attempts);
  EXPECT_EQ(done.bytes, planned.bytes);
  EXPECT_EQ(done.objects, 1);
  EXPECT_GT(done.bytes, 0);
  EXPECT_TRUE(Exists(used));
  EXPECT_TRUE(Exists(shared));
  EXPECT_FALSE(Exists(unused));
  EXPECT_EQ(done.kept_objects, 2);
  EXPECT_TRUE(done.oddities.empty());
  EXPECT_EQ(Collect({"r0/kept.1"}).objects, 0);
}

TEST_F(Collection, YoungThingsStay) {
  const std::string young = Object("young", 1000);
  Attempt("new", {young}, 1000);
  const Collected done = Collect({});
  EXPECT_TRUE(done.attempts.empty());
  EXPECT_TRUE(Exists(young));
}

TEST_F(Collection, TheBaseOfAPatchStays) {
  const std::string base = Object("base"), patch = Object("patch");
  Manifest manifest{.canvas = "c", .attempt = "r0/kept.1", .run = "r0", .block = "kept", .epoch = 1};
  manifest.state.slots["r0/kept.1#0"] =
      Slot{.object = patch, .objects = {base}, .codec = "pickle5", .digest = patch};
  Write("attempts/r0/kept.1/manifest.json", SerializeManifest(manifest));
  EXPECT_EQ(Collect({"r0/kept.1"}).objects, 0);
  EXPECT_TRUE(Exists(base) && Exists(patch));
}

TEST_F(Collection, WhatAWriterUsesAgainMeanwhileStays) {
  const std::string used = Object("used again"), unused = Object("unused");
  std::thread collector;
  {
    const auto writer = ObjectsLock::Take(root(), ObjectsLock::Mode::kShared);
    ASSERT_TRUE(writer);
    collector = std::thread([this] { Collect({}); });  // gets no further than to the first object's removal
    Age("objects/" + used.substr(0, 2) + "/" + used, 0);
  }
  collector.join();
  EXPECT_TRUE(Exists(used));
  EXPECT_FALSE(Exists(unused));
}

TEST_F(Collection, AnAttemptWhoseJournalStillGrowsStays) {
  Attempt("running", {});
  Write("attempts/r0/running.1/journal", "x", 1000);
  Age("attempts/r0/running.1", 7'200'000);
  EXPECT_TRUE(Collect({}).attempts.empty());
}

TEST_F(Collection, ADamagedKeptManifestStopsTheCollectionOfObjects) {
  const std::string unused = Object("unused");
  Write("attempts/r0/kept.1/manifest.json", "{\"easel_manifest\"");
  const Collected done = Collect({"r0/kept.1"});
  EXPECT_TRUE(Exists(unused));
  ASSERT_EQ(done.oddities.size(), 1u);
  EXPECT_NE(done.oddities[0].find("attempts/r0/kept.1/manifest.json: damaged"), std::string::npos);
}

TEST_F(Collection, AKeptAttemptWithoutManifestReachesNothing) {
  const std::string unused = Object("unused");
  Write("attempts/r0/failed.1/journal", "x");
  const Collected done = Collect({"r0/failed.1", "r0/never.9"});
  EXPECT_FALSE(Exists(unused));
  EXPECT_TRUE(fs::exists(root() + "/attempts/r0/failed.1/journal"));
  EXPECT_TRUE(done.oddities.empty());
}

TEST_F(Collection, ForeignFilesAreNamedAndLeftAlone) {
  const std::string digest = Object("x");
  Write("objects/zz/notes.txt", "mine");
  Write("objects/README", "mine");
  Write("objects/00/" + digest, "wrong shelf");
  Write("attempts/r0/what", "mine");
  Write("attempts/stray", "mine");
  fs::create_directory_symlink("/etc", root() + "/attempts/r0/link.1");
  Write("objects/" + digest.substr(0, 2) + "/" + digest + ".part77.1", "torn");
  const Collected done = Collect({});
  EXPECT_EQ(done.oddities.size(), 6u);
  EXPECT_EQ(done.objects, 2);
  EXPECT_TRUE(fs::exists(root() + "/objects/zz/notes.txt"));
  EXPECT_TRUE(fs::exists(root() + "/attempts/r0/link.1/hostname"));
}

TEST(CollectGarbage, NoStateYet) {
  const auto done = CollectGarbage("/nowhere/at/all", {});
  ASSERT_TRUE(done);
  EXPECT_EQ(done->objects, 0);
  EXPECT_EQ(CollectGarbage("/etc/hostname", {}).error().reason, "STATE_UNREADABLE");
}

}  // namespace
}  // namespace easel
