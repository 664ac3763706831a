// The engine of an open canvas: waits for the canvas's lock, opens the engine, hands edits on, starts runs.
//
//   waiting ──lock is free──> opening ──> open ──End()──> ended
//      │                        └──────> failed ──asked again──> opening
//      └ another process (a command line run) owns the canvas
//
// A thread of its own does what blocks: reading the database, analysing code, locking environments; each start of a run,
// which may build an environment for minutes, has one more. Whoever owns the link is told by callbacks on these threads
// and on the session's, must not wait in them, and lives until End() has called back.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "blob/object_store.h"
#include "engine/owner.h"
#include "engine/session.h"

namespace easel {

/// A canvas to go on with, and what was renamed since the one before.
struct EngineEdit {
  Canvas canvas;
  std::vector<std::pair<std::string, std::string>> renames;
  std::map<std::string, std::string> renamed;  ///< the same as ids of blocks, with their names in `canvas`
};

struct LinkOptions {
  SessionOptions session;
  std::shared_ptr<ObjectStore> store;  ///< where states are kept, too; null: in the canvas's folder only
};

struct EngineCallbacks {
  /// What a person should know about the engine; empty: nothing any more.
  std::function<void(std::string problem)> on_problem;
  std::function<void(const RunId& run, const json::object& event, const Canvas& canvas)> on_event;
  std::function<void(const std::vector<StandingReport>& changed, const Canvas& canvas)> on_standings;
  /// The canvas as it is now, for an engine that opens, and for a run that a command line asks for: waits for it.
  std::function<Result<EngineEdit>()> current;
  /// What was renamed in an edit is durable with the engine.
  std::function<void(const std::map<std::string, std::string>& renamed)> on_renamed;
  /// Lines while an environment is made; `run` waits for it, empty: the engine does, which opens.
  std::function<void(const std::string& run, std::string_view line)> on_progress;
};

/// Thread-safe.
class EngineLink {
 public:
  EngineLink(std::string folder, LinkOptions options, EngineCallbacks callbacks);
  /// As End(), waiting.
  ~EngineLink();

  /// Hand on an edit; of several that wait, all renames and the last canvas count.
  void Edit(EngineEdit edit);
  struct Wanted {
    RunId run;  ///< what it shall be called
    RunRequest request;
    std::string by;
  };
  struct Starting {
    /// Environments have to be made first, which may take minutes; Cancel() ends that.
    std::function<void(const std::vector<std::string>& environments)> preparing;
    std::function<void(Result<RunId> run)> started;
  };
  /// Edit, then start; both are called on another thread, `started` last, once.
  void Start(EngineEdit edit, Wanted wanted, Starting starting);
  using Planned = std::function<void(Result<std::vector<PlannedBlock>> plan)>;
  void Plan(EngineEdit edit, RunRequest request, Planned planned);
  void Cancel(const RunId& run, bool kill);
  /// Begin to end; attempts go on in the executor. `ended` is called once, when nothing calls back any more.
  void End(std::function<void()> ended);

 private:
  struct Open;
  void Loop();
  Status OpenEngine();
  Result<EngineEdit> CurrentEdit();
  Status Apply(EngineEdit edit);
  Result<std::shared_ptr<Open>> Ready();
  void Post(std::function<void()> work);

  const std::string folder_;
  const LinkOptions options_;
  const EngineCallbacks callbacks_;

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> work_;
  EngineEdit pending_;
  bool edit_waits_ = false;
  bool ending_ = false;
  std::stop_source stop_;
  std::shared_ptr<Open> open_;
  Error failed_;
  std::map<std::string, std::stop_source> preparing_;  ///< by run that is being started
  std::int64_t starting_ = 0;                          ///< threads of Start that have not ended
  std::function<void()> ended_;
  std::thread thread_;
};

}  // namespace easel
