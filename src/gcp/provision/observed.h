// What there is, as read: each resource by the id that desired.h gives it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gcp/provision/cloud.h"
#include "gcp/provision/desired.h"
#include "gcp/provision/record.h"

namespace easel {

enum class Presence {
  kThere,
  kMissing,
  kHidden,      ///< refused: `why` says how
  kServiceOff,  ///< its API is off; it is read again once that is on
};

struct Sighting {
  Presence presence = Presence::kMissing;
  json::object value;
  Error why;
};

struct Observed {
  std::map<std::string, Sighting, std::less<>>
      things;  ///< accounts, bucket, folders, repository, role, objects, "cluster", projects
  std::map<std::string, Sighting, std::less<>> policies;         ///< by the id of their resource
  std::map<std::string, std::vector<std::string>> services_off;  ///< by project
  std::map<std::string, std::set<std::string>>
      held;  ///< by project: what the operator may, of what was asked
  std::set<std::string> held_on_bucket;
  std::optional<ClusterFacts> cluster;
  ProvisionRecord record;
  std::int64_t record_generation = 0;  ///< 0: the bucket has none

  const Sighting& Thing(std::string_view id) const;  ///< kMissing if it was not looked for
  const Sighting& Policy(std::string_view id) const;
};

/// How one reaches a cluster by its endpoint.
using OpenCluster = std::function<Result<std::unique_ptr<ClusterObjects>>(const std::string& endpoint)>;

/// The permissions that set-up and removal may need, by project.
std::vector<std::string> PermissionsOnProject();
std::vector<std::string> PermissionsOnComputeProject();
std::vector<std::string> PermissionsOnBucket();

/// Read everything, several requests at once; writes nothing. `record` is the local one, joined with the bucket's.
///
/// Errors: what is no answer about a resource: kUnauthenticated, kUnavailable, kDeadlineExceeded, kCancelled.
Result<Observed> Observe(const ProvisionOptions& options, Cloud& cloud, const OpenCluster& open_cluster,
                         ProvisionRecord record);

/// The requests that read one resource and its policy.
CloudCall ReadCall(const ProvisionOptions& options, std::string_view id);
CloudCall ReadPolicyCall(const ProvisionOptions& options, std::string_view id);
CloudCall WritePolicyCall(const ProvisionOptions& options, std::string_view id, json::object policy);

/// A call that a passing conflict or failure of a read does not end: it is made again a few times.
Result<json::value> ReadPatiently(Cloud& cloud, const CloudCall& call);

}  // namespace easel
