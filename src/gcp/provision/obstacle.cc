#include "gcp/provision/obstacle.h"

#include <array>

namespace easel {
namespace {

/// Looked for in the reason and the message of a refusal, in this order.
struct Obstacle {
  std::string_view sign;
  std::string_view reason;
  std::string_view sentence;
};

constexpr std::string_view kBillingOff =
    "Billing is off for this project. Link a billing account: "
    "https://console.cloud.google.com/billing/linkedaccount?project=";

constexpr std::array kObstacles{
    Obstacle{
        "TLS_FAILED", "TLS_FAILED",
        "The certificate of what answers is not trusted. Behind a proxy with an authority of its own, name "
        "that authority's file by --ca-bundle FILE."},
    Obstacle{"allowedPolicyMember", "DOMAIN_RESTRICTED",
             "The organization shares with members of its own domains only (domain-restricted sharing), and "
             "this member is not one. "
             "An administrator of the organization can allow it: add its customer id to "
             "constraints/iam.allowedPolicyMemberDomains, or run the control plane as an account of your own "
             "organization and name that by --caller."},
    Obstacle{"permitted customer", "DOMAIN_RESTRICTED",
             "The organization shares with members of its own domains only (domain-restricted sharing), and "
             "this member is not one. "
             "An administrator of the organization can allow it: add its customer id to "
             "constraints/iam.allowedPolicyMemberDomains, or run the control plane as an account of your own "
             "organization and name that by --caller."},
    Obstacle{"disableServiceAccountCreation", "ACCOUNT_CREATION_DISABLED",
             "The organization forbids new service accounts in this project "
             "(constraints/iam.disableServiceAccountCreation). "
             "Have its administrators exempt the project or create the three accounts that `easel gcp plan` "
             "names; existing ones are taken as they are."},
    Obstacle{"Service account creation is not allowed", "ACCOUNT_CREATION_DISABLED",
             "The organization forbids new service accounts in this project "
             "(constraints/iam.disableServiceAccountCreation). "
             "Have its administrators exempt the project or create the three accounts that `easel gcp plan` "
             "names; existing ones are taken as they are."},
    Obstacle{"resourceLocations", "LOCATION_FORBIDDEN",
             "The organization does not allow this place (constraints/gcp.resourceLocations). Choose an "
             "allowed one by --region, --bucket-location or --repository-location."},
    Obstacle{"restrictNonCmekServices", "CMEK_REQUIRED",
             "The organization wants keys of its own for this service (CMEK, "
             "constraints/gcp.restrictNonCmekServices). Name one by --kms-key "
             "projects/P/locations/L/keyRings/R/cryptoKeys/K; "
             "the service agents of Cloud Storage and Artifact Registry need "
             "roles/cloudkms.cryptoKeyEncrypterDecrypter on it."},
    Obstacle{"CMEK", "CMEK_REQUIRED",
             "The organization wants keys of its own for this service (CMEK). Name one by --kms-key "
             "projects/P/locations/L/keyRings/R/cryptoKeys/K; "
             "the service agents of Cloud Storage and Artifact Registry need "
             "roles/cloudkms.cryptoKeyEncrypterDecrypter on it."},
    Obstacle{"vpcServiceControls", "VPC_SERVICE_CONTROLS",
             "VPC service controls close this service to where you are. Run the command from inside the "
             "perimeter, or have its administrators add an ingress rule for you; they find the refusal by "
             "the identifier below."},
    Obstacle{"VPC_SERVICE_CONTROLS", "VPC_SERVICE_CONTROLS",
             "VPC service controls close this service to where you are. Run the command from inside the "
             "perimeter, or have its administrators add an ingress rule for you; they find the refusal by "
             "the identifier below."},
    Obstacle{"maximum number of service accounts", "ACCOUNT_QUOTA",
             "The project has as many service accounts as it may have. Delete some that nobody uses, or ask "
             "for a higher quota (iam.googleapis.com, service account count)."},
    Obstacle{"bucket name is not available", "BUCKET_OF_OTHERS",
             "Names of buckets are shared by everybody, and somebody else has this one. Choose another by "
             "--bucket NAME."},
    // As APIs say it: by a reason, or in these sentences. A refused `billing.…` permission is another thing.
    Obstacle{"BILLING", "BILLING_OFF", kBillingOff},
    Obstacle{"accountDisabled", "BILLING_OFF", kBillingOff},
    Obstacle{"billing account", "BILLING_OFF", kBillingOff},
    Obstacle{"Billing account for project", "BILLING_OFF", kBillingOff},
    Obstacle{"billing to be enabled", "BILLING_OFF", kBillingOff},
    Obstacle{"configured billing", "BILLING_OFF", kBillingOff},
    Obstacle{"billing disabled", "BILLING_OFF", kBillingOff},
    Obstacle{"SERVICE_DISABLED", "SERVICE_DISABLED",
             "An API is off, or was turned on a moment ago and is not yet on everywhere. Wait a few minutes "
             "and run the same command again."},
    Obstacle{"Identity Pool does not exist", "NO_WORKLOAD_POOL",
             "The Workload Identity pool of the cluster's project does not exist: no cluster there has "
             "Workload Identity on. "
             "Turn it on: gcloud container clusters update CLUSTER --location LOCATION "
             "--workload-pool=PROJECT.svc.id.goog"},
    Obstacle{"USER_PROJECT_DENIED", "QUOTA_PROJECT",
             "You may not charge requests to the quota project. Ask for "
             "roles/serviceusage.serviceUsageConsumer on it, or name another by --quota-project."},
    Obstacle{"External traffic to this endpoint", "CLUSTER_CLOSED",
             "The cluster's DNS endpoint is closed to traffic from outside Google Cloud. Open it: gcloud "
             "container clusters update CLUSTER --location LOCATION --enable-dns-access"},
    Obstacle{"container.clusters.connect", "CLUSTER_REFUSED",
             "You may not connect to the cluster. Ask for roles/container.admin on its project."},
};

std::string PermissionIn(std::string_view message) {
  const std::size_t at = message.find("Permission '");
  if (at == std::string_view::npos) return "";
  const std::string_view rest = message.substr(at + 12);
  return std::string(rest.substr(0, rest.find('\'')));
}

}  // namespace

Error Explain(const Error& error, const ObstacleContext& context) {
  if (error.code == Code::kCancelled) return error;
  const std::string text = error.reason + " " + error.message;
  Error out = error;
  for (const Obstacle& each : kObstacles)
    if (text.contains(each.sign)) {
      out.reason = each.reason;
      out.message = "Could not " + context.doing + ". " + std::string(each.sentence) +
                    (each.sentence.ends_with('=') ? context.project : "") +
                    (each.sign == "TLS_FAILED" ? "\n" : "\nGoogle said: ") + error.message;
      return out;
    }
  if (error.code == Code::kPermissionDenied) {
    const std::string permission = PermissionIn(error.message);
    out.message =
        "Could not " + context.doing + ": you may not" +
        (permission.empty() ? ". `easel gcp plan` lists what you lack"
                            : ". Ask for " + RoleWith(permission) + ", which has " + permission) +
        "; what was granted a moment ago takes up to 7 minutes to act.\nGoogle said: " + error.message;
    return out;
  }
  const char* advice =
      error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded
          ? " Run the same command again: it goes on where it stopped."
          : " Run `easel gcp plan` to see what is there now; the same command goes on where it stopped.";
  out.message = "Could not " + context.doing + ": " + error.message + "." + advice;
  return out;
}

std::optional<std::string> ObstacleSentence(const Error& error, const std::string& project,
                                            const std::string& bucket) {
  std::string text = error.reason + " " + error.message;
  for (const std::string* name : {&project, &bucket})
    for (std::size_t at = 0; !name->empty() && (at = text.find(*name)) != std::string::npos;)
      text.erase(at, name->size());
  for (const Obstacle& each : kObstacles)
    if (text.contains(each.sign) && each.reason != std::string_view("CLUSTER_REFUSED"))
      return std::string(each.sentence) + (each.sentence.ends_with('=') ? project : "");
  return std::nullopt;
}

bool IsNotYetVisible(const Error& error) {
  if (error.reason == "SERVICE_DISABLED") return true;
  if (error.code != Code::kInvalidArgument && error.code != Code::kFailedPrecondition) return false;
  return error.message.contains("does not exist");
}

bool IsConflict(const Error& error) {
  if (error.message.contains("permitted customer") || error.message.contains("constraints/")) return false;
  return error.code == Code::kAborted || error.code == Code::kAlreadyExists ||
         error.reason == "conditionNotMet" || error.reason == "FAILED_PRECONDITION";
}

std::string RoleWith(std::string_view permission) {
  static constexpr std::pair<std::string_view, std::string_view> kRoles[] = {
      {"iam.serviceAccounts.", "roles/iam.serviceAccountAdmin"},
      {"iam.roles.", "roles/iam.roleAdmin"},
      {"storage.", "roles/storage.admin"},
      {"artifactregistry.", "roles/artifactregistry.admin"},
      {"resourcemanager.", "roles/resourcemanager.projectIamAdmin"},
      {"serviceusage.", "roles/serviceusage.serviceUsageAdmin"},
      {"container.", "roles/container.admin"},
      {"logging.", "roles/logging.viewer"}};
  for (const auto& [prefix, role] : kRoles)
    if (permission.starts_with(prefix)) return std::string(role);
  return "a role with " + std::string(permission);
}

}  // namespace easel
