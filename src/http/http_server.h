// An HTTP/1.1 and WebSocket server on TCP. What it serves is a handler's business.
//
// Threads: `threads` of its own run all handlers; a handler must not block them. Everything here is thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/error.h"
#include "http/message.h"

namespace easel {

/// One WebSocket. Lives as long as somebody holds it; after its end, sending does nothing.
class WebSocket {
 public:
  virtual ~WebSocket() = default;
  /// Send a text message. It is shared, not copied: one event goes to many.
  virtual void Send(std::shared_ptr<const std::string> text) = 0;
  /// Bytes that were given to Send and are not on their way yet: a reader that is too slow is seen here.
  virtual std::size_t waiting_bytes() const = 0;
  /// Source of codes: RFC 6455 section 7.4.
  virtual void Close(std::uint16_t code, std::string reason) = 0;
};

/// What is captured here must not own the socket, or it keeps itself alive.
struct WebSocketEvents {
  std::function<void(WebSocket& socket, std::string message)> on_message;
  std::function<void()> on_closed;  ///< exactly once, unless the server ends first
};

class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  /// Answer a request: `reply` is called exactly once, now or later, from any thread.
  virtual void Handle(HttpRequest request, std::function<void(HttpResponse)> reply) = 0;
  /// A request to become a WebSocket: an answer refuses it. Accepted, `socket` can be sent to at once.
  virtual std::optional<HttpResponse> Open(const HttpRequest& request, std::shared_ptr<WebSocket> socket,
                                           WebSocketEvents& events) = 0;
};

struct HttpLimits {
  std::uint32_t header_bytes = 16 << 10;
  std::uint64_t body_bytes = std::uint64_t{16} << 20;
  std::chrono::milliseconds idle{75'000};                ///< a connection without a request
  std::chrono::milliseconds request{30'000};             ///< from the first byte of a request to its last
  std::chrono::milliseconds reply{60'000};               ///< from an answer's first byte to its last
  std::size_t connections = 8192;                        ///< further ones wait in the kernel's queue
  std::uint64_t message_bytes = std::uint64_t{4} << 20;  ///< of a WebSocket message that is received
  std::size_t waiting_bytes = std::size_t{8} << 20;      ///< to one WebSocket; beyond, it is ended
};

class HttpServer {
 public:
  /// Listen on a numeric address; port 0 picks a free one. `handler` must outlive the server.
  ///
  /// Errors: kInvalidArgument BAD_ADDRESS; kUnavailable naming address and port, e.g. when it is in use.
  static Result<std::unique_ptr<HttpServer>> Listen(const std::string& address, std::uint16_t port,
                                                    HttpHandler& handler, const HttpLimits& limits = {},
                                                    int threads = 1);
  /// Stops as Stop(0) does. Nobody may reply any more: who answers later ends before the server.
  virtual ~HttpServer() = default;
  virtual std::uint16_t port() const = 0;
  virtual std::size_t connections() const = 0;
  /// Take no more connections, let requests under way be answered for up to `grace`, then end. Further calls do nothing.
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

}  // namespace easel
