// Asking one of Google's JSON services as somebody: token attached, 401 refreshed once, transient failures retried.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/json.h"
#include "base/sleeper.h"
#include "gcp/endpoints.h"
#include "gcp/retry.h"
#include "gcp/token_source.h"
#include "http/client.h"

namespace easel::gcp {

using Query = std::vector<std::pair<std::string, std::string>>;

struct RestCall {
  Service service = Service::kStorage;
  std::string method = "GET";
  std::string path;  ///< "/storage/v1/b/my-bucket", percent-encoded
  Query query;       ///< plain; encoded here. One name may come more than once
  HttpHeaders headers;
  std::optional<json::value> body;       ///< sent as application/json
  std::optional<std::string> text_body;  ///< instead: as `content_type` says
  std::string content_type = "application/json";
  Idempotency idempotency = Idempotency::kNot;  ///< kNot: one attempt, unless nothing was sent
  std::stop_token stop;
};

struct RestOptions {
  RetryPolicy retry;
  std::chrono::milliseconds attempt_timeout{60'000};
  std::string quota_project;  ///< X-Goog-User-Project, unless empty
};

/// `options` with EASEL_GCP_BACKOFF_MS of the environment in the place of the first wait: the longest is 32 times that.
///
/// Errors: kInvalidArgument for a value that is not a whole number from 1 to 60000.
Result<RestOptions> RestOptionsFrom(RestOptions options, const Environment& environment);

/// Thread-safe; what it is made of must outlive it. Another identity is another RestClient on the same HttpClient.
class RestClient {
 public:
  RestClient(HttpClient& http, std::shared_ptr<TokenSource> tokens, Endpoints endpoints, const Clock& clock,
             Sleeper& sleeper, RestOptions options = {});

  /// Call a method and return its JSON; null for an empty body.
  ///
  /// Errors: of an answer, ErrorOfAnswer; kUnavailable GCP_NOT_JSON for HTML or cut JSON behind a 200; HttpClient's; the token
  /// source's. The message begins with method and path.
  Result<json::value> Call(const RestCall& call);

  /// One attempt with any body and any answer: the token (and the quota project) attached, 401 refreshed once, nothing retried.
  /// `url` absolute, or a path behind the service's base. A `body` by `read`, and `on_body`, may be used twice by the refresh, but
  /// `on_body` gets no byte of the refused answer.
  Result<ClientResponse> Send(Service service, ClientRequest request);

  const Endpoints& endpoints() const { return endpoints_; }
  const RestOptions& options() const { return options_; }
  TokenSource& tokens() { return *tokens_; }
  Backoff MakeBackoff() const;

  /// How far the server's clock was ahead of ours by its last answer, in seconds; of use when > 300 either way.
  std::int64_t server_ahead_s() const { return server_ahead_s_; }

 private:
  Result<json::value> CallOnce(const RestCall& call, std::string_view url, std::string_view body,
                               std::chrono::milliseconds left,
                               std::optional<std::chrono::milliseconds>& retry_after);

  HttpClient& http_;
  const std::shared_ptr<TokenSource> tokens_;
  const Endpoints endpoints_;
  const Clock& clock_;
  Sleeper& sleeper_;
  const RestOptions options_;
  const std::function<double()> random_ = RandomFraction;
  std::atomic<std::int64_t> server_ahead_s_ = 0;
};

/// What an answer that is not 2xx says, in both shapes that Google's services have, OAuth's, or none (HTML of a proxy).
///
/// The code is by status, and by `error.status` where that says more (400 FAILED_PRECONDITION, 409 ABORTED). `reason` is Google's
/// most specific word: ErrorInfo.reason, PreconditionFailure's first type, `errors[0].reason`, `error.status`, OAuth's `error`, or
/// "HTTP_503". The message is "<what>: <status> <Google's own message>".
Error ErrorOfAnswer(const ClientResponse& answer, std::string_view what);

/// "a=1&b=2", percent-encoded.
std::string EncodeQuery(const Query& query);

}  // namespace easel::gcp
