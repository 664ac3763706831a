// What to do about a check of Verify that failed: the grant is no remedy for what is not there, was not reached, or is in the way.
#pragma once

#include <string>
#include <string_view>

#include "gcp/provision/desired.h"

namespace easel {

// Reasons of what Verify found out itself, and of what the cluster's own token or address is to blame for.
inline constexpr char kOwnFinding[] = "OWN_FINDING", kClusterToken[] = "CLUSTER_TOKEN",
                      kClusterTls[] = "CLUSTER_TLS";

struct RemedyContext {
  const ProvisionOptions& options;
  const Desired& desired;
  std::string cluster_account;  ///< of the cluster's own token, if it has one
};

/// The command that makes the grant of `role` on `resource` that `desired` has.
std::string WantedGrantCommand(const ProvisionOptions& options, const Desired& desired,
                               const std::string& resource, std::string_view role);

/// `grant` is what helps if a right is missing.
std::string RemedyFor(const Error& error, const std::string& grant, const RemedyContext& about);

}  // namespace easel
