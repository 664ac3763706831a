// One open canvas: joins its content, who looks at it, and its engine.
//
// Life: opened by the first who asks for it (OpenCanvases), has one thread with an inbox until it ends: when nobody has
// looked for a minute and nothing runs, when its folder is moved or deleted, when its journal cannot be written, or with
// the server. One thread per open canvas, not a pool: SQLite and the file system block, a canvas on a slow disk must
// not hold up another, and an idle thread costs some 30 KiB of memory.
//
// Everything here is thread-safe and returns at once; answers come on the hub's thread, which must not be held up.
// What arrives together is made durable together, with one sync, and then told.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "hub/engine_link.h"
#include "hub/live_canvas.h"
#include "hub/peers.h"

namespace easel {

/// Somebody who looks at a canvas.
struct Visitor {
  json::object user;   ///< as the API's User
  std::string canvas;  ///< the canvas's id in the API
  std::string role;
  bool may_edit = false;
};

class CanvasHub {
 public:
  static constexpr std::int64_t kLingerMs = 60'000;
  static constexpr std::int64_t kAnalyseAfterMs = 150;
  /// Of so many pages all are told who is there and where; the pages beyond are only counted: a list of everybody for everybody
  /// grows with the square of them.
  static constexpr std::size_t kMostShown = 64;

  using Answer = std::function<void(Result<json::object> answer)>;

  /// Blocks for reading. Errors: those of LiveCanvas.
  static Result<std::shared_ptr<CanvasHub>> Open(const std::string& folder, LinkOptions options);
  ~CanvasHub();

  /// It takes nothing more: open the canvas anew.
  bool ended() const { return ended_; }
  /// It has let go of the canvas.
  bool over() const { return over_; }
  /// Begin to end: write everything, tell everybody.
  void End(std::string reason, std::string message);

  /// A page comes; `hello` is sent to it first. `epoch` and `after`: what it has already, or empty and -1.
  void Join(std::shared_ptr<PeerLink> link, Visitor visitor, std::string epoch, std::int64_t after);
  void Leave(const PeerLink* link);
  /// A message of docs/formats/live.md.
  void Receive(const PeerLink* link, std::string message);

  /// The Operation. Errors: a refusal is kFailedPrecondition with its reason (kNotFound for NO_SUCH_…), and its `path` is
  ///         in the message only.
  void Change(std::string actor, std::string token, json::value change, Answer answer);
  /// The CanvasSnapshot, once the engine has said how blocks stand, or cannot soon.
  void Snapshot(std::string canvas, std::string role, Answer answer);
  /// Wait: the name of a block that is there.
  std::optional<std::string> NameOf(const std::string& block);
  /// Wait until the folder has everything.
  Status Save();
  /// Wait until it has ended, and let go of the canvas. Not on the hub's threads.
  void WaitForEnd();
  void Operations(std::int64_t after, std::int64_t limit, Answer answer);
  void Revisions(std::string block, std::int64_t before, std::int64_t limit, Answer answer);
  void Revision(std::string block, std::int64_t revision, Answer answer);
  void Plan(json::value request, Answer answer);
  void Start(json::value request, std::string by, Answer answer);
  void Cancel(std::string run, bool kill, Answer answer);

 private:
  struct Page {
    PeerId peer = 0;
    Visitor visitor;
    json::object person;
    bool shown = false;  ///< its person is told
  };
  CanvasHub(std::unique_ptr<LiveCanvas> canvas, LinkOptions options);
  void Post(std::function<void()> work);
  void Wake();
  void Loop();
  /// Errors end the hub.
  Status Step(std::int64_t& next_ms);
  void EndNow(const Error& error);
  void Ask(Answer answer, std::function<Result<json::object>()> work);

  // hub_pages.cc
  void Welcome(std::shared_ptr<PeerLink> link, Visitor visitor, const std::string& epoch, std::int64_t after);
  void Take(const PeerLink* link, Page& page, const json::object& message);
  void TakeChange(Page& page, const json::object& message);
  json::object SnapshotNow(const std::string& canvas, const std::string& role) const;
  std::map<std::string, json::object> StandingsNow() const;
  json::array RunsNow() const;
  void Gone(const PeerLink* link);
  void TellPerson(const Page& page);
  void TellOthers();

  // hub_runs.cc
  void StartEngine();
  void EngineAnswered();
  EngineEdit EditNow();
  Result<RunRequest> RequestOf(const json::value& request) const;
  void Prepare(json::object run, const std::vector<std::string>& environments, const Answer& answer);
  void Started(json::object run, const Status& started, const Answer& answer);
  void OnEvent(const std::string& run, json::object event);
  void OnStandings(const std::vector<std::pair<std::string, json::object>>& changed);
  std::string IdOf(const std::string& name) const;

  SystemClock clock_;
  std::unique_ptr<LiveCanvas> canvas_;
  const LinkOptions options_;
  Peers peers_;
  std::map<const PeerLink*, Page> pages_;
  std::size_t shown_ = 0;  ///< of them
  std::int64_t others_told_ = 0;
  std::map<std::string, json::object> standings_;    ///< by block: what its LiveBlock adds
  std::map<std::string, json::object> runs_;         ///< under way
  std::map<std::string, std::string> engine_names_;  ///< of blocks, as the engine was told -> id
  std::string engine_problem_;
  std::unique_ptr<EngineLink> engine_;
  std::int64_t engine_generation_ = -1;  ///< of the canvas that the engine was given
  std::int64_t changed_ms_ = 0;
  std::int64_t seen_generation_ = 0;
  std::int64_t alone_since_ms_ = 0;
  std::vector<std::function<void()>> after_commit_;
  std::vector<std::function<void()>> after_engine_;  ///< who waits for its first word
  bool engine_answered_ = false;

  UniqueFd wake_;
  std::mutex mutex_;
  std::deque<std::function<void()>> inbox_;
  std::vector<std::pair<const PeerLink*, std::int64_t>> acknowledged_;  ///< of batches
  bool ending_ = false;
  bool engine_ended_ = true;
  std::string end_reason_, end_message_;
  std::atomic<bool> ended_ = false;
  std::atomic<bool> over_ = false;  ///< nothing is held any more
  std::thread thread_;
};

}  // namespace easel
