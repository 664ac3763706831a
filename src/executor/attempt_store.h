// The files of one attempt: its folder and staging area before it runs, its objects and manifest after.
//
// All functions block and belong on the WorkPool. Any error whose reason is DISK_FULL fails the attempt as `disk_full`.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "executor/attempt_journal.h"
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

/// The kind of failure that `error` is: a full disk, a limit of it, or `otherwise`.
std::string_view FailureKindOf(const Error& error, std::string_view otherwise);

/// The attempt's places; nothing is made.
AttemptFiles NameFiles(const AttemptSpec& spec);

/// An attempt runs once: one that has a journal already is refused.
///
/// Errors: kAlreadyExists ATTEMPT_EXISTS.
Status CheckIsNew(const AttemptSpec& spec, const AttemptFiles& files);

/// Make the staging area and the working folder: all that the worker needs.
///
/// Errors: as mkdir gives them.
Status MakeStaging(const AttemptSpec& spec, AttemptFiles& files);

/// Make the attempt's folder, where the journal goes.
Status MakeAttemptFolder(const AttemptSpec& spec, const AttemptFiles& files);

/// The objects that `load` reaches and that were not verified as they are now. Costs one stat each.
///
/// Errors: kDataLoss STATE_DAMAGED (missing, no file), naming the file and the block that makes it anew.
Result<std::vector<NeededObject>> FindUnverified(const AttemptSpec& spec, ObjectCache& cache);

/// Read and verify these objects, as fast as the disk and SHA-256 are. `stop` gives up.
///
/// Errors: kDataLoss STATE_DAMAGED; kCancelled.
Status VerifyNeeded(const AttemptSpec& spec, const std::vector<NeededObject>& objects, ObjectCache& cache,
                    const std::atomic<bool>& stop);

/// Make the names in the attempt's folder, and its own, durable.
Status SyncFolders(const AttemptSpec& spec, const AttemptFiles& files);

struct ManifestFacts {
  std::int64_t started_ms = 0, finished_ms = 0;
  json::object phases_ms;
  std::int64_t peak_memory_bytes = 0;
};

/// The manifest's text: what the worker said plus what the executor knows.
std::string ManifestText(const AttemptSpec& spec, const AttemptResult& result, const ManifestFacts& facts);

/// Make durable what a success leaves: its journal, its objects (read-only, each checked to be what its name says), and
/// last its manifest.json with the text `manifest`, create-only. Objects of more than 64 MiB are checked but for their
/// data, which their writer has just hashed. All of them are stamped.
///
/// Errors: kDataLoss OBJECT_DAMAGED (a staged file is missing, not a plain file, or has another digest).
Status StoreResult(const AttemptSpec& spec, const AttemptFiles& files, const AttemptResult& result,
                   const std::string& manifest, AttemptJournal& journal, ObjectCache& cache);

/// Remove the attempt's staging area.
void RemoveStaging(AttemptFiles& files);

/// Remove staging areas of the canvas that no executor holds.
void RemoveAbandonedStaging(const std::string& state_root);

}  // namespace easel
