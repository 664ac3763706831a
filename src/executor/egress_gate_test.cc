#include "executor/egress_gate.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <mutex>
#include <thread>

#include "executor/slot_mounts.h"

namespace easel {
namespace {

sockaddr_in Loopback(std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.sin_port = htons(port);
  return out;
}

UniqueFd Listen(std::uint16_t& port) {
  UniqueFd out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof address;
  EXPECT_EQ(::bind(out.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_EQ(::listen(out.get(), 64), 0);
  EXPECT_EQ(::getsockname(out.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  port = ntohs(address.sin_port);
  return out;
}

UniqueFd Connect(std::uint16_t port) {
  UniqueFd out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = Loopback(port);
  EXPECT_EQ(::connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return out;
}

std::string ReadToEnd(int fd) {
  std::string out;
  char buffer[65536];
  for (ssize_t n; (n = ::read(fd, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  return out;
}

/// Says back what it is told, when that has ended.
class Echo {
 public:
  Echo()
      : listener_(Listen(port_)), thread_([this] {
          for (;;) {
            const UniqueFd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!peer.valid()) return;
            const std::string text = ReadToEnd(peer.get());
            (void)WriteAll(peer.get(), text);
          }
        }) {}
  ~Echo() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }
  std::uint16_t port() const { return port_; }

 private:
  std::uint16_t port_ = 0;
  UniqueFd listener_;
  std::thread thread_;
};

/// A gate and the sockets that a worker would have made.
class Gate {
 public:
  explicit Gate(const std::vector<std::string>& hosts) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    UniqueFd worker(ends[1]);
    ports.resize(hosts.size());
    std::vector<UniqueFd> listeners;
    for (std::uint16_t& port : ports) listeners.push_back(Listen(port));
    gate_ = std::make_unique<EgressGate>(UniqueFd(ends[0]), *ParseReachables(hosts),
                                         [this](const std::string& text) {
                                           const std::lock_guard guard(mutex_);
                                           refused_ = text;
                                           told_.notify_all();
                                         });
    EXPECT_EQ(SendWithDescriptors(worker.get(), "+", 1, listeners), 1);
  }
  std::string WaitForRefusal() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return !refused_.empty(); });
    return refused_;
  }
  void Close() { gate_.reset(); }

  std::vector<std::uint16_t> ports;

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::string refused_;
  std::unique_ptr<EgressGate> gate_;
};

TEST(EgressGate, AListedAddressIsReachedBothWaysToTheEnd) {
  const Echo echo;
  const Gate gate({"127.0.0.1:" + std::to_string(echo.port())});
  const UniqueFd peer = Connect(gate.ports[0]);
  const std::string much(3'000'000, 'x');
  std::thread writer([&] {
    EXPECT_TRUE(WriteAll(peer.get(), much).has_value());
    ::shutdown(peer.get(), SHUT_WR);
  });
  EXPECT_EQ(ReadToEnd(peer.get()), much);
  writer.join();
}

TEST(EgressGate, ManyConnectionsAtOnceGoTheirOwnWays) {
  const Echo one, two;
  const Gate gate({"127.0.0.1:" + std::to_string(one.port()), "127.0.0.1:" + std::to_string(two.port())});
  for (int i = 0; i < 40; ++i) {
    const UniqueFd peer = Connect(gate.ports[static_cast<std::size_t>(i % 2)]);
    ASSERT_TRUE(WriteAll(peer.get(), std::to_string(i)).has_value());
    ::shutdown(peer.get(), SHUT_WR);
    EXPECT_EQ(ReadToEnd(peer.get()), std::to_string(i));
  }
}

TEST(EgressGate, ANameThatLeadsToThisMachineIsRefusedAndSaid) {
  const Echo echo;
  Gate gate({"localhost:" + std::to_string(echo.port())});
  const UniqueFd peer = Connect(gate.ports[0]);
  EXPECT_EQ(ReadToEnd(peer.get()), "") << "closed without a byte";
  EXPECT_NE(gate.WaitForRefusal().find("`localhost` leads to this machine itself"), std::string::npos);
}

TEST(EgressGate, WhatDoesNotAnswerClosesTheConnection) {
  std::uint16_t nobody = 0;
  Listen(nobody).Reset();
  const Gate gate({"127.0.0.1:" + std::to_string(nobody)});
  const UniqueFd peer = Connect(gate.ports[0]);
  EXPECT_EQ(ReadToEnd(peer.get()), "");
}

TEST(EgressGate, ConnectionsEndWithTheGate) {
  std::uint16_t port = 0;
  const UniqueFd silent = Listen(port);
  Gate gate({"127.0.0.1:" + std::to_string(port)});
  const UniqueFd peer = Connect(gate.ports[0]);
  const UniqueFd other(::accept4(silent.get(), nullptr, nullptr, SOCK_CLOEXEC));
  ASSERT_TRUE(other.valid());
  gate.Close();
  EXPECT_EQ(ReadToEnd(peer.get()), "");
  EXPECT_EQ(ReadToEnd(other.get()), "");
}

TEST(EgressGate, AWorkerThatPassesSomethingElseOpensNothing) {
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  UniqueFd worker(ends[1]);
  std::vector<UniqueFd> wrong;
  wrong.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  {
    EgressGate gate(UniqueFd(ends[0]), *ParseReachables({"127.0.0.1:1"}), [](const std::string&) {});
    EXPECT_EQ(SendWithDescriptors(worker.get(), "+", 1, wrong), 1);
  }
  // The other end is closed when the gate has given up.
  char byte;
  EXPECT_LE(::recv(worker.get(), &byte, 1, 0), 0);
}

}  // namespace
}  // namespace easel
