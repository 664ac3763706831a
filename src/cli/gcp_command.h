// What the actions of `easel gcp` share: looking before anything is done, telling of what is done, and exit codes.
#pragma once

#include <iosfwd>
#include <mutex>
#include <string>

#include "cli/cli.h"
#include "cli/gcp_session.h"
#include "gcp/provision/apply.h"

namespace easel {

inline constexpr int kExitPending = 4;  ///< `plan`: apply would change something

/// Everything that was found out before anything is written.
struct Known {
  ProvisionRecord local;
  Observed observed;
  Desired desired;
  Plan plan;
};

/// Read what is there, and compare it with what shall be.
Result<Known> Look(const ProvisionOptions& options, const std::string& record_file, GcpSession& session);

/// The DNS endpoint of the cluster, or "".
std::string EndpointOf(const Observed& observed);

/// Wrong words are 2, an interruption 130, what Google or the machine refuses 3.
int ReportGcpError(const Error& error, std::ostream& err);

void PrintPlan(const Invocation& invocation, const ProvisionOptions& options, const Plan& plan, bool all,
               std::ostream& out);

/// Ask, unless --yes was given.
///
/// Errors: kInvalidArgument USAGE where nobody can be asked.
Result<bool> Approved(const Invocation& invocation, std::ostream& out, const std::string& question);

/// Tells of steps as they end; on a terminal also of what is under way. Thread-safe.
class ProgressLines {
 public:
  ProgressLines(const Terminal& terminal, std::ostream& out, bool quiet)
      : terminal_(terminal), out_(out), quiet_(quiet) {}

  void operator()(const PlanStep& step, ProgressKind kind, const std::string& detail);

 private:
  const Terminal& terminal_;
  std::ostream& out_;
  const bool quiet_;
  std::mutex mutex_;
  int under_way_ = 0;
};

int RunGcpApply(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out,
                std::ostream& err);
int RunGcpDestroy(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out,
                  std::ostream& err);
int RunGcpVerify(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out,
                 std::ostream& err);

}  // namespace easel
