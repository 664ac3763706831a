// What every `easel gcp` command that reaches Google is made of: client, tokens, the cluster, and Ctrl-C that ends requests.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "base/sleeper.h"
#include "cli/arguments.h"
#include "cli/signals.h"
#include "gcp/credentials.h"
#include "gcp/provision/observed.h"
#include "gcp/provision/rest_cloud.h"
#include "gcp/rest_client.h"
#include "http/client.h"

namespace easel {

/// Made once by a command, before other threads. The first Ctrl-C ends requests and pauses (kCancelled), the second the process.
class GcpSession {
 public:
  /// Errors: kUnauthenticated (no credentials: which ones there could be); kInvalidArgument (endpoints); kNotFound (ca bundle).
  static Result<std::unique_ptr<GcpSession>> Open(const Invocation& invocation,
                                                  const ProvisionOptions& options);
  ~GcpSession();
  GcpSession(const GcpSession&) = delete;
  GcpSession& operator=(const GcpSession&) = delete;

  Cloud& cloud() { return *cloud_; }
  std::string Who() const { return caller_.tokens->Who(); }
  /// Whether the credentials say that they are of this member, "serviceAccount:…".
  bool IsAccount(const std::string& member) const {
    return !caller_.account.empty() && member == "serviceAccount:" + caller_.account;
  }
  OpenCluster Opener();
  /// Requests as a service account, by a new token that the caller gets for it (impersonation, both scopes).
  ///
  /// Errors: kPermissionDenied: the caller may not.
  Result<std::unique_ptr<Cloud>> As(const std::string& email);
  /// The cluster as such an account.
  OpenCluster OpenerAs(const std::string& email);
  /// Upload, download and remove a probe by URLs that the account signs, asked to by the caller (signBlob).
  Status SignedRoundTrip(const std::string& email, const std::string& bucket);

 private:
  GcpSession() = default;
  OpenCluster OpenerFor(std::shared_ptr<gcp::TokenSource> tokens);

  Signals signals_;  // before any thread
  SystemClock clock_;
  SystemSleeper sleeper_;
  std::stop_source stop_;
  std::unique_ptr<HttpClient> http_;
  std::optional<gcp::Google> google_;
  gcp::Credentials caller_;
  std::unique_ptr<gcp::RestClient> rest_;
  std::unique_ptr<RestCloud> cloud_;
  UniqueFd wake_;
  std::jthread watcher_;
};

}  // namespace easel
