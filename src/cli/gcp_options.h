// The words of `easel gcp`: from flags, the environment, a file, and questions on a terminal, in this order.
#pragma once

#include <iosfwd>
#include <vector>

#include "cli/arguments.h"
#include "gcp/provision/options.h"

namespace easel {

/// Every option of set-up as a flag.
std::vector<Flag> ProvisionFlags();

/// What the person said, not yet checked. With `ask`, what is missing and needed is asked on `out` and read from standard input.
///
/// Errors: kInvalidArgument OPTIONS_INVALID; as reading the file gives them.
Result<ProvisionOptions> SaidOptions(const Invocation& invocation, bool ask, std::ostream& out);

/// Where this machine keeps the record of what was made: --record, or a file of this user named after the bucket.
///
/// Errors: kFailedPrecondition NO_HOME.
Result<std::string> RecordFile(const Invocation& invocation, const ProvisionOptions& options);

}  // namespace easel
