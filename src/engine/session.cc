#include "engine/session.h"

#include <set>

#include "base/clock.h"
#include "base/digest.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"

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

Session::Session(World& world, std::unique_ptr<Backend> backend, SessionOptions options)
    : world_(world), backend_(std::move(backend)), options_(std::move(options)) {
  engine_ = std::make_unique<Engine>(world.canvas(), world.TakeKnowledge(), world,
                                     EngineOptions{.canvas_id = world.canvas_id(),
                                                   .cores = options_.cores,
                                                   .memory_bytes = options_.memory_bytes,
                                                   .at = world.at()});
}

Result<std::unique_ptr<Session>> Session::Open(World& world, std::unique_ptr<Backend> backend,
                                               SessionOptions options) {
  // What an earlier engine has under way will be published, which an engine that begins from an older state cannot do.
  if (!world.at().empty())
    for (const AttemptRecord& attempt : world.snapshot().open_attempts)
      if (attempt.at.empty())
        return Fail(Code::kFailedPrecondition, "ATTEMPTS_UNDER_WAY",
                    "block `" + attempt.block +
                        "` of an earlier run whose command is gone is still under way: `easel run` takes it "
                        "over; do that first, then begin from an older run");
  std::unique_ptr<Session> session(new Session(world, std::move(backend), std::move(options)));
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
  }
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

// --- The backend ---

Status Session::Attach() {
  if (attached_) return {};
  auto had =
      backend_->Attach([](const std::string&) { return 0; },
                       {.on_event = [this](BackendEvent event) { Post(FromBackend{std::move(event)}); },
                        .on_lost = [this](std::string reason) { Post(BackendLost{std::move(reason)}); }});
  if (!had) return std::unexpected(had.error());
  attached_ = true;
  for (const StopAttempt& stop : std::exchange(stops_, {}))
    (void)backend_->Cancel(stop.attempt, stop.grace_ms);
  const std::set<std::string> there(had->begin(), had->end());
  std::vector<std::string> gone;
  for (const auto& [attempt, unused] : running_)
    if (!there.contains(attempt)) gone.push_back(attempt);
  for (const std::string& attempt : gone) FinishLost(attempt, "the executor that ran it is gone");
  return {};
}

/// Take over what an engine before this one left open. Runs before the session's thread.
void Session::Recover() {
  const MetadataSnapshot& snapshot = world_.snapshot();
  if (!snapshot.open_runs.empty()) {
    Batch batch;
    for (RunRecord run : snapshot.open_runs) {
      run.status = "interrupted";
      run.finished_ms = world_.UnixMs();
      batch.push_back(PutRun{std::move(run)});
    }
    (void)world_.store()->CommitNow(std::move(batch));
  }
  if (snapshot.open_attempts.empty()) return;
  for (const AttemptRecord& attempt : snapshot.open_attempts) {
    if (attempt.at.empty()) running_[attempt.attempt] = attempt;
    Feed(AttemptAdopted{attempt});
  }
  if (const Status attached = Attach(); !attached)
    for (const AttemptRecord& attempt : snapshot.open_attempts)
      FinishLost(attempt.attempt, attached.error().message);
}

/// An attempt of which nothing will be heard any more. If its manifest is there, it had succeeded all the same.
void Session::FinishLost(const std::string& attempt, const std::string& message) {
  AttemptFinished finished{.attempt = attempt, .status = "lost", .message = message};
  if (const auto text = ReadFile(ManifestPath(world_.state_root(), attempt))) {
    const std::string digest = DigestOf(*text);
    if (auto manifest = world_.Manifest(attempt, digest); manifest && (*manifest)->attempt == attempt) {
      finished.status = "succeeded";
      finished.manifest = *std::move(manifest);
      finished.manifest_digest = digest;
    }
  }
  running_.erase(attempt);
  readings_.erase(attempt);
  Feed(std::move(finished));
}

void Session::OnBackendLost(const std::string& reason) {
  attached_ = false;
  if (running_.empty()) return;
  Log(LogLevel::kInfo, "session", "the executor went away: " + reason);
  if (const Status attached = Attach(); !attached) {
    std::vector<std::string> gone;
    for (const auto& [attempt, unused] : running_) gone.push_back(attempt);
    for (const std::string& attempt : gone) FinishLost(attempt, attached.error().message);
  }
}

void Session::OnBackendEvent(const BackendEvent& event) {
  const auto text = [&](std::string_view field) {
    const json::value* value = event.body.if_contains(field);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  const auto object = [&](std::string_view field) {
    const json::value* value = event.body.if_contains(field);
    return value != nullptr && value->is_object() ? value->get_object() : json::object();
  };
  const std::string name = text("event"), attempt = text("attempt");
  handling_event_ = event.number;
  if (name == "started") {
    std::vector<std::string> missing;
    if (const json::value* list = event.body.if_contains("missing"); list != nullptr && list->is_array())
      for (const json::value& item : list->get_array())
        if (item.is_string()) missing.emplace_back(item.get_string());
    const json::value* warm = event.body.if_contains("warm");
    Feed(AttemptStarted{attempt, warm != nullptr && warm->is_bool() && warm->get_bool(), std::move(missing)});
  } else if (name == "phase") {
    Feed(AttemptPhase{attempt, text("phase")});
  } else if (name == "log") {
    ReadJournal(attempt);
  } else if (name == "finished") {
    FaultPoint("engine.on_finished");
    ReadJournal(attempt);
    AttemptFinished finished{.attempt = attempt,
                             .status = text("status"),
                             .manifest_digest = text("manifest"),
                             .failure = object("failure"),
                             .message = text("message"),
                             .phases_ms = object("phases_ms")};
    if (finished.status == "succeeded" && running_.contains(attempt)) {
      if (auto manifest = world_.Manifest(attempt, finished.manifest_digest))
        finished.manifest = *std::move(manifest);
      else
        finished.message = manifest.error().message;
    }
    if (finished.status == "failed") SayFailure(attempt, finished.failure);
    if (!running_.contains(attempt) && attached_) backend_->Acknowledge(event.number);
    running_.erase(attempt);
    readings_.erase(attempt);
    Feed(std::move(finished));
  }
  handling_event_ = 0;
}

void Session::ReadJournal(const std::string& attempt) {
  const auto found = readings_.find(attempt);
  if (found == readings_.end()) return;
  Reading& reading = found->second;
  const auto watched = watched_.find(reading.run.value);
  if (watched == watched_.end()) return;
  if (!reading.reader) {
    auto opened = JournalReader::Open(JournalPath(world_.state_root(), attempt));
    if (!opened) return;
    reading.reader = *std::move(opened);
  }
  std::vector<json::object> events;
  const auto flush = [&] {
    for (const json::object& event : events) {
      reading.error_said |= event.at("event") == "block.error";
      watched->second.sink(event);
    }
    events.clear();
  };
  for (;;) {
    auto record = reading.reader->Next();
    if (!record) {
      Log(LogLevel::kWarning, "session", record.error().message);
      break;
    }
    if (!*record) break;
    reading.events.Add(**record, events);
    if (events.size() >= 16) flush();
  }
  flush();
}

/// A failure that Python itself could not report (a crash, a limit) is an error of the block like any other.
void Session::SayFailure(const std::string& attempt, const json::object& failure) {
  const auto found = readings_.find(attempt);
  if (found == readings_.end() || found->second.error_said) return;
  const auto watched = watched_.find(found->second.run.value);
  const auto record = running_.find(attempt);
  if (watched == watched_.end() || record == running_.end()) return;
  const auto text = [&](std::string_view field) {
    const json::value* value = failure.if_contains(field);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
  };
  static const std::map<std::string, std::string> kNames{
      {"memory", "OutOfMemory"}, {"timeout", "Timeout"},     {"crash", "Crash"},
      {"exit", "Exit"},          {"disk_full", "DiskFull"},  {"capture", "CaptureError"},
      {"damaged", "Damaged"},    {"sandbox", "SandboxError"}};
  const auto name = kNames.find(text("kind"));
  const json::value* line = failure.if_contains("line");
  watched->second.sink({{"event", "block.error"},
                        {"block", record->second.block},
                        {"ename", name == kNames.end() ? "Failure" : name->second},
                        {"evalue", text("message")},
                        {"traceback", ""},
                        {"line", line == nullptr ? json::value() : *line},
                        {"kind", text("kind")}});
}

json::object Session::MakeSpec(const StartAttempt& start) const {
  const Block& block = world_.canvas().blocks[start.block];
  const Environment& environment = world_.EnvironmentOf(start.block);
  json::array preload, load, parents;
  for (const std::string& name : environment.preload) preload.emplace_back(name);
  for (const std::string& name : start.load) load.emplace_back(name);
  for (const ParentRef& parent : start.parents)
    parents.push_back(
        json::object{{"block", parent.block}, {"attempt", parent.attempt}, {"manifest", parent.manifest}});
  json::object filenames, pass_env;
  for (const auto& [name, variable] : start.state->variables)
    if (const auto origin = world_.canvas().Find(variable.origin))
      filenames[world_.canvas().blocks[*origin].file] = variable.origin;
  for (const auto& [name, value] : options_.pass_env) pass_env[name] = value;
  return {{"attempt", start.record.attempt},
          {"canvas", world_.canvas_id()},
          {"canvas_root", world_.canvas().root},
          {"state_root", world_.state_root()},
          {"block", block.name},
          {"kind", BlockKindName(block.kind)},
          {"run", start.record.run},
          {"epoch", start.record.epoch},
          {"code", block.source},
          {"filename", block.file},
          {"filenames", std::move(filenames)},
          {"environment",
           {{"name", environment.name},
            {"digest", environment.digest},
            {"python", environment.python},
            {"preload", std::move(preload)}}},
          {"isolation", options_.isolation},
          {"network", options_.network},
          {"pass_env", std::move(pass_env)},
          {"limits",
           {{"cpu", block.compute.cpu},
            {"memory_bytes", block.compute.memory_bytes},
            {"timeout_ms", block.compute.timeout_ms},
            {"journal_bytes", options_.journal_bytes}}},
          {"key", start.record.base_key},
          {"state", WriteState(*start.state)},
          {"load", std::move(load)},
          {"flags", json::array(start.flags.begin(), start.flags.end())},
          {"parents", std::move(parents)}};
}

void Session::Perform(StartAttempt start) {
  const std::string attempt = start.record.attempt;
  Status started = Attach();
  running_[attempt] = start.record;
  if (watched_.contains(start.record.run))
    readings_.emplace(attempt,
                      Reading{std::nullopt, JournalEvents(start.record.block), RunId{start.record.run}});
  FaultPoint("engine.before_start");
  if (started) started = backend_->Start(MakeSpec(start));
  FaultPoint("engine.after_start");
  if (!started) FinishLost(attempt, started.error().message);
}

void Session::Perform(const StopAttempt& stop) {
  if (attached_)
    (void)backend_->Cancel(stop.attempt, stop.grace_ms);
  else
    stops_.push_back(stop);
}

void Session::SayDegraded(const RunId& run, const BlockStarted& started) {
  const auto watched = watched_.find(run.value);
  if (watched == watched_.end() || watched->second.degraded_said) return;
  const bool off = options_.isolation == "none";
  if (started.missing.empty() && !off) return;
  watched->second.degraded_said = true;
  std::string layers;
  for (const std::string& layer : started.missing) layers += (layers.empty() ? "" : ", ") + layer;
  watched->second.sink(
      {{"event", "block.notice"},
       {"block", world_.canvas().blocks[started.block].name},
       {"kind", "degraded_isolation"},
       {"message", off ? "blocks run without isolation, as asked: they can read and change all that you can"
                       : "blocks run without these layers of isolation: " + layers +
                             "; `easel doctor` says why and what to do"}});
}

void Session::Perform(const Announce& announce) {
  const auto watched = watched_.find(announce.run.value);
  if (watched == watched_.end()) return;
  ForEachEvent(announce.what, announce.run, world_.canvas(), watched->second.sink);
  if (const auto* started = std::get_if<BlockStarted>(&announce.what)) SayDegraded(announce.run, *started);
  if (std::holds_alternative<RunFinished>(announce.what)) watched_.erase(announce.run.value);
}

// --- Callers ---

Result<RunId> Session::Start(const RunRequest& request, Sink sink) {
  Result<RunId> out = RunId{};
  Ask([&] {
    auto plan = engine_->Plan(request);
    if (!plan) {
      out = std::unexpected(plan.error());
      return;
    }
    std::vector<std::int32_t> needed;
    for (const PlannedBlock& planned : *plan)
      if (planned.action == "run" || planned.action == "maybe")
        needed.push_back(*world_.canvas().Find(planned.block));
    if (const Status prepared = world_.PrepareEnvironments(needed); !prepared) {
      out = std::unexpected(prepared.error());
      return;
    }
    const RunId run = NewRunId(world_.UnixMs());
    watched_[run.value] = Watched{std::move(sink)};
    out = run;
    Feed(RunRequested{run, request});
  });
  return out;
}

void Session::Cancel(const RunId& run, bool kill) { Post(Event(CancelRequested{run, kill})); }

Result<std::vector<PlannedBlock>> Session::Plan(const RunRequest& request) {
  Result<std::vector<PlannedBlock>> out;
  Ask([&] { out = engine_->Plan(request); });
  return out;
}

std::vector<BlockStanding> Session::Standings() {
  std::vector<BlockStanding> out;
  Ask([&] { out = engine_->Standings(); });
  return out;
}

}  // namespace easel
