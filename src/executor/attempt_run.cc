// An attempt while its worker runs: what the worker says and shows, and what it uses.
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/text.h"
#include "executor/attempt.h"
#include "executor/large_inputs.h"
#include "executor/process_tree.h"
#include "executor/slot_mounts.h"

namespace easel {
namespace {

constexpr std::int64_t kMemoryPollMs = 20;
constexpr std::int64_t kUnlimitedMemoryPollMs = 200;  // only to know the peak
constexpr std::size_t kReadBytes = std::size_t{1} << 20;

/// Large enough that a full pipe is one read; shared, because the loop handles one pipe at a time.
char* ReadBuffer() {
  static const std::unique_ptr<char[]> buffer(new char[kReadBytes]);
  return buffer.get();
}

}  // namespace

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
    FailWith(std::string(FailureKindOf(*journal_error_, "sandbox")),
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

}  // namespace easel
