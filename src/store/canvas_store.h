// A canvas's state in an object store: what goes there, in which order, and how it comes back (docs/formats/store.md).
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/error.h"
#include "blob/object_store.h"
#include "executor/object_cache.h"
#include "metadata/metadata_document.h"
#include "state/manifest.h"

namespace easel {

/// What the store's `state.json` of a canvas says.
struct StoredState {
  std::string canvas;  ///< id
  std::string name;    ///< of the canvas, for people
  MetadataDocument document;
};

/// Errors: kInvalidArgument, naming `where` and the field; kFailedPrecondition STORE_NEWER (a newer format).
Result<StoredState> ReadStoredState(std::string_view text, const std::string& where);
std::string WriteStoredState(const StoredState& state);

/// What was moved, for people.
struct Moved {
  bool stored = false;  ///< the store has something of this canvas
  std::int64_t attempts = 0;
  std::int64_t objects = 0;
  std::int64_t bytes = 0;          ///< of objects, over the wire
  std::vector<std::string> notes;  ///< what a person should know, each a sentence
};

/// What was removed from a store, and what stayed there of the same kind.
struct Removed {
  std::int64_t objects = 0, bytes = 0;
  std::int64_t kept_objects = 0, kept_bytes = 0;
};

/// A canvas that a store has, for who must choose.
struct StoredCanvasName {
  std::string id, name;
  std::int64_t updated_ms = 0;  ///< when its newest run ended, Unix time
};

/// Is this object where Fetch gets it from? Empty without a store: nowhere.
class CanvasStore;
std::function<bool(const std::string& object)> ElsewhereOf(std::shared_ptr<const CanvasStore> store);

/// One canvas's folder and one object store. The folder's `.easel/` is where results are made and read; the store has what
/// all machines share. Thread-safe, but Bring and Keep are for one caller at a time.
///
/// Whatever the store's `state.json` names is in the store before it is named: objects, then journals, then manifests, then,
/// on the condition that nobody else wrote meanwhile, `state.json`. So a process may end at any moment: what it had not named
/// yet is only in its folder, and goes up the next time.
class CanvasStore {
 public:
  /// `canvas_root` is the canvas's folder.
  CanvasStore(std::shared_ptr<ObjectStore> store, std::string canvas_root);

  std::string name() const { return store_->name(); }

  /// Make the folder know what the store has: its database, manifests, journals, and files that blocks wrote; objects come when
  /// they are needed. What only the folder has stays. The caller holds the canvas's lock, and has no engine.
  ///
  /// A file of the canvas is replaced only if a block's attempt made it, and a later one made another.
  ///
  /// Errors: kDataLoss STORE_DAMAGED (something is missing there, or not what its digest says); kFailedPrecondition
  /// STORE_DIVERGED; those of the store and of the database.
  Result<Moved> Bring(const CallContext& context);

  /// Is this object in the store, so that Fetch brings it? As of the last Bring and Keep.
  bool Has(const std::string& object) const;

  /// Bring objects into the folder, each once however many callers want it, checked against their names.
  ///
  /// Errors: kDataLoss STORE_DAMAGED, naming the object; those of the store.
  Result<Moved> Fetch(const CallContext& context, const std::vector<std::string>& objects);

  /// Make the store have all that has ended here. `metadata` is the canvas's database, which an engine may be using.
  ///
  /// Errors: as Bring; kAborted STORE_BUSY (others write again and again).
  Result<Moved> Keep(const CallContext& context, MetadataStore& metadata);

  /// Remove the state objects of this canvas that no attempt of the store's `state.json` needs, and that nobody has written or
  /// touched for `unused_ms` by the store's clock. Safe beside machines that keep something, as long as each needs less time
  /// than that from its first object to its `state.json`: who uses an old object again touches it before.
  ///
  /// Errors: kDataLoss STORE_DAMAGED, before anything is removed; those of the store.
  Result<Removed> RemoveUnused(const CallContext& context, std::int64_t unused_ms);

  /// All canvases that the store has, not this one only.
  Result<std::vector<StoredCanvasName>> Canvases(const CallContext& context);

  /// Objects that the published attempts need (`all`: every attempt) and that are not in the folder.
  Result<std::vector<std::string>> Missing(bool all) const;

 private:
  struct Remote {
    bool known = false;
    Generation generation = 0;
    MetadataDocument document;
  };
  Result<std::string> CanvasId() const;
  std::string Key(const std::string& id, std::string_view rest) const;
  Status LoadBase();
  Status SaveBase();
  Status LoadRemote(const CallContext& context, const std::string& id);
  Result<Moved> BringAttempts(const CallContext& context, const std::string& id,
                              const MetadataDocument& document);
  Status BringFiles(const CallContext& context, const std::string& id, const MetadataDocument& before,
                    const MetadataDocument& now, Moved& moved);
  Status FetchOne(const CallContext& context, const std::string& id, const std::string& object, Moved& moved);
  Status KeepAttempts(const CallContext& context, const std::string& id, MetadataDocument& merged,
                      Moved& moved);
  Status KeepObject(const CallContext& context, const std::string& key, const std::string& object,
                    Moved& moved);
  /// From the folder, or from the store, checked either way.
  Result<Manifest> ManifestOf(const CallContext& context, const std::string& id,
                              const AttemptRecord& attempt);
  Status KeepFiles(const CallContext& context, const std::string& id, const MetadataDocument& document,
                   Moved& moved);
  void Remember(const MetadataDocument& document);

  const std::shared_ptr<ObjectStore> store_;
  const std::string canvas_root_, state_root_;
  ObjectCache objects_;

  MetadataDocument base_;  ///< what folder and store both had, the last time that they had the same
  Generation base_generation_ = 0;
  bool base_loaded_ = false;
  Remote remote_;

  mutable std::mutex mutex_;               ///< guards what follows, and the sums in Moved
  std::unordered_set<std::string> there_;  ///< objects that the store's state.json names
  std::unordered_set<std::string> read_;   ///< attempts whose objects are in `there_`
  std::set<std::string> coming_;
  std::condition_variable came_;
};

}  // namespace easel
