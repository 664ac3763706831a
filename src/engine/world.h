// A canvas with everything that is known of it: its folder, its database, its environments and its analyses.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "engine/engine.h"
#include "engine/file_digests.h"
#include "environment/analyzer.h"
#include "environment/environment.h"

namespace easel {

struct WorldOptions {
  std::string folder;          ///< of the canvas
  std::string runtime_folder;  ///< has easel_runtime/
  EnvironmentOptions environments;
  /// Only look: make nothing in the canvas's folder; without a database everything "never ran".
  bool read_only = false;
  /// The run whose results stand in for what is published; empty: what is published.
  std::string at;
  std::function<void(std::string_view)> progress;  ///< lines for a person while something takes long
  std::stop_token stop;                            ///< ends what takes long: building an environment
};

/// Loaded once; confined to one thread, but for `store`, which is thread-safe. Implements what the engine asks.
class World final : public Surroundings {
 public:
  /// Errors: kInvalidArgument CANVAS_INVALID and others of ReadCanvas; kDataLoss DATABASE_DAMAGED; kNotFound RUN_UNKNOWN;
  ///         those of environments.
  static Result<std::unique_ptr<World>> Load(WorldOptions options);

  const Canvas& canvas() const { return canvas_; }
  /// What the executor knows this canvas by: made from `.easel/canvas_id` and from where that folder is.
  const std::string& canvas_id() const { return canvas_id_; }
  const std::string& state_root() const { return state_root_; }
  const std::string& at() const { return options_.at; }
  const MetadataSnapshot& snapshot() const { return snapshot_; }
  MetadataStore* store() { return store_.get(); }
  std::vector<BlockKnowledge> TakeKnowledge() { return std::move(knowledge_); }

  /// The environment of a block, as it is now (maybe not ready).
  const Environment& EnvironmentOf(std::int32_t block) const;
  /// Lock and build the environment of these blocks where that is still to do.
  Status PrepareEnvironments(const std::vector<std::int32_t>& blocks);

  std::string FileDigest(const std::string& path) override { return files_->Of(path); }
  std::vector<Past> FindPast(const std::string& block, const std::string& base_key) override;
  std::int64_t UnixMs() override { return clock_.UnixMs(); }

  /// The manifest of an attempt, checked against its digest, with all of its objects there.
  ///
  /// Errors: kDataLoss naming the file that is damaged or missing.
  Result<ManifestPtr> Manifest(const std::string& attempt, const std::string& digest);

 private:
  explicit World(WorldOptions options) : options_(std::move(options)) {}
  Status MakeStateFolder();
  Status OpenStore();
  Status ResolveEnvironments();
  Status Analyze();
  void PreloadImports();
  void LoadPublished();
  /// Is the file of an object there, with so many bytes at least?
  bool HasObject(const std::string& digest, std::int64_t least_bytes);
  Status LoadResultsOf(const std::string& run);

  WorldOptions options_;
  Canvas canvas_;
  std::string canvas_id_, state_root_;
  std::unique_ptr<MetadataStore> store_;
  MetadataSnapshot snapshot_;
  std::map<std::string, Environment> environments_;
  std::vector<BlockKnowledge> knowledge_;
  std::unique_ptr<FileDigests> files_;
  std::map<std::string, std::int64_t, std::less<>> object_bytes_;  ///< -1: not there
  SystemClock clock_;
};

/// Where the runtime is: EASEL_RUNTIME, beside an installed binary, or in the source tree.
std::string RuntimeFolderOfThisMachine();

}  // namespace easel
