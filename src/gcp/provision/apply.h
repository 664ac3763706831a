// Makes what a plan says, so that it can be interrupted anywhere and begun again.
#pragma once

#include <functional>
#include <string>

#include "gcp/provision/cloud.h"
#include "gcp/provision/plan.h"
#include "gcp/provision/record_keeper.h"

namespace easel {

enum class ProgressKind { kBegan, kWaiting, kDone, kFailed };
/// Told from several threads at once. `detail` of kWaiting says what for, of kDone what is odd.
using Progress = std::function<void(const PlanStep& step, ProgressKind kind, const std::string& detail)>;

/// Poll an operation of `service`, as its method answered it, until it is done.
///
/// Errors: the operation's own, as Google words it (kAlreadyExists); kDeadlineExceeded OPERATION_SLOW.
Status AwaitOperation(Cloud& cloud, const std::string& service, json::object operation);

/// Turn on the APIs of `observed.services_off` and wait until Google says that they are.
Status EnableServices(const Observed& observed, const Plan& plan, Cloud& cloud, const Progress& progress);

/// Carry out every step of `plan` that changes something: the bucket, then what depends on nothing, then policies and what
/// is in the cluster, each stage at once. Steps of a stage all end, even if one fails; the first error is returned.
///
/// Every create is recorded as intended before; what turns out to have been there is forgotten, and so never destroyed.
/// Policies are read, changed and written with their etag until they hold what they shall; a policy that does is not written.
/// `cluster` may be nullptr if the options use none.
///
/// Errors: as Explain words them; kCancelled. What was made until then is recorded.
Status Apply(const ProvisionOptions& options, const Desired& desired, const Observed& observed,
             const Plan& plan, Cloud& cloud, ClusterObjects* cluster, RecordKeeper& keeper,
             const Progress& progress);

}  // namespace easel
