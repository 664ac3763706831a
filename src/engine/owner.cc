#include "engine/owner.h"

#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "base/log.h"

namespace easel {
namespace {

constexpr std::size_t kMaxWaitingBytes = std::size_t{512} << 20;
constexpr std::size_t kMaxRequestBytes = 1 << 20;

/// A socket's path may be 107 bytes long, a canvas's may be longer: go through the folder's descriptor.
Result<sockaddr_un> AddressIn(const UniqueFd& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = "/proc/self/fd/" + std::to_string(folder.get()) + "/engine.sock";
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

Result<UniqueFd> OpenFolder(const std::string& path) {
  UniqueFd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.valid()) return FailErrno("open " + path, errno);
  return folder;
}

bool SendLine(int fd, std::string line) {
  line += '\n';
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t n = ::send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

json::object ToJson(const RunRequest& request) {
  json::array blocks;
  for (const std::string& block : request.blocks) blocks.emplace_back(block);
  return {{"mode", RunModeName(request.mode)},
          {"blocks", std::move(blocks)},
          {"force", request.force},
          {"jobs", request.jobs}};
}

Result<RunRequest> RunRequestFromJson(const json::value& value) {
  JsonReader reader(value, "run request");
  RunRequest out;
  const std::string mode = reader.String("mode");
  out.blocks = reader.StringsOr("blocks");
  out.force = reader.BoolOr("force", false);
  out.jobs = static_cast<std::int32_t>(std::clamp<std::int64_t>(reader.IntOr("jobs", 0), 0, 100'000));
  bool known = false;
  for (const RunMode candidate :
       {RunMode::kAll, RunMode::kOnly, RunMode::kTo, RunMode::kFrom, RunMode::kChanged})
    if (RunModeName(candidate) == mode) out.mode = candidate, known = true;
  if (!known) reader.Reject("mode", "unknown mode");
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

Result<std::optional<EngineLock>> EngineLock::TryAcquire(const std::string& state_root) {
  EASEL_RETURN_IF_ERROR(MakeDirectories(state_root));
  const std::string path = state_root + "/engine.lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return EngineLock(std::move(fd));
  if (errno == EWOULDBLOCK) return std::nullopt;
  return FailErrno("lock " + path, errno);
}

void EventQueue::Put(const json::object& event) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  const json::value* name = event.if_contains("event");
  if (bytes_ > kMaxWaitingBytes && name != nullptr && *name == "block.output") {
    dropped_ += static_cast<std::int64_t>(event.at("text").get_string().size());
    return;
  }
  lines_.push_back(json::serialize(event));
  bytes_ += lines_.back().size();
  arrived_.notify_one();
}

std::optional<std::string> EventQueue::Take(int timeout_ms) {
  std::unique_lock lock(mutex_);
  const auto ready = [this] { return !lines_.empty() || closed_; };
  if (timeout_ms < 0)
    arrived_.wait(lock, ready);
  else
    arrived_.wait_for(lock, std::chrono::milliseconds(timeout_ms), ready);
  if (lines_.empty()) return std::nullopt;
  std::string line = std::move(lines_.front());
  lines_.pop_front();
  bytes_ -= line.size();
  return line;
}

void EventQueue::Close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  arrived_.notify_all();
}

bool EventQueue::closed() {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::int64_t EventQueue::dropped_bytes() {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

// --- The owner's side ---

Result<std::unique_ptr<EngineServer>> EngineServer::Listen(const std::string& state_root, Session& session,
                                                           std::string sources) {
  return Make(state_root, session, std::move(sources), {});
}

Result<std::unique_ptr<EngineServer>> EngineServer::Serve(const std::string& state_root, Session& session,
                                                          std::function<Status()> bring_up_to_date) {
  return Make(state_root, session, {}, std::move(bring_up_to_date));
}

Result<std::unique_ptr<EngineServer>> EngineServer::Make(const std::string& state_root, Session& session,
                                                         std::string sources,
                                                         std::function<Status()> bring_up_to_date) {
  EASEL_TRY(const UniqueFd folder, OpenFolder(state_root));
  ::unlinkat(folder.get(), "engine.sock", 0);  // we hold the lock: whoever made it is gone
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EASEL_TRY(const sockaddr_un address, AddressIn(folder));
  const mode_t mask = ::umask(0177);
  const int bound = ::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error_number = errno;
  ::umask(mask);
  if (bound != 0) return FailErrno("listen on " + state_root + "/engine.sock", error_number);
  if (::listen(listener.get(), 16) != 0) return FailErrno("listen on " + state_root + "/engine.sock", errno);
  return std::unique_ptr<EngineServer>(new EngineServer(std::move(listener), state_root, session,
                                                        std::move(sources), std::move(bring_up_to_date)));
}

EngineServer::EngineServer(UniqueFd listener, std::string folder, Session& session, std::string sources,
                           std::function<Status()> bring_up_to_date)
    : listener_(std::move(listener)),
      folder_(std::move(folder)),
      sources_(std::move(sources)),
      bring_up_to_date_(std::move(bring_up_to_date)),
      session_(session) {
  int ends[2];
  EASEL_CHECK(::pipe2(ends, O_CLOEXEC) == 0);
  stop_read_.Reset(ends[0]);
  stop_write_.Reset(ends[1]);
  acceptor_ = std::thread([this] { Accept(); });
}

EngineServer::~EngineServer() {
  stop_write_.Reset();
  acceptor_.join();
  ::unlink((folder_ + "/engine.sock").c_str());
  listener_.Reset();
  const std::lock_guard lock(mutex_);
  for (const auto& guest : guests_) {
    ::shutdown(guest->socket.get(), SHUT_RDWR);
    guest->events->Close();
  }
  for (const auto& guest : guests_) {
    guest->reader.join();
    guest->writer.join();
  }
}

bool EngineServer::Busy() {
  const std::lock_guard lock(mutex_);
  return std::ranges::any_of(guests_, [](const auto& guest) { return guest->waits.load(); });
}

void EngineServer::Accept() {
  for (;;) {
    pollfd wait[2] = {{listener_.get(), POLLIN, 0}, {stop_read_.get(), POLLIN, 0}};
    if (::poll(wait, 2, -1) < 0) continue;
    if (wait[1].revents != 0) return;
    UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!socket.valid()) continue;
    auto guest = std::make_unique<Guest>();
    guest->socket = std::move(socket);
    guest->reader = std::thread([this, g = guest.get()] { Answer(*g); });
    guest->writer = std::thread([g = guest.get()] {
      while (!g->events->closed())
        while (auto line = g->events->Take(-1)) {
          const bool last = line->starts_with(R"({"event":"run.finished")");
          const bool sent = SendLine(g->socket.get(), *std::move(line));
          if (last || !sent) g->waits = false;
          if (!sent) return;
        }
    });
    const std::lock_guard lock(mutex_);
    guests_.push_back(std::move(guest));
  }
}

Status EngineServer::MayRun(const json::object& message) {
  if (!bring_up_to_date_) {
    const json::value* sources = message.if_contains("sources");
    if (sources != nullptr && !sources_.empty() && *sources != json::value("") &&
        *sources != json::value(sources_))
      return Fail(
          Code::kAborted, "CANVAS_CHANGED",
          "the canvas was changed since the command that owns it read it; run again when that has ended");
    return {};
  }
  const json::value* at = message.if_contains("at");
  if (at != nullptr && *at == json::value(true))
    return Fail(
        Code::kFailedPrecondition, "CANVAS_SERVED",
        "a server has this canvas open, and a run from an older state (--at) needs it for itself: stop the "
        "server, or run in a copy of the folder");
  return bring_up_to_date_();
}

/// Who is at the other end, as the machine calls them.
static std::string UserAt(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return "";
  passwd entry{};
  passwd* found = nullptr;
  char buffer[4096];
  if (::getpwuid_r(peer.uid, &entry, buffer, sizeof buffer, &found) != 0 || found == nullptr)
    return "uid " + std::to_string(peer.uid);
  return found->pw_name;
}

Result<RunId> EngineServer::Run(Guest& guest, const json::object& message) {
  const json::value* wanted = message.if_contains("request");
  EASEL_TRY(const RunRequest request, RunRequestFromJson(wanted == nullptr ? json::value() : *wanted));
  EASEL_RETURN_IF_ERROR(MayRun(message));
  return session_.Start(request, [events = guest.events](const json::object& event) { events->Put(event); },
                        {.by = UserAt(guest.socket.get()), .progress = {}, .stop = {}});
}

void EngineServer::Answer(Guest& guest) {
  std::string partial;
  std::optional<RunId> run;
  char bytes[4096];
  for (;;) {
    const ssize_t n = ::recv(guest.socket.get(), bytes, sizeof bytes, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    partial.append(bytes, static_cast<std::size_t>(n));
    if (partial.size() > kMaxRequestBytes) return;
    for (std::size_t end; (end = partial.find('\n')) != std::string::npos; partial.erase(0, end + 1)) {
      const auto message = ParseJson(std::string_view(partial).substr(0, end), "request");
      const json::object* object = message ? message->if_object() : nullptr;
      const json::value* op = object == nullptr ? nullptr : object->if_contains("op");
      if (op == nullptr) return;
      if (*op == "cancel" && run) {
        const json::value* kill = object->if_contains("kill");
        session_.Cancel(*run, kill != nullptr && kill->is_bool() && kill->get_bool());
      } else if (*op == "run" && !run) {
        guest.waits = true;
        const Result<RunId> started = Run(guest, *object);
        if (started)
          run = *started;
        else
          guest.events->Put({{"error",
                              {{"code", static_cast<int>(started.error().code)},
                               {"reason", started.error().reason},
                               {"message", started.error().message}}}});
        if (!started) guest.waits = false;
      }
    }
  }
}

// --- The guest's side ---

Result<std::unique_ptr<EngineGuest>> EngineGuest::Connect(const std::string& state_root,
                                                          const RunRequest& request,
                                                          const std::string& sources, bool at) {
  EASEL_TRY(const UniqueFd folder, OpenFolder(state_root));
  UniqueFd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EASEL_TRY(const sockaddr_un address, AddressIn(folder));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      !SendLine(socket.get(),
                json::serialize(json::object{
                    {"op", "run"}, {"request", ToJson(request)}, {"sources", sources}, {"at", at}})))
    return Fail(Code::kUnavailable, "ENGINE_GONE", state_root + "/engine.sock: " + std::strerror(errno));
  return std::unique_ptr<EngineGuest>(new EngineGuest(std::move(socket)));
}

void EngineGuest::Cancel(bool kill) {
  SendLine(socket_.get(), json::serialize(json::object{{"op", "cancel"}, {"kill", kill}}));
}

std::vector<std::string> EngineGuest::Read(bool& gone) {
  std::vector<std::string> lines;
  char bytes[65536];
  const ssize_t n = ::recv(socket_.get(), bytes, sizeof bytes, 0);
  if (n <= 0) {
    gone = n == 0 || errno != EINTR;
    return lines;
  }
  partial_.append(bytes, static_cast<std::size_t>(n));
  std::size_t start = 0;
  for (std::size_t end; (end = partial_.find('\n', start)) != std::string::npos; start = end + 1)
    lines.push_back(partial_.substr(start, end - start));
  partial_.erase(0, start);
  return lines;
}

}  // namespace easel
