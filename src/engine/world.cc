#include "engine/world.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <numeric>

#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "canvas/reader.h"
#include "engine/rename.h"

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
  auto canvas = options.canvas ? Result<Canvas>(*std::exchange(options.canvas, std::nullopt))
                               : ReadCanvas(options.folder);
  EASEL_TRY(Canvas wanted, std::move(canvas));
  std::unique_ptr<World> world(new World(std::move(options)));
  world->canvas_ = std::make_shared<const Canvas>(std::move(wanted));
  const Canvas& read = *world->canvas_;
  world->state_root_ = read.root + "/.easel";
  world->files_ = std::make_unique<FileDigests>(read.root + "/files");
  EASEL_RETURN_IF_ERROR(world->MakeStateFolder());
  EASEL_RETURN_IF_ERROR(world->OpenStore());
  world->knowledge_.resize(read.blocks.size());
  EASEL_TRY(NamedEnvironments environments, world->ResolveEnvironments(read));
  std::vector<std::int32_t> blocks(read.blocks.size());
  std::iota(blocks.begin(), blocks.end(), 0);
  EASEL_TRY(std::vector<Reading> readings, world->Read(read, blocks, environments));
  std::map<std::string, std::set<std::string>> imports;
  for (std::size_t i = 0; i < readings.size(); ++i) {
    BlockKnowledge& known = world->knowledge_[i];
    if (readings[i].analysis != nullptr)
      imports[read.EnvironmentOf(static_cast<std::int32_t>(i))].insert(readings[i].analysis->imports.begin(),
                                                                       readings[i].analysis->imports.end());
    known.analysis = std::move(readings[i].analysis);
    known.environment = std::move(readings[i].environment);
    known.problem = std::move(readings[i].problem);
  }
  world->TakeEnvironments(std::move(environments), std::move(imports));
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
  return MakeDirectories(canvas_->root + "/files");
}

Status World::OpenStore() {
  const std::string path = state_root_ + "/metadata.db";
  if (options_.read_only && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT) return {};
  EASEL_TRY(store_, OpenSqliteMetadata(path, options_.read_only));
  if (!options_.renames.empty() && !options_.read_only) EASEL_RETURN_IF_ERROR(RecordEarlierRenames());
  EASEL_TRY(snapshot_, store_->Load());
  renames_ = snapshot_.renames;
  return {};
}

bool World::HasObject(const std::string& digest, std::int64_t least_bytes) {
  const std::lock_guard lock(mutex_);
  std::int64_t& known = object_bytes_.try_emplace(digest, -1).first->second;
  if (known < least_bytes) {  // what was missing or torn may have been made anew since
    struct stat info{};
    if (::stat(ObjectPath(state_root_, digest).c_str(), &info) == 0 && S_ISREG(info.st_mode))
      known = info.st_size;
  }
  return known >= least_bytes || (known < 0 && options_.elsewhere && options_.elsewhere(digest));
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
  Renames renames;
  {
    const std::lock_guard lock(mutex_);
    if (renames_.empty()) return std::make_shared<const easel::Manifest>(std::move(manifest));
  }
  // Every attempt whose manifest is there has its row: both go together, the row first.
  if (store_ != nullptr) {
    EASEL_TRY(const auto record, store_->FindAttempt(attempt));
    const std::int64_t already = record ? RenamesBefore(record->inputs) : 0;
    const std::lock_guard lock(mutex_);
    renames = RenamesSince(renames_, already);
  }
  if (auto renamed = WithNewNames(manifest, renames); renamed != nullptr) return renamed;
  return std::make_shared<const easel::Manifest>(std::move(manifest));
}

std::string World::NameNow(const std::string& block, std::int64_t renames) {
  const std::lock_guard lock(mutex_);
  return std::string(NameAfter(RenamesSince(renames_, renames), block));
}

/// What the database says of a block, and the results that it names.
void World::Know(BlockKnowledge& known, const BlockRecord& record) {
  known.record = record;
  if (record.last_status == "failed" || record.last_status == "cancelled")
    if (const auto history = store_->History(record.block, 100)) {
      const auto newest = std::ranges::find(*history, "", &AttemptRecord::at);
      if (newest != history->end()) {
        if (record.last_status == "failed") known.failed_base_key = newest->base_key;
        known.newest = {newest->attempt, static_cast<double>(newest->finished_ms - newest->started_ms),
                        newest->finished_ms};
      }
    }
  if (record.published_attempt.empty()) return;
  auto manifest = Manifest(record.published_attempt, record.published_manifest);
  if (manifest) {
    known.published = *std::move(manifest);
  } else {
    known.damage = "its stored result is damaged: " + manifest.error().message;
    Log(LogLevel::kWarning, "engine", "`" + record.block + "`: " + known.damage);
  }
}

void World::LoadPublished() {
  for (const BlockRecord& record : snapshot_.blocks)
    if (const auto block = canvas_->Find(record.block)) Know(knowledge_[*block], record);
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
    if (const auto block = canvas_->Find(record.block))
      knowledge_[*block].record = {.block = record.block, .epoch = record.epoch};
  for (const StandingResult& result : *results) {
    const auto block = canvas_->Find(result.block);
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
    {
      const std::lock_guard lock(mutex_);
      object_bytes_.clear();
    }
    if (auto manifest = Manifest(attempt.attempt, attempt.manifest))
      out.push_back({attempt.attempt, attempt.manifest, *std::move(manifest)});
  }
  return out;
}

}  // namespace easel
