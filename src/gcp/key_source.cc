// Tokens for who holds a secret: the key of a service account, or a person's refresh token.
#include "base/base64.h"
#include "base/json.h"
#include "gcp/token_request.h"
#include "gcp/token_sources.h"

namespace easel::gcp {
namespace {

constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr std::int64_t kClaim_s = 3600;

std::string Joined(const Scopes& scopes) {
  std::string text;
  for (const std::string& scope : scopes) text += (text.empty() ? "" : " ") + scope;
  return text;
}

/// The file's own token URL, unless OAUTH2 is overridden.
std::string TokenUrl(const Endpoints& endpoints, const std::string& own) {
  return endpoints.IsOverridden(Service::kOAuth2) || own.empty() ? endpoints.Base(Service::kOAuth2) + "/token"
                                                                 : own;
}

class KeySource final : public TokenSource {
 public:
  KeySource(const Google& google, ServiceAccountKey key, Scopes scopes, std::string origin)
      : google_(google), key_(std::move(key)), scopes_(std::move(scopes)), origin_(std::move(origin)) {}

  Result<AccessToken> Token(std::stop_token stop) override {
    auto token = AskForTokenByForm(google_, TokenUrl(google_.endpoints, key_.token_uri),
                                   {{"grant_type", std::string(kGrant)}, {"assertion", Claim()}},
                                   "sign in as " + key_.email, std::move(stop));
    if (token ||
        (token.error().code != Code::kInvalidArgument && token.error().code != Code::kUnauthenticated))
      return token;
    return Fail(Code::kUnauthenticated, "GCP_KEY_REFUSED",
                origin_ + ": Google refuses this key of " + key_.email + Cause(token.error().message) + ": " +
                    token.error().message);
  }

  std::string Who() const override { return "service account " + key_.email; }

 private:
  std::string Claim() const {
    const std::int64_t now = google_.clock.UnixMs() / 1000;
    const json::object header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key_.key_id}};
    const json::object claims{{"iss", key_.email},
                              {"scope", Joined(scopes_)},
                              {"aud", key_.token_uri},
                              {"iat", now},
                              {"exp", now + kClaim_s}};
    const std::string text = Base64Url(json::serialize(header)) + "." + Base64Url(json::serialize(claims));
    return text + "." + Base64Url(key_.key.SignSha256(text));
  }

  /// Google says `invalid_grant` to all of these; only its words tell them apart.
  static std::string Cause(std::string_view said) {
    if (said.contains("Signature")) return " (deleted? make a new one)";
    if (said.contains("timeframe")) return " (is this machine's clock right?)";
    if (said.contains("account not found")) return " (the account was deleted)";
    if (said.contains("disabled")) return " (the account is disabled)";
    return "";
  }

  const Google google_;
  const ServiceAccountKey key_;
  const Scopes scopes_;
  const std::string origin_;
};

class UserSource final : public TokenSource {
 public:
  UserSource(const Google& google, AuthorizedUser user, std::string origin)
      : google_(google), user_(std::move(user)), origin_(std::move(origin)) {}

  Result<AccessToken> Token(std::stop_token stop) override {
    auto token = AskForTokenByForm(google_, TokenUrl(google_.endpoints, ""),
                                   {{"grant_type", "refresh_token"},
                                    {"client_id", user_.client_id},
                                    {"client_secret", user_.client_secret},
                                    {"refresh_token", user_.refresh_token}},
                                   "sign in", std::move(stop));
    if (token ||
        (token.error().code != Code::kInvalidArgument && token.error().code != Code::kUnauthenticated))
      return token;
    return Fail(Code::kUnauthenticated, "GCP_SIGN_IN_AGAIN",
                origin_ + ": this sign-in has ended; run `gcloud auth application-default login` again: " +
                    token.error().message);
  }

  std::string Who() const override { return "the person signed in by " + origin_; }

 private:
  const Google google_;
  const AuthorizedUser user_;
  const std::string origin_;
};

}  // namespace

Scopes OurScopes() { return {std::string(kCloudPlatformScope), std::string(kUserInfoEmailScope)}; }

std::unique_ptr<TokenSource> MakeKeySource(const Google& google, ServiceAccountKey key, Scopes scopes,
                                           std::string origin) {
  return std::make_unique<KeySource>(google, std::move(key), std::move(scopes), std::move(origin));
}

std::unique_ptr<TokenSource> MakeUserSource(const Google& google, AuthorizedUser user, std::string origin) {
  return std::make_unique<UserSource>(google, std::move(user), std::move(origin));
}

}  // namespace easel::gcp
