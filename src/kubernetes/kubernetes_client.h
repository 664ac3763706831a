// A thin client of one Kubernetes API: objects as JSON by their path.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "http/client.h"

namespace easel {

struct KubernetesOptions {
  std::string endpoint;       ///< https://host[:port]; http only for a loopback address
  std::string field_manager;  ///< who owns what Apply sets
  std::chrono::milliseconds timeout{30'000};
  std::stop_token stop;
};

/// Thread-safe. Makes each request once: what it asks for may be asked for again.
///
/// Errors of all methods: of an answer, ErrorOfKubernetes; kUnavailable and kDeadlineExceeded of the transport; those of `token`.
/// Source: Kubernetes API concepts, "Server-Side Apply".
class KubernetesClient {
 public:
  /// A token of the identity to act as, asked for with each request.
  using Token = std::function<Result<std::string>()>;

  /// Errors: kInvalidArgument ENDPOINT_INVALID: not https, or not a base URL. A token must not travel in the clear.
  static Result<KubernetesClient> Open(HttpClient& http, Token token, KubernetesOptions options);

  Result<json::value> Get(const std::string& path) const;
  /// Server-side apply by force: what `object` says is so afterwards and ours, what others say besides stays. Misspelt fields are errors.
  Result<json::value> Apply(const std::string& path, const json::value& object) const;
  /// In the background, as controllers do; an object that is not there is deleted.
  Status Delete(const std::string& path) const;
  Result<json::value> Post(const std::string& path, const json::value& object) const;
  /// Whether the identity of the token may `verb` the `resource` in the namespace, by the server's own word.
  Result<bool> May(const std::string& nspace, const std::string& verb, const std::string& group,
                   const std::string& resource) const;

 private:
  KubernetesClient(HttpClient& http, Token token, KubernetesOptions options)
      : http_(&http), token_(std::move(token)), options_(std::move(options)) {}
  Result<json::value> Send(const std::string& method, const std::string& path, const json::value* body,
                           const std::string& content_type) const;

  HttpClient* http_;
  Token token_;
  KubernetesOptions options_;
};

/// What an answer that is not 2xx says: the message of its Status object, or the text of a page of what stands before the API.
///
/// 401 kUnauthenticated, 403 kPermissionDenied, 404 kNotFound, 409 kAlreadyExists (AlreadyExists) or kAborted (Conflict), 400 and 422
/// kInvalidArgument, 412 kAborted, 429 kResourceExhausted, 5xx kUnavailable. `reason` is the Status object's, else HTTP_<status>.
Error ErrorOfKubernetes(const ClientResponse& answer, const std::string& what);

}  // namespace easel
