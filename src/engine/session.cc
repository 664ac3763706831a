#include "engine/session.h"

#include <utility>

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "canvas/utf8.h"

namespace easel {
namespace {

/// Where tests end the process around a transaction: after its last part that they tell apart.
enum class Moment { kOther, kOpen, kPublish };

Moment MomentOf(const Batch& batch) {
  Moment moment = Moment::kOther;
  for (const Change& change : batch) {
    if (std::holds_alternative<OpenAttempt>(change)) moment = Moment::kOpen;
    if (std::holds_alternative<Publish>(change)) moment = Moment::kPublish;
  }
  return moment;
}

void Pass(Moment moment, const char* at_open, const char* at_publish) {
  if (moment == Moment::kOpen) FaultPoint(at_open);
  if (moment == Moment::kPublish) FaultPoint(at_publish);
}

}  // namespace

Session::Session(World& world, std::unique_ptr<Backend> backend, SessionOptions options, Observer observer)
    : world_(world),
      backend_(std::move(backend)),
      options_(std::move(options)),
      observer_(std::move(observer)) {
  engine_ = std::make_unique<Engine>(world.canvas(), world.TakeKnowledge(), world,
                                     EngineOptions{.canvas_id = world.canvas_id(),
                                                   .cores = options_.cores,
                                                   .memory_bytes = options_.memory_bytes,
                                                   .at = world.at(),
                                                   .renames = std::ssize(world.snapshot().renames)});
}

Result<std::unique_ptr<Session>> Session::Open(World& world, std::unique_ptr<Backend> backend,
                                               SessionOptions options, Observer observer) {
  // What an earlier engine has under way will be published, which an engine that begins from an older state cannot do.
  if (!world.at().empty())
    for (const AttemptRecord& attempt : world.snapshot().open_attempts)
      if (attempt.at.empty())
        return Fail(Code::kFailedPrecondition, "ATTEMPTS_UNDER_WAY",
                    "block `" + attempt.block +
                        "` of an earlier run whose command is gone is still under way: `easel run` takes it "
                        "over; do that first, then begin from an older run");
  std::unique_ptr<Session> session(
      new Session(world, std::move(backend), std::move(options), std::move(observer)));
  session->Recover();
  session->thread_ = std::thread([s = session.get()] { s->Loop(); });
  return session;
}

Session::~Session() {
  {
    std::unique_lock lock(mutex_);
    ending_ = true;
    arrived_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
  backend_.reset();
}

void Session::Post(Letter letter) {
  const std::lock_guard lock(mutex_);
  inbox_.push_back(std::move(letter));
  arrived_.notify_one();
}

void Session::Loop() {
  for (;;) {
    std::deque<Letter> letters;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return !inbox_.empty() || (ending_ && commits_under_way_ == 0); });
      if (inbox_.empty()) return;
      letters.swap(inbox_);
    }
    for (Letter& letter : letters) {
      if (auto* event = std::get_if<Event>(&letter)) {
        if (auto* committed = std::get_if<Committed>(event)) {
          const auto stored = acknowledge_.find(committed->ticket);
          if (stored != acknowledge_.end()) {
            if (committed->status && attached_) backend_->Acknowledge(stored->second);
            acknowledge_.erase(stored);
          }
        }
        Feed(std::move(*event));
      } else if (auto* from = std::get_if<FromBackend>(&letter)) {
        OnBackendEvent(from->event);
      } else if (auto* lost = std::get_if<BackendLost>(&letter)) {
        OnBackendLost(lost->reason);
      } else {
        std::get<std::function<void()>>(letter)();
      }
    }
    TellStandings();
  }
}

void Session::TellStandings() {
  if (!observer_.on_standings) return;
  const std::vector<StandingReport> changed = engine_->ChangedStandings();
  if (!changed.empty()) observer_.on_standings(changed, engine_->canvas());
}

void Session::Tell(const RunId& run, const json::object& event) {
  if (observer_.on_event) observer_.on_event(run, event, engine_->canvas());
  if (const auto watched = watched_.find(run.value); watched != watched_.end() && watched->second.sink)
    watched->second.sink(event);
}

void Session::Ask(const std::function<void()>& work) {
  std::mutex done_mutex;
  std::condition_variable done_cv;
  bool done = false;
  Post([&] {
    work();
    const std::lock_guard lock(done_mutex);
    done = true;
    done_cv.notify_all();
  });
  std::unique_lock lock(done_mutex);
  done_cv.wait(lock, [&] { return done; });
}

void Session::Feed(Event event) {
  std::vector<Command> commands;
  engine_->Handle(std::move(event), commands);
  PerformAll(std::move(commands));
}

void Session::PerformAll(std::vector<Command> commands) {
  // All that one event changes goes to the database together: a result and its children's attempts are one sync.
  std::vector<MetadataStore::Pending> pending;
  for (Command& command : commands)
    if (auto* commit = std::get_if<CommitChanges>(&command)) pending.push_back(Prepare(std::move(*commit)));
  if (!pending.empty()) world_.store()->CommitAll(std::move(pending));
  for (Command& command : commands)
    if (!std::holds_alternative<CommitChanges>(command)) Perform(std::move(command));
}

void Session::Perform(Command command) {
  std::visit(
      [this](auto&& c) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(c)>, CommitChanges>)
          Perform(std::forward<decltype(c)>(c));
      },
      std::move(command));
}

MetadataStore::Pending Session::Prepare(CommitChanges commit) {
  if (handling_event_ > 0) acknowledge_[commit.ticket] = handling_event_;
  {
    const std::lock_guard lock(mutex_);
    ++commits_under_way_;
  }
  const Moment moment = MomentOf(commit.batch);
  Pass(moment, "engine.before_open", "engine.before_publish");
  return {std::move(commit.batch), [this, moment, ticket = commit.ticket](Status status) {
            Pass(moment, "engine.after_open", "engine.after_publish");
            const std::lock_guard lock(mutex_);
            --commits_under_way_;
            inbox_.push_back(Event(Committed{ticket, std::move(status)}));
            arrived_.notify_one();
          }};
}

void Session::Perform(const Announce& announce) {
  if (!watched_.contains(announce.run.value)) return;
  ForEachEvent(announce.what, announce.run, engine_->canvas(),
               [&](const json::object& event) { Tell(announce.run, event); });
  if (const auto* started = std::get_if<BlockStarted>(&announce.what)) SayDegraded(announce.run, *started);
  if (std::holds_alternative<RunFinished>(announce.what)) watched_.erase(announce.run.value);
}

// --- Callers ---

Result<RunId> Session::Start(const RunRequest& request, Sink sink, StartOptions options) {
  const std::int64_t asked_ms = world_.UnixMs();
  if (options.run.value.empty()) options.run = NewRunId(asked_ms);
  bool prepared = false;
  auto out = StartWhenPrepared(request, std::move(sink), options, prepared);
  if (out || !prepared) return out;
  RunRecord record{.run = options.run.value,
                   .mode = std::string(RunModeName(request.mode)),
                   .request = RunRequestText(request, options.by),
                   .created_ms = asked_ms,
                   .finished_ms = world_.UnixMs(),
                   .status = out.error().code == Code::kCancelled ? "cancelled" : "failed",
                   .summary = json::serialize(json::object{{"error", ValidUtf8(out.error().message)}}),
                   .at = world_.at()};
  if (const Status stored = world_.store()->CommitNow({PutRun{std::move(record)}}); !stored)
    Log(LogLevel::kWarning, "session", "not in the history: " + stored.error().message);
  return out;
}

/// `prepared`: environments had to be made for it.
Result<RunId> Session::StartWhenPrepared(const RunRequest& request, Sink sink, const StartOptions& options,
                                         bool& prepared) {
  // An environment may turn out to need another step once it is locked: its blocks have other keys then.
  constexpr int kRounds = 8;
  for (int round = 0;; ++round) {
    Result<RunId> out = RunId{};
    std::vector<std::string> unready;
    Ask([&] {
      auto plan = engine_->Plan(request);
      if (!plan) {
        out = std::unexpected(plan.error());
        return;
      }
      std::vector<std::int32_t> needed;
      for (const PlannedBlock& planned : *plan)
        if (planned.action == "run" || planned.action == "maybe")
          needed.push_back(*engine_->canvas().Find(planned.block));
      unready = world_.EnvironmentsToPrepare(needed);
      if (!unready.empty()) return;
      watched_[options.run.value] = Watched{std::move(sink)};
      out = options.run;
      Feed(RunRequested{options.run, request, options.by});
    });
    if (!out || unready.empty()) return out;
    if (round == kRounds)
      return Fail(Code::kAborted, "ENVIRONMENT_CHANGED",
                  "the environment `" + unready.front() +
                      "` changes again and again while it is made; run again when nobody edits it");
    prepared = true;
    if (round == 0 && options.preparing) options.preparing(unready);
    // Beside the session's thread: other runs go on while this one's packages are fetched.
    for (const std::string& name : unready)
      EASEL_RETURN_IF_ERROR(
          world_.PrepareEnvironment(name, options.progress ? options.progress : world_.options().progress,
                                    options.stop.stop_possible() ? options.stop : world_.options().stop));
    const std::lock_guard lock(editing_);
    EASEL_RETURN_IF_ERROR(EditTo(*world_.canvas(), {}));
  }
}

void Session::Cancel(const RunId& run, bool kill) { Post(Event(CancelRequested{run, kill})); }

Result<std::shared_ptr<const Canvas>> Session::Edit(
    Canvas next, const std::vector<std::pair<std::string, std::string>>& renames) {
  if (!world_.at().empty())
    return Fail(Code::kFailedPrecondition, "CANVAS_FIXED",
                "an engine that begins from an older run works on one canvas: end it, and begin again");
  const std::lock_guard lock(editing_);
  EASEL_RETURN_IF_ERROR(EditTo(std::move(next), renames));
  return world_.canvas();
}

Status Session::EditTo(Canvas next, const std::vector<std::pair<std::string, std::string>>& renames) {
  EASEL_TRY(WorldEdit edit, world_.Prepare(std::move(next), renames));
  Status out;
  Ask([&] {
    out = world_.Apply(edit);
    if (!out) return;
    std::vector<Command> commands;
    engine_->Edit(std::move(edit.engine), commands);
    for (auto& [attempt, reading] : readings_)
      reading.events.Rename(engine_->canvas().blocks[reading.block].name);
    PerformAll(std::move(commands));
    TellStandings();
  });
  return out;
}

Result<std::vector<PlannedBlock>> Session::Plan(const RunRequest& request) {
  Result<std::vector<PlannedBlock>> out;
  Ask([&] { out = engine_->Plan(request); });
  return out;
}

std::vector<StandingReport> Session::Standings() {
  std::vector<StandingReport> out;
  Ask([&] { out = engine_->ReportStandings(); });
  return out;
}

}  // namespace easel
