// A canvas with everything that is known of it: its folder, its database, its environments and its analyses.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/file_digests.h"
#include "environment/environment.h"
#include "environment/shared_analyzers.h"

namespace easel {

struct WorldOptions {
  std::string folder;          ///< of the canvas
  std::string runtime_folder;  ///< has easel_runtime/
  EnvironmentOptions environments;
  /// Only look: make nothing in the canvas's folder; without a database everything "never ran".
  bool read_only = false;
  /// For who serves a canvas that people edit: what is wrong with an environment or a source is said of the blocks that
  /// have it (BlockKnowledge::problem), instead of refusing the canvas; an environment that is not locked is locked when
  /// a run needs it.
  bool lenient = false;
  /// The canvas of the folder, by who knows it better than its files say; none: read it.
  std::optional<Canvas> canvas;
  /// Renames of blocks (NameAfter's form) that no engine has heard of yet, in the names of `canvas`: results go along.
  Renames renames;
  /// The run whose results stand in for what is published; empty: what is published.
  std::string at;
  std::function<void(std::string_view)> progress;  ///< lines for a person while something takes long
  std::stop_token stop;                            ///< ends what takes long: building an environment
  std::shared_ptr<SharedAnalyzers> analyzers;      ///< kept for the next edit; null: ended after use
  /// Is this object, which is not in the folder, where the backend gets it from when an attempt needs it? None: nowhere.
  std::function<bool(const std::string& digest)> elsewhere;
};

using EnvironmentPtr = std::shared_ptr<const Environment>;

/// An environment's name in use, and what it means: null with the reason why it means nothing.
struct NamedEnvironment {
  EnvironmentPtr environment;
  std::string problem;
};
using NamedEnvironments = std::map<std::string, NamedEnvironment, std::less<>>;

/// An edited canvas with all that was looked up for it, not applied yet.
struct WorldEdit {
  CanvasEdit engine;
  NamedEnvironments environments;
  std::map<std::string, std::set<std::string>> imports;  ///< by environment
};

/// One canvas of one engine. Prepare, PrepareEnvironment, EnvironmentOf and `store` are thread-safe; everything else
/// belongs to the engine's thread, Load excepted. Implements what the engine asks.
class World final : public Surroundings {
 public:
  /// Errors: kInvalidArgument CANVAS_INVALID and others of ReadCanvas; kDataLoss DATABASE_DAMAGED; kNotFound RUN_UNKNOWN;
  ///         those of environments, unless lenient.
  static Result<std::unique_ptr<World>> Load(WorldOptions options);

  std::shared_ptr<const Canvas> canvas() const;
  /// What the executor knows this canvas by: made from `.easel/canvas_id` and from where that folder is.
  const std::string& canvas_id() const { return canvas_id_; }
  const std::string& state_root() const { return state_root_; }
  const std::string& at() const { return options_.at; }
  const MetadataSnapshot& snapshot() const { return snapshot_; }
  MetadataStore* store() { return store_.get(); }
  std::vector<BlockKnowledge> TakeKnowledge() { return std::move(knowledge_); }

  /// Look up all that is new in `next`, an edit of the canvas that is applied now: analyses of sources, environments,
  /// results of blocks that come (back). `renames` are those since, one after the other. Takes long where Python or a disk
  /// does; changes nothing. Prepare the next edit when this one is applied, or given up.
  ///
  /// Errors: of the database; others only if not lenient.
  Result<WorldEdit> Prepare(Canvas next, const std::vector<std::pair<std::string, std::string>>& renames);
  /// Record the renames, and go on with the edit's canvas. `edit.engine` is then to be given to the engine.
  ///
  /// Errors: of the database; nothing has changed then.
  Status Apply(WorldEdit& edit);

  /// The environment that `name` means in the canvas, maybe not ready; null if it means nothing.
  EnvironmentPtr EnvironmentNamed(const std::string& name) const;
  /// One that a block was decided with, whatever its name means by now; null if there was none.
  EnvironmentPtr EnvironmentWith(const std::string& digest) const;
  /// Names of the environments of these blocks that are still to be locked or built.
  std::vector<std::string> EnvironmentsToPrepare(const std::vector<std::int32_t>& blocks) const;
  /// Lock and build it; the next Prepare finds it.
  ///
  /// Errors: those of environment/PrepareEnvironment.
  Status PrepareEnvironment(const std::string& name, const std::function<void(std::string_view)>& progress,
                            const std::stop_token& stop) const;

  std::string FileDigest(const std::string& path) override { return files_->Of(path); }
  std::vector<Past> FindPast(const std::string& block, const std::string& base_key) override;
  std::int64_t UnixMs() override { return clock_.UnixMs(); }
  std::string NameNow(const std::string& block, std::int64_t renames) override;

  /// The manifest of an attempt, checked against its digest, with all of its objects there, and blocks called as they are
  /// now.
  ///
  /// Errors: kDataLoss naming the file that is damaged or missing.
  Result<ManifestPtr> Manifest(const std::string& attempt, const std::string& digest);

  const WorldOptions& options() const { return options_; }

 private:
  explicit World(WorldOptions options) : options_(std::move(options)) {}
  Status MakeStateFolder();
  Status OpenStore();
  Status RecordEarlierRenames();
  void Know(BlockKnowledge& known, const BlockRecord& record);
  void LoadPublished();
  /// Is the file of an object there, with so many bytes at least?
  bool HasObject(const std::string& digest, std::int64_t least_bytes);
  Status LoadResultsOf(const std::string& run);

  // world_edit.cc
  struct Reading {
    std::shared_ptr<const Analysis> analysis;
    std::string environment, problem;
  };
  Result<NamedEnvironments> ResolveEnvironments(const Canvas& canvas) const;
  Result<std::vector<Reading>> Read(const Canvas& canvas, const std::vector<std::int32_t>& blocks,
                                    const NamedEnvironments& environments);
  Result<Renames> RenamesToRecord(const Canvas& now, const Canvas& next, const Renames& renames);
  Result<BlockKnowledge> KnowledgeOfNew(const std::string& name, const Renames& renames);
  void TakeEnvironments(NamedEnvironments environments, std::map<std::string, std::set<std::string>> imports);

  const WorldOptions options_;
  std::string canvas_id_, state_root_;
  std::unique_ptr<MetadataStore> store_;
  MetadataSnapshot snapshot_;
  std::vector<BlockKnowledge> knowledge_;
  std::unique_ptr<FileDigests> files_;
  SystemClock clock_;

  mutable std::mutex mutex_;  ///< guards what follows: an edit is prepared beside the engine's thread
  std::shared_ptr<const Canvas> canvas_;
  NamedEnvironments environments_;
  std::map<std::string, EnvironmentPtr> by_digest_;
  std::map<std::string, std::set<std::string>> imports_;  ///< by environment
  std::vector<Renames> renames_;
  std::map<std::string, std::int64_t, std::less<>> object_bytes_;  ///< -1: not there
};

/// Where the runtime is: EASEL_RUNTIME, beside an installed binary, or in the source tree.
std::string RuntimeFolderOfThisMachine();

}  // namespace easel
