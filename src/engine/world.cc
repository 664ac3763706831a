#include "engine/world.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <unordered_map>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "canvas/reader.h"

namespace easel {
namespace {

constexpr std::int64_t kStateFormat = 2;

std::unexpected<Error> OtherFormat(const std::string& file, const std::string& format,
                                   const std::string& state_root) {
  const std::string start_again =
      "remove " + state_root + " to start again (blocks, files and environments are not in it)";
  if (std::ranges::all_of(format, [](char c) { return c >= '0' && c <= '9'; }) && !format.empty()) {
    if (format.size() < 10 && std::stoll(format) < kStateFormat)
      return Fail(Code::kFailedPrecondition, "STATE_OLDER",
                  file + ": this state was made by an earlier build of Easel (format " + format +
                      ", this one has " + std::to_string(kStateFormat) + "); " + start_again);
    return Fail(Code::kFailedPrecondition, "STATE_NEWER",
                file + ": this state was made by a newer Easel (format " + format +
                    "); use that version, or " + start_again);
  }
  return Fail(Code::kDataLoss, "STATE_FORMAT",
              file + ": damaged: it should name the state's format (" + std::to_string(kStateFormat) + "); " +
                  start_again);
}

}  // namespace

std::string RuntimeFolderOfThisMachine() {
  if (const char* named = std::getenv("EASEL_RUNTIME"); named != nullptr && *named != '\0') return named;
  std::error_code error;
  const auto exe = std::filesystem::read_symlink("/proc/self/exe", error);
  return (exe.parent_path().parent_path() / "share/easel/python").string();
}

Result<std::unique_ptr<World>> World::Load(WorldOptions options) {
  std::unique_ptr<World> world(new World(std::move(options)));
  EASEL_TRY(world->canvas_, ReadCanvas(world->options_.folder));
  world->state_root_ = world->canvas_.root + "/.easel";
  world->files_ = std::make_unique<FileDigests>(world->canvas_.root + "/files");
  EASEL_RETURN_IF_ERROR(world->MakeStateFolder());
  EASEL_RETURN_IF_ERROR(world->OpenStore());
  world->knowledge_.resize(world->canvas_.blocks.size());
  EASEL_RETURN_IF_ERROR(world->ResolveEnvironments());
  EASEL_RETURN_IF_ERROR(world->Analyze());
  world->PreloadImports();
  if (world->options_.at.empty())
    world->LoadPublished();
  else
    EASEL_RETURN_IF_ERROR(world->LoadResultsOf(world->options_.at));
  return world;
}

/// `.easel/` says of itself what it is, whose it is, and that Git need not know it.
Status World::MakeStateFolder() {
  const std::string format_file = state_root_ + "/format", id_file = state_root_ + "/canvas_id";
  const auto format = ReadFile(format_file, 64);
  if (format && *format != std::to_string(kStateFormat) + "\n")
    return OtherFormat(format_file, format->substr(0, format->find('\n')), state_root_);
  if (!format && format.error().code != Code::kNotFound) return std::unexpected(format.error());
  if (auto id = ReadFile(id_file, 64); id && id->size() >= 20) canvas_id_ = id->substr(0, 20);
  if (options_.read_only) return {};
  if (!format || canvas_id_.empty()) {
    EASEL_RETURN_IF_ERROR(MakeDirectories(state_root_));
    EASEL_RETURN_IF_ERROR(WriteFileAtomically(state_root_ + "/.gitignore", "*\n"));
    if (canvas_id_.empty()) {
      canvas_id_ = NewCanvasId().value;
      EASEL_RETURN_IF_ERROR(WriteFileAtomically(id_file, canvas_id_ + "\n", {.sync = true}));
    }
    EASEL_RETURN_IF_ERROR(
        WriteFileAtomically(format_file, std::to_string(kStateFormat) + "\n", {.sync = true}));
  }
  // `cp -r` copies the id: two folders must not follow one another's attempts in the executor that they share.
  struct stat info{};
  if (::stat(state_root_.c_str(), &info) != 0) return FailErrno("stat " + state_root_, errno);
  canvas_id_ = DigestOf(canvas_id_ + " " + std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino))
                   .substr(0, 20);
  return MakeDirectories(canvas_.root + "/files");
}

Status World::OpenStore() {
  const std::string path = state_root_ + "/metadata.db";
  if (options_.read_only && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return {};
  EASEL_TRY(store_, OpenSqliteMetadata(path, options_.read_only));
  EASEL_TRY(snapshot_, store_->Load());
  return {};
}

const Environment& World::EnvironmentOf(std::int32_t block) const {
  return environments_.at(canvas_.EnvironmentOf(block));
}

Status World::ResolveEnvironments() {
  for (std::size_t i = 0; i < canvas_.blocks.size(); ++i) {
    if (canvas_.blocks[i].kind != BlockKind::kPython) continue;
    const std::string& name = canvas_.EnvironmentOf(static_cast<std::int32_t>(i));
    auto found = environments_.find(name);
    if (found == environments_.end()) {
      EASEL_TRY(Environment environment, ResolveEnvironment(options_.environments, canvas_.root, name));
      if (!environment.locked) {
        EASEL_TRY(environment, PrepareEnvironment(options_.environments, canvas_.root, name,
                                                  options_.progress, options_.stop));
      }
      found = environments_.emplace(name, std::move(environment)).first;
    }
    knowledge_[i].environment = found->second.digest;
  }
  return {};
}

Status World::PrepareEnvironments(const std::vector<std::int32_t>& blocks) {
  for (const std::int32_t block : blocks) {
    Environment& environment = environments_.at(canvas_.EnvironmentOf(block));
    if (environment.ready) continue;
    EASEL_TRY(environment, PrepareEnvironment(options_.environments, canvas_.root, environment.name,
                                              options_.progress, options_.stop));
  }
  PreloadImports();
  return {};
}

Status World::Analyze() {
  struct Missing {
    std::vector<AnalysisRequest> requests;
    std::vector<std::string> digests;
    std::vector<std::vector<std::int32_t>> blocks;
    std::unordered_map<std::string, std::size_t> by_digest;
  };
  std::map<std::string, Missing> missing;  // by environment
  std::unordered_map<std::string, std::shared_ptr<const Analysis>> known;
  for (std::size_t i = 0; i < canvas_.blocks.size(); ++i) {
    const Block& block = canvas_.blocks[i];
    if (block.kind != BlockKind::kPython) continue;
    const Environment& environment = EnvironmentOf(static_cast<std::int32_t>(i));
    const std::string digest = DigestOf(block.source);
    const std::string runtime = AnalysisRuntime(environment.python_minor);
    auto& shared = known[digest + runtime];
    if (shared == nullptr && store_ != nullptr) {
      EASEL_TRY(const auto document, store_->FindAnalysis(digest, runtime));
      if (document)
        if (auto analysis = ParseAnalysis(*document, "analysis of " + block.file))
          shared = std::make_shared<const Analysis>(*std::move(analysis));
    }
    if (shared != nullptr) {
      knowledge_[i].analysis = shared;
      continue;
    }
    Missing& of = missing[environment.name];
    const auto [place, is_new] = of.by_digest.emplace(digest, of.requests.size());
    if (is_new) {
      of.requests.push_back({block.source, block.file});
      of.digests.push_back(digest);
      of.blocks.emplace_back();
    }
    of.blocks[place->second].push_back(static_cast<std::int32_t>(i));
  }
  for (auto& [name, of] : missing) {
    const Environment& environment = environments_.at(name);
    Analyzer analyzer({.python = environment.ready ? environment.python : options_.environments.python,
                       .runtime_folder = options_.runtime_folder});
    EASEL_TRY(const auto documents, analyzer.Analyze(of.requests));
    Batch batch;
    for (std::size_t k = 0; k < documents.size(); ++k) {
      const std::string text = json::serialize(documents[k]);
      EASEL_TRY(auto analysis, ParseAnalysis(text, "analysis of " + of.requests[k].filename));
      const auto shared = std::make_shared<const Analysis>(std::move(analysis));
      for (const std::int32_t block : of.blocks[k]) knowledge_[block].analysis = shared;
      batch.push_back(PutAnalysis{of.digests[k], AnalysisRuntime(environment.python_minor), text});
    }
    if (!options_.read_only && store_ != nullptr) {
      EASEL_RETURN_IF_ERROR(store_->CommitNow(std::move(batch)));
    }
  }
  return {};
}

void World::PreloadImports() {
  std::map<std::string, std::set<std::string>> imports;  // by environment
  for (std::size_t i = 0; i < knowledge_.size(); ++i)
    if (knowledge_[i].analysis != nullptr)
      imports[canvas_.EnvironmentOf(static_cast<std::int32_t>(i))].insert(
          knowledge_[i].analysis->imports.begin(), knowledge_[i].analysis->imports.end());
  for (auto& [name, environment] : environments_)
    easel::PreloadImports(environment, imports[name], canvas_.root + "/files");
}

bool World::HasObject(const std::string& digest, std::int64_t least_bytes) {
  std::int64_t& known = object_bytes_.try_emplace(digest, -1).first->second;
  if (known < least_bytes) {  // what was missing or torn may have been made anew since
    struct stat info{};
    if (::stat(ObjectPath(state_root_, digest).c_str(), &info) == 0 && S_ISREG(info.st_mode))
      known = info.st_size;
  }
  return known >= least_bytes;
}

Result<ManifestPtr> World::Manifest(const std::string& attempt, const std::string& digest) {
  EASEL_TRY(auto manifest, LoadManifest(ManifestPath(state_root_, attempt), digest));
  const auto missing = [&](const std::string& object) {
    return Fail(Code::kDataLoss, "OBJECT_MISSING",
                ObjectPath(state_root_, object) + ": this state object is missing or torn");
  };
  // What the files hold is verified by the executor, when it is read.
  for (const auto& [id, slot] : manifest.state.slots) {
    if (!HasObject(slot.object, slot.offset + slot.length)) return missing(slot.object);
    for (const std::string& object : slot.objects)
      if (!HasObject(object, 0)) return missing(object);
  }
  return std::make_shared<const easel::Manifest>(std::move(manifest));
}

void World::LoadPublished() {
  for (const BlockRecord& record : snapshot_.blocks) {
    const auto block = canvas_.Find(record.block);
    if (!block) continue;
    BlockKnowledge& known = knowledge_[*block];
    known.record = record;
    if (record.last_status == "failed")
      if (const auto history = store_->History(record.block, 100)) {
        const auto newest = std::ranges::find(*history, "", &AttemptRecord::at);
        if (newest != history->end()) known.failed_base_key = newest->base_key;
      }
    if (record.published_attempt.empty()) continue;
    auto manifest = Manifest(record.published_attempt, record.published_manifest);
    if (manifest) {
      known.published = *std::move(manifest);
    } else {
      known.damage = "its stored result is damaged: " + manifest.error().message;
      Log(LogLevel::kWarning, "engine", "`" + record.block + "`: " + known.damage);
    }
  }
}

/// Know each block as it stood when `run` ended. Epochs are those of now: they fence whatever writes next.
Status World::LoadResultsOf(const std::string& run) {
  const auto unknown = [&] {
    return Fail(Code::kNotFound, "RUN_UNKNOWN", options_.folder + ": there is no ended run " + run);
  };
  if (store_ == nullptr) return unknown();
  EASEL_TRY(const auto results, store_->ResultsAfter(run));
  if (!results) return unknown();
  for (const BlockRecord& record : snapshot_.blocks)
    if (const auto block = canvas_.Find(record.block))
      knowledge_[*block].record = {.block = record.block, .epoch = record.epoch};
  for (const StandingResult& result : *results) {
    const auto block = canvas_.Find(result.block);
    if (!block) continue;
    BlockKnowledge& known = knowledge_[*block];
    EASEL_TRY(const auto attempt, store_->FindAttempt(result.attempt));
    auto manifest = Manifest(result.attempt, result.manifest);
    if (!attempt || (!manifest && manifest.error().code == Code::kNotFound)) {
      known.lost = "attempt " + result.attempt + " was removed by `easel gc`";
      continue;
    }
    known.record.published_attempt = result.attempt;
    known.record.published_manifest = result.manifest;
    known.record.published_base_key = attempt->base_key;
    known.record.published_inputs = attempt->inputs;
    known.record.published_ms = result.published_ms;
    known.record.last_status = "succeeded";
    if (manifest)
      known.published = *std::move(manifest);
    else
      known.damage = "its stored result is damaged: " + manifest.error().message;
  }
  return {};
}

std::vector<Surroundings::Past> World::FindPast(const std::string& block, const std::string& base_key) {
  std::vector<Past> out;
  if (store_ == nullptr) return out;
  const auto attempts = store_->FindAttempts(block, base_key, 10);
  if (!attempts) return out;
  for (const AttemptRecord& attempt : *attempts) {
    object_bytes_.clear();
    if (auto manifest = Manifest(attempt.attempt, attempt.manifest))
      out.push_back({attempt.attempt, attempt.manifest, *std::move(manifest)});
  }
  return out;
}

}  // namespace easel
