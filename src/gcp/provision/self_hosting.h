// What an organization says of its place on Google Cloud after it was made: the YAML that `easel gcp apply` prints, and the page
// Self-hosting of the settings. Values only; nothing is asked.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "gcp/provision/options.h"

namespace easel {

/// The box about a cluster. Its token and authority are secrets and not in here.
struct KubernetesPlace {
  std::string nspace;
  std::string endpoint;  ///< https://host[:port]
  std::string cluster;   ///< projects/P/locations/L/clusters/NAME; empty: not GKE, or not to be looked at
  bool operator==(const KubernetesPlace&) const = default;
};

struct SelfHosting {
  std::string project, region, bucket;
  std::string repository;                                     ///< LOCATION-docker.pkg.dev/PROJECT/NAME
  std::string app_account, execution_account, build_account;  ///< addresses
  std::optional<KubernetesPlace> kubernetes;
  bool operator==(const SelfHosting&) const = default;
};

/// What is wrong with one field, and how its right value is found. `field` is its path: "kubernetes.endpoint".
struct FieldProblem {
  std::string field, problem;
};

/// All fields that are missing or cannot be right; empty: the form is good (whether it works, Verify says).
std::vector<FieldProblem> CheckSelfHosting(const SelfHosting& settings);
/// The same of the secrets of a cluster; empty ones are good.
std::vector<FieldProblem> CheckClusterSecrets(std::string_view token, std::string_view authority);

/// Read what `apply` prints, leniently of what may be missing: CheckSelfHosting says that.
///
/// Errors: kInvalidArgument SELF_HOSTING_YAML, with line, column and the nearest name.
Result<SelfHosting> ReadSelfHostingYaml(std::string_view text);

/// In the YAML's form. Fields of other kinds or names are errors.
///
/// Errors: kInvalidArgument as JsonReader and CheckFields' UNKNOWN_FIELD.
Result<SelfHosting> ReadSelfHostingJson(const json::value& value, const std::string& where);
json::object SelfHostingJson(const SelfHosting& settings);

/// For Verify; `settings` passed CheckSelfHosting.
ProvisionOptions OptionsOf(const SelfHosting& settings);

/// The Kubernetes account that a token is of, "NAMESPACE:NAME", as it says itself (nothing is verified); "" if it does not say it.
/// Source: Kubernetes, "Managing Service Accounts": the claim `sub`, system:serviceaccount:NAMESPACE:NAME.
std::string AccountOfClusterToken(std::string_view token);

}  // namespace easel
