// easel gcp destroy: shows what was made and how much lies in it, wants the bucket's name typed, and takes it away.

#include <unistd.h>

#include <functional>
#include <iostream>

#include "cli/escape.h"
#include "cli/gcp_command.h"
#include "cli/gcp_options.h"
#include "gcp/provision/destroy.h"

namespace easel {
namespace {

Status CheckName(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out) {
  std::string name = invocation.Value("confirm-bucket");
  if (invocation.Has("yes") || invocation.Has("json") || ::isatty(STDIN_FILENO) == 0) {
    if (!invocation.Has("yes") || name.empty())
      return Fail(Code::kInvalidArgument, "USAGE",
                  "Nothing was removed. To remove all this without being asked: --yes --confirm-bucket " +
                      options.bucket);
  } else if (name.empty()) {
    out << "\nThis cannot be undone. Type the bucket's name to go on: " << std::flush;
    std::getline(std::cin, name);
  }
  if (name == options.bucket) return {};
  return Fail(Code::kInvalidArgument, "USAGE",
              "Nothing was removed: `" + name + "` is not the bucket's name, " + options.bucket + ".");
}

Status Run(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out) {
  EASEL_TRY(const std::string file, RecordFile(invocation, options));
  EASEL_TRY(const std::unique_ptr<GcpSession> session, GcpSession::Open(invocation, options));
  EASEL_TRY(const Known known, Look(options, file, *session));
  EASEL_TRY(const Removal removal, SurveyRemoval(options, known.observed, session->cloud()));
  const bool json = invocation.Has("json");
  if (!json) out << SafeText(invocation.terminal, RemovalText(options, removal));
  if (!removal.empty()) {
    EASEL_RETURN_IF_ERROR(CheckName(invocation, options, out));
    std::unique_ptr<ClusterObjects> cluster;
    if (const std::string endpoint = EndpointOf(known.observed); !endpoint.empty()) {
      EASEL_TRY(cluster, session->Opener()(endpoint));
    }
    ProgressLines lines(invocation.terminal, out, json);
    RecordKeeper keeper(options, session->cloud(), file, known.observed.record,
                        known.observed.record_generation);
    EASEL_RETURN_IF_ERROR(
        Destroy(options, known.observed, removal, session->cloud(), cluster.get(), keeper, std::ref(lines)));
  }
  if (json)
    out << json::serialize(RemovalJson(options, removal)) << "\n";
  else if (!removal.empty())
    out << "\nRemoved. Deleted accounts and the role can be brought back for some days"
        << (removal.bucket ? "; what was in the bucket cannot" : "") << ".\n";
  return {};
}

}  // namespace

int RunGcpDestroy(const Invocation& invocation, const ProvisionOptions& options, std::ostream& out,
                  std::ostream& err) {
  const Status status = Run(invocation, options, out);
  if (status) return kExitGood;
  if (status.error().code == Code::kCancelled)
    err << "Stopped. What is left is recorded; the same command goes on from here.\n";
  else
    return ReportGcpError(status.error(), err);
  return kExitCancelled;
}

}  // namespace easel
