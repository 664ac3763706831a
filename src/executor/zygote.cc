#include "executor/zygote.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/processors.h"
#include "executor/process_tree.h"
#include "executor/protocol.h"

namespace easel {
namespace {

constexpr int kPipeBytes = 1 << 20;
constexpr int kMostDeathsInARow = 5;  // of workers that get ready: forking more would not end

/// How many processes may be parking at once: forking more than the cores can bring up helps nobody.
int MostParked() { return UsableProcessors() + 2; }

std::uint64_t NextWorkerId() {
  static std::uint64_t last = 0;
  return ++last;
}

/// Read end non-blocking for the loop, write end blocking for the worker: back-pressure instead of loss.
bool MakeOutputPipe(UniqueFd& ours, UniqueFd& theirs) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  ours.Reset(ends[0]);
  theirs.Reset(ends[1]);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  ::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes);  // may be refused above the user's quota; smaller works, slower
  return true;
}

}  // namespace

Zygote::Zygote(EventLoop& loop, InterpreterOptions options, ZygoteListener listener)
    : last_used_ms(EventLoop::NowMs()),
      loop_(loop),
      options_(std::move(options)),
      listener_(std::move(listener)) {}

Zygote::~Zygote() {
  while (!workers_.empty()) DropWorker(workers_.begin()->first);
}

Interpreter::Listener Zygote::ListenerFor(std::uint64_t single_worker) {
  return {
      .on_message = [this](const json::value& message, UniqueFd fd) { OnMessage(message, std::move(fd)); },
      .on_closed = [this, single_worker] { OnClosed(single_worker); }};
}

Status Zygote::Start() {
  EASEL_TRY(main_, Interpreter::Start(loop_, options_, /*single=*/false, ListenerFor(0)));
  return {};
}

void Zygote::Kill() {
  if (main_) main_->Kill();
  for (auto& [id, single] : singles_) single->Kill();
  Die();
}

bool Zygote::Owns(pid_t pid) const {
  return (main_ && main_->pid() == pid) ||
         std::ranges::any_of(singles_, [&](const auto& single) { return single.second->pid() == pid; });
}

bool Zygote::Reaped(pid_t pid, int wait_status) {
  if (main_ && main_->pid() == pid) {
    // In single mode the first interpreter has done its part when it has said that it cannot be forked.
    if (fork_safe_) {
      Log(LogLevel::kInfo, "executor",
          "zygote " + std::to_string(pid) + " ended with wait status " + std::to_string(wait_status));
      OnClosed(0);
    }
    return true;
  }
  for (auto& [id, single] : singles_)
    if (single->pid() == pid) {
      const std::uint64_t worker = id;
      auto keep = std::move(single);
      singles_.erase(worker);
      if (workers_.contains(worker)) {
        Fail("An interpreter of environment `" + options_.environment.name + "` ended before it was ready. " +
             keep->OutputTail());
        DropWorker(worker);
      } else if (handed_over_.erase(worker) > 0) {
        listener_.on_exit(*this, worker, {wait_status, 0});
      }
      return true;
    }
  return false;
}

int Zygote::parked() const {
  return static_cast<int>(
      std::ranges::count_if(workers_, [](const auto& entry) { return entry.second->parked; }));
}

std::unique_ptr<Worker> Zygote::Take() {
  last_used_ms = EventLoop::NowMs();
  for (auto& [id, worker] : workers_) {
    if (!worker->parked || worker->pid < 0 || !worker->confined) continue;
    std::unique_ptr<Worker> out = std::move(worker);
    workers_.erase(id);
    loop_.Forget(out->channel.get());
    handed_over_.insert(out->id);
    return out;
  }
  ++waiting_;
  Refill();
  return nullptr;
}

void Zygote::Untake() { waiting_ = std::max(0, waiting_ - 1); }

void Zygote::SetTarget(int parked) {
  target_ = std::clamp(parked, 0, MostParked());
  Refill();
}

void Zygote::Refill() {
  if (phase_ != Phase::kReady) return;
  const int wanted = std::min(std::max(fork_safe_ ? target_ : std::min(target_, 1), waiting_), MostParked());
  while (phase_ == Phase::kReady && static_cast<int>(workers_.size()) < wanted && FreeSlot() >= 0) Park();
}

/// A user for one more worker: the lowest that no worker has; 0 where workers need none, -1 when all are given out.
int Zygote::FreeSlot() const {
  if (options_.isolation != "strict") return 0;
  std::set<int> taken;
  for (const auto& [id, slot] : slots_) taken.insert(slot);
  for (int slot = 1; slot < kSlots; ++slot)
    if (!taken.contains(slot)) return slot;
  return -1;
}

void Zygote::Park() {
  auto worker = std::make_unique<Worker>();
  worker->id = NextWorkerId();
  worker->zygote = this;
  const int slot = FreeSlot();
  if (slot > 0) {
    slots_[worker->id] = slot;
    worker->slot_user = options_.first_slot_user + static_cast<std::uint32_t>(slot);
  }
  UniqueFd channel, out, err;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
      (worker->channel.Reset(ends[0]), channel.Reset(ends[1]), false) || !MakeOutputPipe(worker->out, out) ||
      !MakeOutputPipe(worker->err, err)) {
    Fail(std::string("No worker could be made: ") + std::strerror(errno));
    Die();
    return;
  }
  ::fcntl(worker->channel.get(), F_SETFL, O_NONBLOCK);
  const std::uint64_t id = worker->id;
  Interpreter* interpreter = main_.get();
  if (!fork_safe_) {
    auto started = Interpreter::Start(loop_, options_, /*single=*/true, ListenerFor(id));
    if (!started) {
      Fail(started.error().message);
      Die();
      return;
    }
    interpreter = (singles_[id] = std::move(*started)).get();
  }
  if (!interpreter->SendPark(id, slot, channel.get(), out.get(), err.get())) {
    interpreter->Kill();
    Die();
    return;
  }
  loop_.Watch(worker->channel.get(), EPOLLIN, [this, id](std::uint32_t) { OnChannel(id); });
  workers_.emplace(id, std::move(worker));
}

/// While it parks, a worker says one thing: that it is parked.
void Zygote::OnChannel(std::uint64_t id) {
  Worker& worker = *workers_.at(id);
  static const std::string kParkedEvent = "parked";
  char buffer[4096];
  const ssize_t n = ::recv(worker.channel.get(), buffer, sizeof buffer, MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) {  // it died; the zygote says why
    loop_.Forget(worker.channel.get());
    worker.parked = false;
    return;
  }
  FrameSplitter splitter(sizeof buffer);
  std::vector<std::string> frames;
  if (!worker.parked && splitter.Feed({buffer, static_cast<std::size_t>(n)}, frames) && frames.size() == 1) {
    auto message = ParseJson(frames[0], "worker message");
    const json::value* event =
        message && message->is_object() ? message->get_object().if_contains("event") : nullptr;
    if (event != nullptr && event->is_string() && event->get_string() == kParkedEvent) {
      worker.parked = true;
      died_parking_ = 0;
      OfferIfParked(id);
      return;
    }
  }
  Log(LogLevel::kWarning, "executor", "a worker said something else before it was parked; it is ended");
  DropWorker(id);
  Refill();
}

void Zygote::OfferIfParked(std::uint64_t id) {
  const auto found = workers_.find(id);
  if (found == workers_.end() || waiting_ == 0) return;
  if (const Worker& one = *found->second; !one.parked || one.pid < 0 || !one.confined) return;
  --waiting_;
  handed_over_.insert(id);
  std::unique_ptr<Worker> worker = std::move(found->second);
  workers_.erase(found);
  loop_.Forget(worker->channel.get());
  listener_.on_worker(*this, std::move(worker));
}

bool Zygote::Confined(std::uint64_t worker, Result<std::shared_ptr<ControlGroup>> group) {
  const auto found = workers_.find(worker);
  if (found == workers_.end()) return false;
  if (!group) {
    DropWorker(worker);
    Fail("The limits of a block could not be made: " + group.error().message + "; see `easel doctor`");
    return true;
  }
  found->second->group = *std::move(group);
  found->second->confined = true;
  OfferIfParked(worker);
  return true;
}

void Zygote::DropWorker(std::uint64_t id) {
  const auto found = workers_.find(id);
  if (found == workers_.end()) return;
  loop_.Forget(found->second->channel.get());
  SignalPidfd(found->second->pidfd.get(), SIGKILL);
  workers_.erase(found);
}

void Zygote::OnReady(JsonReader& reader) {
  phase_ = Phase::kReady;
  fork_safe_ = reader.BoolOr("fork_safe", true);
  missing_ = reader.StringsOr("missing");
  if (!fork_safe_ && main_) main_->Kill();
  Refill();
}

void Zygote::OnMessage(const json::value& message, UniqueFd descriptor) {
  JsonReader reader(message, "zygote message");
  const std::string event = reader.String("event");
  const auto id = static_cast<std::uint64_t>(reader.IntOr("id", 0));
  if (event == "ready") {
    if (phase_ == Phase::kStarting) OnReady(reader);
  } else if (event == "forked") {
    const auto found = workers_.find(id);
    if (found == workers_.end() || !descriptor.valid()) return;
    found->second->pidfd = std::move(descriptor);
    found->second->pid = PidOfPidfd(found->second->pidfd.get());
    found->second->owns_pid_namespace = OwnsPidNamespace(found->second->pid);
    if (listener_.confine && found->second->pid > 0) {  // else it has ended, which is told next
      found->second->confined = false;
      listener_.confine(id, found->second->pid);
    }
    OfferIfParked(id);
  } else if (event == "exited") {
    slots_.erase(id);
    const WorkerExit exit{static_cast<int>(reader.IntOr("status", 0)), reader.IntOr("max_rss_kib", 0)};
    if (workers_.contains(id)) {  // never handed over
      DropWorker(id);
      if (++died_parking_ >= kMostDeathsInARow) {
        Fail("The workers of environment `" + options_.environment.name +
             "` end while they get ready, the last one with wait status " + std::to_string(exit.wait_status) +
             ". " + main_->OutputTail());
        main_->Kill();
        Die();
        return;
      }
      Refill();
    } else if (handed_over_.erase(id) > 0) {  // else it was ended before
      last_used_ms = EventLoop::NowMs();
      listener_.on_exit(*this, id, exit);
      if (waiting_ > 0 && phase_ == Phase::kReady) Refill();
    }
  } else if (event == "failed") {
    const std::string text = reader.StringOr("message", "no worker could be made");
    slots_.erase(id);
    if (id != 0) DropWorker(id);
    Fail(text);
  }
}

/// Tell the attempts that wait why they cannot run. They stop waiting.
void Zygote::Fail(const std::string& message) {
  reported_failure_ = true;
  Log(LogLevel::kError, "executor", "environment " + options_.environment.name + ": " + message);
  waiting_ = 0;
  listener_.on_failure(*this, message);
}

void Zygote::OnClosed(std::uint64_t single_worker) {
  if (single_worker != 0) return;  // its exit status follows when it is reaped
  if (!fork_safe_ || phase_ == Phase::kDead) return;
  if (phase_ == Phase::kStarting && !reported_failure_) {
    const std::string said = main_->OutputTail();
    Fail("The interpreter of environment `" + options_.environment.name + "` ended while it started" +
         (said.empty() ? std::string(".") : ": " + said));
  }
  main_->Kill();
  Die();
}

void Zygote::Die() {
  if (phase_ == Phase::kDead) return;
  phase_ = Phase::kDead;
  while (!workers_.empty()) DropWorker(workers_.begin()->first);
  listener_.on_death(*this);
}

}  // namespace easel
