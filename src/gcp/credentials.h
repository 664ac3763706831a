// Whose rights this process has at Google: found in Google's order, and the app account by impersonation.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "gcp/google.h"
#include "gcp/signed_url.h"
#include "gcp/token_sources.h"

namespace easel::gcp {

struct CredentialOptions {
  std::string access_token_file;  ///< --access-token-file; goes before all others
  Environment environment = ProcessEnvironment();
};

/// Shares its token source; a value. Thread-safe.
struct Credentials {
  std::shared_ptr<TokenSource> tokens;  ///< cached
  std::string origin;                   ///< where it was found: a path, a variable, "the metadata server"
  std::string account;                  ///< the service account's address, when the credential says it
  std::string quota_project;            ///< to be billed; empty: none
  std::optional<RsaKey> key;            ///< of `account`
};

/// The first of: `access_token_file`; EASEL_GCP_ACCESS_TOKEN; the file that GOOGLE_APPLICATION_CREDENTIALS names; gcloud's
/// application_default_credentials.json (in CLOUDSDK_CONFIG, or ~/.config/gcloud); the metadata server. Only the last one is asked
/// for here, the others when a token is needed. GOOGLE_CLOUD_QUOTA_PROJECT goes before a file's own quota project.
///
/// Errors: kUnauthenticated GCP_NO_CREDENTIALS (none of them; says what to do), GCP_CREDENTIALS_FILE (a named file cannot be read);
///         ParseCredentialFile's.
Result<Credentials> FindCredentials(const Google& google, const CredentialOptions& options = {});

/// Check that `account` is a service account's address: NAME@….gserviceaccount.com.
///
/// Errors: kInvalidArgument GCP_ACCOUNT_INVALID, beginning with `origin` (the flag or setting).
Status CheckServiceAccount(std::string_view account, std::string_view origin);

/// The tokens of `account`, with both scopes, by the right of `caller`; cached. The caller's own, if it is that account.
std::shared_ptr<TokenSource> Impersonate(const Google& google, const Credentials& caller,
                                         std::string account);

}  // namespace easel::gcp
