#include "gcp/provision/verify_remedy.h"

#include "gcp/provision/guide.h"
#include "gcp/provision/obstacle.h"
#include "gcp/provision/verify.h"

namespace easel {

std::string WantedGrantCommand(const ProvisionOptions& options, const Desired& desired,
                               const std::string& resource, std::string_view role) {
  for (const DesiredPolicy& policy : desired.policies)
    if (policy.resource == resource)
      for (const Grant& grant : policy.grants)
        if (grant.role == role) return GrantCommand(options, resource, grant);
  return GrantCommand(options, resource, {});
}

std::string RemedyFor(const Error& error, const std::string& grant, const RemedyContext& about) {
  // The signature was made; what it asked for was refused.
  if (error.reason == kSignedUrlRefused && error.code == Code::kPermissionDenied)
    return WantedGrantCommand(about.options, about.desired, about.desired.bucket_id,
                              "roles/storage.objectAdmin");
  if (error.reason == kOwnFinding) return grant;
  if (error.reason == kClusterToken)
    return "The token has expired, was revoked, or is of another cluster. Make a new one, and set it in the "
           "place of this one: kubectl -n " +
           about.options.nspace + " create token " + about.cluster_account + " --duration 8760h";
  if (error.reason == kClusterTls)
    return "The cluster shows a certificate of an authority that is not trusted here: set its certificate "
           "authority. Show it: kubectl config view --minify --raw -o "
           "jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d";
  if (about.options.uses_cluster() && error.message.contains("container.clusters.connect"))
    return WantedGrantCommand(about.options, about.desired, ProjectId(about.options.compute_project),
                              about.options.ConnectRoleName());
  if (const auto sentence = ObstacleSentence(error, about.options.project, about.options.bucket))
    return *sentence +
           (error.reason == "SERVICE_DISABLED" ? " `easel gcp apply` turns on those that are off." : "");
  switch (error.code) {
    case Code::kNotFound:
      return "Nothing of this name is there. Correct the name; or, if it has yet to be made: `easel gcp "
             "apply`.";
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
      return "It was not reached from this machine. Look at its address, the network between, and "
             "HTTPS_PROXY if there is a proxy; then run this again.";
    case Code::kUnauthenticated:
      return "The credentials were refused. Sign in anew (`gcloud auth application-default login`), or give "
             "a key that still exists; for a cluster, a token that has not expired.";
    default: return grant;
  }
}

}  // namespace easel
