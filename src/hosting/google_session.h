// What asks Google and a cluster on behalf of one person or server: client, credentials, and other identities by impersonation.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/sleeper.h"
#include "gcp/credentials.h"
#include "gcp/provision/observed.h"
#include "gcp/provision/rest_cloud.h"
#include "gcp/rest_client.h"
#include "http/client.h"

namespace easel {

struct GoogleSessionOptions {
  std::string endpoints;          ///< SERVICE=URL,…
  std::string quota_project;      ///< empty: as the credentials say
  std::string access_token_file;  ///< goes before all other credentials
  std::string ca_bundle;          ///< file of authorities for Google; empty: the system's
  std::string cluster_ca;         ///< authority of the cluster in PEM; empty: as for Google
  std::chrono::milliseconds attempt_timeout{60'000};  ///< of one request
  std::chrono::milliseconds retry_deadline{120'000};  ///< of a request with all its repetitions
  std::stop_token stop;                               ///< ends requests and pauses: kCancelled
};

/// Thread-safe; what it gives out must not outlive it.
class GoogleSession {
 public:
  /// Errors: kUnauthenticated (no credentials: which ones there could be); kInvalidArgument (endpoints); kNotFound (ca bundle).
  static Result<std::unique_ptr<GoogleSession>> Open(const GoogleSessionOptions& options);

  Cloud& cloud() { return *cloud_; }
  /// For people: whose rights these are.
  std::string Who() const { return caller_.tokens->Who(); }
  /// The service account whose credentials these are, if they say it.
  const std::string& account() const { return caller_.account; }
  OpenCluster Opener() { return OpenerFor(caller_.tokens); }
  /// Requests as a service account, by a new token that the caller gets for it (impersonation, both scopes).
  ///
  /// Errors: kPermissionDenied: the caller may not.
  Result<std::unique_ptr<Cloud>> As(const std::string& email);
  /// The cluster as such an account.
  OpenCluster OpenerAs(const std::string& email);
  /// The cluster by a token of its own.
  OpenCluster OpenerWith(std::string token);
  /// Upload, download and remove a probe by URLs that the account signs, asked to by the caller (signBlob).
  Status SignedRoundTrip(const std::string& email, const std::string& bucket);

 private:
  GoogleSession() = default;
  OpenCluster OpenerFor(std::shared_ptr<gcp::TokenSource> tokens);

  SystemClock clock_;
  SystemSleeper sleeper_;
  std::stop_token stop_;
  std::unique_ptr<HttpClient> http_;
  std::unique_ptr<HttpClient> cluster_http_;  ///< nullptr: http_
  std::optional<gcp::Google> google_;
  gcp::Credentials caller_;
  std::unique_ptr<gcp::RestClient> rest_;
  std::unique_ptr<RestCloud> cloud_;
};

}  // namespace easel
