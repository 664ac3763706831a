// The engine's private records: what it keeps of a block, a run and an attempt. Included by engine*.cc only.
#pragma once

#include <unordered_map>

#include "engine/engine.h"

namespace easel {

enum class RunStage : unsigned char { kOut, kWaiting, kReady, kOpening, kRunning, kPublishing, kSettled };

/// What is to be done with a block, and why.
struct Engine::Decision {
  enum class Kind { kUpToDate, kRestore, kRun, kSkip } kind = Kind::kRun;
  std::string reason;
  Surroundings::Past past;  ///< with kRestore
};

struct Engine::BlockState {
  BlockKnowledge known;
  /// What it hands on to the blocks below it: what it left, or that on top of what its parents hand on now (hand_on.h).
  /// Made on demand; valid until it or a block above publishes. Null if it has no result.
  std::unique_ptr<StateIndex> handed;
  bool handed_known = false;
  bool as_left = false;        ///< `handed` is just what it left
  bool handed_by_key = false;  ///< which one `handed` is was decided by whether its key is the published one
  std::string must_hand_on;    ///< why only a run can tell what it hands on
  /// What the parents hand on, joined; valid as long as that. With one parent, that parent's own index.
  std::unique_ptr<StateIndex> joined_own;
  StateIndex* joined = nullptr;
  std::vector<NameConflict> conflicts;
  std::optional<KeyInputs> inputs;        ///< for `joined` and the analysis
  std::string base_key;                   ///< of `inputs`
  std::string attempt;                    ///< the one that is open, or empty
  std::vector<std::string> waiting_runs;  ///< runs that wait for `attempt` to end
  Compute room;                           ///< what `attempt` took
};

struct Engine::RunBlock {
  RunStage stage = RunStage::kOut;
  bool good = false;            ///< settled, and what it hands on is what this run wanted
  std::int32_t waits_for = 0;   ///< parents in this run that are not settled
  std::int32_t doomed_by = -1;  ///< a block above that did not succeed
  std::int32_t tries = 0;
};

struct Engine::Run {
  RunId id;
  RunRequest request;
  std::string by;
  std::vector<RunBlock> blocks;
  std::unordered_map<std::int32_t, std::string> why;  ///< a block must run
  std::deque<std::int32_t> decidable;
  std::deque<std::int32_t> ready;
  std::int32_t unsettled = 0;
  std::int32_t unannounced = 0;  ///< settled, but their publication is not durable yet
  std::int32_t running = 0;
  bool cancelled = false;
  std::int64_t started_ms = 0;
  std::vector<std::int32_t> unsaid;  ///< up to date, not announced yet
  RunFinished result;
};

struct Engine::Attempt {
  AttemptRecord record;
  std::int32_t block = -1;
  std::string run;  ///< empty for one adopted from an earlier engine
  bool stopping = false;
  std::string why_stopped;  ///< if not with its run
};

}  // namespace easel
