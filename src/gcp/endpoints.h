// Where each of Google's services is asked: its documented base URL, or the one that a setting or the environment names.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace easel::gcp {

enum class Service {
  kStorage,
  kIam,
  kIamCredentials,
  kCloudResourceManager,
  kArtifactRegistry,
  kContainer,
  kLogging,
  kServiceUsage,
  kSts,
  kOAuth2,
  kMetadata,
  kDocker,
};
inline constexpr std::size_t kServices = 12;

/// "storage", "cloudresourcemanager": as in `gcp.endpoints.<service>`; in upper case in EASEL_GCP_ENDPOINT_<SERVICE>.
std::string_view ServiceName(Service service);
std::optional<Service> ServiceNamed(std::string_view name);

/// Other base URLs as a setting has them: "storage=https://a.example,iam=http://127.0.0.1:9"; "" is none.
///
/// Errors: kInvalidArgument GCP_ENDPOINT_INVALID for a part without `=`.
Result<std::vector<std::pair<std::string, std::string>>> ParseEndpointList(std::string_view text);

/// A variable of the environment, or nullopt.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;
/// That of this process; an empty variable counts as none.
Environment ProcessEnvironment();

/// `scheme://host[:port]` of every service, without a slash at the end. A value.
class Endpoints {
 public:
  /// Google's own.
  Endpoints();

  /// Google's own, then `settings` (service name -> base URL), then EASEL_GCP_ENDPOINT_<SERVICE>: later ones win. The metadata
  /// server is also found by Google's GCE_METADATA_HOST.
  ///
  /// Errors: kInvalidArgument GCP_ENDPOINT_UNKNOWN (no such service), GCP_ENDPOINT_INVALID (not scheme://host[:port]).
  static Result<Endpoints> From(std::span<const std::pair<std::string, std::string>> settings,
                                const Environment& environment);

  /// Not for kDocker, whose host has the region in its name.
  const std::string& Base(Service service) const;
  /// `https://REGION-docker.pkg.dev`, unless overridden.
  std::string DockerBase(std::string_view region) const;
  bool IsOverridden(Service service) const;
  /// EASEL_GCP_ENDPOINT_<SERVICE> of what is overridden: for the pods that we start.
  std::vector<std::pair<std::string, std::string>> ForPods() const;

 private:
  Status Set(Service service, std::string base, std::string_view origin);

  std::array<std::string, kServices> bases_;
  std::array<bool, kServices> overridden_{};
};

}  // namespace easel::gcp
