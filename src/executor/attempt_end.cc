// An attempt's end: its one verdict, the death of its tree, and storing what a success left.
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "base/digest.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/attempt.h"
#include "executor/event_log.h"
#include "executor/large_inputs.h"
#include "executor/process_tree.h"

namespace easel {
namespace {

constexpr std::int64_t kExitReportMs = 500;  // from a closed channel to the zygote's report
constexpr std::int64_t kKillDeadlineMs = 5000;

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

}  // namespace

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
  ManifestFacts facts{started_unix_ms_, UnixMicroseconds() / 1000, phases_ms_, peak_memory_bytes_};
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
    Finish(Failed(std::string(FailureKindOf(error, "capture")),
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
