#include "cli/gcp_command.h"

#include <unistd.h>

#include <iostream>

#include "cli/escape.h"

namespace easel {

Result<Known> Look(const ProvisionOptions& options, const std::string& record_file, GcpSession& session) {
  Known known;
  EASEL_TRY(known.local, RecordKeeper::ReadLocal(record_file, options));
  EASEL_TRY(known.observed, Observe(options, session.cloud(), session.Opener(), known.local));
  known.desired = MakeDesired(options, known.observed.cluster ? &*known.observed.cluster : nullptr);
  known.plan = MakePlan(options, known.desired, known.observed);
  return known;
}

std::string EndpointOf(const Observed& observed) {
  return observed.cluster ? observed.cluster->endpoint : "";
}

int ReportGcpError(const Error& error, std::ostream& err) {
  const int code = ReportError(error, err);
  if (code == kExitCancelled) return code;
  return error.reason.starts_with("OPTIONS_") || error.reason == "USAGE" ? kExitUsage : kExitInfrastructure;
}

void PrintPlan(const Invocation& invocation, const ProvisionOptions& options, const Plan& plan, bool all,
               std::ostream& out) {
  if (invocation.Has("json"))
    out << json::serialize(PlanJson(options, plan)) << "\n";
  else
    out << SafeText(invocation.terminal, PlanText(options, plan, all));
}

Result<bool> Approved(const Invocation& invocation, std::ostream& out, const std::string& question) {
  if (invocation.Has("yes")) return true;
  if (::isatty(STDIN_FILENO) == 0 || invocation.Has("json"))
    return Fail(Code::kInvalidArgument, "USAGE",
                "Nothing was changed: nobody can be asked here. Add --yes to go ahead.");
  out << question << " [y/N] " << std::flush;
  std::string line;
  return std::getline(std::cin, line) && (line == "y" || line == "Y" || line == "yes");
}

namespace {
const char* DoneWord(PlanAction action) {
  switch (action) {
    case PlanAction::kCreate: return "  created  ";
    case PlanAction::kRemove: return "  removed  ";
    case PlanAction::kChange:
    case PlanAction::kKeep: break;
  }
  return "  changed  ";
}
}  // namespace

void ProgressLines::operator()(const PlanStep& step, ProgressKind kind, const std::string& detail) {
  if (quiet_) return;
  const std::scoped_lock lock(mutex_);
  if (terminal_.is_terminal) out_ << "\r\x1b[K";
  switch (kind) {
    case ProgressKind::kBegan: ++under_way_; break;
    case ProgressKind::kWaiting:
      out_ << "  waiting  " << EscapeValue(step.title) << ": "
           << EscapeValue(detail.substr(0, detail.find('\n'))) << "\n";
      break;
    case ProgressKind::kDone:
      --under_way_;
      out_ << Styled(terminal_, Style::kGreen, detail.empty() ? DoneWord(step.action) : "  taken    ")
           << EscapeValue(step.title) << (detail.empty() ? "" : ": " + EscapeValue(detail)) << "\n";
      break;
    case ProgressKind::kFailed:
      --under_way_;
      out_ << Styled(terminal_, Style::kRed, "  failed   ") << EscapeValue(step.title) << "\n";
      break;
  }
  if (terminal_.is_terminal && under_way_ > 0) out_ << "  " << under_way_ << " under way…";
  out_ << std::flush;
}

}  // namespace easel
