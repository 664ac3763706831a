// The life of one attempt inside the executor.
//
//   kPreparing --folders made, inputs verified--> kWaiting --worker given--> kHandedOver --`started`--> kRunning
//   kRunning --`result` succeeded--> kStoring --objects and manifest durable--> kFinished
//   any but kStoring, kFinished --End(verdict)--> kEnding --tree dead, pipes drained--> kFinished
//
// Verdicts that reach End: result failed; worker ended without a result (exit, crash, memory; lost before `started`);
// timeout; memory limit; cancel; damaged inputs; disk full; protocol violation (sandbox); zygote or executor gone (lost).
// The first verdict stands, later ones are ignored. A result that arrives after a cancel was asked for is `cancelled`.
//
// Confined to the loop's thread. The host owns attempts and must not destroy one before `on_finished`, and then only
// after the callback has returned.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "executor/attempt_journal.h"
#include "executor/attempt_spec.h"
#include "executor/attempt_store.h"
#include "executor/disk_use.h"
#include "executor/egress_gate.h"
#include "executor/event_loop.h"
#include "executor/object_cache.h"
#include "executor/protocol.h"
#include "executor/work_pool.h"
#include "executor/worker_message.h"
#include "executor/zygote.h"

namespace easel {

class Attempt;

/// What an attempt needs around it.
struct AttemptHost {
  EventLoop& loop;
  WorkPool& pool;
  WorkPool& verifiers;  ///< for reading state, which may take seconds
  ObjectCache& objects;
  std::function<void(Attempt&, json::object)> emit;  ///< one numbered event
  std::function<void(Attempt&)> journal_grew;
  std::function<void(Attempt&)> need_worker;        ///< answered by GiveWorker or Lose or Fail
  std::function<void(Attempt&)> no_longer_waiting;  ///< it needed a worker and does not any more
  std::function<void(Attempt&)> started;            ///< a good moment to park the next worker
  std::function<void(Attempt&)> finished;
};

enum class AttemptStatus { kSucceeded, kFailed, kCancelled, kLost };

/// How an attempt ended, as its `finished` event says it.
struct Verdict {
  AttemptStatus status = AttemptStatus::kLost;
  Failure failure;      ///< when failed
  std::string message;  ///< when lost
};

class Attempt {
 public:
  enum class Phase { kPreparing, kWaiting, kHandedOver, kRunning, kStoring, kEnding, kFinished };

  Attempt(AttemptSpec spec, AttemptHost& host);
  ~Attempt();
  Attempt(const Attempt&) = delete;

  void Begin();
  void GiveWorker(std::unique_ptr<Worker> worker, std::vector<std::string> missing);
  void WorkerExited(const WorkerExit& exit);
  /// SIGINT now, SIGKILL to the whole tree after `grace_ms`; 0 kills at once.
  void Cancel(std::int64_t grace_ms);
  void Lose(const std::string& message);
  void FailWith(const std::string& kind, const std::string& message);

  const AttemptSpec& spec() const { return spec_; }
  Phase phase() const { return phase_; }
  std::string_view phase_name() const;
  std::uint64_t worker_id() const { return worker_ ? worker_->id : 0; }
  Zygote* zygote() const { return worker_ ? worker_->zygote : nullptr; }
  std::int64_t journal_bytes() const { return journal_ ? journal_->size_bytes() : 0; }
  std::int64_t memory_bytes() const { return memory_bytes_; }
  std::int64_t since_ms() const { return accepted_ms_; }
  std::int64_t reported_journal_bytes = 0;  ///< host's: `log` events sent so far reach to here

 private:
  void Verify(Result<std::vector<NeededObject>> unverified);
  void StagingMade(Status made);
  void FolderMade(Status made);
  bool PreparedTo(Status made);
  Status MeasureAllowance();
  void HandOver();
  Status OpenGate(json::object& document);
  void Listen();
  bool SendToWorker();
  void FlushToWorker();
  void OnChannel(std::uint32_t events);
  void OnFrame(const std::string& frame);
  void OnStarted(const json::object& body);
  void OnPhase(const json::object& body);
  void OnResult(json::object body);
  void OnChannelClosed();
  void OnPipe(UniqueFd& pipe, JournalStream stream);
  void DrainPipe(UniqueFd& pipe, JournalStream stream);
  void DrainPipes();
  void Record(JournalStream stream, std::string_view payload);
  void WatchMemory();
  void SampleMemory();
  void OnTimeout();
  void JudgeExit();
  void End(Verdict verdict);
  void KillWorker();
  void TreeIsDead();
  void Store(AttemptResult result);
  void Stored(Status stored, std::string manifest);
  void Finish(const Verdict& verdict, const std::string& manifest);
  void ReleaseWorker();
  /// `at_us`: when it began, if whoever enters it said so (CLOCK_MONOTONIC); else it began now.
  void EnterPhase(std::string_view name, std::optional<std::int64_t> at_us = {});

  const AttemptSpec spec_;
  AttemptHost& host_;
  Phase phase_ = Phase::kPreparing;
  std::string worker_phase_;
  AttemptFiles files_;
  std::unique_ptr<AttemptJournal> journal_;
  std::unique_ptr<Worker> worker_;
  std::vector<std::string> missing_;
  FrameSplitter frames_{kMaxWorkerFrameBytes};
  std::string to_worker_;
  std::size_t sent_bytes_ = 0;
  DiskAllowance allowance_;  ///< known when the staging area is made
  std::unique_ptr<DiskWatch> disk_watch_;
  std::unique_ptr<EgressGate> gate_;
  std::vector<UniqueFd> mounts_;  ///< go with the first bytes to a worker of isolation `strict`
  bool needs_worker_ = false;
  bool warm_ = false;
  bool cancelled_ = false;
  bool channel_closed_ = false;
  std::atomic<bool> stop_verifying_ = false;
  int preparing_ = 0;  ///< steps of the preparation that are under way on the pool
  bool busy_ = false;  ///< the pool kills or stores
  std::optional<WorkerExit> exit_;
  std::optional<Verdict> verdict_;
  EventLoop::TimerId timeout_timer_ = 0, memory_timer_ = 0, cancel_timer_ = 0, exit_timer_ = 0;
  std::int64_t accepted_ms_ = 0, memory_bytes_ = 0, peak_memory_bytes_ = 0, oom_kills_ = 0;
  std::int64_t started_unix_ms_ = 0;
  std::int64_t phase_began_us_ = 0;
  std::string timed_phase_ = "start";
  json::object phases_ms_;
  std::optional<Error> journal_error_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace easel
