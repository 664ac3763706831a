// easel gcp: an organization's place on Google Cloud. The actions that change nothing there; the others have files of their own.

#include <unistd.h>

#include <algorithm>
#include <ostream>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/gcp_command.h"
#include "cli/gcp_options.h"
#include "cli/table.h"
#include "gcp/provision/guide.h"

namespace easel {
namespace {

int RunGcpPlan(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out,
               std::ostream& err) {
  auto session = GcpSession::Open(invocation, options);
  if (!session) return ReportGcpError(session.error(), err);
  const auto file = RecordFile(invocation, options);
  if (!file) return ReportGcpError(file.error(), err);
  const auto known = Look(options, *file, **session);
  if (!known) return ReportGcpError(known.error(), err);
  PrintPlan(invocation, options, known->plan, !invocation.Has("brief"), out);
  if (known->plan.blockers.empty() && known->plan.changes() && !invocation.Has("json"))
    out << "Nothing was changed yet: `easel gcp apply` with the same flags does this, after it has asked.\n";
  return !known->plan.blockers.empty() ? kExitInfrastructure
         : known->plan.changes()       ? kExitPending
                                       : kExitGood;
}

/// Whose a resource is, as the record knows.
std::string Whose(const Observed& observed, const PlanStep& step) {
  if (step.action == PlanAction::kCreate) return "";
  const auto found = observed.record.entries.find(step.id);
  if (found == observed.record.entries.end())
    return step.id.starts_with("policy/") || step.id.starts_with("services/") ? "" : "there before";
  return found->second == RecordState::kMade ? "made by apply" : "begun by apply";
}

std::string StateOf(const Observed& observed, const PlanStep& step) {
  if (observed.Thing(step.id).presence == Presence::kHidden) return "not readable";
  if (step.action == PlanAction::kKeep) return "as it shall be";
  return step.action == PlanAction::kCreate ? "missing" : "differs";
}

int RunGcpStatus(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out,
                 std::ostream& err) {
  const auto file = RecordFile(invocation, options);
  if (!file) return ReportGcpError(file.error(), err);
  auto session = GcpSession::Open(invocation, options);
  if (!session) return ReportGcpError(session.error(), err);
  const auto known = Look(options, *file, **session);
  if (!known) return ReportGcpError(known.error(), err);
  json::array list;
  Table table({{.header = "STATE"}, {.header = "WHOSE"}, {.header = "WHAT", .shrinks = true}});
  for (const PlanStep& step : known->plan.steps) {
    const std::string state = StateOf(known->observed, step), whose = Whose(known->observed, step);
    table.Add({state, whose, EscapeValue(step.title)});
    list.push_back(json::object{{"id", step.id}, {"title", step.title}, {"state", state}, {"whose", whose}});
  }
  if (invocation.Has("json")) {
    out << json::serialize(
               json::object{{"who", (*session)->Who()}, {"record", *file}, {"resources", std::move(list)}})
        << "\n";
    return kExitGood;
  }
  out << "As " << EscapeValue((*session)->Who()) << ". The record is " << EscapeValue(*file) << " and gs://"
      << options.bucket << "/.easel/provision.json.\n\n"
      << table.Render(invocation.terminal);
  if (!known->plan.blockers.empty())
    out << "\nSomething stands in the way of `apply`: easel gcp plan says what.\n";
  else if (known->plan.changes())
    out << "\n`easel gcp apply` would change "
        << known->plan.Count(PlanAction::kCreate) + known->plan.Count(PlanAction::kChange)
        << " of them; easel gcp plan says how.\n";
  return kExitGood;
}

int RunGcpInit(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out,
               std::ostream& err) {
  const std::string file = invocation.Value("config", "easel-gcp.yaml");
  const Status written = WriteFileAtomically(file, OptionsFile(options), {.create_only = true});
  if (!written && written.error().code == Code::kAlreadyExists)
    return ReportGcpError(
        {Code::kInvalidArgument, "USAGE",
         file + " is there already and was left as it is. Edit it, or name another by --config FILE."},
        err);
  if (!written) return ReportGcpError(written.error(), err);
  out << "Wrote " << EscapeValue(file)
      << ". Fill it in, then see what would be done: easel gcp plan --config " << EscapeValue(file) << "\n";
  return kExitGood;
}

/// The actions that understand a flag; the others refuse it.
Status CheckFlags(const Invocation& invocation) {
  static const std::pair<const char*, std::vector<std::string>> kOnly[] = {
      {"yes", {"apply", "destroy"}}, {"confirm-bucket", {"destroy"}},
      {"brief", {"plan"}},           {"deadline", {"verify"}},
      {"endpoint", {"verify"}},      {"json", {"plan", "apply", "verify", "destroy", "status"}}};
  const std::string& action = invocation.Word("ACTION");
  for (const auto& [flag, actions] : kOnly)
    if (invocation.Has(flag) && std::ranges::find(actions, action) == actions.end())
      return Fail(
          Code::kInvalidArgument, "USAGE",
          std::string("--") + flag + " is for easel gcp " + JoinWords(actions) + ", not for " + action + ".");
  return {};
}

}  // namespace

int RunGcp(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const std::string& action = invocation.Word("ACTION");
  if (const Status flags = CheckFlags(invocation); !flags) return ReportGcpError(flags.error(), err);
  const bool ask = ::isatty(STDIN_FILENO) != 0 && invocation.terminal.is_terminal && !invocation.Has("yes") &&
                   !invocation.Has("json");
  auto said = SaidOptions(invocation, ask, out);
  if (!said) return ReportGcpError(said.error(), err);
  if (action == "init") return RunGcpInit(invocation, *said, out, err);
  const auto options = CheckOptions(std::move(*said));
  if (!options) return ReportGcpError(options.error(), err);
  if (action == "guide") {
    out << GuideText(*options);
    return kExitGood;
  }
  if (action == "plan") return RunGcpPlan(invocation, *options, out, err);
  if (action == "status") return RunGcpStatus(invocation, *options, out, err);
  if (action == "verify") return RunGcpVerify(invocation, *options, out, err);
  if (action == "destroy") return RunGcpDestroy(invocation, *options, out, err);
  return RunGcpApply(invocation, *options, out, err);
}

}  // namespace easel
