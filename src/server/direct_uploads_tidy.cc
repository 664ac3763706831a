// What is left of direct uploads: those that nobody goes on with, and objects whose files are others now.
#include "base/log.h"
#include "server/direct_uploads.h"
#include "server/file_headers.h"

namespace easel {

void DirectUploads::Tidy() {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(jobs_, [](const auto& job) {
      const std::lock_guard ended(job.second->mutex);
      return job.second->ended.has_value();
    });
  }
  TidyUploads();
  if (bucket_.direct != nullptr) TidyFiles();
}

void DirectUploads::TidyUploads() {
  const auto old = records_.UnusedSince(clock_.UnixMs() - kAbandonedUpload_ms);
  if (!old) return Log(LogLevel::kWarning, "uploads", "looking for abandoned ones: " + old.error().message);
  for (UploadRecord record : *old) {
    if (stop_.stop_requested()) return;
    if (!record.in_bucket && !record.done) {
      // Those have their own week (Pieces).
      if (const auto root = workspace_.Find(record.canvas); root && here_.Find(*root, record.id)) continue;
    } else if (!record.session.empty() && bucket_.direct != nullptr) {
      const auto state = bucket_.direct->AskSession({stop_.get_token()}, record.session, record.bytes);
      if (state && state->kind == SessionState::Kind::kOpen && state->offset > record.offset) {
        record.offset = state->offset;  // slow, but not abandoned
        record.used_ms = clock_.UnixMs();
        (void)records_.Put(record);
        continue;
      }
    }
    if (const Status gone = Forget(record); !gone)
      Log(LogLevel::kWarning, "uploads",
          "ending the abandoned upload " + record.id + ": " + gone.error().message);
  }
}

void DirectUploads::TidyFiles() {
  const auto known = records_.Files();
  if (!known) return Log(LogLevel::kWarning, "uploads", "files in the bucket: " + known.error().message);
  for (const FileInBucket& file : *known) {
    if (stop_.stop_requested()) return;
    if (const auto root = workspace_.Find(file.canvas)) {
      const auto files = CanvasFiles::Open(*root);
      if (!files) continue;
      const auto there = files->Read(file.path);
      if (there && FileTag(there->info) == file.tag) continue;
    }
    const Status removed = bucket_.store->Delete(
        {stop_.get_token()}, {.key = file.key, .if_generation = {}, .if_metageneration = {}});
    if (removed || removed.error().code == Code::kNotFound) (void)records_.RemoveFile(file.key);
  }
}

}  // namespace easel
