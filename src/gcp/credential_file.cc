#include "gcp/credential_file.h"

#include "base/json.h"
#include "base/text.h"

namespace easel::gcp {
namespace {

constexpr int kDeepestSource = 3;
constexpr std::string_view kTokenUri = "https://oauth2.googleapis.com/token";

std::unexpected<Error> Invalid(const std::string& origin, const std::string& what) {
  return Fail(Code::kInvalidArgument, "GCP_CREDENTIALS_INVALID", origin + ": " + what);
}

bool IsUrl(std::string_view text) {
  return (text.starts_with("https://") || text.starts_with("http://")) &&
         text.find_first_of(" \t\r\n") == text.npos;
}

/// The address in ".../serviceAccounts/ADDRESS:generateAccessToken".
std::optional<std::string> AccountOfUrl(std::string_view url) {
  constexpr std::string_view kBefore = "/serviceAccounts/", kAfter = ":generateAccessToken";
  const auto begin = url.find(kBefore);
  if (!IsUrl(url) || begin == url.npos || !url.ends_with(kAfter)) return std::nullopt;
  url.remove_suffix(kAfter.size());
  const std::string_view email = url.substr(begin + kBefore.size());
  if (!email.contains('@') || email.find_first_of("/?#%") != email.npos) return std::nullopt;
  return std::string(email);
}

Result<ServiceAccountKey> ReadKey(JsonReader& file, const std::string& origin) {
  const std::string email = file.String("client_email"), pem = file.String("private_key");
  const std::string key_id = file.StringOr("private_key_id", "");
  const std::string token_uri = file.StringOr("token_uri", kTokenUri);
  EASEL_RETURN_IF_ERROR(file.status());
  if (!IsUrl(token_uri)) return Invalid(origin, "`token_uri` is not a URL");
  auto key = RsaKey::FromPem(pem);
  if (!key)
    return Invalid(
        origin,
        "`private_key` is " + key.error().message +
            "; download the key again, or make a new one (`gcloud iam service-accounts keys create`)");
  return ServiceAccountKey{email, key_id, std::move(*key), token_uri};
}

Result<AuthorizedUser> ReadUser(JsonReader& file) {
  AuthorizedUser user{file.String("client_id"), file.String("client_secret"), file.String("refresh_token")};
  EASEL_RETURN_IF_ERROR(file.status());
  return user;
}

Result<ImpersonationTarget> ReadTarget(JsonReader& file, const std::string& origin) {
  constexpr std::string_view kField = "service_account_impersonation_url";
  const auto email = AccountOfUrl(file.String(kField));
  EASEL_RETURN_IF_ERROR(file.status());
  if (!email)
    return Invalid(
        origin, "`" + std::string(kField) + "` does not end in /serviceAccounts/ADDRESS:generateAccessToken");
  ImpersonationTarget target{.email = *email};
  for (const std::string& delegate : file.StringsOr("delegates"))
    target.delegates.push_back(delegate.substr(delegate.rfind('/') + 1));
  if (const json::object* more = file.ObjectOr("service_account_impersonation"); more != nullptr) {
    const json::value* lifetime = more->if_contains("token_lifetime_seconds");
    if (lifetime != nullptr) {
      const auto* seconds = lifetime->if_int64();
      if (seconds == nullptr || *seconds < 600 || *seconds > 43'200)
        return Invalid(origin, "`token_lifetime_seconds` is not a whole number from 600 to 43200");
      target.lifetime_s = *seconds;
    }
  }
  EASEL_RETURN_IF_ERROR(file.status());
  return target;
}

Status ReadSubjectSource(ExternalAccount& made, const json::value& raw, const std::string& origin) {
  JsonReader source(raw, origin + ": credential_source");
  EASEL_RETURN_IF_ERROR(source.status());
  for (const char* other : {"executable", "environment_id", "certificate"})
    if (source.Find(other) != nullptr)
      return Fail(Code::kUnimplemented, "GCP_CREDENTIALS_UNSUPPORTED",
                  origin + ": Easel takes subject tokens from a `file` or a `url`, not by `" + other +
                      "`; let a program write the token to a file, or use --access-token-file");
  made.file = source.StringOr("file", "");
  made.url = source.StringOr("url", "");
  if (const json::object* headers = source.ObjectOr("headers"))
    for (const auto& [name, value] : *headers) {
      if (!value.is_string())
        source.Reject("headers", "expected strings");
      else
        made.headers.emplace_back(name, value.get_string());
    }
  if (const json::value* format = source.Find("format")) {
    JsonReader reader(*format, source.Where("format"));
    const std::string type = reader.StringOr("type", "text");
    if (type == "json")
      made.json_field = reader.String("subject_token_field_name");
    else if (type != "text")
      reader.Reject("type", "expected text or json");
    EASEL_RETURN_IF_ERROR(reader.status());
    if (type == "json" && made.json_field.empty())
      return Invalid(origin, "`subject_token_field_name` is empty");
  }
  EASEL_RETURN_IF_ERROR(source.status());
  if (made.file.empty() == made.url.empty())
    return Invalid(origin, "`credential_source` names either a `file` or a `url`");
  if (!made.url.empty() && !IsUrl(made.url)) return Invalid(origin, "`credential_source.url` is not a URL");
  return {};
}

Result<ExternalAccount> ReadExternal(JsonReader& file, const std::string& origin) {
  ExternalAccount made{.audience = file.String("audience"),
                       .subject_token_type = file.String("subject_token_type"),
                       .token_url = file.String("token_url"),
                       .user_project = file.StringOr("workforce_pool_user_project", "")};
  const json::object* source = file.Object("credential_source");
  EASEL_RETURN_IF_ERROR(file.status());
  if (!IsUrl(made.token_url)) return Invalid(origin, "`token_url` is not a URL");
  (void)source;
  EASEL_RETURN_IF_ERROR(ReadSubjectSource(made, *file.Find("credential_source"), origin));
  if (file.Find("service_account_impersonation_url") != nullptr) {
    EASEL_TRY(made.impersonation, ReadTarget(file, origin));
  }
  return made;
}

Result<CredentialFile> Read(const json::value& raw, const std::string& origin, int depth);

Result<ImpersonatedAccount> ReadImpersonated(JsonReader& file, const std::string& origin, int depth) {
  EASEL_TRY(ImpersonationTarget target, ReadTarget(file, origin));
  const json::value* source = file.Find("source_credentials");
  if (source == nullptr) return Invalid(origin, "`source_credentials` is missing");
  if (depth >= kDeepestSource) return Invalid(origin, "too many `source_credentials` inside each other");
  EASEL_TRY(CredentialFile inner, Read(*source, origin + ": source_credentials", depth + 1));
  return ImpersonatedAccount{std::make_shared<const CredentialFile>(std::move(inner)), std::move(target)};
}

Result<CredentialFile> Read(const json::value& raw, const std::string& origin, int depth) {
  JsonReader file(raw, origin);
  const std::string type = file.String("type");
  const std::string quota_project = file.StringOr("quota_project_id", "");
  EASEL_RETURN_IF_ERROR(file.status());
  const auto with = [&](auto credential) -> Result<CredentialFile> {
    if (!credential) return std::unexpected(std::move(credential).error());
    return CredentialFile{std::move(*credential), quota_project};
  };
  if (type == "service_account") return with(ReadKey(file, origin));
  if (type == "authorized_user") return with(ReadUser(file));
  if (type == "external_account") return with(ReadExternal(file, origin));
  if (type == "impersonated_service_account") return with(ReadImpersonated(file, origin, depth));
  return Invalid(origin,
                 "`type` is `" + type.substr(0, 60) +
                     "`; Easel knows service_account, authorized_user, impersonated_service_account and "
                     "external_account");
}

}  // namespace

Result<CredentialFile> ParseCredentialFile(std::string_view text, const std::string& origin) {
  const auto parsed = ParseJson(text, origin);
  if (!parsed) return Invalid(origin, "this is not a credential file of Google: it is not JSON");
  auto read = Read(*parsed, origin, 0);
  if (!read && read.error().reason == "JSON_SHAPE") read.error().reason = "GCP_CREDENTIALS_INVALID";
  return read;
}

}  // namespace easel::gcp
