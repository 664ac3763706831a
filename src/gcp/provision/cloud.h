// The one way in which provisioning reaches Google and the cluster, so that its algorithms can be tested without either.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace easel {

struct CloudCall {
  std::string service;  ///< "iam", "storage", "cloudresourcemanager", …
  std::string method;
  std::string path;  ///< percent-encoded
  std::vector<std::pair<std::string, std::string>> query = {};
  std::optional<json::value> body = {};
  /// Sent again after a failure that may pass. False: once, because a second time could do something else.
  bool repeatable = true;
};

/// Requests as one identity. Thread-safe; each call blocks.
///
/// Errors of Call: `code` by the answer's status (409 with ABORTED: kAborted, else kAlreadyExists; 412 kFailedPrecondition;
/// nothing that can be read: kUnavailable, kDeadlineExceeded); `reason` is Google's most specific word; `message` holds Google's own.
class Cloud {
 public:
  virtual ~Cloud() = default;
  virtual Result<json::value> Call(const CloudCall& call) = 0;
  /// Wait before try number `attempt` (from 1) of something, longer each time, at random.
  ///
  /// Errors: kCancelled once the person wants to end; kDeadlineExceeded when the whole has taken too long.
  virtual Status Pause(int attempt) = 0;
};

/// Objects of one Kubernetes API, by path ("/api/v1/namespaces/x"). Thread-safe.
class ClusterObjects {
 public:
  virtual ~ClusterObjects() = default;
  /// Errors: kNotFound; kPermissionDenied; kUnavailable; others as the server says.
  virtual Result<json::value> Get(const std::string& path) = 0;
  /// Server-side apply: what `object` says is so afterwards, what it does not say stays.
  virtual Result<json::value> Apply(const std::string& path, const json::value& object) = 0;
  /// kNotFound counts as done.
  virtual Status Delete(const std::string& path) = 0;
  /// Whether the caller may; `group` and `resource` as in RBAC.
  virtual Result<bool> May(const std::string& nspace, const std::string& verb, const std::string& group,
                           const std::string& resource) = 0;
};

/// The answer is lost or was never made: what was asked for may have happened.
bool MayHaveHappened(const Error& error);

}  // namespace easel
