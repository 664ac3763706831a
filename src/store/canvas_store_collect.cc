// Removing what no attempt in the store's state.json needs any more.
#include <unordered_set>

#include "base/digest.h"
#include "state/manifest.h"
#include "store/attempt_files.h"
#include "store/canvas_store.h"

namespace easel {
namespace {

constexpr std::int64_t kMostManifestBytes = std::int64_t{1} << 30;
constexpr std::size_t kAtOnce = 1000;

}  // namespace

Result<Manifest> CanvasStore::ManifestOf(const CallContext& context, const std::string& id,
                                         const AttemptRecord& attempt) {
  auto here = LoadManifest(ManifestPath(state_root_, attempt.attempt), attempt.manifest);
  if (here) return here;
  const std::string key = Key(id, "attempts/" + attempt.attempt + "/manifest.json");
  EASEL_TRY(const ObjectContent there, store_->Get(context, key, {.max_bytes = kMostManifestBytes}));
  if (DigestOf(there.bytes) != attempt.manifest)
    return Fail(Code::kDataLoss, "STORE_DAMAGED",
                store_->name() + "/" + key + ": is not what its digest says");
  return ParseManifest(there.bytes, store_->name() + "/" + key);
}

Result<Removed> CanvasStore::RemoveUnused(const CallContext& context, std::int64_t unused_ms) {
  Removed removed;
  EASEL_TRY(const std::string id, CanvasId());
  // What time it is where `updated_ms` comes from.
  const auto now = store_->Touch(context, Key(id, "state.json"));
  if (!now && now.error().code == Code::kNotFound) return removed;
  if (!now) return std::unexpected(now.error());
  // First what is there, then what is named: what somebody names after the listing was touched or written before, so that it is
  // young, or has another metageneration than here.
  EASEL_TRY(const Listing there, ListAll(*store_, context, {.prefix = Key(id, "objects/")}));
  EASEL_RETURN_IF_ERROR(LoadBase());
  EASEL_RETURN_IF_ERROR(LoadRemote(context, id));
  std::unordered_set<std::string> named;
  for (const AttemptRecord& attempt : remote_.document.attempts) {
    if (attempt.manifest.empty()) continue;
    EASEL_TRY(const Manifest manifest, ManifestOf(context, id, attempt));
    for (const std::string& object : ObjectsOf(manifest)) named.insert(object);
  }
  std::vector<Deletion> going;
  std::vector<std::int64_t> sizes;
  for (const ObjectInfo& object : there.objects) {
    const std::string name = object.key.substr(object.key.rfind('/') + 1);
    if (!IsDigest(name)) continue;  // nothing of ours
    if (named.contains(name) || now->updated_ms - object.updated_ms < unused_ms) {
      ++removed.kept_objects;
      removed.kept_bytes += object.size_bytes;
      continue;
    }
    going.push_back(
        {.key = object.key, .if_generation = object.generation, .if_metageneration = object.metageneration});
    sizes.push_back(object.size_bytes);
  }
  for (std::size_t at = 0; at < going.size(); at += kAtOnce) {
    const auto end = std::min(going.size(), at + kAtOnce);
    const std::vector<Deletion> some(going.begin() + static_cast<std::ptrdiff_t>(at),
                                     going.begin() + static_cast<std::ptrdiff_t>(end));
    const std::vector<Status> done = store_->DeleteAll(context, some);
    for (std::size_t i = 0; i < done.size(); ++i) {
      if (!done[i] && done[i].error().code != Code::kNotFound &&
          done[i].error().code != Code::kFailedPrecondition)
        return std::unexpected(done[i].error());
      if (!done[i]) continue;  // somebody uses it again, or was faster
      ++removed.objects;
      removed.bytes += sizes[at + i];
    }
  }
  return removed;
}

}  // namespace easel
