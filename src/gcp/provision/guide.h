// The same set-up as commands that a person reviews and runs: gcloud, kubectl and helm, each of which may be run again.
#pragma once

#include <string>

#include "gcp/provision/desired.h"

namespace easel {

/// The command that makes one grant.
std::string GrantCommand(const ProvisionOptions& options, const std::string& resource, const Grant& grant);

/// A shell script with comments that makes what `apply` makes, except its record: so `destroy` will not remove it.
std::string GuideText(const ProvisionOptions& options);

}  // namespace easel
