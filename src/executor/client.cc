#include "executor/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <time.h>

#include <cerrno>
#include <chrono>

#include "base/log.h"
#include "executor/event_loop.h"
#include "executor/protocol.h"
#include "executor/runtime_folder.h"

namespace easel {
namespace {

constexpr std::int64_t kStartDeadlineMs = 15'000;
constexpr int kHelloDeadlineMs = 5'000;
constexpr std::size_t kMaxLineBytes = std::size_t{64} << 20;

Error NotRunning() {
  return {Code::kNotFound, "EXECUTOR_NOT_RUNNING",
          "No executor is running. It starts by itself with the next `easel run`."};
}

std::string EndOfLog(const std::string& folder) {
  auto text = ReadFile(ExecutorLogPath(folder));
  if (!text || text->empty()) return "";
  return "; its log ends with: " + (text->size() > 1000 ? text->substr(text->size() - 1000) : *text);
}

}  // namespace

Result<std::unique_ptr<ExecutorClient>> ExecutorClient::Connect(const std::string& folder,
                                                                Handlers handlers) {
  auto socket = ConnectInFolder(folder);
  if (!socket) {
    if (socket.error().code == Code::kNotFound || socket.error().code == Code::kUnavailable)
      return std::unexpected(NotRunning());
    return std::unexpected(socket.error());
  }
  std::unique_ptr<ExecutorClient> client(new ExecutorClient(std::move(*socket), std::move(handlers)));
  std::string rest;
  EASEL_RETURN_IF_ERROR(client->ReadHello(rest));
  client->reader_ =
      std::thread([raw = client.get(), rest = std::move(rest)]() mutable { raw->Serve(std::move(rest)); });
  return client;
}

Result<std::unique_ptr<ExecutorClient>> ExecutorClient::ConnectOrStart(const LaunchOptions& options,
                                                                       Handlers handlers) {
  LaunchOptions launch = options;
  if (launch.folder.empty()) {
    EASEL_TRY(launch.folder, RuntimeFolder());
  }
  const std::int64_t deadline = EventLoop::NowMs() + kStartDeadlineMs;
  std::int64_t pause_us = 500;
  std::int64_t start_again_ms = 0;
  for (;;) {
    auto client = Connect(launch.folder, handlers);
    if (client || client.error().reason == "PROTOCOL_ERROR") return client;
    const std::int64_t now = EventLoop::NowMs();
    if (now >= deadline)
      return Fail(Code::kUnavailable, "EXECUTOR_DID_NOT_START",
                  "The executor did not start within " + std::to_string(kStartDeadlineMs / 1000) + " s" +
                      EndOfLog(launch.folder));
    // Started again after a while: the first may have met an older one on its way out.
    if (now >= start_again_ms) {
      EASEL_RETURN_IF_ERROR(StartExecutor(launch));
      start_again_ms = now + 2000;
    }
    timespec pause{0, pause_us * 1000};
    ::nanosleep(&pause, nullptr);
    pause_us = std::min<std::int64_t>(pause_us * 2, 10'000);
  }
}

ExecutorClient::~ExecutorClient() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ::shutdown(socket_.get(), SHUT_RDWR);
  if (reader_.joinable()) reader_.join();
}

Status ExecutorClient::ReadHello(std::string& rest) {
  while (rest.find('\n') == std::string::npos) {
    pollfd ready{socket_.get(), POLLIN, 0};
    if (::poll(&ready, 1, kHelloDeadlineMs) <= 0)
      return Fail(Code::kUnavailable, "EXECUTOR_SILENT", "the executor does not answer");
    char buffer[4096];
    const ssize_t n = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return Fail(Code::kUnavailable, "EXECUTOR_GONE", "the executor ended");
    rest.append(buffer, static_cast<std::size_t>(n));
  }
  const std::size_t end = rest.find('\n');
  EASEL_TRY(const json::value line, ParseJson(std::string_view(rest).substr(0, end), "hello"));
  JsonReader reader(line, "hello");
  const json::object* hello = reader.Object("hello");
  if (!reader.ok())
    return Fail(Code::kInvalidArgument, "PROTOCOL_ERROR",
                "what listens on the executor's socket is no executor");
  hello_ = *hello;
  rest.erase(0, end + 1);
  return {};
}

std::string ExecutorClient::StringOfHello(std::string_view field) const {
  const json::value* found = hello_.if_contains(field);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

std::int64_t ExecutorClient::protocol() const {
  const json::value* found = hello_.if_contains("protocol");
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

Status ExecutorClient::Send(const std::string& line) {
  std::lock_guard lock(send_mutex_);
  for (std::size_t sent = 0; sent < line.size();) {
    const ssize_t n = ::send(socket_.get(), line.data() + sent, line.size() - sent, MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Fail(Code::kUnavailable, "EXECUTOR_GONE", "the executor ended");
    sent += static_cast<std::size_t>(n);
  }
  return {};
}

Result<json::object> ExecutorClient::Call(json::object request, std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  if (closed_) return Fail(Code::kUnavailable, "EXECUTOR_GONE", "the executor ended");
  const std::int64_t id = next_id_++;
  pending_[id];
  lock.unlock();
  request["id"] = id;
  const Status sent = Send(json::serialize(request) + "\n");
  lock.lock();
  const bool came = sent && answered_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                                               [&] { return closed_ || pending_[id].answer.has_value(); });
  auto node = pending_.extract(id);
  if (!sent) return std::unexpected(sent.error());
  if (node.mapped().answer) return std::move(*node.mapped().answer);
  if (!came) return Fail(Code::kDeadlineExceeded, "EXECUTOR_SILENT", "the executor did not answer in time");
  return Fail(Code::kUnavailable, "EXECUTOR_GONE", "the executor ended");
}

void ExecutorClient::Tell(json::object request) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return;
    request["id"] = next_id_++;
  }
  if (auto sent = Send(json::serialize(request) + "\n"); !sent)
    Log(LogLevel::kDebug, "executor client", sent.error().message);
}

void ExecutorClient::Dispatch(const std::string& line) {
  auto value = ParseJson(line, "executor event");
  if (!value || !value->is_object())
    return Log(LogLevel::kWarning, "executor client", "unreadable line from the executor");
  json::object& object = value->get_object();
  const json::value* id = object.if_contains("id");
  if (id == nullptr) {
    if (handlers_.on_event) handlers_.on_event(std::move(object));
    return;
  }
  std::lock_guard lock(mutex_);
  const auto found = pending_.find(id->is_int64() ? id->get_int64() : 0);
  if (found == pending_.end()) return;
  if (const json::value* error = object.if_contains("error"); error != nullptr && error->is_object()) {
    found->second.answer = std::unexpected(ErrorFromJson(error->get_object()));
  } else {
    const json::value* ok = object.if_contains("ok");
    found->second.answer = ok != nullptr && ok->is_object() ? ok->get_object() : json::object();
  }
  answered_.notify_all();
}

void ExecutorClient::Serve(std::string rest) {
  LineSplitter splitter(kMaxLineBytes);
  std::vector<std::string> lines;
  std::string reason = "the executor ended";
  Status fed = splitter.Feed(rest, lines);
  std::vector<char> buffer(1 << 16);
  for (;;) {
    for (const std::string& line : lines) Dispatch(line);
    lines.clear();
    if (!fed) {
      reason = fed.error().message;
      break;
    }
    const ssize_t n = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    fed = splitter.Feed({buffer.data(), static_cast<std::size_t>(n)}, lines);
  }
  bool ending = false;
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    ending = ending_;
  }
  answered_.notify_all();
  if (!ending && handlers_.on_closed) handlers_.on_closed(reason);
}

}  // namespace easel
