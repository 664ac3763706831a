// Asking others over HTTP/1.1: one blocking call per request, to be used from as many threads as there are requests at once.
//
// Connections are kept and used again. Redirects are answers, not followed. No header, body or query enters a log.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/error.h"
#include "http/message.h"

namespace easel {

/// What is sent behind the headers: bytes that the caller keeps alive, or a source that can be read at any offset, because a
/// kept connection that turns out dead is replaced and the body sent again.
struct ClientBody {
  std::string_view bytes;
  /// Instead of `bytes`: fill `to` from `offset` on, and return how many bytes came; 0 only behind the end.
  std::function<Result<std::size_t>(std::uint64_t offset, std::span<char> to)> read;
  std::uint64_t size = 0;  ///< of what `read` gives
};

struct ClientResponse {
  int status = 0;
  HttpHeaders headers;  ///< names in lower case, in order; one name may come more than once
  std::string body;

  bool ok() const { return status >= 200 && status < 300; }
  /// The first header of that name, or "".
  std::string_view Header(std::string_view name) const { return HeaderOf(headers, name); }
  /// All of that name, joined by ", " (`x-goog-hash` comes once per algorithm).
  std::string JoinedHeader(std::string_view name) const;
};

struct ClientRequest {
  std::string method = "GET";
  std::string url;  ///< http or https, percent-encoded
  HttpHeaders headers;
  std::optional<ClientBody> body;  ///< none: no Content-Length is sent for GET and HEAD, 0 for the others

  /// Called with status and headers before the first byte of a body; false ends the request (kCancelled REQUEST_ENDED).
  std::function<bool(const ClientResponse& head)> on_head;
  /// Takes the body of a 2xx answer piece by piece instead of `ClientResponse::body`; false ends the request. Bodies of other
  /// answers are always kept.
  std::function<bool(std::string_view piece)> on_body;

  std::uint64_t max_body_bytes = std::uint64_t{32} << 20;  ///< of a body that is kept
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{60'000};  ///< from beginning to end; 0: none
  /// Ends a request whose whole traffic, both ways, was less than `stall_bytes` in such a time; 0: never.
  std::chrono::seconds stall_timeout{0};
  std::uint64_t stall_bytes = 1;

  /// False: the request goes out at most once, even if a kept connection dies before an answer. (True does not retry by itself
  /// either: it only replaces such a connection.)
  bool idempotent = true;
  bool direct = false;   ///< past every proxy: for the metadata server
  std::stop_token stop;  ///< ends the request at once (kCancelled REQUEST_STOPPED)
};

/// Thread-safe.
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Send a request and return the answer, whatever its status.
  ///
  /// Errors: kInvalidArgument BAD_URL; kUnavailable HOST_NOT_FOUND, CONNECT_FAILED (nothing was sent), CONNECTION_LOST (it may
  /// have had its effect); kFailedPrecondition TLS_FAILED (certificate, authority), PROXY_REFUSED; kDeadlineExceeded
  /// REQUEST_TIMEOUT, REQUEST_STALLED; kCancelled REQUEST_STOPPED, REQUEST_ENDED (by a callback); kResourceExhausted
  /// ANSWER_TOO_LARGE; what `ClientBody::read` returned.
  virtual Result<ClientResponse> Send(const ClientRequest& request) = 0;
};

struct HttpClientOptions {
  std::string user_agent = "easel";
  std::string proxy;  ///< "http://host:port"; empty: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say
  std::string
      ca_bundle;       ///< a file of PEM certificates, trusted instead of the system's; empty: the system's
  std::string ca_pem;  ///< the same as text
  std::size_t kept_connections = 32;
  std::chrono::seconds kept_for{50};  ///< an idle connection
};

/// Errors: kNotFound for a `ca_bundle` that is not there.
Result<std::unique_ptr<HttpClient>> MakeHttpClient(HttpClientOptions options = {});

/// RFC 3986: all but unreserved characters and those in `keep` as %XX.
std::string PercentEncode(std::string_view text, std::string_view keep = "");

}  // namespace easel
