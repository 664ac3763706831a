#include "executor/attempt.h"

#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "base/digest.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/large_inputs.h"
#include "executor/process_tree.h"
#include "executor/slot_mounts.h"

namespace easel {
namespace {

constexpr std::int64_t kMemoryPollMs = 20;
constexpr std::int64_t kUnlimitedMemoryPollMs = 200;  // only to know the peak
constexpr std::int64_t kExitReportMs = 500;           // from a closed channel to the zygote's report
constexpr std::int64_t kKillDeadlineMs = 5000;
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

std::int64_t MicrosecondsNow() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000LL + now.tv_nsec / 1000;
}

std::int64_t UnixMs() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1'000'000;
}

/// How often the kernel has ended a process for want of memory since it started.
std::int64_t KernelOomKills() {
  auto text = ReadFile("/proc/vmstat");
  if (!text) return 0;
  const std::size_t at = text->find("\noom_kill ");
  return at == std::string::npos ? 0 : std::atoll(text->c_str() + at + 10);
}

/// Large enough that a full pipe is one read; shared, because the loop handles one pipe at a time.
char* ReadBuffer() {
  static const std::unique_ptr<char[]> buffer(new char[kReadBytes]);
  return buffer.get();
}

std::string SignalName(int number) {
  const char* name = ::sigabbrev_np(number);
  return name == nullptr ? "signal " + std::to_string(number) : "SIG" + std::string(name);
}

std::string_view StatusName(AttemptStatus status) {
  switch (status) {
    case AttemptStatus::kSucceeded: return "succeeded";
    case AttemptStatus::kFailed: return "failed";
    case AttemptStatus::kCancelled: return "cancelled";
    case AttemptStatus::kLost: return "lost";
  }
  return "lost";
}

Verdict Failed(std::string kind, std::string message) {
  return {AttemptStatus::kFailed, Failure{.kind = std::move(kind), .message = std::move(message)}, ""};
}

std::string_view KindOf(const Error& error, std::string_view otherwise) {
  return error.reason == "DISK_FULL" || error.reason == "DISK_LIMIT" ? "disk_full" : otherwise;
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

// ---- before the worker

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
    FailWith(std::string(KindOf(error, error.reason == "STATE_DAMAGED" ? "damaged" : "sandbox")),
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
  started_unix_ms_ = UnixMs();
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

/// Follow what the worker says and shows, now that there is a journal to put it in.
void Attempt::Listen() {
  host_.loop.Watch(worker_->channel.get(), EPOLLIN | EPOLLOUT,
                   [this](std::uint32_t events) { OnChannel(events); });
  host_.loop.Watch(worker_->out.get(), EPOLLIN,
                   [this](std::uint32_t) { OnPipe(worker_->out, JournalStream::kStdout); });
  host_.loop.Watch(worker_->err.get(), EPOLLIN,
                   [this](std::uint32_t) { OnPipe(worker_->err, JournalStream::kStderr); });
  FlushToWorker();
}

/// Send what the channel takes of the spec; true when all is sent.
bool Attempt::SendToWorker() {
  while (sent_bytes_ < to_worker_.size()) {
    const ssize_t n = SendWithDescriptors(worker_->channel.get(), to_worker_.data() + sent_bytes_,
                                          to_worker_.size() - sent_bytes_, mounts_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return false;
    if (n < 0) break;  // its end follows on the channel
    mounts_.clear();
    sent_bytes_ += static_cast<std::size_t>(n);
  }
  to_worker_ = {};
  sent_bytes_ = 0;
  mounts_.clear();
  return true;
}

void Attempt::FlushToWorker() {
  if (SendToWorker()) host_.loop.Change(worker_->channel.get(), EPOLLIN);
}

// ---- while it runs

void Attempt::OnChannel(std::uint32_t events) {
  if ((events & EPOLLOUT) != 0 && !to_worker_.empty()) FlushToWorker();
  if ((events & ~static_cast<std::uint32_t>(EPOLLOUT)) == 0) return;
  char* buffer = ReadBuffer();
  const ssize_t n = ::recv(worker_->channel.get(), buffer, kReadBytes, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return OnChannelClosed();
  std::vector<std::string> frames;
  const Status fed = frames_.Feed({buffer, static_cast<std::size_t>(n)}, frames);
  for (const std::string& frame : frames) {
    if (verdict_ || phase_ == Phase::kStoring) return;
    OnFrame(frame);
  }
  if (!fed && !verdict_) FailWith("sandbox", fed.error().message);
}

void Attempt::OnFrame(const std::string& frame) {
  auto message = ParseWorkerMessage(frame);
  if (!message)
    return FailWith("sandbox", "The block's worker broke the protocol: " + message.error().message);
  switch (message->event) {
    case WorkerEvent::kParked: return;
    case WorkerEvent::kStarted: return OnStarted(message->body);
    case WorkerEvent::kPhase: return OnPhase(message->body);
    case WorkerEvent::kResult: return OnResult(std::move(message->body));
    case WorkerEvent::kDisplay: return Record(JournalStream::kDisplay, frame);
    case WorkerEvent::kError: return Record(JournalStream::kError, frame);
    case WorkerEvent::kNotice: return Record(JournalStream::kNotice, frame);
  }
}

void Attempt::OnStarted(const json::object& body) {
  if (phase_ != Phase::kHandedOver) return;
  phase_ = Phase::kRunning;
  json::array missing(missing_.begin(), missing_.end());
  if (const json::value* more = body.if_contains("missing"); more != nullptr && more->is_array())
    for (const json::value& layer : more->get_array())
      if (std::ranges::find(missing, layer) == missing.end()) missing.push_back(layer);
  host_.emit(*this,
             {{"event", "started"}, {"pid", worker_->pid}, {"warm", warm_}, {"missing", std::move(missing)}});
  host_.started(*this);
  host_.pool.Submit([root = spec_.state_root] { RemoveAbandonedStaging(root); });
}

void Attempt::OnPhase(const json::object& body) {
  worker_phase_ = std::string(body.at("phase").get_string());
  const json::value* at = body.if_contains("at_us");
  EnterPhase(worker_phase_, at != nullptr && at->is_int64() ? std::optional(at->get_int64()) : std::nullopt);
  host_.emit(*this, {{"event", "phase"}, {"phase", worker_phase_}});
}

void Attempt::OnPipe(UniqueFd& pipe, JournalStream stream) {
  // A worker sends a frame only when its pipes have been read empty, so what is in a pipe now came after every frame
  // that is in the channel now.
  if (!channel_closed_) OnChannel(EPOLLIN);
  if (!worker_ || !pipe.valid()) return;
  // One read a turn: no attempt can keep the loop from the others.
  const ssize_t n = ::read(pipe.get(), ReadBuffer(), kReadBytes);
  if (n > 0) return Record(stream, {ReadBuffer(), static_cast<std::size_t>(n)});
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  host_.loop.Forget(pipe.get());  // the block closed it; the worker goes on
  pipe.Reset();
}

/// Read what is in the pipe now, and no more: whoever writes without end must not hold the loop.
void Attempt::DrainPipe(UniqueFd& pipe, JournalStream stream) {
  int left = 0;
  if (!pipe.valid() || ::ioctl(pipe.get(), FIONREAD, &left) != 0) return;
  while (left > 0) {
    const ssize_t n =
        ::read(pipe.get(), ReadBuffer(), std::min<std::size_t>(kReadBytes, static_cast<std::size_t>(left)));
    if (n <= 0) return;
    Record(stream, {ReadBuffer(), static_cast<std::size_t>(n)});
    left -= static_cast<int>(n);
  }
}

void Attempt::DrainPipes() {
  if (!worker_) return;
  DrainPipe(worker_->out, JournalStream::kStdout);
  DrainPipe(worker_->err, JournalStream::kStderr);
}

void Attempt::Record(JournalStream stream, std::string_view payload) {
  if (journal_error_ || !journal_) return;
  if (Status written = journal_->Append(stream, payload); !written) {
    journal_error_ = written.error();
    FailWith(std::string(KindOf(*journal_error_, "sandbox")),
             "What the block shows could not be kept: " + journal_error_->message);
    return;
  }
  host_.journal_grew(*this);
}

void Attempt::SampleMemory() {
  if (!worker_ || worker_->pid < 0 || exit_) return;
  memory_bytes_ = MemoryOfTree(worker_->pid);
  peak_memory_bytes_ = std::max(peak_memory_bytes_, memory_bytes_);
}

void Attempt::WatchMemory() {
  const std::int64_t limit = spec_.limits.memory_bytes;
  memory_timer_ = host_.loop.After(limit > 0 ? kMemoryPollMs : kUnlimitedMemoryPollMs, [this, limit] {
    memory_timer_ = 0;
    if (!worker_ || verdict_) return;
    SampleMemory();
    if (limit > 0 && memory_bytes_ > limit)
      return FailWith("memory", "The block used " + HumanBytes(memory_bytes_) + " of memory; its limit is " +
                                    HumanBytes(limit) + "." + LargeInputs(spec_.document) +
                                    " Raise compute.memory or work on less data at once.");
    WatchMemory();
  });
}

void Attempt::OnTimeout() {
  timeout_timer_ = 0;
  FailWith("timeout", "The block ran longer than its limit of " +
                          HumanDuration(static_cast<double>(spec_.limits.timeout_ms) / 1000) +
                          ". Raise compute.timeout if that is expected.");
}

void Attempt::Cancel(std::int64_t grace_ms) {
  if (verdict_ || phase_ == Phase::kStoring || phase_ == Phase::kFinished) return;
  cancelled_ = true;
  const Verdict cancelled{AttemptStatus::kCancelled, {}, ""};
  if (phase_ == Phase::kPreparing || phase_ == Phase::kWaiting || grace_ms <= 0) return End(cancelled);
  SignalPidfd(worker_->pidfd.get(), SIGINT);
  host_.loop.CancelTimer(cancel_timer_);
  cancel_timer_ = host_.loop.After(grace_ms, [this, cancelled] {
    cancel_timer_ = 0;
    End(cancelled);
  });
}

void Attempt::Lose(const std::string& message) { End({AttemptStatus::kLost, {}, message}); }

void Attempt::FailWith(const std::string& kind, const std::string& message) { End(Failed(kind, message)); }

// ---- its end

void Attempt::OnResult(json::object body) {
  if (phase_ != Phase::kRunning)
    return FailWith("sandbox", "The block's worker sent a result before it started.");
  if (cancelled_) return End({AttemptStatus::kCancelled, {}, ""});
  SampleMemory();
  auto result = ReadAttemptResult(std::move(body), spec_);
  if (!result) return FailWith("capture", "The block's state could not be read: " + result.error().message);
  if (!result->succeeded) return End({AttemptStatus::kFailed, result->failure, ""});
  Store(std::move(*result));
}

void Attempt::OnChannelClosed() {
  host_.loop.Forget(worker_->channel.get());
  channel_closed_ = true;
  if (phase_ == Phase::kStoring || verdict_) return;
  if (exit_) return JudgeExit();
  exit_timer_ = host_.loop.After(kExitReportMs, [this] {
    exit_timer_ = 0;
    JudgeExit();
  });
}

void Attempt::WorkerExited(const WorkerExit& exit) {
  exit_ = exit;
  peak_memory_bytes_ = std::max<std::int64_t>(peak_memory_bytes_, memory_bytes_);
  if (phase_ == Phase::kStoring || verdict_) return;
  // A result may still be in the channel: judge when that has been read to its end.
  if (channel_closed_) JudgeExit();
}

/// The worker ended without a result.
void Attempt::JudgeExit() {
  if (verdict_ || phase_ == Phase::kStoring) return;
  host_.loop.CancelTimer(exit_timer_);
  if (cancelled_) return End({AttemptStatus::kCancelled, {}, ""});
  if (phase_ == Phase::kHandedOver) return Lose("The worker ended before it started the block.");
  if (!exit_)
    return FailWith(
        "crash",
        "The block closed its worker's connection to the executor, so its state could not be kept. "
        "Close only files that the block itself opened.");
  const int status = exit_->wait_status;
  if (!WIFSIGNALED(status))
    return FailWith("exit", "The block's process ended itself with exit status " +
                                std::to_string(WEXITSTATUS(status)) + ", so its state could not be kept.");
  if (const std::int64_t limit = spec_.limits.memory_bytes;
      limit > 0 && WTERMSIG(status) == SIGKILL && worker_->group && worker_->group->OomKills() > 0)
    return FailWith("memory", "The block needed more memory than its limit of " + HumanBytes(limit) + "." +
                                  LargeInputs(spec_.document) +
                                  " Raise compute.memory or work on less data at once.");
  if (WTERMSIG(status) == SIGKILL && KernelOomKills() > oom_kills_)
    return FailWith("memory", "The machine ran out of memory and the kernel ended the block, which used " +
                                  HumanBytes(peak_memory_bytes_) + "." + LargeInputs(spec_.document));
  FailWith("crash", "The block's process was ended by " + SignalName(WTERMSIG(status)) + ".");
}

void Attempt::End(Verdict verdict) {
  if (verdict_ || phase_ == Phase::kStoring || phase_ == Phase::kFinished) return;
  disk_watch_.reset();
  verdict_ = std::move(verdict);
  phase_ = Phase::kEnding;
  stop_verifying_ = true;
  if (needs_worker_) {
    needs_worker_ = false;
    host_.no_longer_waiting(*this);
  }
  if (preparing_ > 0) return;  // PreparedTo goes on from here
  if (!worker_) return TreeIsDead();
  SampleMemory();
  KillWorker();
}

void Attempt::KillWorker() {
  if (worker_->owns_pid_namespace || exit_) {
    SignalPidfd(worker_->pidfd.get(), SIGKILL);
    return TreeIsDead();
  }
  if (busy_) return;
  busy_ = true;
  host_.pool.Submit(
      [pid = worker_->pid, fd = worker_->pidfd.get(), attempt = spec_.attempt] {
        if (!KillTree(pid, fd, kKillDeadlineMs))
          Log(LogLevel::kError, "executor", "processes of attempt " + attempt + " survived being killed");
      },
      [this] {
        busy_ = false;
        TreeIsDead();
      });
}

void Attempt::TreeIsDead() {
  DrainPipes();
  Finish(*verdict_, "");
}

void Attempt::Store(AttemptResult result) {
  phase_ = Phase::kStoring;
  host_.loop.CancelTimer(timeout_timer_);
  host_.loop.CancelTimer(memory_timer_);
  host_.loop.CancelTimer(cancel_timer_);
  disk_watch_.reset();
  DrainPipes();
  EnterPhase("store");
  // The result is complete: nothing that the tree still does may count, so it ends now, beside the storing.
  const bool scan = !worker_->owns_pid_namespace;
  if (!scan) SignalPidfd(worker_->pidfd.get(), SIGKILL);
  struct Outcome {
    Status status;
    std::string manifest;
  };
  auto outcome = std::make_shared<Outcome>();
  ManifestFacts facts{started_unix_ms_, UnixMs(), phases_ms_, peak_memory_bytes_};
  busy_ = true;
  host_.pool.Submit(
      [this, outcome, scan, facts = std::move(facts), result = std::move(result)] {
        if (scan && !KillTree(worker_->pid, worker_->pidfd.get(), kKillDeadlineMs))
          Log(LogLevel::kError, "executor",
              "processes of attempt " + spec_.attempt + " survived being killed");
        const auto store = [&]() -> Status {
          FaultPoint("executor.before_objects");
          if (spec_.limits.disk_bytes > 0) EASEL_RETURN_IF_ERROR(CheckAllowance(allowance_, worker_->pid));
          const std::string text = ManifestText(spec_, result, facts);
          EASEL_RETURN_IF_ERROR(StoreResult(spec_, files_, result, text, *journal_, host_.objects));
          outcome->manifest = DigestOf(text);
          return {};
        };
        outcome->status = store();
      },
      [this, outcome] {
        busy_ = false;
        Stored(std::move(outcome->status), std::move(outcome->manifest));
      });
}

void Attempt::Stored(Status stored, std::string manifest) {
  if (stored) {
    Finish({AttemptStatus::kSucceeded, {}, ""}, manifest);
  } else {
    const Error& error = stored.error();
    Finish(Failed(std::string(KindOf(error, "capture")),
                  (error.reason == "DISK_LIMIT" ? "" : "The block's state could not be saved: ") +
                      error.message),
           "");
  }
}

void Attempt::Finish(const Verdict& verdict, const std::string& manifest) {
  EnterPhase("end");
  phases_ms_.erase("end");
  if (journal_ && journal_->dropped_bytes() > 0)
    Record(JournalStream::kNotice,
           json::serialize(json::object{
               {"event", "notice"},
               {"kind", "log_truncated"},
               {"message", HumanBytes(journal_->dropped_bytes()) + " of output beyond the limit of " +
                               HumanBytes(spec_.limits.journal_bytes) + " were dropped."}}));
  json::object event{{"event", "finished"}, {"status", StatusName(verdict.status)}};
  if (verdict.status == AttemptStatus::kSucceeded) event["manifest"] = manifest;
  if (verdict.status == AttemptStatus::kFailed) event["failure"] = verdict.failure.ToJson();
  if (verdict.status == AttemptStatus::kLost) event["message"] = verdict.message;
  event["phases_ms"] = phases_ms_;
  event["peak_memory_bytes"] = peak_memory_bytes_;
  verdict_ = verdict;
  if (journal_ && !journal_error_)
    if (auto ended = journal_->Append(JournalStream::kEnd, json::serialize(event)); !ended)
      Log(LogLevel::kWarning, "executor", ended.error().message);
  event["journal_bytes"] = journal_bytes();
  gate_.reset();
  phase_ = Phase::kFinished;
  ReleaseWorker();
  auto files = std::make_shared<AttemptFiles>(std::move(files_));
  const bool named = verdict.status == AttemptStatus::kSucceeded || !journal_;
  host_.pool.Submit([files, named, spec = named ? AttemptSpec{} : spec_] {
    RemoveStaging(*files);
    if (named) return;  // what failed is told by its journal, which nobody has to wait for
    if (Status synced = SyncFolders(spec, *files); !synced)
      Log(LogLevel::kWarning, "executor", synced.error().message);
  });
  FaultPoint("executor.before_finished");
  host_.emit(*this, std::move(event));
  host_.finished(*this);
}

void Attempt::ReleaseWorker() {
  if (!worker_) return;
  for (UniqueFd* fd : {&worker_->channel, &worker_->out, &worker_->err})
    if (fd->valid()) host_.loop.Forget(fd->get());
  worker_.reset();
}

}  // namespace easel
