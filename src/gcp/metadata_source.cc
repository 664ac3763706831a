// The metadata server of a machine of Google's, or of a pod with Workload Identity.
#include <algorithm>

#include "gcp/token_request.h"
#include "gcp/token_sources.h"

namespace easel::gcp {
namespace {

constexpr std::string_view kAccount = "/computeMetadata/v1/instance/service-accounts/default/";
constexpr int kPings = 3;
constexpr std::chrono::seconds kPingTimeout{3};
/// A pod's server answers only after its first seconds.
constexpr std::chrono::seconds kReadyAfter{45};

ClientRequest Question(const Google& google, const std::string& path, std::stop_token stop) {
  return {.url = google.endpoints.Base(Service::kMetadata) + path,
          .headers = {{"Metadata-Flavor", "Google"}},
          .max_body_bytes = 1 << 20,
          .connect_timeout = kPingTimeout,
          .direct = true,
          .stop = std::move(stop)};
}

class MetadataSource final : public TokenSource {
 public:
  MetadataSource(const Google& google, Scopes scopes) : google_(google), scopes_(std::move(scopes)) {
    google_.retry.deadline = std::max<std::chrono::milliseconds>(google_.retry.deadline, kReadyAfter);
  }

  Result<AccessToken> Token(std::stop_token stop) override {
    std::string path = std::string(kAccount) + "token?scopes=";
    for (std::size_t i = 0; i < scopes_.size(); ++i) path += (i == 0 ? "" : ",") + PercentEncode(scopes_[i]);
    auto token = AskForToken(google_, Question(google_, path, std::move(stop)), "ask the metadata server");
    if (token || (token.error().code != Code::kNotFound && token.error().code != Code::kPermissionDenied))
      return token;
    return Fail(Code::kUnauthenticated, "GCP_NO_MACHINE_ACCOUNT",
                "this machine has no service account of Google's; give it one, or set "
                "GOOGLE_APPLICATION_CREDENTIALS: " +
                    token.error().message);
  }

  std::string Who() const override { return "this machine's service account"; }

 private:
  Google google_;
  const Scopes scopes_;
};

}  // namespace

std::unique_ptr<TokenSource> MakeMetadataSource(const Google& google, Scopes scopes) {
  return std::make_unique<MetadataSource>(google, std::move(scopes));
}

bool HasMetadataServer(const Google& google) {
  for (int i = 0; i < kPings; ++i) {
    ClientRequest ping = Question(google, "/", {});
    ping.timeout = kPingTimeout;
    const auto answer = google.http.Send(ping);
    if (answer) return answer->Header("metadata-flavor") == "Google";
    if (answer.error().reason == "HOST_NOT_FOUND") return false;
  }
  return false;
}

}  // namespace easel::gcp
