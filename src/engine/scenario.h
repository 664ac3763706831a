// Plays a plain-text scenario against the engine (testdata/README.md has the language): a fake world and database, a
// clock that moves by hand, and attempts that finish when the scenario says so. Nothing here waits or reads a clock.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "canvas/graph.h"
#include "engine/engine.h"
#include "engine/scenario_words.h"

namespace easel {

class Scenario final : public Surroundings {
 public:
  explicit Scenario(std::string name);
  ~Scenario() override;

  /// Play one line; what is wrong goes to `failures()`.
  void Play(int number, const std::string& text);
  /// To be called after the last line.
  void End();
  const std::vector<std::string>& failures() const { return failures_; }

  std::string FileDigest(const std::string& path) override;
  std::vector<Past> FindPast(const std::string& block, const std::string& base_key) override;
  std::int64_t UnixMs() override { return now_ms_; }
  std::string NameNow(const std::string& block, std::int64_t renames) override;

 private:
  struct Definition {
    Block block;
    Analysis analysis;
    std::vector<std::string> writes;
    bool gone = false;  ///< deleted while the engine lived: it keeps its place
  };
  struct Said {
    std::string text;
    bool must = true;  ///< has to be expected
  };

  void Wrong(const std::string& what);
  void Define(const Line& line);
  void Connect(const Line& line);
  void Rebuild();
  void EditLive(const Line& line);
  Result<Canvas> CanvasOfDefinitions() const;
  ManifestPtr ManifestNow(const AttemptRecord& attempt);
  void Know(BlockKnowledge& known, const BlockRecord& record);
  std::shared_ptr<const Analysis> AnalysisOf(const std::string& block) const;
  std::vector<BlockRecord> RecordsAfter(const MetadataSnapshot& snapshot, const std::string& run);
  Engine& engine();
  void ApplyLive(const std::vector<std::pair<std::string, std::string>>& renames);
  RunRequest ParseRun(const std::vector<std::string>& words, std::size_t from, std::string& id);
  void Send(Event event);
  void Drain();
  void Record(const Command& command);
  void Record(const RunId& run, const Announcement& what);
  std::string AttemptOf(const std::string& block);
  AttemptFinished Succeed(const std::string& attempt, const std::vector<std::string>& items,
                          std::size_t from);
  void ApplyItem(Manifest& manifest, const std::string& item, int& ordinal);
  void FinishAll();
  void Expect(const Line& line, bool negative);
  void CheckNothingLeft();
  std::string Names(const std::vector<std::int32_t>& blocks) const;

  std::string name_;
  int line_ = 0;
  std::vector<std::string> failures_;

  std::vector<Definition> definitions_;
  std::vector<NamedEdge> edges_;
  std::shared_ptr<const Canvas> canvas_ = std::make_shared<const Canvas>();
  bool changed_ = true;
  std::string environment_ = "environment 1";
  EngineOptions options_{.canvas_id = "scenario", .cores = 4};
  std::map<std::string, std::string> files_;
  std::map<std::string, std::string> damaged_;  ///< attempt -> what is wrong with its manifest
  std::set<std::string> forgotten_;             ///< attempts that were collected
  std::int64_t now_ms_ = 1'000'000;

  std::unique_ptr<MetadataStore> store_;
  std::map<std::string, ManifestPtr> manifests_;  ///< by attempt
  std::map<std::string, StartAttempt> started_;   ///< attempts that run, by id
  std::map<std::string, std::vector<std::string>>
      writes_;                          ///< what the blocks of attempts wrote when they started
  std::vector<CommitChanges> commits_;  ///< not answered yet
  bool hold_commits_ = false;
  std::string commit_error_;
  std::unique_ptr<Engine> engine_;
  std::vector<Said> said_;
  int runs_ = 0;
  std::string newest_run_;
};

}  // namespace easel
