#include "hosting/google_session.h"

#include "gcp/provision/verify.h"
#include "gcp/signed_url.h"
#include "kubernetes/kubernetes_client.h"

namespace easel {
namespace {

/// ClusterObjects by the thin client.
class Cluster final : public ClusterObjects {
 public:
  explicit Cluster(KubernetesClient client) : client_(std::move(client)) {}
  Result<json::value> Get(const std::string& path) override { return client_.Get(path); }
  Result<json::value> Apply(const std::string& path, const json::value& object) override {
    return client_.Apply(path, object);
  }
  Status Delete(const std::string& path) override { return client_.Delete(path); }
  Result<bool> May(const std::string& nspace, const std::string& verb, const std::string& group,
                   const std::string& resource) override {
    return client_.May(nspace, verb, group, resource);
  }

 private:
  const KubernetesClient client_;
};

/// A RestCloud that owns what it asks through.
class OwnedCloud final : public Cloud {
 public:
  OwnedCloud(std::unique_ptr<gcp::RestClient> rest, Sleeper& sleeper, std::stop_token stop)
      : rest_(std::move(rest)), cloud_(*rest_, sleeper, std::move(stop)) {}
  Result<json::value> Call(const CloudCall& call) override { return cloud_.Call(call); }
  Status Pause(int attempt) override { return cloud_.Pause(attempt); }

 private:
  const std::unique_ptr<gcp::RestClient> rest_;
  RestCloud cloud_;
};

using Token = KubernetesClient::Token;

OpenCluster OpenBy(HttpClient& http, Token token, std::stop_token stop) {
  return [&http, token = std::move(token),
          stop = std::move(stop)](const std::string& endpoint) -> Result<std::unique_ptr<ClusterObjects>> {
    EASEL_TRY(KubernetesClient client,
              KubernetesClient::Open(http, token,
                                     {.endpoint = endpoint, .field_manager = "easel-setup", .stop = stop}));
    return std::make_unique<Cluster>(std::move(client));
  };
}

}  // namespace

Result<std::unique_ptr<GoogleSession>> GoogleSession::Open(const GoogleSessionOptions& options) {
  std::unique_ptr<GoogleSession> session(new GoogleSession);
  session->stop_ = options.stop;
  const gcp::Environment environment = gcp::ProcessEnvironment();
  EASEL_TRY(const auto listed, gcp::ParseEndpointList(options.endpoints));
  EASEL_TRY(const gcp::Endpoints endpoints, gcp::Endpoints::From(listed, environment));
  const std::string agent = "easel/" EASEL_VERSION;
  EASEL_TRY(session->http_, MakeHttpClient({.user_agent = agent, .ca_bundle = options.ca_bundle}));
  if (!options.cluster_ca.empty()) {
    EASEL_TRY(session->cluster_http_, MakeHttpClient({.user_agent = agent, .ca_pem = options.cluster_ca}));
  }
  EASEL_TRY(gcp::RestOptions rest, gcp::RestOptionsFrom({.retry = {.deadline = options.retry_deadline},
                                                         .attempt_timeout = options.attempt_timeout},
                                                        environment));
  session->google_.emplace(
      gcp::Google{*session->http_, session->clock_, session->sleeper_, endpoints, rest.retry});
  EASEL_TRY(session->caller_,
            gcp::FindCredentials(*session->google_, {.access_token_file = options.access_token_file,
                                                     .environment = environment}));
  rest.quota_project = options.quota_project.empty() ? session->caller_.quota_project : options.quota_project;
  session->rest_ = std::make_unique<gcp::RestClient>(*session->http_, session->caller_.tokens, endpoints,
                                                     session->clock_, session->sleeper_, rest);
  session->cloud_ = std::make_unique<RestCloud>(*session->rest_, session->sleeper_, session->stop_);
  return session;
}

Result<std::unique_ptr<Cloud>> GoogleSession::As(const std::string& email) {
  const auto tokens = gcp::Impersonate(*google_, caller_, email);
  EASEL_TRY(const gcp::AccessToken first, tokens->Token(stop_));
  return std::make_unique<OwnedCloud>(std::make_unique<gcp::RestClient>(*http_, tokens, rest_->endpoints(),
                                                                        clock_, sleeper_, rest_->options()),
                                      sleeper_, stop_);
}

OpenCluster GoogleSession::OpenerAs(const std::string& email) {
  return OpenerFor(gcp::Impersonate(*google_, caller_, email));
}

OpenCluster GoogleSession::OpenerWith(std::string token) {
  return OpenBy(
      cluster_http_ ? *cluster_http_ : *http_,
      [token = std::move(token)]() -> Result<std::string> { return token; }, stop_);
}

OpenCluster GoogleSession::OpenerFor(std::shared_ptr<gcp::TokenSource> tokens) {
  const auto token = [tokens = std::move(tokens), stop = stop_]() -> Result<std::string> {
    EASEL_TRY(const gcp::AccessToken held, tokens->Token(stop));
    return held.value;
  };
  return OpenBy(cluster_http_ ? *cluster_http_ : *http_, token, stop_);
}

Status GoogleSession::SignedRoundTrip(const std::string& email, const std::string& bucket) {
  const std::unique_ptr<gcp::UrlSigner> signer = gcp::MakeIamSigner(*rest_, email);
  const std::string probe = "signed by easel gcp verify";
  for (const char* method : {"PUT", "GET", "DELETE"}) {
    gcp::UrlToSign to_sign{.method = method,
                           .bucket = bucket,
                           .object = ".easel/verify-signed",
                           .expires_s = 600,
                           .headers = {},
                           .query = {},
                           .base = rest_->endpoints().Base(gcp::Service::kStorage)};
    if (*method == 'P') to_sign.headers = {{"content-type", "text/plain"}};
    EASEL_TRY(const std::string url, gcp::SignUrl(*signer, to_sign, clock_.UnixMs(), stop_));
    ClientRequest request{.method = method, .url = url, .headers = to_sign.headers, .stop = stop_};
    if (*method == 'P') request.body = ClientBody{.bytes = probe};
    EASEL_TRY(const ClientResponse answer, http_->Send(request));
    if (!answer.ok()) {
      Error refused = gcp::ErrorOfAnswer(answer, std::string(method) + " by signed URL");
      refused.reason = kSignedUrlRefused;
      return std::unexpected(std::move(refused));
    }
    if (*method == 'G' && answer.body != probe)
      return Fail(Code::kDataLoss, "PROBE_DIFFERS", "what was downloaded is not what was uploaded");
  }
  return {};
}

}  // namespace easel
