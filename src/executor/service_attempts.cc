// Attempts, the zygotes they need, and the events they make.
#include <algorithm>

#include "base/log.h"
#include "executor/hidden_paths.h"
#include "executor/service.h"

namespace easel {
namespace {

// Far from people, services, and what containers take (systemd: 524,288 to 1,878,982,656).
constexpr std::uint32_t kFirstSlotUser = 1'900'000'000;
constexpr std::uint32_t kSlotRanges = 100'000;

}  // namespace

ExecutorService::CanvasFacts& ExecutorService::CanvasOf(const std::string& id) {
  return canvases_.try_emplace(id, id).first->second;
}

void ExecutorService::StartAttempt(AttemptSpec spec) {
  CanvasOf(spec.canvas).attempts.insert(spec.attempt);
  auto attempt = std::make_unique<Attempt>(std::move(spec), host_);
  Attempt& started = *attempt;
  attempts_.emplace(started.spec().attempt, std::move(attempt));
  started.Begin();
}

Result<Zygote*> ExecutorService::ZygoteFor(const EnvironmentSpec& environment, const std::string& isolation,
                                           bool network) {
  std::string key =
      environment.digest + " " + environment.python + " " + isolation + (network ? " network" : "");
  for (const std::string& module : environment.preload) key += " " + module;
  if (auto found = zygotes_.find(key); found != zygotes_.end()) {
    if (found->second->phase() != Zygote::Phase::kDead) return found->second.get();
    // Dead, and about to be removed; its key goes to the successor.
    auto corpse = std::make_shared<std::unique_ptr<Zygote>>(std::move(found->second));
    zygotes_.erase(found);
    loop_->Post([corpse] { corpse->reset(); });
  }
  const bool strict = isolation == "strict";
  if (strict && !groups_) {
    groups_ = GroupTree::Find("", /*prepare=*/true);
    groups_->Sweep("");
  }
  auto zygote = std::make_unique<Zygote>(
      *loop_,
      InterpreterOptions{.environment = environment,
                         .isolation = isolation,
                         .network = network,
                         .runtime = options_.runtime,
                         .home = options_.home,
                         .shim = options_.shim,
                         .hide = HiddenPaths(options_.folder),
                         .first_slot_user = kFirstSlotUser + kSlots * (zygotes_made_++ % kSlotRanges),
                         .log_fd = 2},
      ZygoteListener{
          .confine = strict ? [this](std::uint64_t worker, pid_t pid) { Confine(worker, pid); }
                            : std::function<void(std::uint64_t, pid_t)>(),
          .on_worker = [this](Zygote& from,
                              std::unique_ptr<Worker> worker) { OnWorker(from, std::move(worker)); },
          .on_exit =
              [this](Zygote&, std::uint64_t id, const WorkerExit& exit) {
                for (auto& [name, attempt] : attempts_)
                  if (attempt->worker_id() == id) return attempt->WorkerExited(exit);
              },
          .on_failure = [this](Zygote& from, const std::string& message) { OnZygoteFailure(from, message); },
          .on_death = [this](Zygote& from) { OnZygoteDeath(from); }});
  EASEL_RETURN_IF_ERROR(zygote->Start());
  zygote->SetTarget(options_.parked);
  return zygotes_.emplace(key, std::move(zygote)).first->second.get();
}

/// Beside the loop, because the kernel may take 15 ms to move a process.
void ExecutorService::Confine(std::uint64_t worker, pid_t pid) {
  using Made = Result<std::shared_ptr<ControlGroup>>;
  auto made = std::make_shared<Made>();
  pool_.Submit(
      [made, pid, groups = &*groups_, name = instance_ + "-" + std::to_string(worker)] {
        *made = groups->Make(name);
        if (!*made || **made == nullptr) return;
        if (const Status added = (**made)->Add(pid); !added) *made = std::unexpected(added.error());
      },
      [this, made, worker] {
        for (auto& [key, zygote] : zygotes_)
          if (zygote->Confined(worker, *made)) return;
      });
}

std::vector<std::string> ExecutorService::MissingFor(const Zygote& zygote) const {
  std::vector<std::string> out = zygote.missing();
  if (zygote.options().isolation == "strict" && groups_)
    for (std::string& layer : groups_->missing()) out.push_back(std::move(layer));
  return out;
}

void ExecutorService::NeedWorker(Attempt& attempt) {
  const AttemptSpec& spec = attempt.spec();
  auto zygote = ZygoteFor(spec.environment, spec.isolation, spec.network);
  if (!zygote) return attempt.FailWith("sandbox", zygote.error().message);
  if (std::unique_ptr<Worker> worker = (*zygote)->Take())
    return attempt.GiveWorker(std::move(worker), MissingFor(**zygote));
  waiting_[*zygote].push_back(spec.attempt);
}

void ExecutorService::ForgetWaiting(Attempt& attempt) {
  for (auto& [zygote, names] : waiting_)
    if (std::erase(names, attempt.spec().attempt) != 0) zygote->Untake();
}

void ExecutorService::OnWorker(Zygote& zygote, std::unique_ptr<Worker> worker) {
  std::vector<std::string>& names = waiting_[&zygote];
  EASEL_CHECK(!names.empty());
  const std::string name = names.front();
  names.erase(names.begin());
  attempts_.at(name)->GiveWorker(std::move(worker), MissingFor(zygote));
}

void ExecutorService::OnZygoteFailure(Zygote& zygote, const std::string& message) {
  const std::vector<std::string> names = std::move(waiting_[&zygote]);
  waiting_.erase(&zygote);
  for (const std::string& name : names) attempts_.at(name)->FailWith("sandbox", message);
}

void ExecutorService::OnZygoteDeath(Zygote& zygote) {
  const std::string message = "The interpreter that held the block's worker ended.";
  std::vector<std::string> names = std::move(waiting_[&zygote]);
  waiting_.erase(&zygote);
  for (auto& [name, attempt] : attempts_)
    if (attempt->zygote() == &zygote) names.push_back(name);
  for (const std::string& name : names) attempts_.at(name)->Lose(message);
  // Its own functions are on the stack: it goes when they have returned, unless a successor took its key before.
  loop_->Post([this, dead = &zygote] {
    std::erase_if(zygotes_, [dead](const auto& entry) { return entry.second.get() == dead; });
  });
}

void ExecutorService::Emit(Attempt& attempt, json::object event) {
  CanvasFacts& canvas = CanvasOf(attempt.spec().canvas);
  // A reader that follows events must find in the journal what was shown before them.
  if (canvas.engine != nullptr && grown_.contains(attempt.spec().attempt)) SendLogEvent(attempt);
  const EventLog::Entry& entry = canvas.log.Add(attempt.spec().attempt, std::move(event));
  if (canvas.engine != nullptr) canvas.engine->Send(entry.line);
}

void ExecutorService::OnJournalGrew(Attempt& attempt) { grown_.insert(attempt.spec().attempt); }

void ExecutorService::SendLogEvent(Attempt& attempt) {
  CanvasFacts& canvas = CanvasOf(attempt.spec().canvas);
  grown_.erase(attempt.spec().attempt);
  const std::int64_t to = attempt.journal_bytes();
  if (canvas.engine == nullptr || to <= attempt.reported_journal_bytes) return;
  canvas.engine->Send(json::serialize(json::object{{"canvas", canvas.log.canvas()},
                                                   {"event", "log"},
                                                   {"attempt", attempt.spec().attempt},
                                                   {"t_us", UnixMicroseconds()},
                                                   {"from", attempt.reported_journal_bytes},
                                                   {"to", to}}) +
                      "\n");
  attempt.reported_journal_bytes = to;
}

/// Attempts whose engine reads slowly stay in `grown_`: their next event covers more.
void ExecutorService::SendLogEvents() {
  const std::vector<std::string> names(grown_.begin(), grown_.end());
  for (const std::string& name : names) {
    const auto found = attempts_.find(name);
    if (found == attempts_.end()) {
      grown_.erase(name);
      continue;
    }
    const Connection* engine = CanvasOf(found->second->spec().canvas).engine;
    if (engine == nullptr || !engine->congested()) SendLogEvent(*found->second);
  }
}

void ExecutorService::OnFinished(Attempt& attempt) {
  grown_.erase(attempt.spec().attempt);
  // The attempt is on the stack; and its id must be known until its last event is acknowledged.
  loop_->Post([this, name = attempt.spec().attempt] { attempts_.erase(name); });
}

}  // namespace easel
