#include "gcp/rest_client.h"
#include "gcp/token_request.h"
#include "gcp/token_sources.h"

namespace easel::gcp {
namespace {

class ImpersonatedSource final : public TokenSource {
 public:
  ImpersonatedSource(const Google& google, std::shared_ptr<TokenSource> source, ImpersonationTarget target,
                     Scopes scopes)
      : source_(std::move(source)),
        target_(std::move(target)),
        scopes_(std::move(scopes)),
        rest_(google.http, source_, google.endpoints, google.clock, google.sleeper, {.retry = google.retry}) {
  }

  Result<AccessToken> Token(std::stop_token stop) override {
    json::array scopes(scopes_.begin(), scopes_.end()), delegates;
    for (const std::string& delegate : target_.delegates)
      delegates.emplace_back("projects/-/serviceAccounts/" + delegate);
    json::object body{{"scope", std::move(scopes)}, {"lifetime", std::to_string(target_.lifetime_s) + "s"}};
    if (!delegates.empty()) body["delegates"] = std::move(delegates);
    auto answer = rest_.Call({.service = Service::kIamCredentials,
                              .method = "POST",
                              .path = "/v1/projects/-/serviceAccounts/" + PercentEncode(target_.email, "@") +
                                      ":generateAccessToken",
                              .body = std::move(body),
                              .idempotency = Idempotency::kIdempotent,
                              .stop = std::move(stop)});
    if (answer) return ParseImpersonationAnswer(json::serialize(*answer));
    Error error = std::move(answer).error();
    if (error.code == Code::kPermissionDenied && error.reason != "SERVICE_DISABLED") {
      error.reason = "GCP_IMPERSONATION_DENIED";
      error.message =
          source_->Who() + " may not act as " + target_.email +
          "; grant it roles/iam.serviceAccountTokenCreator on that account (a new grant needs a few "
          "minutes): " +
          error.message;
    } else if (error.code == Code::kNotFound) {
      error.reason = "GCP_ACCOUNT_MISSING";
      error.message =
          "there is no service account " + target_.email + " (or it is a minute old): " + error.message;
    }
    return std::unexpected(std::move(error));
  }

  void Refused(std::string_view) override {}
  std::string Who() const override { return "service account " + target_.email; }

 private:
  const std::shared_ptr<TokenSource> source_;
  const ImpersonationTarget target_;
  const Scopes scopes_;
  RestClient rest_;
};

}  // namespace

std::unique_ptr<TokenSource> MakeImpersonatedSource(const Google& google, std::shared_ptr<TokenSource> source,
                                                    ImpersonationTarget target, Scopes scopes) {
  return std::make_unique<ImpersonatedSource>(google, std::move(source), std::move(target),
                                              std::move(scopes));
}

}  // namespace easel::gcp
