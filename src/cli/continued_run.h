// One run as the person who asked for it sees it, although the engine that does it may change on the way.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "base/json.h"

namespace easel {

/// A run through another command's engine goes on in an engine of our own when that command is killed. The new engine
/// knows nothing of the old run: for it, what ran a moment ago is up to date. This puts the two together, so that there is
/// one `run.started`, one `block.finished` for each block, and one `run.finished` that counts all of it. For one thread.
class ContinuedRun {
 public:
  /// The event as it should be told; nullopt: it has been told before.
  std::optional<json::object> Tell(json::object event);
  /// The engine that did the run is gone; what comes next comes from another one.
  void EngineGone() { ++engine_; }

 private:
  std::optional<json::object> Finished(json::object event);
  json::object Whole(json::object event) const;

  int engine_ = 0;
  std::string run_;
  std::map<std::string, std::string> settled_;  ///< block -> status, as told
  std::map<std::string, std::string> begun_;    ///< block -> attempt, told as started and not as finished
};

}  // namespace easel
