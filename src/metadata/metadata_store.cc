#include "metadata/metadata_store.h"

#include <future>

namespace easel {

std::string_view AttemptStatusName(AttemptStatus status) {
  switch (status) {
    case AttemptStatus::kQueued: return "queued";
    case AttemptStatus::kRunning: return "running";
    case AttemptStatus::kSucceeded: return "succeeded";
    case AttemptStatus::kFailed: return "failed";
    case AttemptStatus::kCancelled: return "cancelled";
    case AttemptStatus::kLost: return "lost";
    case AttemptStatus::kSuperseded: return "superseded";
  }
  return "unknown";
}

Status MetadataStore::CommitNow(Batch batch) {
  std::promise<Status> promise;
  std::future<Status> outcome = promise.get_future();
  Commit(std::move(batch), [&promise](Status status) { promise.set_value(std::move(status)); });
  return outcome.get();
}

}  // namespace easel
