// The metadata store in memory, for tests of those who use it. Commits run on the caller's thread, one at a time.

#include <algorithm>
#include <mutex>
#include <set>

#include "metadata/metadata_document.h"
#include "metadata/metadata_store.h"

namespace easel {
namespace {

struct Publication {
  std::string aside;
  StandingResult result;
};

struct Tables {
  std::vector<RunRecord> runs;  ///< in the order in which they came
  std::map<std::string, std::size_t> through;
  std::vector<Publication> publications;
  std::vector<AttemptRecord> attempts;  ///< likewise
  std::map<std::string, BlockRecord> blocks;
  std::map<std::pair<std::string, std::string>, std::string> analyses;
  std::map<std::string, std::int64_t> cursors;
  std::vector<std::map<std::string, std::string, std::less<>>> renames;

  BlockRecord& At(const std::string& name) {
    BlockRecord& block = blocks[name];
    block.block = name;
    return block;
  }

  Status operator()(const PutRun& change) {
    const auto found = std::ranges::find(runs, change.run.run, &RunRecord::run);
    found == runs.end() ? (void)runs.push_back(change.run) : (void)(*found = change.run);
    if (change.run.finished_ms != 0) through[change.run.run] = publications.size();
    return {};
  }
  Status operator()(const PutAttempt& change) {
    const auto found = std::ranges::find(attempts, change.attempt.attempt, &AttemptRecord::attempt);
    found == attempts.end() ? (void)attempts.push_back(change.attempt) : (void)(*found = change.attempt);
    return {};
  }
  Status operator()(const OpenAttempt& change) {
    BlockRecord& block = At(change.attempt.block);
    if (change.attempt.epoch != block.epoch + 1)
      return Fail(Code::kAborted, "STALE_EPOCH", "block `" + block.block + "` has another epoch");
    block.epoch = change.attempt.epoch;
    return (*this)(PutAttempt{change.attempt});
  }
  Status operator()(const Publish& change) {
    BlockRecord& block = At(change.block);
    if (change.epoch != block.epoch)
      return Fail(Code::kAborted, "STALE_EPOCH", "block `" + block.block + "` has another epoch");
    block.published_attempt = change.attempt;
    block.published_manifest = change.manifest;
    block.published_base_key = change.base_key;
    block.published_inputs = change.inputs;
    block.published_ms = change.now_ms;
    publications.push_back({"", {change.block, change.attempt, change.manifest, change.now_ms}});
    return {};
  }
  Status operator()(const PublishAside& change) {
    if (change.epoch != At(change.block).epoch)
      return Fail(Code::kAborted, "STALE_EPOCH", "block `" + change.block + "` has another epoch");
    publications.push_back({change.run, {change.block, change.attempt, change.manifest, change.now_ms}});
    return {};
  }
  Status operator()(const SetBlockOutcome& change) {
    BlockRecord& block = At(change.block);
    block.last_status = change.last_status;
    block.last_reason = change.last_reason;
    return {};
  }
  Status operator()(const PutAnalysis& change) {
    analyses[{change.source_digest, change.runtime}] = change.document;
    return {};
  }
  Status operator()(const SetCursor& change) {
    cursors[change.executor] = change.through;
    return {};
  }
  Status operator()(const ForgetAttempts& change) {
    for (const std::string& attempt : change.attempts) {
      for (const auto& [name, block] : blocks)
        if (block.published_attempt == attempt)
          return Fail(Code::kFailedPrecondition, "ATTEMPT_PUBLISHED", "attempt " + attempt + " is published");
      std::erase_if(attempts, [&](const AttemptRecord& record) { return record.attempt == attempt; });
    }
    return {};
  }
  Status operator()(const ForgetBlock& change) {
    if (const auto found = blocks.find(change.block); found != blocks.end())
      found->second = BlockRecord{.block = change.block, .epoch = found->second.epoch};
    std::erase_if(attempts, [&](const AttemptRecord& record) { return record.block == change.block; });
    for (Publication& made : publications)
      if (made.result.block == change.block) made.result = {};
    return {};
  }
  Status operator()(const RenameBlocks& change) {
    const auto uses = [&](const std::string& name) {
      const auto found = blocks.find(name);
      return (found != blocks.end() &&
              (!found->second.published_attempt.empty() || !found->second.last_status.empty())) ||
             std::ranges::count(attempts, name, &AttemptRecord::block) > 0;
    };
    std::map<std::string, BlockRecord> moved;
    for (const auto& [from, to] : change.names) {
      if (!change.names.contains(to) && uses(to))
        return Fail(Code::kFailedPrecondition, "BLOCK_NAME_TAKEN", "there are results under `" + to + "`");
      BlockRecord record = blocks.contains(from) ? blocks[from] : BlockRecord{};
      record.block = to;
      record.epoch = std::max(record.epoch, blocks.contains(to) ? blocks[to].epoch : 0);
      moved[to] = record;
    }
    for (AttemptRecord& attempt : attempts) {
      const auto name = change.names.find(attempt.block);
      if (name == change.names.end()) continue;
      const bool open = attempt.status == AttemptStatus::kQueued || attempt.status == AttemptStatus::kRunning;
      if (open && attempt.epoch == blocks[attempt.block].epoch) attempt.epoch = moved[name->second].epoch;
      attempt.block = name->second;
    }
    for (Publication& made : publications)
      if (const auto name = change.names.find(made.result.block); name != change.names.end())
        made.result.block = name->second;
    for (const auto& [from, to] : change.names)
      if (blocks.contains(from)) blocks[from] = BlockRecord{.block = from, .epoch = blocks[from].epoch};
    for (auto& [name, record] : moved)
      if (record.epoch > 0 || !record.last_status.empty()) blocks[name] = record;
    renames.push_back(change.names);
    return {};
  }
  Status operator()(const ForgetRuns& change) {
    std::erase_if(runs, [&](const RunRecord& run) { return std::ranges::count(change.runs, run.run) > 0; });
    return {};
  }
  Status operator()(const ReplaceAll& change) {
    const MetadataDocument& document = *change.document;
    runs.clear(), through.clear(), publications.clear(), blocks.clear();
    for (const auto& run : document.runs) {
      runs.push_back(run.run);
      through[run.run.run] = static_cast<std::size_t>(run.through);
    }
    for (const auto& made : document.publications) publications.push_back({made.aside, made.result});
    attempts = document.attempts;
    for (const BlockRecord& block : document.blocks) blocks[block.block] = block;
    renames = document.renames;
    return {};
  }
  Status operator()(const ForgetAnalyses& change) {
    std::erase_if(analyses, [&](const auto& entry) {
      return std::ranges::count(change.source_digests, entry.first.first) > 0;
    });
    return {};
  }
};

/// Newest first, at most `limit`.
template <typename Record, typename Wanted>
std::vector<Record> Newest(const std::vector<Record>& records, int limit, Wanted wanted) {
  std::vector<Record> out;
  for (auto record = records.rbegin(); record != records.rend() && std::ssize(out) < limit; ++record)
    if (wanted(*record)) out.push_back(*record);
  return out;
}

class FakeMetadata final : public MetadataStore {
 public:
  void Commit(Batch batch, std::function<void(Status)> done) override {
    // Two mutexes: a callback may read, and commits from other threads still wait for it, which keeps the order.
    const std::lock_guard order(committing_);
    Status status;
    {
      const std::lock_guard lock(mutex_);
      Tables changed = tables_;
      for (const Change& change : batch)
        if (status) status = std::visit(changed, change);
      if (status) tables_ = std::move(changed);
    }
    done(std::move(status));
  }

  Result<MetadataSnapshot> Load() override {
    const std::lock_guard lock(mutex_);
    MetadataSnapshot snapshot;
    for (const auto& [name, block] : tables_.blocks) snapshot.blocks.push_back(block);
    for (const AttemptRecord& attempt : tables_.attempts)
      if (attempt.status == AttemptStatus::kQueued || attempt.status == AttemptStatus::kRunning)
        snapshot.open_attempts.push_back(attempt);
    for (const RunRecord& run : tables_.runs)
      if (run.finished_ms == 0) snapshot.open_runs.push_back(run);
    snapshot.cursors = tables_.cursors;
    snapshot.renames = tables_.renames;
    return snapshot;
  }
  Result<std::optional<std::string>> FindAnalysis(const std::string& source_digest,
                                                  const std::string& runtime) override {
    const std::lock_guard lock(mutex_);
    const auto found = tables_.analyses.find({source_digest, runtime});
    if (found == tables_.analyses.end()) return std::nullopt;
    return found->second;
  }
  Result<std::vector<AttemptRecord>> FindAttempts(const std::string& block, const std::string& base_key,
                                                  int limit) override {
    const std::lock_guard lock(mutex_);
    return Newest(tables_.attempts, limit, [&](const AttemptRecord& attempt) {
      return attempt.block == block && attempt.base_key == base_key &&
             attempt.status == AttemptStatus::kSucceeded;
    });
  }
  Result<std::vector<AttemptRecord>> History(const std::string& block, int limit) override {
    const std::lock_guard lock(mutex_);
    return Newest(tables_.attempts, limit,
                  [&](const AttemptRecord& attempt) { return block.empty() || attempt.block == block; });
  }
  Result<std::vector<RunRecord>> Runs(int limit) override {
    const std::lock_guard lock(mutex_);
    return Newest(tables_.runs, limit, [](const RunRecord&) { return true; });
  }
  Result<std::vector<std::string>> AnalysedSources() override {
    const std::lock_guard lock(mutex_);
    std::set<std::string> out;
    for (const auto& [key, document] : tables_.analyses) out.insert(key.first);
    return std::vector<std::string>(out.begin(), out.end());
  }
  Result<std::int64_t> MostAttempts() override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, std::int64_t> counts;
    std::int64_t most = 0;
    for (const AttemptRecord& attempt : tables_.attempts) most = std::max(most, ++counts[attempt.block]);
    return most;
  }
  Result<MetadataDocument> Export() override {
    const std::lock_guard lock(mutex_);
    MetadataDocument out{.attempts = tables_.attempts, .renames = tables_.renames};
    std::vector<std::size_t> before;  // of each publication, how many count
    for (const Publication& made : tables_.publications) {
      before.push_back(out.publications.size());
      if (!made.result.block.empty()) out.publications.push_back({made.aside, made.result});
    }
    before.push_back(out.publications.size());
    for (const RunRecord& run : tables_.runs) {
      const auto seen = tables_.through.find(run.run);
      out.runs.push_back(
          {run, seen == tables_.through.end() ? 0 : static_cast<std::int64_t>(before[seen->second])});
    }
    for (const auto& [name, block] : tables_.blocks) out.blocks.push_back(block);
    return out;
  }
  Result<std::optional<BlockRecord>> FindBlock(const std::string& block) override {
    const std::lock_guard lock(mutex_);
    const auto found = tables_.blocks.find(block);
    if (found == tables_.blocks.end()) return std::nullopt;
    return found->second;
  }
  Result<std::optional<AttemptRecord>> FindAttempt(const std::string& attempt) override {
    const std::lock_guard lock(mutex_);
    const auto found = std::ranges::find(tables_.attempts, attempt, &AttemptRecord::attempt);
    if (found == tables_.attempts.end()) return std::nullopt;
    return *found;
  }
  Result<std::optional<std::vector<StandingResult>>> ResultsAfter(const std::string& run) override {
    const std::lock_guard lock(mutex_);
    std::map<std::string, StandingResult> results;
    for (std::string next = run; !next.empty();) {
      const auto record = std::ranges::find(tables_.runs, next, &RunRecord::run);
      if (record == tables_.runs.end() || record->finished_ms == 0) return std::nullopt;
      const std::string aside = record->at.empty() ? "" : next;
      for (std::size_t i = tables_.through.at(next); i-- > 0;) {
        const Publication& made = tables_.publications[i];
        if (made.aside == aside && !made.result.block.empty())
          results.try_emplace(made.result.block, made.result);
      }
      next = record->at;
    }
    std::vector<StandingResult> out;
    for (auto& [block, result] : results) out.push_back(std::move(result));
    return out;
  }

 private:
  std::recursive_mutex committing_;
  std::mutex mutex_;
  Tables tables_;
};

}  // namespace

std::unique_ptr<MetadataStore> MakeFakeMetadata() { return std::make_unique<FakeMetadata>(); }

}  // namespace easel
