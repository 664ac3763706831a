// What a world looks up beside the engine's thread: environments, analyses, and what an edited canvas brings.
#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "engine/rename.h"
#include "engine/world.h"

namespace easel {
namespace {

/// Stands in a key for the digest of an environment whose packages are not known yet.
constexpr char kNotLocked[] = "not locked";

std::string DigestIn(const NamedEnvironment& named) {
  if (named.environment == nullptr) return "";
  return named.environment->locked ? named.environment->digest : kNotLocked;
}

}  // namespace

std::shared_ptr<const Canvas> World::canvas() const {
  const std::lock_guard lock(mutex_);
  return canvas_;
}

EnvironmentPtr World::EnvironmentNamed(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = environments_.find(name);
  return found == environments_.end() ? nullptr : found->second.environment;
}

EnvironmentPtr World::EnvironmentWith(const std::string& digest) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_digest_.find(digest);
  return found == by_digest_.end() ? nullptr : found->second;
}

std::vector<std::string> World::EnvironmentsToPrepare(const std::vector<std::int32_t>& blocks) const {
  const std::lock_guard lock(mutex_);
  std::set<std::string> names;
  for (const std::int32_t block : blocks) {
    const auto found = environments_.find(canvas_->EnvironmentOf(block));
    if (found == environments_.end() || found->second.environment == nullptr) continue;
    if (!found->second.environment->ready) names.insert(found->first);
  }
  return {names.begin(), names.end()};
}

Status World::PrepareEnvironment(const std::string& name,
                                 const std::function<void(std::string_view)>& progress,
                                 const std::stop_token& stop) const {
  EASEL_TRY(const Environment ready,
            easel::PrepareEnvironment(options_.environments, canvas()->root, name, progress, stop));
  return {};
}

Result<NamedEnvironments> World::ResolveEnvironments(const Canvas& canvas) const {
  NamedEnvironments out;
  for (std::size_t i = 0; i < canvas.blocks.size(); ++i) {
    if (canvas.blocks[i].kind != BlockKind::kPython || canvas.blocks[i].removed) continue;
    const std::string& name = canvas.EnvironmentOf(static_cast<std::int32_t>(i));
    if (out.contains(name)) continue;
    auto environment = ResolveEnvironment(options_.environments, canvas.root, name);
    if (environment && !environment->locked && !options_.lenient)
      environment = easel::PrepareEnvironment(options_.environments, canvas.root, name, options_.progress,
                                              options_.stop);
    if (environment)
      out[name] = {std::make_shared<const Environment>(*std::move(environment)), ""};
    else if (options_.lenient)
      out[name] = {nullptr, environment.error().message};
    else
      return std::unexpected(environment.error());
  }
  return out;
}

/// Analyses of these blocks: kept ones, and those of sources that were never seen, made by the environment's Python.
Result<std::vector<World::Reading>> World::Read(const Canvas& canvas, const std::vector<std::int32_t>& blocks,
                                                const NamedEnvironments& environments) {
  struct Missing {
    std::vector<AnalysisRequest> requests;
    std::vector<std::string> digests;
    std::vector<std::vector<std::size_t>> readings;
    std::unordered_map<std::string, std::size_t> by_digest;
  };
  std::vector<Reading> out(blocks.size());
  std::map<std::string, Missing> missing;  // by environment
  std::unordered_map<std::string, std::shared_ptr<const Analysis>> known;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const Block& block = canvas.blocks[blocks[i]];
    if (block.kind != BlockKind::kPython) continue;
    const auto named = environments.find(canvas.EnvironmentOf(blocks[i]));
    EASEL_CHECK(named != environments.end());
    out[i].environment = DigestIn(named->second);
    out[i].problem = named->second.problem;
    if (named->second.environment == nullptr) continue;
    const std::string digest = DigestOf(block.source);
    const std::string runtime = AnalysisRuntime(named->second.environment->python_minor);
    auto& shared = known[digest + runtime];
    if (shared == nullptr && store_ != nullptr) {
      EASEL_TRY(const auto document, store_->FindAnalysis(digest, runtime));
      if (document)
        if (auto analysis = ParseAnalysis(*document, "analysis of " + block.file))
          shared = std::make_shared<const Analysis>(*std::move(analysis));
    }
    if (shared != nullptr) {
      out[i].analysis = shared;
      continue;
    }
    Missing& of = missing[named->first];
    const auto [place, is_new] = of.by_digest.emplace(digest, of.requests.size());
    if (is_new) {
      of.requests.push_back({block.source, block.file});
      of.digests.push_back(digest);
      of.readings.emplace_back();
    }
    of.readings[place->second].push_back(i);
  }
  if (missing.empty()) return out;
  const auto analyzers =
      options_.analyzers != nullptr ? options_.analyzers : std::make_shared<SharedAnalyzers>();
  for (auto& [name, of] : missing) {
    const Environment& environment = *environments.find(name)->second.environment;
    const AnalyzerOptions analyzer{
        .python = environment.ready ? environment.python : options_.environments.python,
        .runtime_folder = options_.runtime_folder};
    auto together = analyzers->Analyze(analyzer, of.requests);
    if (!together && !options_.lenient) return std::unexpected(together.error());
    Batch batch;
    for (std::size_t k = 0; k < of.requests.size(); ++k) {
      // One source that cannot be analysed must not stand in the way of the others.
      auto document = together ? Result<json::value>(std::move((*together)[k])) : [&] {
        auto alone = analyzers->Analyze(analyzer, {of.requests[k]});
        return alone ? Result<json::value>(std::move(alone->front())) : std::unexpected(alone.error());
      }();
      std::string text;
      Result<Analysis> analysis = std::unexpected(Error{});
      if (document) {
        text = json::serialize(*document);
        analysis = ParseAnalysis(text, "analysis of " + of.requests[k].filename);
      } else {
        analysis = std::unexpected(document.error());
      }
      if (!analysis) {
        if (!options_.lenient) return std::unexpected(analysis.error());
        for (const std::size_t reading : of.readings[k]) out[reading].problem = analysis.error().message;
        continue;
      }
      const auto shared = std::make_shared<const Analysis>(*std::move(analysis));
      for (const std::size_t reading : of.readings[k]) out[reading].analysis = shared;
      batch.push_back(PutAnalysis{of.digests[k], AnalysisRuntime(environment.python_minor), std::move(text)});
    }
    if (!options_.read_only && store_ != nullptr && !batch.empty()) {
      EASEL_RETURN_IF_ERROR(store_->CommitNow(std::move(batch)));
    }
  }
  return out;
}

/// The environments that are meant from now on, with what blocks import added to what they preload.
void World::TakeEnvironments(NamedEnvironments environments,
                             std::map<std::string, std::set<std::string>> imports) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, of] : imports) imports_[name].merge(of);
  for (auto& [name, named] : environments) {
    if (named.environment == nullptr) continue;
    Environment with_imports = *named.environment;
    PreloadImports(with_imports, imports_[name], canvas_->root + "/files");
    named.environment = std::make_shared<const Environment>(std::move(with_imports));
    if (named.environment->locked) by_digest_[named.environment->digest] = named.environment;
  }
  environments_ = std::move(environments);
}

namespace {

bool IsUsed(const std::optional<BlockRecord>& record) {
  return record && (!record->published_attempt.empty() || !record->last_status.empty());
}

/// The name under which results are kept of a block that is gone, while another one has its name.
std::string Aside(const std::string& name, int number) { return name + "~" + std::to_string(number); }

}  // namespace

/// `renames` of blocks that are there, and what makes room: results that a deleted block left under a new name are kept
/// aside, and come back to that name when it is free again.
Result<Renames> World::RenamesToRecord(const Canvas& now, const Canvas& next, const Renames& renames) {
  Renames out;
  for (const auto& [from, to] : renames)
    if (now.Find(from) && next.Find(to)) out.emplace(from, to);
  if (store_ == nullptr) return out;
  Renames beside;
  for (const auto& [from, to] : out) {
    if (out.contains(to)) continue;
    EASEL_TRY(const auto taken, store_->FindBlock(to));
    EASEL_TRY(const auto attempts, store_->History(to, 1));
    if (!IsUsed(taken) && attempts.empty()) continue;
    for (int number = 1;; ++number) {
      EASEL_TRY(const auto there, store_->FindBlock(Aside(to, number)));
      if (IsUsed(there)) continue;
      beside.emplace(to, Aside(to, number));
      break;
    }
  }
  const auto gets_the_name = [&](const std::string& name) {
    return std::ranges::any_of(out, [&](const auto& rename) { return rename.second == name; });
  };
  for (const auto& [from, to] : out) {
    if (gets_the_name(from)) continue;
    std::optional<std::string> newest;
    for (int number = 1;; ++number) {
      EASEL_TRY(const auto there, store_->FindBlock(Aside(from, number)));
      if (!there) break;
      if (IsUsed(there)) newest = Aside(from, number);
    }
    if (newest) beside.emplace(*newest, from);
  }
  out.merge(beside);
  return out;
}

/// Renames that were made while no engine was there, or by one that was killed before it had heard of them. One that the
/// database has already, and one whose new name has results of its own by now, change nothing.
Status World::RecordEarlierRenames() {
  Renames wanted;
  for (const auto& [from, to] : options_.renames) {
    EASEL_TRY(const auto before, store_->FindBlock(from));
    EASEL_TRY(const auto taken, store_->FindBlock(to));
    if (IsUsed(before) && (!IsUsed(taken) || options_.renames.contains(to))) wanted.emplace(from, to);
  }
  // Where the one that makes room does not go, who would take its name stays, too.
  while (std::erase_if(wanted, [&](const auto& rename) {
           return options_.renames.contains(rename.second) && !wanted.contains(rename.second) &&
                  IsUsed(store_->FindBlock(rename.second).value_or(std::nullopt));
         }) > 0) {
  }
  return wanted.empty() ? Status{} : store_->CommitNow({RenameBlocks{std::move(wanted)}});
}

/// What the database has of a block that comes, once `renames` are recorded.
Result<BlockKnowledge> World::KnowledgeOfNew(const std::string& name, const Renames& renames) {
  BlockKnowledge known;
  if (store_ == nullptr) return known;
  std::string now = name;
  for (const auto& [from, to] : renames)
    if (to == name) now = from;
  if (now == name && renames.contains(name)) return known;  // what was called so is another block
  EASEL_TRY(const auto record, store_->FindBlock(now));
  if (!record) return known;
  Know(known, *record);
  known.record.block = name;
  if (known.published != nullptr)
    if (auto renamed = WithNewNames(*known.published, renames); renamed != nullptr)
      known.published = std::move(renamed);
  return known;
}

Result<WorldEdit> World::Prepare(Canvas next,
                                 const std::vector<std::pair<std::string, std::string>>& renames) {
  const std::shared_ptr<const Canvas> now = canvas();
  WorldEdit edit;
  EASEL_TRY(edit.engine.renames, RenamesToRecord(*now, next, ComposeRenames(renames)));
  auto merged = std::make_shared<const Canvas>(MergeCanvas(*now, std::move(next), edit.engine.renames));
  EASEL_TRY(edit.environments, ResolveEnvironments(*merged));
  NamedEnvironments before;
  {
    const std::lock_guard lock(mutex_);
    before = environments_;
  }
  const auto meaning = [](const NamedEnvironments& environments, const std::string& name) {
    const auto found = environments.find(name);
    return found == environments.end() ? std::pair<std::string, std::string>()
                                       : std::pair(DigestIn(found->second), found->second.problem);
  };
  std::vector<std::int32_t> unread;
  for (std::size_t i = 0; i < merged->blocks.size(); ++i) {
    const Block& block = merged->blocks[i];
    const auto index = static_cast<std::int32_t>(i);
    if (i < now->blocks.size()) {
      const Block& old = now->blocks[i];
      const std::string &name = merged->EnvironmentOf(index), &old_name = now->EnvironmentOf(index);
      if (block.removed || (block.kind == old.kind && block.source == old.source && !old.removed &&
                            (block.kind != BlockKind::kPython ||
                             meaning(edit.environments, name) == meaning(before, old_name))))
        continue;
    }
    unread.push_back(index);
  }
  EASEL_TRY(std::vector<Reading> readings, Read(*merged, unread, edit.environments));
  for (std::size_t k = 0; k < unread.size(); ++k) {
    Reading& reading = readings[k];
    if (reading.analysis != nullptr)
      edit.imports[merged->EnvironmentOf(unread[k])].insert(reading.analysis->imports.begin(),
                                                            reading.analysis->imports.end());
    if (static_cast<std::size_t>(unread[k]) < now->blocks.size()) {
      edit.engine.reread.push_back({unread[k], std::move(reading.analysis), std::move(reading.environment),
                                    std::move(reading.problem)});
      continue;
    }
    EASEL_TRY(BlockKnowledge known, KnowledgeOfNew(merged->blocks[unread[k]].name, edit.engine.renames));
    known.analysis = std::move(reading.analysis);
    known.environment = std::move(reading.environment);
    known.problem = std::move(reading.problem);
    edit.engine.added.push_back(std::move(known));
  }
  edit.engine.canvas = std::move(merged);
  return edit;
}

Status World::Apply(WorldEdit& edit) {
  if (!edit.engine.renames.empty() && store_ != nullptr) {
    EASEL_RETURN_IF_ERROR(store_->CommitNow({RenameBlocks{edit.engine.renames}}));
    for (const auto& [from, to] : edit.engine.renames)
      if (const auto record = store_->FindBlock(to); record && *record)
        edit.engine.epochs[to] = (*record)->epoch;
  }
  {
    const std::lock_guard lock(mutex_);
    canvas_ = edit.engine.canvas;
    if (!edit.engine.renames.empty()) renames_.push_back(edit.engine.renames);
  }
  TakeEnvironments(std::move(edit.environments), std::move(edit.imports));
  return {};
}

}  // namespace easel
