#include "hosting/verification.h"

#include "gcp/provision/self_hosting.h"

namespace easel {

Result<std::vector<Check>> RunVerification(GoogleSession& session, VerificationRequest request) {
  ProvisionOptions& options = request.options;
  if (request.control_plane && options.caller.empty() && !session.account().empty())
    options.caller = "serviceAccount:" + session.account();
  // The endpoint and the nodes' accounts, if the caller may read the cluster; else those checks say so.
  std::string endpoint;
  std::optional<ClusterFacts> facts;
  if (options.uses_cluster()) {
    const auto cluster =
        ReadPatiently(session.cloud(), ReadCall(options, "cluster/" + options.ClusterName()));
    if (cluster && cluster->is_object()) {
      facts = ReadClusterFacts(options, cluster->get_object(), "");
      endpoint = facts->endpoint;
    }
  }
  if (!request.endpoint.empty()) endpoint = request.endpoint;
  const Desired desired = MakeDesired(options, facts ? &*facts : nullptr);
  const SystemClock clock;
  const std::int64_t end_ms = clock.MonotonicMs() + request.deadline_s * 1000;
  const std::string app = options.AccountEmail("app");
  std::string identity;
  if (!request.cluster_token.empty()) {
    const std::string named = AccountOfClusterToken(request.cluster_token);
    identity = "serviceaccount=" + (named.empty() ? "NAMESPACE:ACCOUNT-OF-THE-TOKEN" : named);
  }
  const VerifyTools tools{.caller = session.cloud(),
                          .as_app = [&] { return session.As(app); },
                          .open_cluster_as_app = identity.empty() ? session.OpenerAs(app)
                                                                  : session.OpenerWith(request.cluster_token),
                          .signed_round_trip = [&] { return session.SignedRoundTrip(app, options.bucket); },
                          .wait_for_app = request.wait_for_app,
                          .may_wait = [&] { return clock.MonotonicMs() < end_ms; },
                          .control_plane = request.control_plane ? session.Who() : "",
                          .cluster_identity = identity,
                          .told = request.told};
  return Verify(options, desired, endpoint, tools);
}

}  // namespace easel
