#include "cli/gcp_session.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/cli.h"
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

}  // namespace

Result<std::unique_ptr<GcpSession>> GcpSession::Open(const Invocation& invocation,
                                                     const ProvisionOptions& options) {
  std::unique_ptr<GcpSession> session(new GcpSession);
  const gcp::Environment environment = gcp::ProcessEnvironment();
  EASEL_TRY(const auto listed, gcp::ParseEndpointList(options.endpoints));
  EASEL_TRY(const gcp::Endpoints endpoints, gcp::Endpoints::From(listed, environment));
  EASEL_TRY(session->http_, MakeHttpClient({.user_agent = "easel/" EASEL_VERSION,
                                            .ca_bundle = invocation.Value("ca-bundle")}));
  EASEL_TRY(gcp::RestOptions rest, gcp::RestOptionsFrom({}, environment));
  session->google_.emplace(
      gcp::Google{*session->http_, session->clock_, session->sleeper_, endpoints, rest.retry});
  EASEL_TRY(
      session->caller_,
      gcp::FindCredentials(*session->google_, {.access_token_file = invocation.Value("access-token-file"),
                                               .environment = environment}));
  rest.quota_project = options.quota_project.empty() ? session->caller_.quota_project : options.quota_project;
  session->rest_ = std::make_unique<gcp::RestClient>(*session->http_, session->caller_.tokens, endpoints,
                                                     session->clock_, session->sleeper_, rest);
  session->cloud_ =
      std::make_unique<RestCloud>(*session->rest_, session->sleeper_, session->stop_.get_token());
  session->wake_.Reset(::eventfd(0, EFD_CLOEXEC));
  session->watcher_ = std::jthread([raw = session.get()](std::stop_token ended) {
    for (int seen = 0; !ended.stop_requested();) {
      pollfd waits[] = {{raw->signals_.fd(), POLLIN, 0}, {raw->wake_.get(), POLLIN, 0}};
      if (::poll(waits, 2, -1) < 0 || (waits[0].revents & POLLIN) == 0) continue;
      seen += raw->signals_.Take();
      raw->stop_.request_stop();
      if (seen > 1) ::_exit(kExitCancelled);
    }
  });
  return session;
}

GcpSession::~GcpSession() {
  if (!watcher_.joinable()) return;
  watcher_.request_stop();
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  watcher_.join();
}

OpenCluster GcpSession::Opener() { return OpenerFor(caller_.tokens); }

Result<std::unique_ptr<Cloud>> GcpSession::As(const std::string& email) {
  const auto tokens = gcp::Impersonate(*google_, caller_, email);
  EASEL_TRY(const gcp::AccessToken first, tokens->Token(stop_.get_token()));
  return std::make_unique<OwnedCloud>(std::make_unique<gcp::RestClient>(*http_, tokens, rest_->endpoints(),
                                                                        clock_, sleeper_, rest_->options()),
                                      sleeper_, stop_.get_token());
}

OpenCluster GcpSession::OpenerAs(const std::string& email) {
  return OpenerFor(gcp::Impersonate(*google_, caller_, email));
}

Status GcpSession::SignedRoundTrip(const std::string& email, const std::string& bucket) {
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
    EASEL_TRY(const std::string url, gcp::SignUrl(*signer, to_sign, clock_.UnixMs(), stop_.get_token()));
    ClientRequest request{
        .method = method, .url = url, .headers = to_sign.headers, .stop = stop_.get_token()};
    if (*method == 'P') request.body = ClientBody{.bytes = probe};
    EASEL_TRY(const ClientResponse answer, http_->Send(request));
    if (!answer.ok())
      return std::unexpected(gcp::ErrorOfAnswer(answer, std::string(method) + " by signed URL"));
    if (*method == 'G' && answer.body != probe)
      return Fail(Code::kDataLoss, "PROBE_DIFFERS", "what was downloaded is not what was uploaded");
  }
  return {};
}

OpenCluster GcpSession::OpenerFor(std::shared_ptr<gcp::TokenSource> tokens) {
  return [this, tokens = std::move(tokens)](
             const std::string& endpoint) -> Result<std::unique_ptr<ClusterObjects>> {
    const auto token = [this, tokens]() -> Result<std::string> {
      EASEL_TRY(const gcp::AccessToken held, tokens->Token(stop_.get_token()));
      return held.value;
    };
    EASEL_TRY(KubernetesClient client,
              KubernetesClient::Open(
                  *http_, token,
                  {.endpoint = endpoint, .field_manager = "easel-setup", .stop = stop_.get_token()}));
    return std::make_unique<Cluster>(std::move(client));
  };
}

}  // namespace easel
