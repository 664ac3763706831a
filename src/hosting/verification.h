// Whether an organization's place on Google Cloud works: all checks of gcp/provision, by a session with Google.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gcp/provision/verify.h"
#include "hosting/google_session.h"

namespace easel {

struct VerificationRequest {
  ProvisionOptions options;
  std::string endpoint;         ///< of the cluster; empty: as the cluster says, if it may be read
  std::string cluster_token;    ///< asked with; empty: the app account's
  std::int64_t deadline_s = 0;  ///< what failed is tried again so long
  bool wait_for_app = false;    ///< also not being able to act as the app account
  bool control_plane = false;   ///< this process is the control plane
  /// As VerifyTools::told.
  std::function<void(const std::vector<Check>&)> told = {};
};

/// Errors: kCancelled.
Result<std::vector<Check>> RunVerification(GoogleSession& session, VerificationRequest request);

}  // namespace easel
