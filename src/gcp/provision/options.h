// What an organization's place on Google Cloud shall be like: the words of a person, checked, and the names that follow from them.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

/// All that `easel gcp` is told. A value; `CheckOptions` fills what follows from the rest.
struct ProvisionOptions {
  std::string project;              ///< where bucket, repository and accounts live
  std::string region;               ///< e.g. europe-west2
  std::string organization;         ///< id of the Easel organization; names the default bucket
  std::string bucket;               ///< PREFIX-ORGANIZATION unless given
  std::string bucket_location;      ///< the region unless given
  std::string repository_location;  ///< the region unless given
  std::string prefix = "easel";
  std::string caller;  ///< member who may act as the app account; empty: nobody is added
  std::vector<std::string> cors_origins;
  std::string kms_key;        ///< projects/…/cryptoKeys/…; empty: keys of Google
  std::string quota_project;  ///< charged for requests; empty: as the credentials say
  std::string compute_project;
  std::string cluster;  ///< empty: nothing runs on GKE
  std::string cluster_location;
  std::string nodes_service_account;  ///< added to what the cluster's pools say
  std::string nspace;                 ///< Kubernetes namespace; the prefix unless given
  std::string endpoints;              ///< SERVICE=URL,…: asked instead of Google's own addresses
  bool helm = false;                  ///< the chart makes what is in the namespace
  /// What is called otherwise than the prefix says, as the settings of an organization may have it; else empty.
  std::string app_account, execution_account, build_account;  ///< addresses
  std::string repository;                                     ///< id

  bool uses_cluster() const { return !cluster.empty(); }
  std::string AccountEmail(std::string_view role) const;  ///< "app", "execution", "build"
  std::string AccountMember(std::string_view role) const { return "serviceAccount:" + AccountEmail(role); }
  std::string RepositoryId() const { return repository.empty() ? prefix : repository; }
  std::string RepositoryName() const;   ///< projects/P/locations/L/repositories/PREFIX
  std::string ClusterName() const;      ///< projects/C/locations/L/clusters/NAME
  std::string ConnectRoleName() const;  ///< projects/C/roles/ClustersConnect
};

/// One option as files, environment, flags and questions know it.
struct OptionSpec {
  std::string_view name;      ///< in files; `--na-me` as a flag, EASEL_GCP_NAME in the environment
  std::string_view value;     ///< what the value is called in help
  std::string_view help;      ///< one line
  std::string_view question;  ///< asked on a terminal when missing; empty: never asked
  std::string ProvisionOptions::* text = nullptr;
  bool list = false;  ///< cors_origins: may be given more than once
};

std::span<const OptionSpec> OptionTable();
std::string OptionFlag(std::string_view name);      ///< "cors_origin" -> "cors-origin"
std::string OptionVariable(std::string_view name);  ///< "region" -> "EASEL_GCP_REGION"

/// Read a YAML file of options: a mapping of the table's names.
///
/// Errors: kInvalidArgument OPTIONS_INVALID with line, column and the nearest name.
Status ReadOptionsFile(std::string_view text, const std::string& file, ProvisionOptions& options);

/// The file that `easel gcp init` writes: every option with its meaning; those without a value as comments.
std::string OptionsFile(const ProvisionOptions& options);

/// The options of a person whose words are all in `options`: defaults that follow from others filled in, all checked.
///
/// Errors: kInvalidArgument OPTIONS_MISSING (all that are missing at once), OPTIONS_INVALID (the first that is wrong, and what is right).
Result<ProvisionOptions> CheckOptions(ProvisionOptions options);

}  // namespace easel
