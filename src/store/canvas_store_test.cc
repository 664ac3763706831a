// A canvas's state on its way between two folders and a store in memory, with everything that can go wrong on it.
#include "store/canvas_store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "base/digest.h"
#include "base/file.h"
#include "blob/fake_object_store.h"
#include "state/manifest.h"
#include "state/object.h"

namespace easel {
namespace {

const SystemClock kClock;

std::string Little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
  return out;
}

/// CRC-32 as zlib has it.
std::uint32_t Crc32(std::string_view bytes) {
  std::uint32_t crc = ~0U;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0);
  }
  return ~crc;
}

/// The bytes of a state object that has one component without extents, whose stream is `text`.
std::string ObjectWith(const std::string& text) {
  static constexpr std::size_t kHeadBytes = 256;
  std::string head = R"({"codec":"pickle5","version":2,"members":["x"],"stream":[)" +
                     std::to_string(16 + kHeadBytes) + "," + std::to_string(text.size()) + R"(],"crc32":)" +
                     std::to_string(Crc32(text)) + R"(,"objects":[],"extents":[],"buffers":[]})";
  head.resize(kHeadBytes, ' ');
  std::string component =
      "ECMP" + Little(head.size(), 4) + Little(Crc32(head), 4) + Little(0, 4) + head + text;
  const std::string begin = "EASELOBJ" + Little(2, 4) + Little(0, 4) + std::string(48, '\0');
  const std::string places = Little(64, 8) + Little(component.size(), 8);
  return begin + component + places + Little(Crc32(places), 4) + Little(0, 4) + "EASELEND";
}

std::string NameOfObject(const std::string& bytes) {
  return DigestOf(bytes.substr(0, 16) + bytes.substr(64));
}

/// A copy of one canvas in a folder of its own, with results that look like an engine's.
class Folder {
 public:
  explicit Folder(const std::string& id = "0123456789abcdefghij") {
    std::string path = "/tmp/easel_canvas_store_XXXXXX";
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    root = path;
    state = root + "/.easel";
    EXPECT_TRUE(MakeDirectories(state));
    EXPECT_TRUE(MakeDirectories(root + "/files"));
    EXPECT_TRUE(WriteFileAtomically(root + "/canvas.yaml", "easel: 1\nname: Churn\n"));
    EXPECT_TRUE(WriteFileAtomically(state + "/canvas_id", id + "\n"));
  }
  ~Folder() { std::filesystem::remove_all(root); }

  /// A block ran, left `value`, and was published. Returns the object's name.
  std::string Ran(const std::string& run, const std::string& block, const std::string& value,
                  const std::map<std::string, std::string>& wrote = {}) {
    auto metadata = *OpenSqliteMetadata(state + "/metadata.db");
    const std::string bytes = ObjectWith(value), object = NameOfObject(bytes);
    EXPECT_TRUE(MakeDirectories(ParentOf(ObjectPath(state, object))));
    EXPECT_TRUE(WriteFileAtomically(ObjectPath(state, object), bytes));
    const std::int64_t epoch = (*metadata->FindBlock(block)).value_or(BlockRecord{}).epoch + 1;
    AttemptRecord attempt{.attempt = run + "/" + block + "." + std::to_string(epoch),
                          .run = run,
                          .block = block,
                          .epoch = epoch,
                          .started_ms = kClock.UnixMs()};
    Manifest manifest{.canvas = "c", .attempt = attempt.attempt, .run = run, .block = block, .epoch = epoch};
    manifest.environment = std::string(64, 'e');
    manifest.state.slots[attempt.attempt + "#0"] = {.object = object,
                                                    .offset = 64,
                                                    .length = static_cast<std::int64_t>(bytes.size()) - 96,
                                                    .codec = "pickle5",
                                                    .digest = std::string(64, 'd'),
                                                    .names = {"x"}};
    manifest.state.variables["x"] = {.slot = attempt.attempt + "#0", .origin = block, .type = "str"};
    for (const auto& [path, content] : wrote) {
      EXPECT_TRUE(WriteFileAtomically(root + "/files/" + path, content));
      manifest.files.written[path] = DigestOf(content);
    }
    const std::string text = SerializeManifest(manifest);
    EXPECT_TRUE(MakeDirectories(AttemptFolder(state, attempt.attempt)));
    EXPECT_TRUE(WriteFileAtomically(ManifestPath(state, attempt.attempt), text));
    EXPECT_TRUE(WriteFileAtomically(JournalPath(state, attempt.attempt), "journal of " + attempt.attempt));
    attempt.status = AttemptStatus::kSucceeded;
    attempt.manifest = DigestOf(text);
    attempt.finished_ms = kClock.UnixMs();
    EXPECT_TRUE(metadata->CommitNow({PutRun{{.run = run, .mode = "all", .created_ms = kClock.UnixMs()}},
                                     OpenAttempt{attempt},
                                     Publish{.block = block,
                                             .epoch = epoch,
                                             .attempt = attempt.attempt,
                                             .manifest = attempt.manifest,
                                             .now_ms = kClock.UnixMs()},
                                     PutRun{{.run = run,
                                             .mode = "all",
                                             .created_ms = kClock.UnixMs(),
                                             .finished_ms = kClock.UnixMs(),
                                             .status = "succeeded"}}}));
    return object;
  }
  Result<Moved> Keep(CanvasStore& store) const {
    const auto metadata = *OpenSqliteMetadata(state + "/metadata.db");
    return store.Keep({}, *metadata);
  }
  std::string Published(const std::string& block) const {
    const auto metadata = *OpenSqliteMetadata(state + "/metadata.db");
    return (*metadata->FindBlock(block)).value_or(BlockRecord{}).published_attempt;
  }
  bool HasObject(const std::string& object) const {
    return std::filesystem::exists(ObjectPath(state, object));
  }
  std::string File(const std::string& path) const {
    return ReadFile(root + "/files/" + path).value_or("(absent)");
  }

  std::string root, state;
};

class CanvasStoreTest : public testing::Test {
 protected:
  std::unique_ptr<CanvasStore> StoreOf(const Folder& folder) const {
    return std::make_unique<CanvasStore>(objects_, folder.root);
  }
  /// Every reference that the store's state.json has leads to something that is what its digest says.
  void ExpectWhole() {
    const std::string base = "canvases/0123456789abcdefghij/";
    const auto content = objects_->Get({}, base + "state.json", {});
    if (!content) return;  // nothing is named
    const auto state = ReadStoredState(content->bytes, "state.json");
    ASSERT_TRUE(state) << state.error().message;
    for (const AttemptRecord& attempt : state->document.attempts) {
      const auto text = objects_->Get({}, base + "attempts/" + attempt.attempt + "/manifest.json", {});
      ASSERT_TRUE(text) << attempt.attempt;
      EXPECT_EQ(DigestOf(text->bytes), attempt.manifest);
      EXPECT_TRUE(objects_->Stat({}, base + "attempts/" + attempt.attempt + "/journal"));
      const auto manifest = ParseManifest(text->bytes, "manifest");
      ASSERT_TRUE(manifest);
      for (const auto& [id, slot] : manifest->state.slots) {
        const auto object =
            objects_->Get({}, base + "objects/" + slot.object.substr(0, 2) + "/" + slot.object, {});
        ASSERT_TRUE(object) << slot.object;
        EXPECT_EQ(NameOfObject(object->bytes), slot.object);
      }
    }
  }

  const std::shared_ptr<FakeObjectStore> objects_ = std::make_shared<FakeObjectStore>(kClock);
};

TEST_F(CanvasStoreTest, WhatRanInOneFolderIsInTheOther) {
  const Folder a, b;
  const std::string object = const_cast<Folder&>(a).Ran("r1", "load", "hello", {{"out.csv", "1,2"}});
  const auto from = StoreOf(a), to = StoreOf(b);
  const auto kept = a.Keep(*from);
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->attempts, 1);
  EXPECT_EQ(kept->objects, 1);
  ExpectWhole();
  EXPECT_EQ(a.Keep(*from)->attempts, 0) << "it is there already";
  const auto brought = to->Bring({});
  ASSERT_TRUE(brought) << brought.error().message;
  EXPECT_EQ(brought->attempts, 1);
  EXPECT_EQ(b.Published("load"), "r1/load.1");
  EXPECT_EQ(b.File("out.csv"), "1,2");
  EXPECT_EQ(*ReadFile(JournalPath(b.state, "r1/load.1")), "journal of r1/load.1");
  EXPECT_FALSE(b.HasObject(object)) << "it comes when it is needed";
  EXPECT_TRUE(to->Has(object));
  EXPECT_EQ(*to->Missing(false), std::vector<std::string>{object});
  const auto fetched = to->Fetch({}, {object});
  ASSERT_TRUE(fetched) << fetched.error().message;
  EXPECT_TRUE(b.HasObject(object));
  EXPECT_EQ(to->Fetch({}, {object})->objects, 0);
  EXPECT_TRUE(to->Missing(true)->empty());
}

TEST_F(CanvasStoreTest, BothFoldersGoOnAndNothingIsLost) {
  Folder a, b;
  a.Ran("r1", "load", "one");
  const auto in_a = StoreOf(a), in_b = StoreOf(b);
  ASSERT_TRUE(a.Keep(*in_a));
  ASSERT_TRUE(in_b->Bring({}));
  a.Ran("r2", "load", "two");
  b.Ran("r3", "train", "three");
  ASSERT_TRUE(a.Keep(*in_a));
  ASSERT_TRUE(b.Keep(*in_b)) << "a wrote meanwhile: both are joined";
  ExpectWhole();
  ASSERT_TRUE(in_a->Bring({}));
  ASSERT_TRUE(in_b->Bring({}));
  for (const Folder* folder : {&a, &b}) {
    EXPECT_EQ(folder->Published("load"), "r2/load.2");
    EXPECT_EQ(folder->Published("train"), "r3/train.1");
  }
}

TEST_F(CanvasStoreTest, WhateverFailsInTheMiddleNothingIsNamedThatIsNotThere) {
  for (int at = 0;; ++at) {
    Folder a;
    a.Ran("r1", "load", "one", {{"out.csv", "1"}});
    a.Ran("r2", "load", "two", {{"out.csv", "2"}});
    const auto store = StoreOf(a);
    int calls = 0;
    std::mutex mutex;
    objects_->before = [&](std::string_view, std::string_view) -> Status {
      const std::lock_guard lock(mutex);
      return calls++ >= at ? Fail(Code::kUnavailable, "GONE", "the network is gone") : Status{};
    };
    const auto kept = a.Keep(*store);
    objects_->before = nullptr;
    ExpectWhole();
    if (kept) {
      EXPECT_GT(at, 5) << "there were that many calls";
      break;
    }
    const auto again = StoreOf(a);
    ASSERT_TRUE(a.Keep(*again)) << at;
    ExpectWhole();
    Folder b;
    const auto other = StoreOf(b);
    ASSERT_TRUE(other->Bring({}));
    EXPECT_EQ(b.Published("load"), "r2/load.2");
    EXPECT_EQ(b.File("out.csv"), "2");
    const auto all = ListAll(*objects_, {}, {});
    for (const ObjectInfo& object : all->objects) ASSERT_TRUE(objects_->Delete({}, {.key = object.key}));
  }
}

TEST_F(CanvasStoreTest, WhateverFailsOnTheWayBackTheFolderStaysWhatItWas) {
  Folder a;
  a.Ran("r1", "load", "one");
  a.Ran("r2", "train", "two");
  ASSERT_TRUE(a.Keep(*StoreOf(a)));
  for (int at = 0;; ++at) {
    Folder b;
    b.Ran("r9", "load", "mine");
    const auto store = StoreOf(b);
    int calls = 0;
    std::mutex mutex;
    objects_->before = [&](std::string_view, std::string_view) -> Status {
      const std::lock_guard lock(mutex);
      return calls++ >= at ? Fail(Code::kUnavailable, "GONE", "the network is gone") : Status{};
    };
    const auto brought = store->Bring({});
    objects_->before = nullptr;
    if (brought) break;
    EXPECT_EQ(b.Published("load"), "r9/load.1") << at;
    EXPECT_EQ(b.Published("train"), "") << at;
  }
}

TEST_F(CanvasStoreTest, WhatIsDamagedInTheStoreIsRefusedByName) {
  Folder a;
  const std::string object = a.Ran("r1", "load", "one");
  ASSERT_TRUE(a.Keep(*StoreOf(a)));
  const std::string base = "canvases/0123456789abcdefghij/",
                    key = base + "objects/" + object.substr(0, 2) + "/" + object;
  const std::string good = objects_->Get({}, key, {})->bytes;
  Folder b;
  const auto store = StoreOf(b);
  ASSERT_TRUE(store->Bring({}));
  for (const std::size_t byte : {0UL, 70UL, good.size() - 40, good.size() - 1}) {
    std::string bad = good;
    bad[byte] = static_cast<char>(bad[byte] ^ 4);
    ASSERT_TRUE(objects_->Put({}, key, bad, {}));
    const auto fetched = store->Fetch({}, {object});
    ASSERT_FALSE(fetched) << byte;
    EXPECT_EQ(fetched.error().reason, "STORE_DAMAGED");
    EXPECT_NE(fetched.error().message.find(object), std::string::npos);
    EXPECT_FALSE(b.HasObject(object));
  }
  ASSERT_TRUE(objects_->Delete({}, {.key = key}));
  EXPECT_EQ(store->Fetch({}, {object}).error().reason, "STORE_DAMAGED");
  ASSERT_TRUE(objects_->Put({}, key, good, {}));
  ASSERT_TRUE(store->Fetch({}, {object}));

  const std::string manifest = base + "attempts/r1/load.1/manifest.json";
  ASSERT_TRUE(objects_->Put({}, manifest, objects_->Get({}, manifest, {})->bytes + " ", {}));
  Folder c;
  EXPECT_EQ(StoreOf(c)->Bring({}).error().reason, "STORE_DAMAGED");
  EXPECT_EQ(c.Published("load"), "");
  ASSERT_TRUE(objects_->Put({}, base + "state.json", "{}", {}));
  EXPECT_EQ(StoreOf(c)->Bring({}).error().reason, "STORE_DAMAGED");
  ASSERT_TRUE(objects_->Put({}, base + "state.json", R"({"easel_store": 2})", {}));
  EXPECT_EQ(StoreOf(c)->Bring({}).error().reason, "STORE_NEWER");
}

TEST_F(CanvasStoreTest, WhatIsDamagedHereDoesNotGoUp) {
  Folder a;
  const std::string object = a.Ran("r1", "load", "one");
  ASSERT_TRUE(WriteFileAtomically(ObjectPath(a.state, object), "nothing of the kind"));
  const auto kept = a.Keep(*StoreOf(a));
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().reason, "STATE_DAMAGED");
  EXPECT_NE(kept.error().message.find("`load`"), std::string::npos);
  a.Ran("r2", "load", "two");
  ASSERT_TRUE(a.Keep(*StoreOf(a))) << "the damaged attempt is not what stands";
  Folder b;
  ASSERT_TRUE(StoreOf(b)->Bring({}));
  EXPECT_EQ(b.Published("load"), "r2/load.2");
}

TEST_F(CanvasStoreTest, AFileThatAPersonMadeIsLeftAlone) {
  Folder a, b;
  a.Ran("r1", "load", "one", {{"out.csv", "by the block"}});
  ASSERT_TRUE(a.Keep(*StoreOf(a)));
  ASSERT_TRUE(WriteFileAtomically(b.root + "/files/out.csv", "by hand"));
  const auto store = StoreOf(b);
  const auto brought = store->Bring({});
  ASSERT_TRUE(brought);
  EXPECT_EQ(b.File("out.csv"), "by hand");
  ASSERT_EQ(brought->notes.size(), 1u);
  EXPECT_NE(brought->notes[0].find("files/out.csv"), std::string::npos);
  // What the same block wrote before is nobody's work.
  ASSERT_TRUE(WriteFileAtomically(b.root + "/files/out.csv", "by the block"));
  a.Ran("r2", "load", "two", {{"out.csv", "by the block, again"}});
  ASSERT_TRUE(a.Keep(*StoreOf(a)));
  ASSERT_TRUE(store->Bring({}));
  EXPECT_EQ(b.File("out.csv"), "by the block, again");
}

TEST_F(CanvasStoreTest, ManyWhoWantOneObjectGetItOnce) {
  Folder a, b;
  const std::string object = a.Ran("r1", "load", "one");
  ASSERT_TRUE(a.Keep(*StoreOf(a)));
  const auto store = StoreOf(b);
  ASSERT_TRUE(store->Bring({}));
  std::atomic<int> gets = 0;
  objects_->before = [&](std::string_view, std::string_view key) -> Status {
    if (key.find("/objects/") != std::string_view::npos) ++gets;
    return {};
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 20; ++i) threads.emplace_back([&] { EXPECT_TRUE(store->Fetch({}, {object})); });
  for (std::thread& thread : threads) thread.join();
  objects_->before = nullptr;
  EXPECT_EQ(gets, 1);
}

TEST_F(CanvasStoreTest, AStoreThatIsWrittenAllTheTimeIsSaidToBe) {
  Folder a;
  a.Ran("r1", "load", "one");
  objects_->before = [&](std::string_view call, std::string_view key) -> Status {
    if (call != "Put" || !key.ends_with("state.json")) return {};
    objects_->before = nullptr;
    EXPECT_TRUE(
        objects_->Put({}, key, WriteStoredState({.canvas = "0123456789abcdefghij", .name = "x"}), {}));
    return {};
  };
  ASSERT_TRUE(a.Keep(*StoreOf(a))) << "once is no trouble";
  ExpectWhole();
}

TEST_F(CanvasStoreTest, WhatNothingNamesGoesWhenItIsOldAndNotInUseAgain) {
  constexpr std::int64_t kWeek_ms = 7 * 24 * 3600 * 1000;
  FakeClock clock;
  const auto objects = std::make_shared<FakeObjectStore>(clock);
  Folder a, b;
  CanvasStore in_a(objects, a.root), in_b(objects, b.root);
  const auto key = [](const std::string& object) {
    return "canvases/0123456789abcdefghij/objects/" + object.substr(0, 2) + "/" + object;
  };
  const auto bytes_of = [](const std::string& value) { return ObjectWith(value); };
  const std::string named = a.Ran("r1", "load", "named");
  ASSERT_TRUE(a.Keep(in_a));
  // Left by an upload that was killed; another such that a run makes again meanwhile; and one that is under way.
  const std::string left = NameOfObject(bytes_of("left")), again = NameOfObject(bytes_of("again")),
                    young = NameOfObject(bytes_of("young")), raced = NameOfObject(bytes_of("raced"));
  ASSERT_TRUE(objects->Put({}, key(left), bytes_of("left"), {}));
  ASSERT_TRUE(objects->Put({}, key(again), bytes_of("again"), {}));
  ASSERT_TRUE(objects->Put({}, key(raced), bytes_of("raced"), {}));
  EXPECT_EQ(in_a.RemoveUnused({}, kWeek_ms)->objects, 0) << "nothing is old yet";
  clock.now_ms += kWeek_ms + 1;
  ASSERT_TRUE(objects->Put({}, key(young), bytes_of("young"), {}));
  ASSERT_TRUE(in_b.Bring({}));
  EXPECT_EQ(b.Ran("r2", "train", "again"), again);
  // b gets as far as its objects, and no further: what it will name is touched.
  objects->before = [&](std::string_view call, std::string_view which) -> Status {
    if (call == "Put" && which.ends_with("state.json")) return Fail(Code::kUnavailable, "AWAY", "away");
    return {};
  };
  EXPECT_FALSE(b.Keep(in_b));
  // Somebody else comes back to an old object between the look and the removal.
  bool raced_once = false;
  objects->before = [&](std::string_view call, std::string_view) -> Status {
    if (!call.starts_with("Delete") || std::exchange(raced_once, true)) return {};
    EXPECT_TRUE(objects->Touch({}, key(raced)));
    return {};
  };
  const auto removed = in_a.RemoveUnused({}, kWeek_ms);
  objects->before = nullptr;
  EXPECT_TRUE(raced_once);
  ASSERT_TRUE(removed) << removed.error().message;
  EXPECT_EQ(removed->objects, 1);
  EXPECT_EQ(removed->kept_objects, 3);
  EXPECT_FALSE(objects->Stat({}, key(left)));
  for (const std::string& object : {named, again, young, raced}) EXPECT_TRUE(objects->Stat({}, key(object)));
  ASSERT_TRUE(b.Keep(in_b));
  EXPECT_TRUE(objects->Stat({}, key(again)));
}

TEST_F(CanvasStoreTest, NothingIsRemovedWhereAManifestIsMissing) {
  FakeClock clock;
  const auto objects = std::make_shared<FakeObjectStore>(clock);
  Folder a;
  CanvasStore in_a(objects, a.root);
  a.Ran("r1", "load", "x");
  ASSERT_TRUE(a.Keep(in_a));
  const std::string stray = NameOfObject(ObjectWith("stray"));
  const std::string key = "canvases/0123456789abcdefghij/objects/" + stray.substr(0, 2) + "/" + stray;
  ASSERT_TRUE(objects->Put({}, key, ObjectWith("stray"), {}));
  clock.now_ms += 1'000'000;
  ASSERT_TRUE(objects->Delete({}, {.key = "canvases/0123456789abcdefghij/attempts/r1/load.1/manifest.json"}));
  std::filesystem::remove(ManifestPath(a.state, "r1/load.1"));
  EXPECT_FALSE(in_a.RemoveUnused({}, 1000));
  EXPECT_TRUE(objects->Stat({}, key));
}

TEST_F(CanvasStoreTest, AStoreTellsItsCanvases) {
  Folder a, b("abcdefghij0123456789");
  a.Ran("r1", "load", "one");
  b.Ran("r1", "load", "one");
  ASSERT_TRUE(a.Keep(*StoreOf(a)));
  ASSERT_TRUE(b.Keep(*StoreOf(b)));
  const auto there = StoreOf(a)->Canvases({});
  ASSERT_TRUE(there);
  ASSERT_EQ(there->size(), 2u);
  EXPECT_EQ((*there)[0].id, "0123456789abcdefghij");
  EXPECT_EQ((*there)[0].name, "Churn");
  EXPECT_GT((*there)[0].updated_ms, 0);
}

}  // namespace
}  // namespace easel
