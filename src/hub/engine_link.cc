#include "hub/engine_link.h"

#include <chrono>

#include "backend/local_backend.h"
#include "base/log.h"
#include "executor/runtime_folder.h"
#include "store/fetching_backend.h"
#include "store/state_keeper.h"

namespace easel {
namespace {

/// One Python for all open canvases of an environment, not one each: it takes 15 MiB, and answers in a millisecond. Ends
/// with the last canvas.
std::shared_ptr<SharedAnalyzers> AnalyzersOfThisProcess() {
  static std::mutex mutex;
  static std::weak_ptr<SharedAnalyzers> there;
  const std::lock_guard lock(mutex);
  auto out = there.lock();
  if (out == nullptr) there = out = std::make_shared<SharedAnalyzers>();
  return out;
}

}  // namespace

/// In the order in which they need each other.
struct EngineLink::Open {
  std::optional<EngineLock> lock;
  std::unique_ptr<World> world;
  std::shared_ptr<CanvasStore> store;
  std::unique_ptr<StateKeeper> keeper;
  std::unique_ptr<Session> session;
  std::unique_ptr<EngineServer> server;
};

namespace {

/// `edit` with what came after it.
void Join(EngineEdit& edit, EngineEdit later) {
  edit.canvas = std::move(later.canvas);
  edit.renames.insert(edit.renames.end(), later.renames.begin(), later.renames.end());
  for (auto& [id, name] : later.renamed) edit.renamed[id] = std::move(name);
}

}  // namespace

EngineLink::EngineLink(std::string folder, LinkOptions options, EngineCallbacks callbacks)
    : folder_(std::move(folder)), options_(std::move(options)), callbacks_(std::move(callbacks)) {
  thread_ = std::thread([this] { Loop(); });
}

EngineLink::~EngineLink() {
  End([] {});
  thread_.join();
}

void EngineLink::Post(std::function<void()> work) {
  const std::lock_guard lock(mutex_);
  work_.push_back(std::move(work));
  arrived_.notify_all();
}

void EngineLink::Edit(EngineEdit edit) {
  const std::lock_guard lock(mutex_);
  Join(pending_, std::move(edit));
  edit_waits_ = true;
  arrived_.notify_all();
}

void EngineLink::Start(EngineEdit edit, Wanted wanted, Starting starting) {
  Edit(std::move(edit));
  Post([this, wanted = std::move(wanted), starting = std::move(starting)] {
    auto ready = Ready();
    if (!ready) return starting.started(std::unexpected(ready.error()));
    std::stop_source stop;
    {
      const std::lock_guard lock(mutex_);
      ++starting_;
      preparing_[wanted.run.value] = stop;
    }
    // An environment may have to be built first: edits go on meanwhile.
    std::thread([this, open = *std::move(ready), wanted, starting, stop]() mutable {
      const std::stop_callback ends(stop_.get_token(), [&stop] { stop.request_stop(); });
      auto run = open->session->Start(
          wanted.request, {},
          {.by = wanted.by,
           .run = wanted.run,
           .preparing = starting.preparing,
           .progress = [this,
                        &wanted](std::string_view line) { callbacks_.on_progress(wanted.run.value, line); },
           .stop = stop.get_token()});
      {
        const std::lock_guard lock(mutex_);
        preparing_.erase(wanted.run.value);
      }
      // Cancelled after the last moment at which that stopped anything.
      if (run && stop.stop_requested()) open->session->Cancel(*run, false);
      starting.started(std::move(run));
      open.reset();
      const std::lock_guard lock(mutex_);
      --starting_;
      arrived_.notify_all();
    }).detach();
  });
}

void EngineLink::Plan(EngineEdit edit, RunRequest request, Planned planned) {
  Edit(std::move(edit));
  Post([this, request = std::move(request), planned = std::move(planned)] {
    auto ready = Ready();
    if (!ready) return planned(std::unexpected(ready.error()));
    planned((*ready)->session->Plan(request));
  });
}

void EngineLink::Cancel(const RunId& run, bool kill) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto preparing = preparing_.find(run.value); preparing != preparing_.end()) {
      preparing->second.request_stop();
      return;
    }
  }
  Post([this, run, kill] {
    if (auto ready = Ready()) (*ready)->session->Cancel(run, kill);
  });
}

void EngineLink::End(std::function<void()> ended) {
  const std::lock_guard lock(mutex_);
  if (ending_) return;
  ending_ = true;
  ended_ = std::move(ended);
  stop_.request_stop();
  arrived_.notify_all();
}

/// The open engine, with the edits that were handed over before. On the link's thread.
Result<std::shared_ptr<EngineLink::Open>> EngineLink::Ready() {
  if (open_ == nullptr && failed_.reason != "ENGINE_ELSEWHERE") (void)OpenEngine();
  if (open_ == nullptr) return std::unexpected(failed_);
  EngineEdit edit;
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(edit_waits_, false)) return open_;
    edit = std::exchange(pending_, {});
  }
  EASEL_RETURN_IF_ERROR(Apply(std::move(edit)));
  return open_;
}

Status EngineLink::Apply(EngineEdit edit) {
  const auto edited = open_->session->Edit(std::move(edit.canvas), edit.renames);
  if (edited && !edit.renamed.empty()) callbacks_.on_renamed(edit.renamed);
  if (edited) return {};
  callbacks_.on_problem(edited.error().message);
  return std::unexpected(edited.error());
}

/// The canvas as it is now, with all renames that wait.
Result<EngineEdit> EngineLink::CurrentEdit() {
  EASEL_TRY(EngineEdit now, callbacks_.current());
  const std::lock_guard guard(mutex_);
  EngineEdit out = std::exchange(pending_, {});
  edit_waits_ = false;
  Join(out, std::move(now));
  return out;
}

Status EngineLink::OpenEngine() {
  const auto fail = [&](Error error) -> Status {
    failed_ = error;
    callbacks_.on_problem(error.message);
    return std::unexpected(std::move(error));
  };
  auto open = std::make_shared<Open>();
  auto lock = EngineLock::TryAcquire(folder_ + "/.easel");
  if (!lock) return fail(lock.error());
  if (!*lock)
    return fail({Code::kUnavailable, "ENGINE_ELSEWHERE",
                 "a command line run has this canvas; runs here wait until it has ended"});
  open->lock = std::move(*lock);
  if (options_.store != nullptr) {
    open->store = std::make_shared<CanvasStore>(options_.store, folder_);
    if (const auto brought = open->store->Bring({stop_.get_token()}); !brought) return fail(brought.error());
  }
  // The canvas as it is now, not as its files say, which may be behind; and every rename that no engine has heard of.
  auto first = CurrentEdit();
  if (!first) return fail(first.error());
  auto world = World::Load({.folder = folder_,
                            .runtime_folder = RuntimeFolderOfThisMachine(),
                            .environments = EnvironmentOptionsOfThisMachine(),
                            .lenient = true,
                            .canvas = first->canvas,
                            .renames = ComposeRenames(first->renames),
                            .progress = [this](std::string_view line) { callbacks_.on_progress("", line); },
                            .stop = stop_.get_token(),
                            .analyzers = AnalyzersOfThisProcess(),
                            .elsewhere = ElsewhereOf(open->store)});
  if (!world) {
    const std::lock_guard guard(mutex_);  // for the next attempt
    pending_.renames.insert(pending_.renames.begin(), first->renames.begin(), first->renames.end());
    pending_.renamed.merge(first->renamed);
  }
  if (!world) return fail(world.error());
  if (!first->renamed.empty()) callbacks_.on_renamed(first->renamed);
  open->world = *std::move(world);
  std::unique_ptr<Backend> backend = std::make_unique<LocalBackend>(
      LocalBackendOptions{.canvas = open->world->canvas_id(),
                          .build = BuildId(RuntimeFolderOfThisMachine()),
                          .isolation = options_.session.isolation,
                          .network = options_.session.network && options_.session.egress.empty()});
  auto on_event = callbacks_.on_event;
  if (open->store != nullptr) {
    backend = MakeFetchingBackend(std::move(backend), open->store);
    open->keeper = std::make_unique<StateKeeper>(open->store, *open->world->store(), callbacks_.on_problem);
    on_event = [keeper = open->keeper.get(), tell = callbacks_.on_event](
                   const RunId& run, const json::object& event, const Canvas& canvas) {
      if (event.at("event") == "run.finished") keeper->Ask();
      tell(run, event, canvas);
    };
  }
  auto session = Session::Open(*open->world, std::move(backend), options_.session,
                               {.on_event = std::move(on_event), .on_standings = callbacks_.on_standings});
  if (!session) return fail(session.error());
  open->session = *std::move(session);
  // What was edited while it opened.
  auto now = CurrentEdit();
  if (!now) return fail(now.error());
  if (const auto edited = open->session->Edit(std::move(now->canvas), now->renames); !edited)
    return fail(edited.error());
  if (!now->renamed.empty()) callbacks_.on_renamed(now->renamed);
  auto server = EngineServer::Serve(open->world->state_root(), *open->session,
                                    [this, session = open->session.get()]() -> Status {
                                      EASEL_TRY(EngineEdit edit, CurrentEdit());
                                      const auto edited = session->Edit(std::move(edit.canvas), edit.renames);
                                      if (edited && !edit.renamed.empty())
                                        callbacks_.on_renamed(edit.renamed);
                                      return edited ? Status{} : std::unexpected(edited.error());
                                    });
  if (!server) return fail(server.error());
  open->server = *std::move(server);
  const std::vector<StandingReport> standings = open->session->Standings();
  callbacks_.on_standings(standings, *open->world->canvas());
  {
    const std::lock_guard guard(mutex_);
    open_ = std::move(open);
  }
  failed_ = {};
  callbacks_.on_problem("");
  return {};
}

void EngineLink::Loop() {
  (void)OpenEngine();
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      const auto ready = [this] { return ending_ || edit_waits_ || !work_.empty(); };
      // Somebody else's lock is free when that process ends: nothing says so but trying.
      if (open_ == nullptr && failed_.reason == "ENGINE_ELSEWHERE")
        arrived_.wait_for(lock, std::chrono::milliseconds(500), ready);
      else
        arrived_.wait(lock, ready);
      if (ending_) break;
      if (!work_.empty()) {
        work = std::move(work_.front());
        work_.pop_front();
      }
    }
    if (open_ == nullptr && failed_.reason == "ENGINE_ELSEWHERE") (void)OpenEngine();
    if (work)
      work();
    else if (open_ != nullptr)
      (void)Ready();
    else {
      // The engine that opens asks for the canvas of then; renames until then it must hear of.
      const std::lock_guard lock(mutex_);
      edit_waits_ = false;
      pending_.canvas = {};
    }
  }
  std::deque<std::function<void()>> left;
  {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return starting_ == 0; });
    left.swap(work_);
  }
  std::shared_ptr<Open> open = std::exchange(open_, nullptr);
  failed_ = {Code::kUnavailable, "CANVAS_CLOSED", "the canvas was closed: open it again"};
  if (open != nullptr) {
    open->server.reset();
    open->session.reset();
    open->keeper.reset();
    open->world.reset();
    open->lock.reset();
  }
  std::function<void()> ended;
  {
    const std::lock_guard lock(mutex_);
    ended.swap(ended_);
  }
  // Who waits for an answer gets one: Ready() finds nothing open, and the lock is not ours to take any more.
  failed_.reason = "ENGINE_ELSEWHERE";
  for (const auto& work : left) work();
  if (ended) ended();
}

}  // namespace easel
