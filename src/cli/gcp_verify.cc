// easel gcp verify: whether what apply made works, as each identity would use it.

#include <algorithm>
#include <ostream>

#include "cli/escape.h"
#include "cli/gcp_command.h"
#include "cli/gcp_options.h"
#include "hosting/verification.h"

namespace easel {
namespace {

constexpr std::int64_t kDeadlineS = 420;  // a grant may take 7 minutes to act

Result<std::vector<Check>> Run(const Invocation& invocation, const ProvisionOptions& options) {
  EASEL_TRY(const std::int64_t deadline_s, invocation.Number("deadline", kDeadlineS));
  EASEL_TRY(const std::unique_ptr<GcpSession> session, GcpSession::Open(invocation, options));
  return RunVerification(
      session->google(),
      {.options = options,
       .endpoint = invocation.Value("endpoint"),
       .deadline_s = deadline_s,
       // Who asks for a deadline, or is the caller by name, expects to be let in; an operator need not wait to learn that he is not.
       .wait_for_app = invocation.Has("deadline") ||
                       (!session->google().account().empty() &&
                        options.caller == "serviceAccount:" + session->google().account())});
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
