#include "executor/service.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/ids.h"
#include "base/log.h"
#include "base/text.h"
#include "executor/doctor.h"
#include "executor/process_tree.h"
#include "executor/runtime_folder.h"

namespace easel {
namespace {

/// Forking the next worker at once would take a processor from the block's first lines.
constexpr std::int64_t kParkAfterMs = 2;
constexpr std::int64_t kTickMs = 500;
constexpr std::int64_t kSweepMs = 30'000;
constexpr std::int64_t kGroupsGoneMs = 2000;
constexpr int kPoolThreads = 3;
constexpr int kVerifierThreads = 2;

bool SameUser(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::getuid();
}

}  // namespace

ExecutorService::ExecutorService(std::unique_ptr<EventLoop> loop, ExecutorOptions options, UniqueFd lock,
                                 UniqueFd listener)
    : loop_(std::move(loop)),
      options_(std::move(options)),
      lock_(std::move(lock)),
      listener_(std::move(listener)),
      instance_(RandomBase32(20)),
      build_(BuildId(options_.runtime)),
      started_unix_ms_(UnixMicroseconds() / 1000),
      started_ms_(EventLoop::NowMs()),
      idle_since_ms_(started_ms_),
      pool_(*loop_, kPoolThreads),
      verifiers_(*loop_, kVerifierThreads),
      host_{.loop = *loop_,
            .pool = pool_,
            .verifiers = verifiers_,
            .objects = objects_,
            .emit = [this](Attempt& attempt, json::object event) { Emit(attempt, std::move(event)); },
            .journal_grew = [this](Attempt& attempt) { OnJournalGrew(attempt); },
            .need_worker = [this](Attempt& attempt) { NeedWorker(attempt); },
            .no_longer_waiting = [this](Attempt& attempt) { ForgetWaiting(attempt); },
            .started =
                [this](Attempt&) {
                  loop_->After(kParkAfterMs, [this] {
                    for (auto& [key, zygote] : zygotes_) zygote->Refill();
                  });
                },
            .finished = [this](Attempt& attempt) { OnFinished(attempt); }} {
  for (const DoctorFinding& finding : ExamineHost())
    if (!finding.ok && finding.needed_by_local) missing_.push_back(finding.name);
  if (std::ranges::find(missing_, "user_namespaces") != missing_.end()) mode_ = "pod";
  sigset_t handled;
  ::sigemptyset(&handled);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&handled, number);
  signals_.Reset(::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
  loop_->Watch(signals_.get(), EPOLLIN, [this](std::uint32_t) { OnSignal(); });
  loop_->Watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { OnAccept(); });
  loop_->SetTurnEnd([this] { OnTurnEnd(); });
  OnTick();
}

ExecutorService::~ExecutorService() {
  StopServing();
  if (!groups_) return;
  attempts_.clear();
  zygotes_.clear();
  // A group can be removed when its last process has ended, which the kernel does in its own time.
  const std::int64_t deadline = EventLoop::NowMs() + kGroupsGoneMs;
  while (groups_->Sweep(instance_) > 0 && EventLoop::NowMs() < deadline) {
    while (::waitpid(-1, nullptr, WNOHANG) > 0) {
    }
    ::usleep(5000);
  }
}

void ExecutorService::Run() { loop_->Run(); }

json::object ExecutorService::Hello() const {
  return {{"protocol", kProtocolVersion},
          {"build", build_},
          {"executor", instance_},
          {"pid", ::getpid()},
          {"mode", mode_},
          {"missing", json::array(missing_.begin(), missing_.end())},
          {"started_ms", started_unix_ms_}};
}

void ExecutorService::OnAccept() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket.valid() || !SameUser(socket.get())) return;
  auto connection = std::make_unique<Connection>(
      *loop_, std::move(socket),
      Connection::Listener{
          .on_line = [this](Connection& from, const std::string& line) { OnLine(from, line); },
          .on_closed = [this](Connection& from) { OnClosed(from); }});
  connection->Send(json::serialize(json::object{{"hello", Hello()}}) + "\n");
  Connection* raw = connection.get();
  connections_.emplace(raw, std::move(connection));
}

void ExecutorService::OnClosed(Connection& connection) {
  for (auto& [id, canvas] : canvases_)
    if (canvas.engine == &connection) canvas.engine = nullptr;
  // Still on the stack of its own handler.
  loop_->Post([this, raw = &connection] { connections_.erase(raw); });
}

void ExecutorService::OnSignal() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == SIGCHLD) {
      ReapChildren();
    } else {
      Shutdown("the executor was told to end by signal " + std::to_string(info.ssi_signo));
    }
  }
}

void ExecutorService::ReapChildren() {
  int status = 0;
  pid_t pid = 0;
  while ((pid = ::waitpid(-1, &status, WNOHANG)) > 0)
    for (auto& [key, zygote] : zygotes_)
      if (zygote->Reaped(pid, status)) break;
}

/// What happened in a turn goes out at its end: one `log` event per attempt, one system call per connection.
void ExecutorService::OnTurnEnd() {
  SendLogEvents();
  for (auto& [raw, connection] : connections_) connection->Flush();
  if (closing_ && std::ranges::all_of(attempts_, [](const auto& entry) {
        return entry.second->phase() == Attempt::Phase::kFinished;
      }))
    loop_->Stop();
}

bool ExecutorService::Idle() const {
  return connections_.empty() && std::ranges::all_of(attempts_, [](const auto& entry) {
           return entry.second->phase() == Attempt::Phase::kFinished;
         });
}

void ExecutorService::OnTick() {
  const std::int64_t now = EventLoop::NowMs();
  if (!Idle()) idle_since_ms_ = now;
  const bool settled = std::ranges::all_of(canvases_, [](const auto& entry) {
    return entry.second.attempts.empty() && entry.second.engine == nullptr;
  });
  if (now - idle_since_ms_ >= options_.linger_ms || (draining_ && settled))
    Shutdown("the executor has nothing to do");
  for (auto& [key, zygote] : zygotes_)
    if (!zygote->busy() && zygote->waiting() == 0 && now - zygote->last_used_ms >= options_.linger_ms)
      zygote->Kill();
  KillStrays();
  if (groups_ && now - swept_ms_ >= kSweepMs) {
    swept_ms_ = now;
    pool_.Submit([groups = &*groups_] { groups->Sweep(""); });
  }
  loop_->After(std::clamp<std::int64_t>(options_.linger_ms / 4, 20, kTickMs), [this] { OnTick(); });
}

/// Whatever became a child of this process without being an interpreter lost its parents: a worker's that ended.
void ExecutorService::KillStrays() {
  for (const pid_t pid : ChildrenOf(::getpid()))
    if (std::ranges::none_of(zygotes_, [pid](const auto& entry) { return entry.second->Owns(pid); }))
      ::kill(pid, SIGKILL);
}

void ExecutorService::StopServing() {
  if (!listener_.valid()) return;
  loop_->Forget(listener_.get());
  listener_.Reset();
  ::unlink(SocketPath(options_.folder).c_str());
  lock_.Reset();  // after the socket's name has gone: the next executor finds the place empty
}

void ExecutorService::Shutdown(const std::string& reason) {
  if (closing_) return;
  closing_ = true;
  Log(LogLevel::kInfo, "executor", "ending: " + reason);
  StopServing();
  std::vector<Attempt*> running;
  for (auto& [id, attempt] : attempts_) running.push_back(attempt.get());
  for (Attempt* attempt : running) attempt->Lose("The executor ended: " + reason + ".");
}

}  // namespace easel
