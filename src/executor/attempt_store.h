// The files of one attempt: its folder and staging area before it runs, its objects and manifest after.
//
// All functions block and belong on the WorkPool. Any error whose reason is DISK_FULL fails the attempt as `disk_full`.
#pragma once

#include <string>

#include "base/error.h"
#include "base/file.h"
#include "executor/attempt_spec.h"
#include "executor/object_cache.h"
#include "executor/worker_message.h"

namespace easel {

/// Folders made for an attempt. `staging_fd` is held with flock for as long as an executor uses it, which tells
/// left-overs of dead executors from staging areas in use.
struct AttemptFiles {
  std::string folder;   ///< attempts/<run>/<block>.<epoch>
  std::string staging;  ///< staging/<run>_<block>.<epoch>, empty at first
  std::string working;  ///< the canvas's files/
  UniqueFd staging_fd;
};

/// Make the folders. An attempt folder that has a journal already is refused: an attempt runs once.
///
/// Errors: kAlreadyExists ATTEMPT_EXISTS; as mkdir gives them.
Result<AttemptFiles> PrepareFiles(const AttemptSpec& spec);

/// Check every object that `load` reaches.
///
/// Errors: kDataLoss STATE_DAMAGED naming the file and the block that makes it anew.
Status VerifyNeeded(const AttemptSpec& spec, ObjectCache& cache);

/// Make the names of the attempt's folders durable. Done while the block runs, off the critical path.
Status SyncFolders(const AttemptSpec& spec, const AttemptFiles& files);

struct ManifestFacts {
  std::int64_t started_ms = 0, finished_ms = 0;
  json::object phases_ms;
  std::int64_t peak_memory_bytes = 0;
};

/// The manifest's text: what the worker said plus what the executor knows.
std::string ManifestText(const AttemptSpec& spec, const AttemptResult& result, const ManifestFacts& facts);

/// Move the staged objects into the object store, durably and read-only, checking that each is what its name says.
///
/// Errors: kDataLoss OBJECT_DAMAGED (a staged file is missing, not a plain file, or has another digest).
Status StoreObjects(const AttemptSpec& spec, const AttemptFiles& files, const AttemptResult& result, ObjectCache& cache);

/// Write manifest.json durably, create-only. The objects must be stored.
Status WriteManifest(const AttemptFiles& files, const std::string& text);

/// Remove the attempt's staging area.
void RemoveStaging(AttemptFiles& files);

/// Remove staging areas of the canvas that no executor holds.
void RemoveAbandonedStaging(const std::string& state_root);

}  // namespace easel
