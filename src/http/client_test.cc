#include "http/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>

#include "base/file.h"
#include "http/fake_client.h"

namespace easel {
namespace {

constexpr int kPatienceMs = 20'000;

/// A server that says exactly what a test wants: `serve` has one accepted connection, in the server's thread.
class RawServer {
 public:
  class Peer {
   public:
    explicit Peer(int fd) : fd_(fd) {}
    /// One request, head and body; "" at the end of the connection.
    std::string Hear() {
      std::string heard;
      for (;;) {
        const auto head = heard.find("\r\n\r\n");
        if (head != heard.npos) {
          const auto length = heard.find("Content-Length: ");
          const std::size_t body = length == heard.npos ? 0 : std::stoul(heard.substr(length + 16));
          if (heard.size() >= head + 4 + body) return heard;
        }
        if (!More(heard)) return heard;
      }
    }
    bool More(std::string& heard) {
      pollfd wait{fd_.get(), POLLIN, 0};
      if (::poll(&wait, 1, kPatienceMs) <= 0) return false;
      char buffer[65536];
      const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
      if (n <= 0) return false;
      heard.append(buffer, static_cast<std::size_t>(n));
      return true;
    }
    void Say(std::string_view text) { (void)::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL); }
    void Reset() {
      const linger now{1, 0};
      ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
      fd_.Reset();
    }

   private:
    UniqueFd fd_;
  };

  explicit RawServer(std::function<void(Peer&, int number)> serve)
      : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{.sin_family = AF_INET};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::listen(listener_.get(), 16), 0);
    EXPECT_EQ(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::jthread([this, serve = std::move(serve)] {
      for (int number = 0;; ++number) {
        const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) return;
        ++accepted;
        Peer peer(fd);
        serve(peer, number);
      }
    });
  }
  ~RawServer() { ::shutdown(listener_.get(), SHUT_RDWR); }

  std::string Url(std::string_view path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + std::string(path);
  }
  std::atomic<int> accepted = 0;

 private:
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

std::string Answer(std::string_view status, std::string_view body, std::string_view headers = "") {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::unique_ptr<HttpClient> NewClient() { return MakeHttpClient({.user_agent = "easel-test"}).value(); }

TEST(HttpClientTest, RequestsToOneHostShareAConnection) {
  std::vector<std::string> heard;
  RawServer server([&](RawServer::Peer& peer, int) {
    for (std::string request; !(request = peer.Hear()).empty();) {
      heard.push_back(request);
      peer.Say(Answer("200 OK", "hello", "X-Goog-Hash: crc32c=a\r\nX-Goog-Hash: md5=b\r\nEmpty:\r\n"));
    }
  });
  {
    const auto client = NewClient();
    for (int i = 0; i < 3; ++i) {
      const auto answer = client->Send({.url = server.Url("/a/../b%2Fc?x=1"), .headers = {{"X-Mine", "1"}}});
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_EQ(answer->status, 200);
      EXPECT_EQ(answer->body, "hello");
      EXPECT_EQ(answer->JoinedHeader("x-goog-hash"), "crc32c=a, md5=b");
      EXPECT_EQ(answer->Header("empty"), "");
    }
  }
  EXPECT_EQ(server.accepted, 1);
  EXPECT_TRUE(heard[0].starts_with("GET /a/../b%2Fc?x=1 HTTP/1.1\r\n")) << heard[0];
  EXPECT_TRUE(heard[0].contains("X-Mine: 1\r\n"));
  EXPECT_FALSE(heard[0].contains("Content-"));
}

TEST(HttpClientTest, AMethodSaysItsOwnBodyAndNothingElse) {
  std::vector<std::string> heard;
  RawServer server([&](RawServer::Peer& peer, int) {
    for (std::string request; !(request = peer.Hear()).empty();) {
      heard.push_back(request);
      peer.Say("HTTP/1.1 204 No Content\r\n\r\n");
    }
  });
  {
    const auto client = NewClient();
    const std::string large(300'000, 'x');
    std::uint64_t most = 0;
    const ClientBody source{.read = [&](std::uint64_t offset, std::span<char> to) -> Result<std::size_t> {
                              const auto n = std::min<std::size_t>(to.size(), large.size() - offset);
                              large.copy(to.data(), n, offset);
                              most = std::max<std::uint64_t>(most, offset + n);
                              return n;
                            },
                            .size = large.size()};
    ASSERT_TRUE(client->Send({.method = "POST", .url = server.Url("/empty")}));
    ASSERT_TRUE(client->Send({.method = "DELETE", .url = server.Url("/gone")}));
    ASSERT_TRUE(client->Send({.method = "PUT",
                              .url = server.Url("/small"),
                              .headers = {{"content-type", "text/x"}},
                              .body = ClientBody{.bytes = "abc"}}));
    ASSERT_TRUE(client->Send({.method = "PUT", .url = server.Url("/large"), .body = source}));
    EXPECT_EQ(most, large.size());
    ASSERT_TRUE(
        client->Send({.method = "PATCH", .url = server.Url("/view"), .body = ClientBody{.bytes = large}}));
  }
  ASSERT_EQ(heard.size(), 5U);
  EXPECT_TRUE(heard[0].starts_with("POST /empty HTTP/1.1"));
  EXPECT_TRUE(heard[0].contains("Content-Length: 0\r\n"));
  EXPECT_FALSE(heard[0].contains("Content-Type"));
  EXPECT_TRUE(heard[1].starts_with("DELETE /gone"));
  EXPECT_TRUE(heard[2].contains("content-type: text/x\r\n"));
  EXPECT_TRUE(heard[2].ends_with("\r\n\r\nabc"));
  EXPECT_TRUE(heard[3].starts_with("PUT /large") && heard[3].ends_with(std::string(300'000, 'x')));
  EXPECT_FALSE(heard[3].contains("Expect"));
  EXPECT_TRUE(heard[4].starts_with("PATCH /view") && heard[4].ends_with(std::string(300'000, 'x')));
  EXPECT_EQ(server.accepted, 1);
}

TEST(HttpClientTest, ABodyIsStreamedOnlyWhenTheAnswerIsGood) {
  RawServer server([](RawServer::Peer& peer, int) {
    for (std::string request; !(request = peer.Hear()).empty();)
      peer.Say(request.starts_with("GET /bad") ? Answer("503 No", "sorry")
                                               : Answer("206 Partial", "content"));
  });
  const auto client = NewClient();
  std::string streamed;
  int head = 0;
  ClientRequest request{.url = server.Url("/good"),
                        .on_head =
                            [&](const ClientResponse& answer) {
                              head = answer.status;
                              EXPECT_EQ(streamed, "");
                              return true;
                            },
                        .on_body =
                            [&](std::string_view piece) {
                              streamed += piece;
                              return true;
                            }};
  const auto good = client->Send(request);
  ASSERT_TRUE(good);
  EXPECT_EQ(head, 206);
  EXPECT_EQ(streamed, "content");
  EXPECT_EQ(good->body, "");
  streamed.clear();
  request.url = server.Url("/bad");
  const auto bad = client->Send(request);
  ASSERT_TRUE(bad);
  EXPECT_EQ(head, 503);
  EXPECT_EQ(streamed, "");
  EXPECT_EQ(bad->body, "sorry");
  request.url = server.Url("/good");
  request.on_body = [](std::string_view) { return false; };
  EXPECT_EQ(client->Send(request).error().reason, "REQUEST_ENDED");
  request.on_head = [](const ClientResponse&) { return false; };
  EXPECT_EQ(client->Send(request).error().reason, "REQUEST_ENDED");
}

TEST(HttpClientTest, AnswersThatAreNotWhatTheySeem) {
  RawServer server([](RawServer::Peer& peer, int) {
    const std::string request = peer.Hear();
    if (request.starts_with("GET /more")) peer.Say(Answer("200 OK", std::string(5000, 'x')));
    if (request.starts_with("GET /cut")) peer.Say("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    if (request.starts_with("GET /noise")) peer.Say("what?\r\n\r\n");
    if (request.starts_with("GET /reset")) peer.Reset();
    if (request.starts_with("GET /moved")) peer.Say(Answer("308 Resume", "", "Location: /elsewhere\r\n"));
    if (request.starts_with("GET /slowly")) {
      peer.Say("HTTP/1.1 100 Continue\r\n\r\n");
      peer.Say(Answer("200 OK", "ok"));
    }
  });
  const auto client = NewClient();
  const auto reason = [&](std::string_view path) {
    const auto answer = client->Send({.url = server.Url(path), .max_body_bytes = 1000});
    return answer ? std::to_string(answer->status) : answer.error().reason;
  };
  EXPECT_EQ(reason("/more"), "ANSWER_TOO_LARGE");
  EXPECT_EQ(reason("/cut"), "CONNECTION_LOST");
  EXPECT_EQ(reason("/noise"), "CONNECTION_LOST");
  EXPECT_EQ(reason("/reset"), "CONNECTION_LOST");
  EXPECT_EQ(reason("/nothing"), "CONNECTION_LOST");
  EXPECT_EQ(reason("/moved"), "308");
  EXPECT_EQ(reason("/slowly"), "200");
}

TEST(HttpClientTest, WhatMayNotHappenTwiceIsSentOnceThoughAKeptConnectionDies) {
  std::atomic<int> requests = 0;
  RawServer server([&](RawServer::Peer& peer, int) {
    if (peer.Hear().empty()) return;
    peer.Say(Answer("200 OK", "first"));
    if (!peer.Hear().empty()) ++requests;  // and is lost
  });
  for (const bool idempotent : {false, true})
    for (const std::string_view body : {"", "{}"}) {
      requests = 0;
      const auto client = NewClient();
      ClientRequest request{.method = "POST", .url = server.Url("/"), .idempotent = idempotent};
      if (!body.empty()) request.body = ClientBody{.bytes = body};
      ASSERT_TRUE(client->Send(request));
      const auto second = client->Send(request);
      EXPECT_EQ(requests, 1);
      if (idempotent) {
        ASSERT_TRUE(second) << second.error().message;
        EXPECT_EQ(second->body, "first");
      } else {
        EXPECT_EQ(second.error().reason, "CONNECTION_LOST");
        EXPECT_TRUE(second.error().message.contains("may have had its effect")) << second.error().message;
      }
    }
}

TEST(HttpClientTest, AnAnswerThatComesBeforeAllWasSentIsSeen) {
  RawServer server([](RawServer::Peer& peer, int) {
    std::string heard;
    peer.More(heard);
    peer.Say(Answer("412 Precondition Failed", "conditionNotMet", "Connection: close\r\n"));
    while (peer.More(heard)) {
    }
  });
  const auto client = NewClient();
  const std::string large(16 << 20, 'x');
  const auto answer =
      client->Send({.method = "PUT", .url = server.Url("/"), .body = ClientBody{.bytes = large}});
  ASSERT_TRUE(answer) << answer.error().message;
  EXPECT_EQ(answer->status, 412);
  EXPECT_EQ(answer->body, "conditionNotMet");
}

TEST(HttpClientTest, ASourceThatFailsEndsTheRequestWithItsError) {
  RawServer server([](RawServer::Peer& peer, int) { peer.Hear(); });
  const auto client = NewClient();
  ClientRequest request{.method = "PUT", .url = server.Url("/")};
  request.body = ClientBody{.read = [](std::uint64_t, std::span<char>) -> Result<std::size_t> {
                              return Fail(Code::kDataLoss, "DISK_TORN", "the file ended");
                            },
                            .size = 10};
  EXPECT_EQ(client->Send(request).error().reason, "DISK_TORN");
  request.body->read = [](std::uint64_t, std::span<char>) -> Result<std::size_t> { return 0; };
  EXPECT_EQ(client->Send(request).error().reason, "BODY_TOO_SHORT");
}

TEST(HttpClientTest, ASilentServerIsLeft) {
  RawServer server([](RawServer::Peer& peer, int) {
    peer.Hear();
    peer.Hear();
  });
  const auto client = NewClient();
  const auto late = client->Send({.url = server.Url("/"), .timeout = std::chrono::milliseconds(30)});
  EXPECT_EQ(late.error().code, Code::kDeadlineExceeded);
  EXPECT_EQ(late.error().reason, "REQUEST_TIMEOUT");
  std::stop_source stop;
  const std::jthread ends([&] { stop.request_stop(); });
  const auto stopped = client->Send({.url = server.Url("/"), .stop = stop.get_token()});
  EXPECT_EQ(stopped.error().reason, "REQUEST_STOPPED");
}

TEST(HttpClientTest, WhatCannotBeAskedIsSaid) {
  const auto client = NewClient();
  std::string url;
  {
    const RawServer server([](RawServer::Peer&, int) {});
    url = server.Url("/");
  }
  EXPECT_EQ(client->Send({.url = url}).error().reason, "CONNECT_FAILED");
  EXPECT_EQ(client->Send({.url = "ftp://127.0.0.1/"}).error().reason, "BAD_URL");
  EXPECT_EQ(client->Send({.url = "no url at all"}).error().reason, "BAD_URL");
  EXPECT_EQ(client->Send({.url = url, .headers = {{"A", "b\r\nC: d"}}}).error().reason, "BAD_HEADER");
  EXPECT_EQ(MakeHttpClient({.ca_bundle = "/does/not/exist.pem"}).error().reason, "CA_BUNDLE_MISSING");
}

TEST(HttpClientTest, AProxyIsUsedUnlessARequestIsDirect) {
  std::string heard;
  std::mutex mutex;
  RawServer proxy([&](RawServer::Peer& peer, int) {
    const std::string request = peer.Hear();
    const std::lock_guard lock(mutex);
    heard = request;
    peer.Say(request.starts_with("CONNECT") ? Answer("407 Who", "", "Connection: close\r\n")
                                            : Answer("200 OK", "by proxy", "Connection: close\r\n"));
  });
  RawServer server([](RawServer::Peer& peer, int) {
    peer.Hear();
    peer.Say(Answer("200 OK", "direct", "Connection: close\r\n"));
  });
  const auto client = MakeHttpClient({.proxy = proxy.Url("")}).value();
  EXPECT_EQ(client->Send({.url = "http://metadata.example/x"})->body, "by proxy");
  EXPECT_TRUE(heard.starts_with("GET http://metadata.example/x HTTP/1.1\r\n")) << heard;
  EXPECT_EQ(client->Send({.url = server.Url("/"), .direct = true})->body, "direct");
  const auto refused = client->Send({.url = "https://storage.example/"});
  EXPECT_EQ(refused.error().reason, "PROXY_REFUSED");
  EXPECT_TRUE(refused.error().message.contains("407")) << refused.error().message;
}

TEST(HttpClientTest, ManyThreadsAskAtOnce) {
  std::vector<std::jthread> servers;
  std::mutex mutex;
  RawServer server([&](RawServer::Peer& peer, int) {
    const std::lock_guard lock(mutex);
    servers.emplace_back([held = std::make_shared<RawServer::Peer>(std::move(peer))] {
      while (!held->Hear().empty()) held->Say(Answer("200 OK", "x"));
    });
  });
  {
    const auto client = NewClient();
    std::atomic<int> good = 0;
    {
      std::vector<std::jthread> threads;
      for (int i = 0; i < 8; ++i)
        threads.emplace_back([&] {
          for (int n = 0; n < 20; ++n) good += client->Send({.url = server.Url("/")}).has_value();
        });
    }
    EXPECT_EQ(good, 160);
    EXPECT_LE(server.accepted, 8);
  }
}

TEST(PercentEncodeTest, OnlyUnreservedCharactersStay) {
  EXPECT_EQ(PercentEncode("a b/c~d+é"), "a%20b%2Fc~d%2B%C3%A9");
  EXPECT_EQ(PercentEncode("a/b c", "/"), "a/b%20c");
}

}  // namespace
}  // namespace easel
