// A canvas's state on its way into the store: objects, journals, manifests, files, and last what names them.
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/digest.h"
#include "base/fault.h"
#include "base/file.h"
#include "canvas/reader.h"
#include "state/manifest.h"
#include "store/attempt_files.h"
#include "store/canvas_store.h"
#include "store/in_parallel.h"

namespace easel {
namespace {

constexpr int kMostRounds = 8;

std::string NameOf(const std::string& canvas_root) {
  const auto canvas = ReadCanvas(canvas_root);
  return canvas ? canvas->name : std::filesystem::path(canvas_root).filename().string();
}

}  // namespace

Result<Moved> CanvasStore::Keep(const CallContext& context, MetadataStore& metadata) {
  Moved moved;
  EASEL_TRY(const std::string id, CanvasId());
  EASEL_RETURN_IF_ERROR(LoadBase());
  EASEL_TRY(const MetadataDocument all, metadata.Export());
  const MetadataDocument ours = WhatHasEnded(all);
  if (!remote_.known) EASEL_RETURN_IF_ERROR(LoadRemote(context, id));
  for (int round = 0; round < kMostRounds; ++round) {
    EASEL_TRY(MetadataDocument merged, MergeMetadata(base_, ours, remote_.document));
    EASEL_RETURN_IF_ERROR(KeepAttempts(context, id, merged, moved));
    if (!(merged == remote_.document)) {
      FaultPoint("store.before_state");
      const auto put =
          store_->Put(context, Key(id, "state.json"),
                      WriteStoredState({.canvas = id, .name = NameOf(canvas_root_), .document = merged}),
                      {.if_generation = remote_.generation, .content_type = "application/json"});
      FaultPoint("store.after_state");
      if (!put && put.error().reason == "GENERATION_MISMATCH") {
        EASEL_RETURN_IF_ERROR(LoadRemote(context, id));
        continue;
      }
      if (!put) return std::unexpected(put.error());
      remote_.generation = put->generation;
      remote_.document = merged;
    }
    Remember(merged);
    // What another machine did meanwhile is taken over by the next Bring: until then both did not have the same.
    if (merged == ours) {
      base_ = merged;
      base_generation_ = remote_.generation;
      EASEL_RETURN_IF_ERROR(SaveBase());
    }
    return moved;
  }
  return Fail(
      Code::kAborted, "STORE_BUSY",
      store_->name() + ": other machines write this canvas's state again and again; `easel push` tries anew");
}

Status CanvasStore::KeepAttempts(const CallContext& context, const std::string& id, MetadataDocument& merged,
                                 Moved& moved) {
  std::unordered_set<std::string> in_store;
  for (const AttemptRecord& attempt : remote_.document.attempts) in_store.insert(attempt.attempt);
  std::set<std::string> objects, gone;
  std::vector<const AttemptRecord*> fresh;
  for (const AttemptRecord& attempt : merged.attempts) {
    if (in_store.contains(attempt.attempt)) continue;
    fresh.push_back(&attempt);
    if (attempt.manifest.empty()) continue;
    const auto manifest = LoadManifest(ManifestPath(state_root_, attempt.attempt), attempt.manifest);
    std::vector<std::string> needed = manifest ? ObjectsOf(*manifest) : std::vector<std::string>();
    std::erase_if(needed, [&](const std::string& object) { return Has(object); });
    const bool whole = manifest && std::ranges::all_of(needed, [&](const std::string& object) {
                         return objects_.Verify(state_root_, object).has_value();
                       });
    if (whole) {
      objects.insert(needed.begin(), needed.end());
      continue;
    }
    // Damaged here: nothing must name it there.
    const bool stands =
        std::ranges::count(merged.blocks, attempt.attempt, &BlockRecord::published_attempt) > 0;
    if (stands)
      return Fail(Code::kDataLoss, "STATE_DAMAGED",
                  "what block `" + attempt.block + "` left is damaged here, so that nothing was put into " +
                      store_->name() + "; run the block, then `easel push`");
    gone.insert(attempt.attempt);
    fresh.pop_back();
  }
  const std::vector<std::string> to_send(objects.begin(), objects.end());
  EASEL_RETURN_IF_ERROR(
      InParallel(context, to_send, [&](const CallContext& inner, const std::string& object) {
        return KeepObject(inner, Key(id, "objects/" + object.substr(0, 2) + "/" + object), object, moved);
      }));
  FaultPoint("store.after_objects");
  const auto send = [&](const CallContext& inner, const std::string& key, const std::string& path) -> Status {
    const auto put = store_->PutFile(inner, key, path, {.if_generation = 0});
    // Ours of an earlier try: a name of an attempt is given out once, and what has it never changes.
    if (put || put.error().reason == "GENERATION_MISMATCH") return {};
    return std::unexpected(put.error());
  };
  EASEL_RETURN_IF_ERROR(
      InParallel(context, fresh, [&](const CallContext& inner, const AttemptRecord* attempt) -> Status {
        const std::string key = Key(id, "attempts/" + attempt->attempt);
        if (const std::string journal = JournalPath(state_root_, attempt->attempt); IsThere(journal))
          EASEL_RETURN_IF_ERROR(send(inner, key + "/journal", journal));
        if (!attempt->manifest.empty())
          EASEL_RETURN_IF_ERROR(
              send(inner, key + "/manifest.json", ManifestPath(state_root_, attempt->attempt)));
        const std::lock_guard lock(mutex_);
        ++moved.attempts;
        return {};
      }));
  EASEL_RETURN_IF_ERROR(KeepFiles(context, id, merged, moved));
  std::erase_if(merged.attempts,
                [&](const AttemptRecord& attempt) { return gone.contains(attempt.attempt); });
  return {};
}

Status CanvasStore::KeepObject(const CallContext& context, const std::string& key, const std::string& object,
                               Moved& moved) {
  static constexpr std::int64_t kWorthAsking = 256 << 10;
  const std::string path = ObjectPath(state_root_, object);
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) return FailErrno("stat " + path, errno);
  for (int round = 0; round < 3; ++round) {
    bool there = false;
    if (info.st_size > kWorthAsking) {
      const auto known = store_->Stat(context, key);
      if (!known && known.error().code != Code::kNotFound) return std::unexpected(known.error());
      there = known && known->size_bytes == info.st_size;
      if (known && !there) {  // nothing of ours has this name and another size
        const Status removed = store_->Delete(context, {.key = key, .if_generation = known->generation});
        if (!removed && removed.error().code != Code::kNotFound) return removed;
      }
    }
    if (!there) {
      const auto put = store_->PutFile(context, key, path, {.if_generation = 0});
      if (put) {
        const std::lock_guard lock(mutex_);
        ++moved.objects;
        moved.bytes += info.st_size;
        return {};
      }
      if (put.error().reason != "GENERATION_MISMATCH") return std::unexpected(put.error());
    }
    // It is there, and nothing names it yet: whoever collects old objects must take it for a new one.
    const auto touched = store_->Touch(context, key);
    if (touched) return {};
    if (touched.error().code != Code::kNotFound) return std::unexpected(touched.error());
  }
  return Fail(Code::kAborted, "STORE_BUSY", store_->name() + "/" + key + ": comes and goes; try again");
}

Status CanvasStore::KeepFiles(const CallContext& context, const std::string& id,
                              const MetadataDocument& document, Moved& moved) {
  std::unordered_set<std::string> known;
  for (const BlockRecord& block : remote_.document.blocks) known.insert(block.published_attempt);
  for (const BlockRecord& block : document.blocks) {
    if (block.published_attempt.empty() || known.contains(block.published_attempt)) continue;
    const auto manifest =
        LoadManifest(ManifestPath(state_root_, block.published_attempt), block.published_manifest);
    if (!manifest) continue;
    for (const auto& [path, digest] : manifest->files.written) {
      if (!IsDigest(digest) || path.starts_with("../")) continue;
      const std::string local = canvas_root_ + "/files/" + path;
      const auto here = DigestOfFile(local);
      if (!here || *here != digest) continue;  // changed since: the block is stale, and says so
      if (!CheckKey(path)) {
        moved.notes.push_back("files/" + path + " has a name that the store cannot have; it stays here");
        continue;
      }
      for (int round = 0;; ++round) {
        const auto there = store_->Stat(context, Key(id, "files/" + path));
        if (!there && there.error().code != Code::kNotFound) return std::unexpected(there.error());
        const auto put = store_->PutFile(context, Key(id, "files/" + path), local,
                                         {.if_generation = there ? there->generation : 0});
        if (put) break;
        if (put.error().reason != "GENERATION_MISMATCH" || round == 3) return std::unexpected(put.error());
      }
    }
  }
  return {};
}

}  // namespace easel
