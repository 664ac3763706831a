#include "http/http_server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <thread>

#include "base/file.h"

namespace easel {
namespace {

constexpr int kPatienceMs = 20'000;
constexpr std::size_t kLarge = std::size_t{8} << 20;

/// A client that says exactly what it is told to.
class Client {
 public:
  explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{.sin_family = AF_INET, .sin_port = htons(port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
  }
  void Say(std::string_view text) {
    while (!text.empty()) {
      const ssize_t n = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      text.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  /// Read until `text` has come; all that came. Less if the connection ended.
  std::string HearUntil(std::string_view text) {
    while (heard_.find(text) == std::string::npos && More()) {
    }
    return heard_;
  }
  std::string HearAll() {
    while (More()) {
    }
    return heard_;
  }
  std::string HearBytes(std::size_t n) {
    while (heard_.size() < n && More()) {
    }
    std::string out = heard_.substr(0, n);
    heard_.erase(0, n);
    return out;
  }
  void Forget() { heard_.clear(); }

 private:
  bool More() {
    pollfd wait{fd_.get(), POLLIN, 0};
    if (::poll(&wait, 1, kPatienceMs) <= 0) {
      ADD_FAILURE() << "nothing came; so far: " << heard_;
      return false;
    }
    char buffer[4096];
    const ssize_t n = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    heard_.append(buffer, static_cast<std::size_t>(n));
    return true;
  }
  UniqueFd fd_;
  std::string heard_;
};

class Echo final : public HttpHandler {
 public:
  void Handle(HttpRequest request, std::function<void(HttpResponse)> reply) override {
    if (!request.target.path.empty() && request.target.path[0] == "later") {
      const std::lock_guard lock(mutex_);
      later_.push_back(std::move(reply));
      return;
    }
    if (request.raw_target == "/large") return reply({.body = std::string(kLarge, 'x')});
    if (request.raw_target == "/named")
      return reply({.body = "", .headers = {{"X-Name", "one\r\nSet-Cookie: another"}}});
    reply({.content_type = "text/plain",
           .body = request.method + " " + request.raw_target + " " + request.body + "\n"});
  }
  std::optional<HttpResponse> Open(const HttpRequest& request, std::shared_ptr<WebSocket> socket,
                                   WebSocketEvents& events) override {
    if (request.target.path.empty() || request.target.path[0] != "socket")
      return ProblemResponse(403, "NO", "not here");
    events.on_message = [](WebSocket& socket, std::string text) {
      if (text == "flood") {
        const auto much = std::make_shared<const std::string>(std::string(1 << 20, 'x'));
        for (int i = 0; i < 16; ++i) socket.Send(much);
        return;
      }
      socket.Send(std::make_shared<const std::string>("you said " + text));
    };
    events.on_closed = [this] { ++closed; };
    socket->Send(std::make_shared<const std::string>("hello"));
    return std::nullopt;
  }
  void AnswerLater() {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (!later_.empty()) {
          later_.front()({.body = "\"at last\""});
          later_.clear();
          return;
        }
      }
      std::this_thread::yield();
    }
  }
  std::atomic<int> closed = 0;

 private:
  std::mutex mutex_;
  std::vector<std::function<void(HttpResponse)>> later_;
};

class HttpServing : public testing::Test {
 protected:
  void Listen(HttpLimits limits = {}) {
    auto made = HttpServer::Listen("127.0.0.1", 0, echo_, limits, 2);
    ASSERT_TRUE(made) << made.error().message;
    server_ = *std::move(made);
  }
  Echo echo_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServing, RequestsFollowEachOtherOnOneConnection) {
  Listen();
  Client client(server_->port());
  client.Say("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none");
  EXPECT_NE(client.HearUntil("POST /a one").find("HTTP/1.1 200"), std::string::npos);
  client.Forget();
  client.Say("GET /b HTTP/1.1\r\nHost: x\r\n\r\nGET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string both = client.HearAll();
  EXPECT_LT(both.find("GET /b"), both.find("GET /c"));
}

TEST_F(HttpServing, ThousandsThatAreSaidAtOnceAreAnsweredInTurn) {
  Listen();
  Client client(server_->port());
  std::string all;
  for (int i = 0; i < 3000; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  client.Say(all + "GET /end HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string heard = client.HearAll();
  std::size_t at = 0;
  for (int i = 0; i < 3000; ++i) {
    at = heard.find("\r\n\r\nGET /" + std::to_string(i) + " \n", at);
    ASSERT_NE(at, std::string::npos) << i;
  }
  EXPECT_TRUE(heard.ends_with("GET /end \n"));
}

TEST_F(HttpServing, AnAnswerThatTheKernelDoesNotTakeAtOnceArrivesWhole) {
  Listen();
  Client client(server_->port());
  for (int i = 0; i < 2; ++i) {
    client.Say("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string head = client.HearUntil("\r\n\r\n");
    EXPECT_NE(head.find("Content-Length: " + std::to_string(kLarge) + "\r\n"), std::string::npos);
    client.HearBytes(head.find("\r\n\r\n") + 4);
    EXPECT_EQ(client.HearBytes(kLarge), std::string(kLarge, 'x'));
  }
}

TEST_F(HttpServing, AHeaderOfAnAnswerCannotSayAnother) {
  Listen();
  Client client(server_->port());
  client.Say("GET /named HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string heard = client.HearAll();
  EXPECT_NE(heard.find("\r\nX-Name: one  Set-Cookie: another\r\n"), std::string::npos) << heard;
}

TEST_F(HttpServing, ARequestThatComesByteByByteIsUnderstood) {
  Listen();
  Client client(server_->port());
  for (const char c : std::string("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none"))
    client.Say({&c, 1});
  EXPECT_NE(client.HearUntil("POST /a one").find("HTTP/1.1 200"), std::string::npos);
}

TEST_F(HttpServing, AHeadRequestGetsTheLengthWithoutTheBody) {
  Listen();
  Client client(server_->port());
  client.Say("HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const std::string heard = client.HearAll();
  EXPECT_NE(heard.find("Content-Length: 9\r\n"), std::string::npos) << heard;
  EXPECT_TRUE(heard.ends_with("\r\n\r\n"));
}

TEST_F(HttpServing, AnAnswerMayComeLaterFromAnotherThread) {
  Listen();
  Client client(server_->port());
  client.Say("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  std::thread([&] { echo_.AnswerLater(); }).join();
  EXPECT_NE(client.HearUntil("at last").find("200"), std::string::npos);
}

TEST_F(HttpServing, ALargeBodyIsAskedForAndOneThatIsTooLargeRefused) {
  Listen({.body_bytes = 1000});
  Client client(server_->port());
  client.Say("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  client.HearUntil("100 Continue\r\n\r\n");
  client.Say("abc");
  client.HearUntil("POST /a abc");
  Client large(server_->port());
  large.Say("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n");
  EXPECT_NE(large.HearAll().find("BODY_TOO_LARGE"), std::string::npos);
}

TEST_F(HttpServing, WhatIsNotHttpGetsAProblemAndTheEnd) {
  Listen();
  for (const std::string& bad : {std::string("nonsense\r\n\r\n"), std::string("GET /a HTTP/9.9\r\n\r\n"),
                                 "GET /a HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n",
                                 std::string("GET /../etc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
                                 std::string("POST /a HTTP/1.1\r\nContent-Length: -1\r\n\r\n")}) {
    Client client(server_->port());
    client.Say(bad);
    const std::string heard = client.HearAll();
    EXPECT_NE(heard.find("HTTP/1.1 4"), std::string::npos) << bad.substr(0, 40) << " -> " << heard;
    EXPECT_NE(heard.find("application/problem+json"), std::string::npos);
  }
}

TEST_F(HttpServing, ARequestThatNeverEndsLosesItsConnection) {
  Listen({.request = std::chrono::milliseconds(50)});
  Client client(server_->port());
  client.Say("GET /a HTTP/1.1\r\nHos");
  EXPECT_EQ(client.HearAll().find("200"), std::string::npos);
  while (server_->connections() > 0) std::this_thread::yield();
}

/// A text frame of a client: masked with zeros, so that its bytes are its text.
std::string Frame(std::string_view text) {
  EXPECT_LT(text.size(), 126u);
  std::string out = "\x81";
  out += static_cast<char>(0x80 | text.size());
  return out + std::string(4, '\0') + std::string(text);
}

void ShakeHands(Client& client, const std::string& path = "/socket") {
  client.Say("GET " + path +
             " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
}

TEST_F(HttpServing, AWebSocketTalksBothWays) {
  Listen();
  Client client(server_->port());
  ShakeHands(client);
  // The answer to the key of RFC 6455 section 1.3.
  EXPECT_NE(client.HearUntil("hello").find("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), std::string::npos);
  client.Say(Frame("one"));
  client.HearUntil("you said one");
}

TEST_F(HttpServing, ARefusedWebSocketGetsItsReason) {
  Listen();
  Client client(server_->port());
  ShakeHands(client, "/elsewhere");
  const std::string heard = client.HearAll();
  EXPECT_NE(heard.find("HTTP/1.1 403"), std::string::npos);
  EXPECT_EQ(echo_.closed, 0);
}

TEST_F(HttpServing, AWebSocketThatDoesNotReadIsClosed) {
  Listen({.waiting_bytes = 4 << 20});
  Client client(server_->port());
  ShakeHands(client);
  client.HearUntil("hello");
  client.Say(Frame("flood"));
  client.HearAll();
  while (echo_.closed == 0) std::this_thread::yield();
}

TEST_F(HttpServing, APortThatIsTakenIsNamed) {
  Listen();
  Echo other;
  const auto second = HttpServer::Listen("127.0.0.1", server_->port(), other);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "CANNOT_LISTEN");
  EXPECT_NE(second.error().message.find(std::to_string(server_->port())), std::string::npos);
  EXPECT_EQ(HttpServer::Listen("localhost", 0, other).error().reason, "BAD_ADDRESS");
}

TEST_F(HttpServing, StoppingLetsARequestUnderWayBeAnswered) {
  Listen();
  Client client(server_->port());
  client.Say("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  std::thread answer([&] { echo_.AnswerLater(); });
  answer.join();
  server_->Stop(std::chrono::seconds(10));
  EXPECT_NE(client.HearAll().find("at last"), std::string::npos);
}

}  // namespace
}  // namespace easel
