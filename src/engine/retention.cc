#include "engine/retention.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <climits>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <unordered_map>

#include "state/manifest.h"

namespace easel {
namespace {

namespace fs = std::filesystem;

bool IsOpen(const AttemptRecord& attempt) {
  return attempt.status == AttemptStatus::kQueued || attempt.status == AttemptStatus::kRunning;
}

std::int64_t AllocatedBytes(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_blocks * 512 : 0;
}

/// Disk space of the files in a folder and one level below, which is all that `.easel` has.
std::int64_t FolderBytes(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  std::int64_t out = 0;
  while (folder) {
    const dirent* entry = ::readdir(folder.get());
    if (entry == nullptr) break;
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (entry->d_type == DT_DIR) {
      out += FolderBytes(path + "/" + std::string(name));
      continue;
    }
    struct stat info{};
    if (::fstatat(::dirfd(folder.get()), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0)
      out += info.st_blocks * 512;
  }
  return out;
}

/// What the attempts that stay need on the disk, as long as one after the other is let go.
class Needs {
 public:
  explicit Needs(std::string root) : root_(std::move(root)) {}

  void Add(const std::string& attempt) {
    Attempt& added = attempts_[attempt];
    added.bytes = FolderBytes(AttemptFolder(root_, attempt));
    total_ += added.bytes;
    const auto manifest = LoadManifest(ManifestPath(root_, attempt), "");
    if (!manifest) return;  // failed; or damaged: then no object is collected
    for (const auto& [id, slot] : manifest->state.slots) {
      added.objects.insert(slot.object);
      added.objects.insert(slot.objects.begin(), slot.objects.end());
    }
    for (const std::string& object : added.objects) {
      Object& used = objects_[object];
      if (used.users++ == 0) total_ += used.bytes = AllocatedBytes(ObjectPath(root_, object));
    }
  }

  void Drop(const std::string& attempt) {
    const auto found = attempts_.find(attempt);
    if (found == attempts_.end()) return;
    total_ -= found->second.bytes;
    for (const std::string& object : found->second.objects)
      if (Object& used = objects_[object]; --used.users == 0) total_ -= used.bytes;
    attempts_.erase(found);
  }

  std::int64_t total_bytes() const { return total_; }

 private:
  struct Attempt {
    std::int64_t bytes = 0;
    std::set<std::string> objects;
  };
  struct Object {
    std::int64_t bytes = 0;
    int users = 0;
  };
  const std::string root_;
  std::unordered_map<std::string, Attempt> attempts_;
  std::unordered_map<std::string, Object> objects_;
  std::int64_t total_ = 0;
};

struct Decision {
  std::vector<std::string> keep, forget;  ///< attempts
  std::vector<std::string> runs;          ///< to forget
  bool under_way = false, over_limit = false;
};

Result<Decision> Decide(const std::string& root, MetadataStore& metadata, const RetentionOptions& options) {
  EASEL_TRY(const MetadataSnapshot snapshot, metadata.Load());
  EASEL_TRY(const std::vector<AttemptRecord> history, metadata.History("", INT_MAX));
  Decision out;
  out.under_way = !snapshot.open_attempts.empty();
  std::set<std::string> published;
  for (const BlockRecord& block : snapshot.blocks)
    if (!block.published_attempt.empty()) published.insert(block.published_attempt);
  struct Counts {
    std::int64_t all = 0, good = 0;
  };
  std::map<std::string, Counts> counts;
  std::vector<const AttemptRecord*> staying;  // newest first
  for (const AttemptRecord& attempt : history) {
    Counts& count = counts[attempt.block];
    const bool recent = ++count.all <= options.keep;
    const bool good = attempt.status == AttemptStatus::kSucceeded && ++count.good <= options.keep;
    if (out.under_way || recent || good || IsOpen(attempt) || published.contains(attempt.attempt))
      staying.push_back(&attempt);
    else
      out.forget.push_back(attempt.attempt);
  }
  Needs needs(root);
  std::set<std::string> keep = published;  // also those whose own rows were lost
  for (const AttemptRecord* attempt : staying) keep.insert(attempt->attempt);
  for (const std::string& attempt : keep) needs.Add(attempt);
  if (!out.under_way)
    for (auto oldest = staying.rbegin(); oldest != staying.rend(); ++oldest) {
      if (needs.total_bytes() <= options.max_bytes) break;
      const std::string& attempt = (*oldest)->attempt;
      if (IsOpen(**oldest) || published.contains(attempt)) continue;
      needs.Drop(attempt);
      keep.erase(attempt);
      out.forget.push_back(attempt);
    }
  out.over_limit = needs.total_bytes() > options.max_bytes;
  out.keep.assign(keep.begin(), keep.end());

  std::set<std::string> runs_kept;
  for (const std::string& attempt : keep) runs_kept.insert(attempt.substr(0, attempt.find('/')));
  EASEL_TRY(const std::vector<RunRecord> runs, metadata.Runs(INT_MAX));
  // Newest first: a run comes before the one from whose results it began.
  for (std::size_t i = 0; i < runs.size(); ++i) {
    if (i < kKeptRuns || runs[i].finished_ms == 0 || runs_kept.contains(runs[i].run))
      runs_kept.insert(runs[i].at);
    else
      out.runs.push_back(runs[i].run);
  }
  return out;
}

}  // namespace

Result<Retained> ApplyRetention(const std::string& state_root, MetadataStore& metadata,
                                const RetentionOptions& options) {
  EASEL_TRY(Decision decision, Decide(state_root, metadata, options));
  Retained out{.forgotten = decision.forget.size(),
               .runs = decision.runs.size(),
               .under_way = decision.under_way,
               .over_limit = decision.over_limit};
  std::vector<std::string> analyses;
  if (!options.sources.empty()) {
    EASEL_TRY(analyses, metadata.AnalysedSources());
    const std::set<std::string> today(options.sources.begin(), options.sources.end());
    std::erase_if(analyses, [&](const std::string& digest) { return today.contains(digest); });
    out.analyses = analyses.size();
  }
  CollectOptions collect{.keep = decision.keep, .now_ms = options.now_ms, .dry_run = options.dry_run};
  // Every writer is an open attempt, and no new one can begin while our caller holds the lock.
  if (!decision.under_way) collect.grace_ms = 0;
  Batch batch;
  if (!decision.forget.empty()) batch.push_back(ForgetAttempts{std::move(decision.forget)});
  if (!decision.runs.empty()) batch.push_back(ForgetRuns{std::move(decision.runs)});
  if (!analyses.empty()) batch.push_back(ForgetAnalyses{std::move(analyses)});
  if (!options.dry_run && !batch.empty()) EASEL_RETURN_IF_ERROR(metadata.CommitNow(std::move(batch)));
  EASEL_TRY(out.collected, CollectGarbage(state_root, collect));
  return out;
}

Result<bool> RetentionIsDue(const std::string& state_root, MetadataStore& metadata,
                            const RetentionOptions& options) {
  EASEL_TRY(const std::int64_t most, metadata.MostAttempts());
  if (most > 2 * options.keep) return true;
  return FolderBytes(state_root + "/objects") + FolderBytes(state_root + "/attempts") > options.max_bytes;
}

}  // namespace easel
