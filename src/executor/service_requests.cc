// The engine channel's operations (contracts/executor_protocol.md, section 1).
#include <algorithm>

#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/process_tree.h"
#include "executor/runtime_folder.h"
#include "executor/service.h"

namespace easel {
namespace {

constexpr std::int64_t kMostGraceMs = 3'600'000;

bool UnderWay(const Attempt& attempt) { return attempt.phase() != Attempt::Phase::kFinished; }

}  // namespace

void ExecutorService::OnLine(Connection& connection, const std::string& line) {
  auto request = ParseRequest(line);
  if (!request) {
    // Without an id there is nothing to answer to; 0 is no engine's.
    connection.Send(ErrorLine(0, request.error()));
    return;
  }
  if (request->op == "attach") return OnAttach(connection, *request);
  auto answer = request->op == "start" ? HandleStart(connection, *request) : Handle(*request);
  connection.Send(answer ? AnswerLine(request->id, std::move(*answer))
                         : ErrorLine(request->id, answer.error()));
}

Result<json::object> ExecutorService::Handle(const Request& request) {
  if (request.op == "cancel") return HandleCancel(request);
  if (request.op == "warm") return HandleWarm(request);
  if (request.op == "ack") return HandleAck(request);
  if (request.op == "pending") return HandlePending(request);
  if (request.op == "status") return StatusDocument();
  if (request.op == "stop") return HandleStop(request);
  if (request.op == "drain") {
    draining_ = true;
    StopServing();
    return json::object{};
  }
  return Fail(Code::kUnimplemented, "UNKNOWN_OPERATION", "the executor has no operation " + request.op);
}

/// Answers itself, because the answer comes before the events.
void ExecutorService::OnAttach(Connection& connection, const Request& request) {
  const json::value body(request.body);
  JsonReader reader(body, "attach");
  const std::string id = reader.String("canvas");
  const std::int64_t after = reader.IntOr("after", 0);
  if (!reader.ok()) return connection.Send(ErrorLine(request.id, reader.status().error()));
  CanvasFacts& canvas = CanvasOf(id);
  if (canvas.engine != nullptr && canvas.engine != &connection)
    canvas.engine->Send(json::serialize(json::object{{"detached", id}}) + "\n");
  canvas.engine = &connection;
  connection.Send(
      AnswerLine(request.id, {{"attempts", json::array(canvas.attempts.begin(), canvas.attempts.end())}}));
  for (const EventLog::Entry& entry : canvas.log.kept())
    if (entry.number > after) connection.Send(entry.line);
  for (const std::string& name : canvas.attempts)
    if (auto found = attempts_.find(name); found != attempts_.end()) {
      found->second->reported_journal_bytes = 0;
      OnJournalGrew(*found->second);
    }
}

Result<json::object> ExecutorService::HandleStart(const Connection& connection, const Request& request) {
  const json::value* spec = request.body.if_contains("spec");
  if (spec == nullptr || !spec->is_object())
    return Fail(Code::kInvalidArgument, "JSON_SHAPE", "start: spec: expected an object");
  EASEL_TRY(AttemptSpec parsed, ReadAttemptSpec(spec->get_object()));
  // Whoever was attached when the draining began goes on to the end of its run: it is of this executor's build.
  if (closing_ || (draining_ && CanvasOf(parsed.canvas).engine != &connection))
    return Fail(Code::kUnavailable, "EXECUTOR_DRAINING", "this executor is ending; connect to the new one");
  if (!CanvasOf(parsed.canvas).attempts.contains(parsed.attempt)) StartAttempt(std::move(parsed));
  FaultPoint("executor.accepted");
  return json::object{};
}

Result<json::object> ExecutorService::HandleCancel(const Request& request) {
  const json::value body(request.body);
  JsonReader reader(body, "cancel");
  const std::string name = reader.String("attempt");
  const std::int64_t grace_ms = std::clamp<std::int64_t>(reader.IntOr("grace_ms", 0), 0, kMostGraceMs);
  EASEL_RETURN_IF_ERROR(reader.status());
  if (auto found = attempts_.find(name); found != attempts_.end()) {
    found->second->Cancel(grace_ms);
    return json::object{};
  }
  if (std::ranges::any_of(canvases_, [&](const auto& entry) { return entry.second.attempts.contains(name); }))
    return json::object{};
  return Fail(Code::kNotFound, "ATTEMPT_UNKNOWN", "the executor has no attempt " + name);
}

Result<json::object> ExecutorService::HandleWarm(const Request& request) {
  const json::value body(request.body);
  JsonReader reader(body, "warm");
  const json::value* environment = reader.Find("environment");
  const std::string isolation = reader.StringOr("isolation", "local");
  const std::int64_t workers = reader.IntOr("workers", options_.parked);
  const bool network = reader.BoolOr("network", true);
  if (environment == nullptr) reader.Reject("environment", "expected an object");
  if (!IsIsolationMode(isolation)) reader.Reject("isolation", "expected local, strict, pod or none");
  EASEL_RETURN_IF_ERROR(reader.status());
  if (draining_ || closing_) return json::object{};
  EASEL_TRY(const EnvironmentSpec parsed, ReadEnvironmentSpec(*environment, "warm: environment"));
  EASEL_TRY(Zygote * zygote, ZygoteFor(parsed, isolation, network));
  zygote->last_used_ms = EventLoop::NowMs();
  zygote->SetTarget(static_cast<int>(std::clamp<std::int64_t>(workers, 0, 64)));
  return json::object{};
}

Result<json::object> ExecutorService::HandleAck(const Request& request) {
  const json::value body(request.body);
  JsonReader reader(body, "ack");
  const std::string id = reader.String("canvas");
  const std::int64_t through = reader.Int("through");
  EASEL_RETURN_IF_ERROR(reader.status());
  CanvasFacts& canvas = CanvasOf(id);
  for (const EventLog::Entry& entry : canvas.log.kept())
    if (entry.finished && entry.number <= through) canvas.attempts.erase(entry.attempt);
  canvas.log.Acknowledge(through);
  return json::object{};
}

Result<json::object> ExecutorService::HandlePending(const Request& request) {
  const json::value body(request.body);
  JsonReader reader(body, "pending");
  const std::string id = reader.String("canvas");
  EASEL_RETURN_IF_ERROR(reader.status());
  const auto found = canvases_.find(id);
  json::array attempts;
  if (found != canvases_.end())
    attempts = json::array(found->second.attempts.begin(), found->second.attempts.end());
  return json::object{{"attempts", std::move(attempts)}};
}

Result<json::object> ExecutorService::HandleStop(const Request& request) {
  const json::value body(request.body);
  JsonReader reader(body, "stop");
  const bool force = reader.BoolOr("force", false);
  EASEL_RETURN_IF_ERROR(reader.status());
  const auto running =
      std::ranges::count_if(attempts_, [](const auto& entry) { return UnderWay(*entry.second); });
  if (running > 0 && !force)
    return Fail(Code::kFailedPrecondition, "ATTEMPTS_RUNNING",
                std::to_string(running) + (running == 1 ? " block is" : " blocks are") +
                    " running. Wait, cancel the run, or stop with --force, which ends them.");
  Shutdown("it was asked to stop");
  return json::object{};
}

json::object ExecutorService::StatusDocument() const {
  const std::int64_t now = EventLoop::NowMs();
  json::array attempts;
  for (const auto& [name, attempt] : attempts_)
    attempts.push_back({{"attempt", name},
                        {"canvas", attempt->spec().canvas},
                        {"phase", attempt->phase_name()},
                        {"since_ms", now - attempt->since_ms()},
                        {"memory_bytes", attempt->memory_bytes()}});
  json::array zygotes;
  for (const auto& [key, zygote] : zygotes_)
    zygotes.push_back({{"environment", zygote->options().environment.name},
                       {"python", zygote->options().environment.python},
                       {"pid", zygote->pid()},
                       {"parked", zygote->parked()},
                       {"fork_safe", zygote->fork_safe()},
                       {"missing", json::array(zygote->missing().begin(), zygote->missing().end())},
                       {"memory_bytes", zygote->pid() > 0 ? MemoryOfTree(zygote->pid()) : 0}});
  return {{"pid", ::getpid()},
          {"uptime_ms", now - started_ms_},
          {"linger_ms", options_.linger_ms},
          {"mode", mode_},
          {"missing", json::array(missing_.begin(), missing_.end())},
          {"socket", SocketPath(options_.folder)},
          {"attempts", std::move(attempts)},
          {"zygotes", std::move(zygotes)}};
}

}  // namespace easel
