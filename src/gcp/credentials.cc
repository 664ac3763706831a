#include "gcp/credentials.h"

#include <unistd.h>

#include "base/file.h"

namespace easel::gcp {
namespace {

constexpr std::size_t kLargestFile_bytes = 1 << 20;

std::shared_ptr<TokenSource> Cached(const Google& google, std::unique_ptr<TokenSource> source) {
  return std::make_shared<CachedTokenSource>(std::move(source), google.clock);
}

std::unique_ptr<TokenSource> SourceOf(const Google& google, const CredentialFile& file, const Scopes& scopes,
                                      const std::string& origin) {
  struct Maker {
    const Google& google;
    const Scopes& scopes;
    const std::string& origin;
    std::unique_ptr<TokenSource> operator()(const ServiceAccountKey& key) const {
      return MakeKeySource(google, key, scopes, origin);
    }
    std::unique_ptr<TokenSource> operator()(const AuthorizedUser& user) const {
      return MakeUserSource(google, user, origin);
    }
    std::unique_ptr<TokenSource> operator()(const ExternalAccount& account) const {
      return MakeExternalSource(google, account, scopes, origin);
    }
    std::unique_ptr<TokenSource> operator()(const ImpersonatedAccount& account) const {
      auto source = SourceOf(google, *account.source, {std::string(kCloudPlatformScope)}, origin);
      return MakeImpersonatedSource(google, Cached(google, std::move(source)), account.target, scopes);
    }
  };
  return std::visit(Maker{google, scopes, origin}, file.credential);
}

Result<Credentials> FromFile(const Google& google, const std::string& path, const std::string& why) {
  const auto text = ReadFile(path, kLargestFile_bytes);
  if (!text)
    return Fail(Code::kUnauthenticated, "GCP_CREDENTIALS_FILE",
                why + " names a credential file that cannot be read: " + text.error().message);
  EASEL_TRY(const CredentialFile file, ParseCredentialFile(*text, path));
  Credentials made{.tokens = Cached(google, SourceOf(google, file, OurScopes(), path)),
                   .origin = path,
                   .quota_project = file.quota_project};
  if (const auto* key = std::get_if<ServiceAccountKey>(&file.credential)) {
    made.account = key->email;
    made.key = key->key;
  } else if (const auto* impersonated = std::get_if<ImpersonatedAccount>(&file.credential)) {
    made.account = impersonated->target.email;
  } else if (const auto* external = std::get_if<ExternalAccount>(&file.credential);
             external != nullptr && external->impersonation) {
    made.account = external->impersonation->email;
  }
  return made;
}

/// Where `gcloud auth application-default login` writes; empty without a home.
std::string WellKnownFile(const Environment& environment) {
  constexpr std::string_view kName = "/application_default_credentials.json";
  if (const auto folder = environment("CLOUDSDK_CONFIG")) return *folder + std::string(kName);
  const auto home = environment("HOME");
  return home ? *home + "/.config/gcloud" + std::string(kName) : "";
}

Result<Credentials> Find(const Google& google, const CredentialOptions& options) {
  const Environment& environment = options.environment;
  if (!options.access_token_file.empty())
    return Credentials{
        .tokens = Cached(google, GivenTokenSource::FromFile(options.access_token_file, google.clock)),
        .origin = options.access_token_file};
  if (auto token = environment("EASEL_GCP_ACCESS_TOKEN"))
    return Credentials{
        .tokens = Cached(google, GivenTokenSource::FromText(std::move(*token), "EASEL_GCP_ACCESS_TOKEN")),
        .origin = "EASEL_GCP_ACCESS_TOKEN"};
  if (const auto path = environment("GOOGLE_APPLICATION_CREDENTIALS"))
    return FromFile(google, *path, "GOOGLE_APPLICATION_CREDENTIALS");
  const std::string well_known = WellKnownFile(environment);
  if (!well_known.empty() && ::access(well_known.c_str(), F_OK) == 0)
    return FromFile(google, well_known, "gcloud's configuration");
  if (HasMetadataServer(google))
    return Credentials{.tokens = Cached(google, MakeMetadataSource(google, OurScopes())),
                       .origin = "the metadata server"};
  return Fail(
      Code::kUnauthenticated, "GCP_NO_CREDENTIALS",
      "no credentials for Google Cloud: run `gcloud auth application-default login`, or set "
      "GOOGLE_APPLICATION_CREDENTIALS to a credential file, or give --access-token-file FILE (`gcloud auth "
      "print-access-token > FILE`)");
}

}  // namespace

Result<Credentials> FindCredentials(const Google& google, const CredentialOptions& options) {
  auto found = Find(google, options);
  if (found)
    if (const auto project = options.environment("GOOGLE_CLOUD_QUOTA_PROJECT"))
      found->quota_project = *project;
  return found;
}

Status CheckServiceAccount(std::string_view account, std::string_view origin) {
  const std::size_t at = account.find('@');
  if (at != account.npos && at > 0 && account.ends_with(".gserviceaccount.com") &&
      account.find_first_of(":@/ \t\r\n,", at + 1) == account.npos &&
      account.substr(0, at).find_first_of(":/ \t\r\n,") == account.npos)
    return {};
  return Fail(Code::kInvalidArgument, "GCP_ACCOUNT_INVALID",
              std::string(origin) + ": `" + std::string(account) +
                  "` is not the address of a service account; it is written "
                  "NAME@PROJECT.iam.gserviceaccount.com, without `serviceAccount:` "
                  "(`easel gcp status` lists those of an organization)");
}

std::shared_ptr<TokenSource> Impersonate(const Google& google, const Credentials& caller,
                                         std::string account) {
  if (account == caller.account) return caller.tokens;
  return Cached(google,
                MakeImpersonatedSource(google, caller.tokens, {.email = std::move(account)}, OurScopes()));
}

}  // namespace easel::gcp
