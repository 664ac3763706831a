// easel gcp verify: whether what apply made works, as each identity would use it.

#include <algorithm>
#include <ostream>

#include "cli/escape.h"
#include "cli/gcp_command.h"
#include "cli/gcp_options.h"
#include "gcp/provision/verify.h"

namespace easel {
namespace {

constexpr std::int64_t kDeadlineS = 420;  // a grant may take 7 minutes to act

Result<std::vector<Check>> Run(const Invocation& invocation, const ProvisionOptions& options) {
  EASEL_TRY(const std::int64_t deadline_s, invocation.Number("deadline", kDeadlineS));
  EASEL_TRY(const std::unique_ptr<GcpSession> session, GcpSession::Open(invocation, options));
  // The endpoint and the nodes' accounts, if the caller may read the cluster; else those checks say so.
  std::string endpoint;
  std::optional<ClusterFacts> facts;
  if (options.uses_cluster()) {
    const auto cluster =
        ReadPatiently(session->cloud(), ReadCall(options, "cluster/" + options.ClusterName()));
    if (cluster && cluster->is_object()) {
      facts = ReadClusterFacts(options, cluster->get_object(), "");
      endpoint = facts->endpoint;
    }
  }
  if (invocation.Has("endpoint")) endpoint = invocation.Value("endpoint");
  const Desired desired = MakeDesired(options, facts ? &*facts : nullptr);
  const SystemClock clock;
  const std::int64_t end_ms = clock.MonotonicMs() + deadline_s * 1000;
  const VerifyTools tools{
      .caller = session->cloud(),
      .as_app = [&] { return session->As(options.AccountEmail("app")); },
      .open_cluster_as_app = session->OpenerAs(options.AccountEmail("app")),
      .signed_round_trip =
          [&] { return session->SignedRoundTrip(options.AccountEmail("app"), options.bucket); },
      // Who asks for a deadline, or is the caller by name, expects to be let in; an operator need not wait to learn that he is not.
      .wait_for_app = invocation.Has("deadline") || session->IsAccount(options.caller),
      .may_wait = [&] { return clock.MonotonicMs() < end_ms; }};
  return Verify(options, desired, endpoint, tools);
}

}  // namespace

int RunGcpVerify(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out,
                 std::ostream& err) {
  const auto checks = Run(invocation, options);
  if (!checks) return ReportGcpError(checks.error(), err);
  if (invocation.Has("json"))
    out << json::serialize(VerifyJson(*checks)) << "\n";
  else
    out << SafeText(invocation.terminal, VerifyText(*checks));
  const bool good =
      std::ranges::all_of(*checks, [](const Check& check) { return check.result == CheckResult::kGood; });
  return good ? kExitGood : kExitInfrastructure;
}

}  // namespace easel
