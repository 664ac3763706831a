// An attempt's life until a worker has it; attempt_run.cc and attempt_end.cc go on.
#include "executor/attempt.h"

#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "base/fault.h"
#include "executor/event_log.h"
#include "executor/process_tree.h"
#include "executor/slot_mounts.h"

namespace easel {
namespace {

std::int64_t MicrosecondsNow() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000LL + now.tv_nsec / 1000;
}

}  // namespace

Attempt::Attempt(AttemptSpec spec, AttemptHost& host)
    : spec_(std::move(spec)),
      host_(host),
      accepted_ms_(EventLoop::NowMs()),
      phase_began_us_(MicrosecondsNow()) {}

Attempt::~Attempt() {
  *alive_ = false;
  for (EventLoop::TimerId* timer : {&timeout_timer_, &memory_timer_, &cancel_timer_, &exit_timer_})
    host_.loop.CancelTimer(*timer);
  ReleaseWorker();
}

std::string_view Attempt::phase_name() const {
  switch (phase_) {
    case Phase::kPreparing: return "prepare";
    case Phase::kWaiting: return "wait";
    case Phase::kHandedOver: return "start";
    case Phase::kRunning: return worker_phase_.empty() ? "start" : std::string_view(worker_phase_);
    case Phase::kStoring: return "store";
    case Phase::kEnding: return "end";
    case Phase::kFinished: return "finished";
  }
  return "";
}

void Attempt::EnterPhase(std::string_view name, std::optional<std::int64_t> at_us) {
  const std::int64_t arrived = MicrosecondsNow();
  const std::int64_t now = std::clamp(at_us.value_or(arrived), phase_began_us_, arrived);
  const double before = phases_ms_.contains(timed_phase_) ? phases_ms_[timed_phase_].to_number<double>() : 0;
  phases_ms_[timed_phase_] = std::round(before * 1000 + static_cast<double>(now - phase_began_us_)) / 1000;
  timed_phase_ = name;
  phase_began_us_ = now;
}

void Attempt::Begin() {
  preparing_ = 2;
  needs_worker_ = true;
  files_ = NameFiles(spec_);
  host_.need_worker(*this);
  // The worker needs the staging area only: the attempt's own folder is made while it gets ready.
  using Unverified = Result<std::vector<NeededObject>>;
  auto staging = std::make_shared<Unverified>();
  if (Status is_new = CheckIsNew(spec_, files_); !is_new) *staging = std::unexpected(is_new.error());
  auto journal = std::make_shared<Result<std::unique_ptr<AttemptJournal>>>();
  host_.pool.Submit(
      [this, staging] {
        if (!*staging) return;
        Status made = MakeStaging(spec_, files_);
        if (made && spec_.limits.disk_bytes > 0) made = MeasureAllowance();
        *staging = made ? FindUnverified(spec_, host_.objects) : Unverified(std::unexpected(made.error()));
      },
      [this, staging] { Verify(std::move(*staging)); });
  host_.pool.Submit(
      [this, journal] {
        if (Status made = MakeAttemptFolder(spec_, files_); !made)
          *journal = std::unexpected(made.error());
        else
          *journal = AttemptJournal::Create(files_.folder + "/journal", spec_.limits.journal_bytes);
      },
      [this, journal] {
        if (*journal) journal_ = std::move(**journal);
        FolderMade(*journal ? Status{} : std::unexpected(journal->error()));
      });
}

/// What the canvas takes before the block begins, in the folders that the block may write.
Status Attempt::MeasureAllowance() {
  allowance_.limit_bytes = spec_.limits.disk_bytes;
  allowance_.folders = {files_.working, files_.staging};
  if (spec_.isolation == "strict") allowance_.folders.push_back(spec_.state_root + "/home");
  EASEL_TRY(allowance_.at_start_bytes, MeasureFolders(allowance_.folders));
  return {};
}

/// Whether the attempt goes on after one of the two steps of its preparation. Nothing is ended while the other one is
/// under way.
bool Attempt::PreparedTo(Status made) {
  --preparing_;
  if (!verdict_ && !made) {
    const Error& error = made.error();
    FailWith(std::string(FailureKindOf(error, error.reason == "STATE_DAMAGED" ? "damaged" : "sandbox")),
             error.message);
    return false;  // ended, if there was nothing to wait for
  }
  if (!verdict_) return true;
  if (preparing_ == 0) worker_ ? KillWorker() : TreeIsDead();
  return false;
}

/// Read what is new or has changed since it was last seen whole; most often there is nothing.
void Attempt::Verify(Result<std::vector<NeededObject>> unverified) {
  if (!unverified) return StagingMade(std::unexpected(unverified.error()));
  if (unverified->empty() || verdict_) return StagingMade({});
  auto outcome = std::make_shared<Status>();
  host_.verifiers.Submit(
      [this, outcome, objects = *std::move(unverified)] {
        *outcome = VerifyNeeded(spec_, objects, host_.objects, stop_verifying_);
      },
      [this, outcome] { StagingMade(std::move(*outcome)); });
}

void Attempt::StagingMade(Status made) {
  if (!PreparedTo(std::move(made))) return;
  phase_ = Phase::kWaiting;
  if (worker_) HandOver();
}

void Attempt::FolderMade(Status made) {
  if (PreparedTo(std::move(made)) && phase_ == Phase::kHandedOver) Listen();
}

void Attempt::GiveWorker(std::unique_ptr<Worker> worker, std::vector<std::string> missing) {
  needs_worker_ = false;
  warm_ = EventLoop::NowMs() - accepted_ms_ < 2;
  worker_ = std::move(worker);
  missing_ = std::move(missing);
  if (verdict_) {
    if (preparing_ == 0) KillWorker();
    return;
  }
  if (phase_ == Phase::kWaiting) HandOver();
}

void Attempt::HandOver() {
  phase_ = Phase::kHandedOver;
  started_unix_ms_ = UnixMicroseconds() / 1000;
  json::object document = spec_.document;
  document["staging"] = files_.staging;
  document["files"] = files_.working;
  if (worker_->slot_user != 0) {
    auto mounts = MountsForSlot(spec_.canvas_root, spec_.state_root, files_.staging, worker_->slot_user);
    if (!mounts) return FailWith("sandbox", mounts.error().message);
    mounts_ = *std::move(mounts);
    document["canvas_root"] = kCanvasInSlot;
    document["state_root"] = std::string(kCanvasInSlot) + "/.easel";
    document["files"] = std::string(kCanvasInSlot) + "/files";
    document["staging"] = std::string(kCanvasInSlot) + "/.easel/staging";
    if (const Status opened = OpenGate(document); !opened) return FailWith("sandbox", opened.error().message);
  }
  if (worker_->group)
    if (const Status limited = worker_->group->Limit({.memory_bytes = spec_.limits.memory_bytes,
                                                      .processes = MostProcesses(),
                                                      .cpu = spec_.limits.cpu});
        !limited)
      return FailWith("sandbox", "The block's limits could not be set: " + limited.error().message);
  to_worker_ = EncodeFrame(json::serialize(document));
  SendToWorker();
  oom_kills_ = KernelOomKills();
  if (spec_.limits.timeout_ms > 0)
    timeout_timer_ = host_.loop.After(spec_.limits.timeout_ms, [this] { OnTimeout(); });
  WatchMemory();
  if (spec_.limits.disk_bytes > 0)
    disk_watch_ =
        std::make_unique<DiskWatch>(host_.loop, host_.verifiers, allowance_, worker_->pid,
                                    [this](const std::string& message) { FailWith("disk_full", message); });
  if (journal_) Listen();
  FaultPoint("executor.handed_over");
}

/// Have the hosts reached that the spec lists. The worker gets a socket to pass its own through, after its mounts.
Status Attempt::OpenGate(json::object& document) {
  if (spec_.egress.empty()) return {};
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    return FailErrno("create a socket for the hosts that the block may reach", errno);
  mounts_.emplace_back(ends[1]);
  gate_ = std::make_unique<EgressGate>(
      UniqueFd(ends[0]), spec_.egress,
      [this, loop = &host_.loop, alive = alive_](const std::string& message) {
        loop->Post([this, alive, message] {
          if (*alive && phase_ != Phase::kFinished)
            Record(JournalStream::kNotice,
                   json::serialize(
                       json::object{{"event", "notice"}, {"kind", "host_refused"}, {"message", message}}));
        });
      });
  json::array hosts;
  for (const Reachable& one : spec_.egress)
    hosts.push_back({{"host", one.host}, {"port", one.port}, {"literal", one.literal}});
  document["egress"] = std::move(hosts);
  return {};
}

}  // namespace easel
