#include "executor/egress_gate.h"

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.h"
#include "base/text.h"
#include "executor/event_loop.h"

namespace easel {

struct EgressGate::Shared {
  std::vector<Reachable> hosts;
  UniqueFd stop{::eventfd(0, EFD_CLOEXEC)};  ///< readable, and never read, when the gate has gone
  std::atomic<int> connections = 0;
  std::mutex mutex;
  std::function<void(const std::string&)> refused;  ///< guarded by `mutex`; empty when the gate has gone
  std::set<std::string> told;                       ///< guarded by `mutex`
};

namespace {

constexpr int kMostConnections = 128;
constexpr int kConnectMs = 15'000;
constexpr std::size_t kChunkBytes = 64 << 10;

/// Wait for `events` on `fd`. False when the gate has gone or the time is over.
bool Await(const EgressGate::Shared& shared, int fd, short events, int timeout_ms) {
  pollfd wait[2] = {{fd, events, 0}, {shared.stop.get(), POLLIN, 0}};
  int ready = 0;
  while ((ready = ::poll(wait, 2, timeout_ms)) < 0 && errno == EINTR) {
  }
  return ready > 0 && wait[1].revents == 0;
}

/// The sockets that the worker passes in one message; none when it ended first.
std::vector<UniqueFd> TakeSockets(const EgressGate::Shared& shared, int worker) {
  std::vector<UniqueFd> out;
  if (!Await(shared, worker, POLLIN, -1)) return out;
  char byte = 0;
  iovec part{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostReachable * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  if (::recvmsg(worker, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0) return out;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
      out.emplace_back(fd);
    }
  }
  return out;
}

void TellRefused(EgressGate::Shared& shared, const Reachable& to, std::string_view why) {
  const std::lock_guard guard(shared.mutex);
  if (!shared.refused || !shared.told.insert(to.host).second) return;
  shared.refused("`" + to.host + "` leads to " + std::string(why) +
                 ", which blocks do not reach by a name; if that is meant, list the address itself");
}

UniqueFd ConnectTo(const EgressGate::Shared& shared, const addrinfo& address) {
  UniqueFd out(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!out.valid()) return {};
  if (::connect(out.get(), address.ai_addr, address.ai_addrlen) == 0) return out;
  if (errno != EINPROGRESS || !Await(shared, out.get(), POLLOUT, kConnectMs)) return {};
  int problem = 0;
  socklen_t size = sizeof problem;
  if (::getsockopt(out.get(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0 || problem != 0) return {};
  return out;
}

/// Look the host up and connect to the first of its addresses that may be reached and answers.
UniqueFd Reach(EgressGate::Shared& shared, const Reachable& to) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | (to.literal ? AI_NUMERICHOST : 0);
  addrinfo* found = nullptr;
  if (::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, ::freeaddrinfo);
  const std::vector<Address> own = to.literal ? std::vector<Address>() : OwnAddresses();
  std::string_view refused;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (!to.literal)
      if (const std::string_view why = WhyNotReached(one->ai_addr, own); !why.empty()) {
        refused = why;
        continue;
      }
    if (UniqueFd out = ConnectTo(shared, *one); out.valid()) return out;
  }
  if (!refused.empty()) TellRefused(shared, to, refused);
  return {};
}

/// One direction of a connection.
struct Flow {
  int from = -1, to = -1;
  std::array<char, kChunkBytes> bytes;
  std::size_t begin = 0, end = 0;
  bool ended = false;  ///< nothing more comes, and what came was passed on

  /// Move what can be moved; false when the connection is broken.
  bool Move() {
    if (begin == end && !ended) {
      const ssize_t n = ::read(from, bytes.data(), bytes.size());
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      if (n == 0) {
        ended = true;
        return ::shutdown(to, SHUT_WR) == 0 || errno == ENOTCONN;
      }
      begin = 0;
      end = static_cast<std::size_t>(n);
    }
    if (begin < end) {
      const ssize_t n = ::send(to, bytes.data() + begin, end - begin, MSG_NOSIGNAL);
      if (n < 0) return errno == EAGAIN || errno == EINTR;
      begin += static_cast<std::size_t>(n);
    }
    return true;
  }
};

void Pump(const EgressGate::Shared& shared, int inside, int outside) {
  const auto out = std::make_unique<Flow>(), back = std::make_unique<Flow>();
  out->from = back->to = inside;
  out->to = back->from = outside;
  while (!out->ended || !back->ended) {
    pollfd wait[3] = {{inside, 0, 0}, {outside, 0, 0}, {shared.stop.get(), POLLIN, 0}};
    for (const Flow* flow : {out.get(), back.get()}) {
      if (flow->ended) continue;
      const bool full = flow->begin < flow->end;
      (flow->from == inside ? wait[full ? 1 : 0] : wait[full ? 0 : 1]).events |= full ? POLLOUT : POLLIN;
    }
    for (int i = 0; i < 2; ++i)
      if (wait[i].events == 0) wait[i].fd = -1;  // else its end would be told again and again
    if (::poll(wait, 3, -1) < 0 && errno != EINTR) return;
    if (wait[2].revents != 0) return;
    if (!out->Move() || !back->Move()) return;
  }
}

void Serve(const std::shared_ptr<EgressGate::Shared>& shared, UniqueFd inside, const Reachable& to) {
  if (const UniqueFd outside = Reach(*shared, to); outside.valid())
    Pump(*shared, inside.get(), outside.get());
  --shared->connections;
}

void Accept(const std::shared_ptr<EgressGate::Shared>& shared, const UniqueFd& worker) {
  const std::vector<UniqueFd> sockets = TakeSockets(*shared, worker.get());
  if (sockets.size() != shared->hosts.size()) return;
  std::vector<pollfd> wait;
  for (const UniqueFd& socket : sockets) {
    ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    wait.push_back({socket.get(), POLLIN, 0});
  }
  wait.push_back({shared->stop.get(), POLLIN, 0});
  for (;;) {
    if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return;
    if (wait.back().revents != 0) return;
    for (std::size_t i = 0; i < sockets.size(); ++i) {
      if (wait[i].revents == 0) continue;
      UniqueFd inside(::accept4(sockets[i].get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
      if (!inside.valid()) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) wait[i].fd = -1;
        continue;
      }
      if (++shared->connections > kMostConnections) {
        --shared->connections;
        continue;
      }
      try {
        std::thread([shared, inside = std::move(inside), to = shared->hosts[i]]() mutable {
          Serve(shared, std::move(inside), to);
        }).detach();
      } catch (const std::system_error&) {  // no more threads: the connection is closed
        --shared->connections;
      }
    }
  }
}

}  // namespace

EgressGate::EgressGate(UniqueFd worker, std::vector<Reachable> hosts,
                       std::function<void(const std::string&)> refused)
    : shared_(std::make_shared<Shared>()) {
  shared_->hosts = std::move(hosts);
  shared_->refused = std::move(refused);
  // Detached: a look-up that takes half a minute holds nobody. What the threads use, they share.
  std::thread([shared = shared_, worker = std::move(worker)] { Accept(shared, worker); }).detach();
}

EgressGate::~EgressGate() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(shared_->stop.get(), &one, sizeof one);
  const std::lock_guard guard(shared_->mutex);
  shared_->refused = nullptr;
}

}  // namespace easel
