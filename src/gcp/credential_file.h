// What a credential file of Google says: `type` and what each type has. Reading only; nobody is asked.
//
// Source: AIP-4112 to AIP-4117; google-auth's `load_credentials_from_file`.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/rsa_key.h"
#include "http/message.h"

namespace easel::gcp {

/// `service_account`: a key that signs for its account.
struct ServiceAccountKey {
  std::string email;
  std::string key_id;
  RsaKey key;
  std::string token_uri;  ///< whom a signed claim is meant for
};

/// `authorized_user`: what `gcloud auth application-default login` leaves behind.
struct AuthorizedUser {
  std::string client_id, client_secret, refresh_token;
};

/// Whom another's token is for. Source: `service_account_impersonation_url`.
struct ImpersonationTarget {
  std::string email;
  std::vector<std::string> delegates;  ///< addresses, first to last
  std::int64_t lifetime_s = 3600;
};

/// `external_account`: somebody else's token, exchanged. Tokens come from a file or a URL.
struct ExternalAccount {
  std::string audience;
  std::string subject_token_type;
  std::string token_url;
  std::string file;  ///< or
  std::string url;   ///< with `headers`
  HttpHeaders headers;
  std::string json_field;    ///< of the file's or answer's JSON object; empty: it is the token itself
  std::string user_project;  ///< `workforce_pool_user_project`
  std::optional<ImpersonationTarget> impersonation;
};

struct CredentialFile;

/// `impersonated_service_account`: another credential, and whom it becomes.
struct ImpersonatedAccount {
  std::shared_ptr<const CredentialFile> source;
  ImpersonationTarget target;
};

struct CredentialFile {
  std::variant<ServiceAccountKey, AuthorizedUser, ExternalAccount, ImpersonatedAccount> credential;
  std::string quota_project;
};

/// Read a credential file's text; `origin` is its path, for messages.
///
/// Errors: kInvalidArgument GCP_CREDENTIALS_INVALID, naming file, field and what to do, and never a secret's value;
///         kUnimplemented GCP_CREDENTIALS_UNSUPPORTED for subject tokens by a program, by AWS or by a certificate.
Result<CredentialFile> ParseCredentialFile(std::string_view text, const std::string& origin);

}  // namespace easel::gcp
