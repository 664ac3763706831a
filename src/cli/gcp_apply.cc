// easel gcp apply: plans, asks, makes, and prints what the settings page takes.

#include <functional>
#include <ostream>

#include "cli/gcp_command.h"
#include "cli/gcp_options.h"

namespace easel {
namespace {

/// What the settings page takes, and the chart's values if a chart is used.
void PrintResult(const Invocation& invocation, const ProvisionOptions& options, const Known& known,
                 bool changed, std::ostream& out) {
  const std::string settings = SettingsYaml(options, EndpointOf(known.observed));
  if (invocation.Has("json")) {
    json::object document{
        {"changed", changed}, {"plan", PlanJson(options, known.plan)}, {"settings", settings}};
    if (options.helm) document["helm_values"] = HelmValues(options);
    out << json::serialize(document) << "\n";
    return;
  }
  if (options.helm)
    out << "\nValues of the chart (helm upgrade --install " << options.prefix << " CHART -n "
        << options.nspace << " -f values.yaml):\n\n"
        << HelmValues(options);
  out << "\nPaste this into the self-hosting settings of your organization:\n\n"
      << settings
      << "\nThen check it as each identity would use it: easel gcp verify, with the same flags.\n";
}

Status ApplyAll(const Invocation& invocation, const ProvisionOptions& options, GcpSession& session,
                const std::string& file, Known known, std::ostream& out) {
  ProgressLines lines(invocation.terminal, out, invocation.Has("json"));
  const Progress progress = std::ref(lines);
  const bool changed = known.plan.changes();
  if (!known.observed.services_off.empty()) {
    EASEL_RETURN_IF_ERROR(EnableServices(known.observed, known.plan, session.cloud(), progress));
    EASEL_TRY(known, Look(options, file, session));  // what was behind an API that was off is seen now
    if (!known.plan.blockers.empty()) {
      std::string text = "The APIs are on now, and show what stands in the way:";
      for (const Blocker& each : known.plan.blockers) text += "\n\n" + each.message;
      return Fail(Code::kFailedPrecondition, known.plan.blockers.front().reason, text);
    }
  }
  std::unique_ptr<ClusterObjects> cluster;
  if (const std::string endpoint = EndpointOf(known.observed); !endpoint.empty()) {
    EASEL_TRY(cluster, session.Opener()(endpoint));
  }
  RecordKeeper keeper(options, session.cloud(), file, known.observed.record,
                      known.observed.record_generation);
  EASEL_RETURN_IF_ERROR(Apply(options, known.desired, known.observed, known.plan, session.cloud(),
                              cluster.get(), keeper, progress));
  PrintResult(invocation, options, known, changed, out);
  return {};
}

}  // namespace

int RunGcpApply(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out,
                std::ostream& err) {
  auto session = GcpSession::Open(invocation, options);
  if (!session) return ReportGcpError(session.error(), err);
  const auto file = RecordFile(invocation, options);
  if (!file) return ReportGcpError(file.error(), err);
  auto known = Look(options, *file, **session);
  if (!known) return ReportGcpError(known.error(), err);
  if (!known->plan.blockers.empty()) {
    PrintPlan(invocation, options, known->plan, false, out);
    return kExitInfrastructure;
  }
  if (!invocation.Has("json")) PrintPlan(invocation, options, known->plan, false, out);
  if (known->plan.changes()) {
    const auto approved = Approved(invocation, out, "Do this?");
    if (!approved) return ReportGcpError(approved.error(), err);
    if (!*approved) {
      out << "Nothing was changed.\n";
      return kExitCancelled;
    }
  }
  const Status applied = ApplyAll(invocation, options, **session, *file, std::move(*known), out);
  if (applied) return kExitGood;
  if (applied.error().code == Code::kCancelled) {
    err << "Stopped. What was made is recorded; the same command goes on from here.\n";
    return kExitCancelled;
  }
  return ReportGcpError(applied.error(), err);
}

}  // namespace easel
