#include "store/canvas_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/digest.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/ids.h"
#include "state/manifest.h"
#include "state/object_file.h"
#include "store/attempt_files.h"
#include "store/in_parallel.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMostStateBytes = std::int64_t{1} << 30;

}  // namespace

CanvasStore::CanvasStore(std::shared_ptr<ObjectStore> store, std::string canvas_root)
    : store_(std::move(store)), canvas_root_(std::move(canvas_root)), state_root_(canvas_root_ + "/.easel") {}

Result<std::string> CanvasStore::CanvasId() const {
  auto id = ReadFile(state_root_ + "/canvas_id", 64);
  if (!id) return std::unexpected(id.error());
  std::string out = id->substr(0, id->find('\n'));
  if (out.size() != 20 || !CheckKey(out) || out.find('/') != std::string::npos)
    return Fail(Code::kDataLoss, "STATE_FORMAT",
                state_root_ + "/canvas_id: damaged: it should name the canvas's id");
  return out;
}

std::string CanvasStore::Key(const std::string& id, std::string_view rest) const {
  return "canvases/" + id + "/" + std::string(rest);
}

// --- What both had ---

Status CanvasStore::LoadBase() {
  if (std::exchange(base_loaded_, true)) return {};
  const std::string path = state_root_ + "/store.json";
  const auto text = ReadFile(path);
  if (!text) return text.error().code == Code::kNotFound ? Status{} : std::unexpected(text.error());
  // Without it, or with that of another store, all that both have is joined: it only spares work and keeps what was removed away.
  const auto value = ParseJson(*text, path);
  if (!value) return {};
  JsonReader reader(*value, path);
  const std::string store = reader.StringOr("store", "");
  const std::int64_t generation = reader.IntOr("generation", 0);
  const json::value* state = reader.Find("state");
  if (!reader.ok() || store != store_->name() || state == nullptr) return {};
  auto document = ReadMetadataDocument(*state, path);
  if (!document) return {};
  base_ = *std::move(document);
  base_generation_ = generation;
  return {};
}

Status CanvasStore::SaveBase() {
  const json::object out{{"easel_store", 1},
                         {"store", store_->name()},
                         {"generation", base_generation_},
                         {"state", ToJson(base_)}};
  return WriteFileAtomically(state_root_ + "/store.json", json::serialize(out));
}

Status CanvasStore::LoadRemote(const CallContext& context, const std::string& id) {
  const std::string key = Key(id, "state.json");
  if (const auto now = store_->Stat(context, key); !now) {
    if (now.error().code != Code::kNotFound) return std::unexpected(now.error());
    remote_ = {.known = true};
    return {};
  } else if (now->generation == base_generation_ && base_generation_ != 0) {
    remote_ = {.known = true, .generation = now->generation, .document = base_};
    Remember(base_);
    return {};
  }
  EASEL_TRY(const ObjectContent content, store_->Get(context, key, {.max_bytes = kMostStateBytes}));
  auto state = ReadStoredState(content.bytes, store_->name() + "/" + key);
  if (!state && state.error().reason == "STORE_NEWER") return std::unexpected(state.error());
  if (!state || state->canvas != id)
    return Fail(Code::kDataLoss, "STORE_DAMAGED",
                state ? store_->name() + "/" + key + ": is of another canvas" : state.error().message);
  remote_ = {.known = true, .generation = content.info.generation, .document = std::move(state->document)};
  return {};
}

/// All objects that the attempts need which a store's state.json names are in the store.
void CanvasStore::Remember(const MetadataDocument& document) {
  for (const AttemptRecord& attempt : document.attempts) {
    if (attempt.manifest.empty()) continue;
    {
      const std::lock_guard lock(mutex_);
      if (!read_.insert(attempt.attempt).second) continue;
    }
    const auto manifest = LoadManifest(ManifestPath(state_root_, attempt.attempt), attempt.manifest);
    const std::lock_guard lock(mutex_);
    if (!manifest) {
      read_.erase(attempt.attempt);
      continue;
    }
    const auto objects = ObjectsOf(*manifest);
    there_.insert(objects.begin(), objects.end());
  }
}

bool CanvasStore::Has(const std::string& object) const {
  const std::lock_guard lock(mutex_);
  return there_.contains(object);
}

// --- From the store ---

Result<Moved> CanvasStore::Bring(const CallContext& context) {
  std::error_code ignored;
  fs::remove_all(state_root_ + "/fetch", ignored);
  const auto id = CanvasId();
  if (!id && id.error().code == Code::kNotFound) return Moved{};  // nothing has run yet, nowhere
  if (!id) return std::unexpected(id.error());
  EASEL_RETURN_IF_ERROR(LoadBase());
  EASEL_RETURN_IF_ERROR(LoadRemote(context, *id));
  if (remote_.generation == 0) return Moved{};
  EASEL_TRY(const auto metadata, OpenSqliteMetadata(state_root_ + "/" + std::string(kMetadataFile)));
  EASEL_TRY(const MetadataDocument all, metadata->Export());
  EASEL_TRY(const MetadataDocument merged, MergeMetadata(base_, all, remote_.document));
  // Every attempt that the database names has its manifest: files first, rows last.
  EASEL_TRY(Moved moved, BringAttempts(context, *id, merged));
  moved.stored = true;
  FaultPoint("store.before_rows");
  if (!(merged == all))
    EASEL_RETURN_IF_ERROR(
        metadata->CommitNow({ReplaceAll{std::make_shared<const MetadataDocument>(merged)}}));
  FaultPoint("store.after_rows");
  EASEL_RETURN_IF_ERROR(BringFiles(context, *id, all, merged, moved));
  Remember(remote_.document);
  base_ = remote_.document;
  base_generation_ = remote_.generation;
  EASEL_RETURN_IF_ERROR(SaveBase());
  return moved;
}

Result<Moved> CanvasStore::BringAttempts(const CallContext& context, const std::string& id,
                                         const MetadataDocument& document) {
  Moved moved;
  std::unordered_set<std::string> in_store;
  for (const AttemptRecord& attempt : remote_.document.attempts) in_store.insert(attempt.attempt);
  std::vector<const AttemptRecord*> missing;
  for (const AttemptRecord& attempt : document.attempts) {
    if (!in_store.contains(attempt.attempt)) continue;
    const std::string last = attempt.manifest.empty() ? JournalPath(state_root_, attempt.attempt)
                                                      : ManifestPath(state_root_, attempt.attempt);
    if (!IsThere(last)) missing.push_back(&attempt);
  }
  EASEL_RETURN_IF_ERROR(
      InParallel(context, missing, [&](const CallContext& inner, const AttemptRecord* attempt) -> Status {
        const std::string folder = AttemptFolder(state_root_, attempt->attempt);
        const std::string key = Key(id, "attempts/" + attempt->attempt);
        EASEL_RETURN_IF_ERROR(MakeDirectories(folder));
        if (const std::string journal = JournalPath(state_root_, attempt->attempt); !IsThere(journal)) {
          const std::string beside = journal + "." + RandomBase32(8);
          const auto got = store_->GetFile(inner, key + "/journal", beside);
          if (!got && got.error().code != Code::kNotFound) return std::unexpected(got.error());
          if (got && ::rename(beside.c_str(), journal.c_str()) != 0)
            return FailErrno("save " + journal, errno);
        }
        if (attempt->manifest.empty()) return {};
        auto text = store_->Get(inner, key + "/manifest.json", {.max_bytes = kMostStateBytes});
        if (!text && text.error().code != Code::kNotFound) return std::unexpected(text.error());
        if (!text || DigestOf(text->bytes) != attempt->manifest)
          return Fail(
              Code::kDataLoss, "STORE_DAMAGED",
              store_->name() + "/" + key +
                  "/manifest.json: " + (text ? "is not what its digest says" : "is missing") +
                  "; run the block on a machine that has its results, with --store, to put it there again");
        const Status written = WriteFileAtomically(ManifestPath(state_root_, attempt->attempt), text->bytes,
                                                   {.create_only = true, .mode = 0444});
        if (!written && written.error().code != Code::kAlreadyExists) return written;
        const std::lock_guard lock(mutex_);
        ++moved.attempts;
        return {};
      }));
  return moved;
}

Status CanvasStore::BringFiles(const CallContext& context, const std::string& id,
                               const MetadataDocument& before, const MetadataDocument& now, Moved& moved) {
  // What attempts of this folder made: a file with such a content may be replaced, whatever else is a person's.
  std::set<std::pair<std::string, std::string>> made;
  for (const AttemptRecord& attempt : before.attempts)
    if (!attempt.manifest.empty())
      if (const auto manifest = LoadManifest(ManifestPath(state_root_, attempt.attempt), attempt.manifest))
        for (const auto& file : manifest->files.written) made.insert(file);
  for (const BlockRecord& block : now.blocks) {
    if (block.published_attempt.empty()) continue;
    const auto manifest =
        LoadManifest(ManifestPath(state_root_, block.published_attempt), block.published_manifest);
    if (!manifest) continue;
    for (const auto& [path, digest] : manifest->files.written) {
      if (!IsDigest(digest) || path.starts_with("../") || !CheckKey(path)) continue;
      const std::string target = canvas_root_ + "/files/" + path;
      const auto here = DigestOfFile(target);
      if (here && *here == digest) continue;
      if (here && !made.contains({path, *here})) {
        moved.notes.push_back("files/" + path + " was left as it is: it is not what block `" + block.block +
                              "` wrote, nor what any block here did");
        continue;
      }
      const std::string folder = state_root_ + "/fetch", beside = folder + "/" + RandomBase32(16);
      EASEL_RETURN_IF_ERROR(MakeDirectories(folder));
      const auto got = store_->GetFile(context, Key(id, "files/" + path), beside);
      if (!got && got.error().code != Code::kNotFound) return std::unexpected(got.error());
      const auto arrived = got ? DigestOfFile(beside) : Result<std::string>("");
      if (!arrived || *arrived != digest) {
        ::unlink(beside.c_str());
        moved.notes.push_back(
            "files/" + path + " of block `" + block.block +
            "` is not in the store as it was written: the block runs again when it is needed");
        continue;
      }
      EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(target)));
      if (::rename(beside.c_str(), target.c_str()) != 0) return FailErrno("save " + target, errno);
    }
  }
  return {};
}

Result<Moved> CanvasStore::Fetch(const CallContext& context, const std::vector<std::string>& objects) {
  Moved moved;
  EASEL_TRY(const std::string id, CanvasId());
  EASEL_RETURN_IF_ERROR(
      InParallel(context, objects, [&](const CallContext& inner, const std::string& object) {
        return FetchOne(inner, id, object, moved);
      }));
  return moved;
}

Status CanvasStore::FetchOne(const CallContext& context, const std::string& id, const std::string& object,
                             Moved& moved) {
  if (!IsDigest(object))
    return Fail(Code::kInvalidArgument, "STATE_DAMAGED", object + " is no object's name");
  const std::string target = ObjectPath(state_root_, object);
  {
    std::unique_lock lock(mutex_);
    while (coming_.contains(target)) {
      if (context.stop.stop_requested()) return Fail(Code::kCancelled, "CANCELLED", target + ": stopped");
      came_.wait_for(lock, std::chrono::milliseconds(50));
    }
    if (IsThere(target)) return {};
    coming_.insert(target);
  }
  const auto fetch = [&]() -> Status {
    const std::string folder = state_root_ + "/fetch", beside = folder + "/" + RandomBase32(16);
    const std::string key = Key(id, "objects/" + object.substr(0, 2) + "/" + object);
    const auto damaged = [&](const std::string& how) {
      return Fail(Code::kDataLoss, "STORE_DAMAGED",
                  store_->name() + "/" + key + ": " + how + "; run the block that made it with --force");
    };
    EASEL_RETURN_IF_ERROR(MakeDirectories(folder));
    const auto got = store_->GetFile(context, key, beside);
    if (!got && got.error().code == Code::kNotFound) return damaged("this state object is missing");
    if (!got) return std::unexpected(got.error());
    const auto take = [&]() -> Status {
      EASEL_TRY(const ObjectFile file, ObjectFile::Open(beside));
      EASEL_RETURN_IF_ERROR(file.Verify(object));
      if (::fchmod(file.fd(), 0444) != 0 || ::fsync(file.fd()) != 0)
        return FailErrno("save " + beside, errno);
      EASEL_RETURN_IF_ERROR(MakeDirectories(ParentOf(target)));
      if (::rename(beside.c_str(), target.c_str()) != 0) return FailErrno("save " + target, errno);
      struct stat info{};
      if (::lstat(target.c_str(), &info) == 0) objects_.Remember(state_root_, object, info);
      return {};
    };
    Status taken = take();
    if (!taken) ::unlink(beside.c_str());
    if (!taken && taken.error().code == Code::kDataLoss) return damaged("is not what its name says");
    if (!taken) return taken;
    const std::lock_guard lock(mutex_);
    ++moved.objects;
    moved.bytes += got->size_bytes;
    return {};
  };
  Status fetched = fetch();
  const std::lock_guard lock(mutex_);
  coming_.erase(target);
  came_.notify_all();
  return fetched;
}

Result<std::vector<std::string>> CanvasStore::Missing(bool all) const {
  auto metadata = OpenSqliteMetadata(state_root_ + "/" + std::string(kMetadataFile), true);
  if (!metadata && metadata.error().code == Code::kNotFound) return std::vector<std::string>{};
  if (!metadata) return std::unexpected(metadata.error());
  EASEL_TRY(const MetadataDocument document, (*metadata)->Export());
  std::set<std::string> published;
  for (const BlockRecord& block : document.blocks) published.insert(block.published_attempt);
  std::set<std::string> out;
  for (const AttemptRecord& attempt : document.attempts) {
    if (attempt.manifest.empty() || (!all && !published.contains(attempt.attempt))) continue;
    EASEL_TRY(const Manifest manifest,
              LoadManifest(ManifestPath(state_root_, attempt.attempt), attempt.manifest));
    for (const std::string& object : ObjectsOf(manifest))
      if (!IsThere(ObjectPath(state_root_, object))) out.insert(object);
  }
  return std::vector<std::string>(out.begin(), out.end());
}

// --- What a store has ---

std::function<bool(const std::string& object)> ElsewhereOf(std::shared_ptr<const CanvasStore> store) {
  if (store == nullptr) return {};
  return [store = std::move(store)](const std::string& object) { return store->Has(object); };
}

Result<std::vector<StoredCanvasName>> CanvasStore::Canvases(const CallContext& context) {
  ObjectStore& store = *store_;
  EASEL_TRY(const Listing listing, ListAll(store, context, {.prefix = "canvases/", .shallow = true}));
  std::vector<StoredCanvasName> out;
  for (const std::string& folder : listing.folders) {
    const auto content = store.Get(context, folder + "state.json", {.max_bytes = kMostStateBytes});
    if (!content && content.error().code == Code::kNotFound) continue;
    if (!content) return std::unexpected(content.error());
    const auto state = ReadStoredState(content->bytes, store.name() + "/" + folder + "state.json");
    if (!state) continue;
    StoredCanvasName& named = out.emplace_back(state->canvas, state->name);
    for (const auto& run : state->document.runs)
      named.updated_ms = std::max(named.updated_ms, run.run.finished_ms);
  }
  return out;
}

}  // namespace easel
