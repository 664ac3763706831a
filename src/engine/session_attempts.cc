// A session's attempts: starting and stopping them, what the backend says of them, and what they show on the way.
#include <algorithm>
#include <set>

#include "base/digest.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/session.h"

namespace easel {
namespace {

/// What a block asks for within what it may have; one that asks for nothing may have that. 0: no limit.
std::int64_t Within(std::int64_t asked, std::int64_t most) {
  return asked == 0 || most == 0 ? std::max(asked, most) : std::min(asked, most);
}

}  // namespace

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
    const auto block = engine_->canvas().Find(attempt.block);
    if (attempt.at.empty()) {
      running_[attempt.attempt] = attempt;
      if (block && observer_.on_event) FollowAdopted(attempt, *block);
    }
    Feed(AttemptAdopted{attempt});
  }
  if (const Status attached = Attach(); !attached)
    for (const AttemptRecord& attempt : snapshot.open_attempts)
      FinishLost(attempt.attempt, attached.error().message);
}

/// Tell what an attempt shows from now on; what it showed before this session can be read.
void Session::FollowAdopted(const AttemptRecord& attempt, std::int32_t block) {
  Reading reading{std::nullopt, JournalEvents(attempt.block), RunId{attempt.run}, block};
  if (auto opened = JournalReader::Open(JournalPath(world_.state_root(), attempt.attempt))) {
    reading.reader = *std::move(opened);
    for (auto record = reading.reader->Next(); record && *record; record = reading.reader->Next()) {
    }
  }
  readings_.emplace(attempt.attempt, std::move(reading));
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
  if (!reading.reader) {
    auto opened = JournalReader::Open(JournalPath(world_.state_root(), attempt));
    if (!opened) return;
    reading.reader = *std::move(opened);
  }
  std::vector<json::object> events;
  const auto flush = [&] {
    for (const json::object& event : events) {
      reading.error_said |= event.at("event") == "block.error";
      Tell(reading.run, event);
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

void Session::SayFailure(const std::string& attempt, const json::object& failure) {
  const auto found = readings_.find(attempt);
  if (found == readings_.end() || found->second.error_said) return;
  Tell(found->second.run, FailureEvent(failure, engine_->canvas().blocks[found->second.block].name));
}

/// What the attempt was decided with, although the canvas may be another one by now.
json::object Session::MakeSpec(const StartAttempt& start, const Environment& environment) const {
  const Block& block = start.definition;
  const Canvas& canvas = engine_->canvas();
  json::array preload, load, parents;
  for (const std::string& name : environment.preload) preload.emplace_back(name);
  for (const std::string& name : start.load) load.emplace_back(name);
  for (const ParentRef& parent : start.parents)
    parents.push_back(
        json::object{{"block", parent.block}, {"attempt", parent.attempt}, {"manifest", parent.manifest}});
  json::object filenames, pass_env;
  for (const auto& [name, variable] : start.state->variables)
    if (const auto origin = canvas.Find(variable.origin))
      filenames[canvas.blocks[*origin].file] = variable.origin;
  for (const auto& [name, value] : options_.pass_env) pass_env[name] = value;
  return {{"attempt", start.record.attempt},
          {"canvas", world_.canvas_id()},
          {"canvas_root", canvas.root},
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
          {"network", options_.network && options_.egress.empty()},
          {"egress", json::array(options_.egress.begin(), options_.egress.end())},
          {"pass_env", std::move(pass_env)},
          {"limits",
           {{"cpu", block.compute.cpu},
            {"memory_bytes", Within(block.compute.memory_bytes, options_.block_memory_bytes)},
            {"timeout_ms", block.compute.timeout_ms},
            {"disk_bytes", options_.block_disk_bytes},
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
                      Reading{std::nullopt, JournalEvents(engine_->canvas().blocks[start.block].name),
                              RunId{start.record.run}, start.block});
  FaultPoint("engine.before_start");
  const EnvironmentPtr environment = world_.EnvironmentWith(start.environment);
  if (started && environment == nullptr)
    started = Fail(Code::kAborted, "ENVIRONMENT_CHANGED",
                   "its environment was changed while the run was under way; run it again");
  if (started) started = backend_->Start(MakeSpec(start, *environment));
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
  Tell(run,
       {{"event", "block.notice"},
        {"block", engine_->canvas().blocks[started.block].name},
        {"kind", "degraded_isolation"},
        {"message", off ? "blocks run without isolation, as asked: they can read and change all that you can"
                        : "blocks run without these layers of isolation: " + layers +
                              "; `easel doctor` says why and what to do"}});
}

}  // namespace easel
