// Takes away what the record says that we made, and nothing else.
#pragma once

#include <string>
#include <vector>

#include "gcp/provision/apply.h"

namespace easel {

/// What would go and what would stay.
struct Removal {
  std::vector<PlanStep> steps;     ///< in the order of their removal; `changes` of a policy name the grants
  std::vector<std::string> stays;  ///< "role x: held by others", "bucket y: was there before"
  bool bucket = false;
  std::int64_t objects = 0, bytes = 0;  ///< in the bucket, if it goes

  bool empty() const { return steps.empty(); }
};

/// Read what is recorded and what is in the bucket.
///
/// Errors: kFailedPrecondition CLUSTER_NEEDED: objects of a cluster are recorded that the options do not name.
Result<Removal> SurveyRemoval(const ProvisionOptions& options, const Observed& observed, Cloud& cloud);

std::string RemovalText(const ProvisionOptions& options, const Removal& removal);
json::object RemovalJson(const ProvisionOptions& options, const Removal& removal);

/// Remove it: what is in the cluster, grants, role, repository, objects, folders deepest first, the bucket, accounts last, so that
/// no policy is left that names one. What is gone already counts as removed. Interrupted, it goes on when begun again.
Status Destroy(const ProvisionOptions& options, const Observed& observed, const Removal& removal,
               Cloud& cloud, ClusterObjects* cluster, RecordKeeper& keeper, const Progress& progress);

}  // namespace easel
