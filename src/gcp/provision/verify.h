// Whether what apply made works, as each identity would use it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gcp/provision/cloud.h"
#include "gcp/provision/desired.h"
#include "gcp/provision/observed.h"

namespace easel {

enum class CheckResult { kWaiting, kGood, kFailed, kNotRun };

/// One thing that was tried, by one identity.
struct Check {
  std::string who;                             ///< "app account", "execution account", …
  std::string what;                            ///< "may write and read objects of the bucket"
  CheckResult result = CheckResult::kWaiting;  ///< never so at the end
  std::string detail;                          ///< of a failure: what happened; of what was not run: why
  std::string remedy;  ///< of a failure: the role and the command, or another sentence; else empty
};

/// Reason of an error of `signed_round_trip` that the bucket answered with, not who signs.
inline constexpr char kSignedUrlRefused[] = "SIGNED_URL_REFUSED";

struct VerifyTools {
  Cloud& caller;                                           ///< who runs the command
  std::function<Result<std::unique_ptr<Cloud>>()> as_app;  ///< the app account, impersonated by the caller
  OpenCluster open_cluster_as_app;
  std::function<Status()> signed_round_trip;  ///< PUT and GET of a probe object by signed URLs
  bool wait_for_app =
      false;  ///< the caller ought to be able to act as the app account: try again when it may not yet
  std::function<bool()> may_wait;  ///< there is time for another try: grants take minutes to act
  /// Who runs this, if it is the control plane itself ("easel@acme.iam.gserviceaccount.com, from …"): then not being able to act as
  /// the app account is a failure, and words are about the server instead of "you".
  std::string control_plane = {};
  /// Whose token the cluster is asked with ("serviceaccount NAMESPACE:NAME"); empty: the app account's.
  std::string cluster_identity = {};
  /// Called with all checks as they are now, after each that ended; one call at a time, from any thread.
  std::function<void(const std::vector<Check>&)> told = {};
};

/// Run all checks, several at once, and again those that failed while there is time.
///
/// The app account is checked by impersonation, what it may and what it may not; the others by the policies that name them. A caller
/// that may not impersonate or read leaves a check not run.
///
/// Errors: kCancelled.
Result<std::vector<Check>> Verify(const ProvisionOptions& options, const Desired& desired,
                                  const std::string& endpoint, const VerifyTools& tools);

std::string VerifyText(const std::vector<Check>& checks);
json::object VerifyJson(const std::vector<Check>& checks);

}  // namespace easel
