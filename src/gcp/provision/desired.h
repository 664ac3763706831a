// What shall exist, computed from the options and from what the cluster says of itself. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "gcp/provision/options.h"
#include "gcp/provision/policy.h"

namespace easel {

/// What a cluster must be like, as one line: met or not, and what to do.
struct Requirement {
  std::string name;
  bool met = false;
  bool blocking = true;  ///< nothing works without it
  std::string found;
  std::string remedy;  ///< a sentence with the command; empty if met
};

/// What counts of a GKE cluster. Source: Kubernetes Engine API v1, `Cluster`.
struct ClusterFacts {
  std::string endpoint;  ///< https://…, of the DNS-based control plane
  std::vector<std::string> node_accounts;
  std::vector<Requirement> requirements;
};

/// `project_number` of the cluster's project resolves the account `default`.
ClusterFacts ReadClusterFacts(const ProvisionOptions& options, const json::object& cluster,
                              const std::string& project_number);

struct DesiredAccount {
  std::string id, email, display_name;
  std::string purpose;  ///< for people who meet it in a plan
};

/// A policy by the id of its resource, and the grants that it shall hold.
struct DesiredPolicy {
  std::string resource;
  std::vector<Grant> grants;
};

struct ClusterObject {
  std::string id;    ///< "kubernetes/namespaces/x"
  std::string path;  ///< of the Kubernetes API
  json::object body;
};

/// Ids: account/EMAIL, bucket/NAME, folder/NAME/build/, repository/FULL, role/FULL, project/ID, kubernetes/….
struct Desired {
  std::map<std::string, std::vector<std::string>> services;  ///< project -> APIs
  std::vector<DesiredAccount> accounts;
  std::string bucket_id;
  json::object bucket;               ///< the body of buckets.insert without cors
  json::object cors;                 ///< our entry; empty: no origin is known
  std::vector<std::string> folders;  ///< "build/", "canvases/"
  std::string repository_id;
  json::object repository;
  std::string role_id;  ///< empty without a cluster
  json::object role;
  std::vector<DesiredPolicy> policies;
  std::vector<ClusterObject> objects;  ///< the namespace first
};

inline std::string AccountId(const std::string& email) { return "account/" + email; }
inline std::string FolderId(const std::string& bucket, const std::string& folder) {
  return "folder/" + bucket + "/" + folder;
}
inline std::string ProjectId(const std::string& project) { return "project/" + project; }

/// `facts` is nullptr if the cluster cannot be read (yet).
Desired MakeDesired(const ProvisionOptions& options, const ClusterFacts* facts);

/// Values of our Helm chart that make the same as `Desired::objects` without the namespace.
std::string HelmValues(const ProvisionOptions& options);

/// What an organization's self-hosting settings take: the YAML that `apply` prints. `endpoint` may be empty.
std::string SettingsYaml(const ProvisionOptions& options, const std::string& endpoint);

}  // namespace easel
