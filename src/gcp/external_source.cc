// Workload identity federation: a token of somebody else's, from a file or a URL, exchanged for Google's.
#include "base/file.h"
#include "base/json.h"
#include "gcp/token_request.h"
#include "gcp/token_sources.h"

namespace easel::gcp {
namespace {

constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kAccessToken = "urn:ietf:params:oauth:token-type:access_token";
constexpr std::size_t kLargestSubject_bytes = 256 << 10;

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

class ExternalSource final : public TokenSource {
 public:
  ExternalSource(const Google& google, ExternalAccount account, Scopes scopes, std::string origin)
      : google_(google),
        account_(std::move(account)),
        scopes_(std::move(scopes)),
        origin_(std::move(origin)) {}

  Result<AccessToken> Token(std::stop_token stop) override {
    EASEL_TRY(std::string subject, Subject(stop));
    Query form{{"grant_type", std::string(kGrant)},
               {"audience", account_.audience},
               {"scope", ""},
               {"requested_token_type", std::string(kAccessToken)},
               {"subject_token", std::move(subject)},
               {"subject_token_type", account_.subject_token_type}};
    for (const std::string& scope : scopes_) form[2].second += (form[2].second.empty() ? "" : " ") + scope;
    if (!account_.user_project.empty())
      form.emplace_back("options", json::serialize(json::object{{"userProject", account_.user_project}}));
    const Endpoints& endpoints = google_.endpoints;
    auto token =
        AskForTokenByForm(google_,
                          endpoints.IsOverridden(Service::kSts) ? endpoints.Base(Service::kSts) + "/v1/token"
                                                                : account_.token_url,
                          form, "exchange the token", std::move(stop));
    if (token ||
        (token.error().code != Code::kInvalidArgument && token.error().code != Code::kUnauthenticated &&
         token.error().code != Code::kPermissionDenied))
      return token;
    return Fail(
        Code::kUnauthenticated, "GCP_EXCHANGE_REFUSED",
        origin_ + ": Google does not exchange this token for " + account_.audience +
            "; look at the provider's audience, issuer and attribute condition: " + token.error().message);
  }

  std::string Who() const override { return "a federated identity of " + account_.audience; }

 private:
  std::unexpected<Error> NoSubject(const std::string& what) const {
    return Fail(Code::kUnauthenticated, "GCP_SUBJECT_TOKEN", origin_ + ": no subject token: " + what);
  }

  Result<std::string> Subject(std::stop_token stop) const {
    std::string text;
    const std::string& place = account_.file.empty() ? account_.url : account_.file;
    if (!account_.file.empty()) {
      auto read = ReadFile(account_.file, kLargestSubject_bytes);
      if (!read) return NoSubject(read.error().message);
      text = std::move(*read);
    } else {
      auto answer = Ask(google_,
                        {.url = account_.url,
                         .headers = account_.headers,
                         .max_body_bytes = kLargestSubject_bytes,
                         .stop = std::move(stop)},
                        "ask for the subject token");
      if (!answer) return NoSubject(answer.error().message);
      text = std::move(answer->body);
    }
    if (!account_.json_field.empty()) {
      const auto parsed = ParseJson(text, place);
      const json::object* object = parsed ? parsed->if_object() : nullptr;
      const json::value* field = object == nullptr ? nullptr : object->if_contains(account_.json_field);
      if (field == nullptr || !field->is_string())
        return NoSubject(place + " is not a JSON object with a text `" + account_.json_field + "`");
      text = std::string(field->get_string());
    }
    const std::string_view token = Trimmed(text);
    if (token.empty()) return NoSubject(place + " is empty");
    return std::string(token);
  }

  const Google google_;
  const ExternalAccount account_;
  const Scopes scopes_;
  const std::string origin_;
};

}  // namespace

std::unique_ptr<TokenSource> MakeExternalSource(const Google& google, ExternalAccount account, Scopes scopes,
                                                std::string origin) {
  const auto target = std::exchange(account.impersonation, std::nullopt);
  // To become an account takes IAM; what the account then may is its own scopes.
  Scopes first = target ? Scopes{std::string(kCloudPlatformScope)} : scopes;
  auto source =
      std::make_unique<ExternalSource>(google, std::move(account), std::move(first), std::move(origin));
  if (!target) return source;
  return MakeImpersonatedSource(google, std::make_shared<CachedTokenSource>(std::move(source), google.clock),
                                *target, std::move(scopes));
}

}  // namespace easel::gcp
