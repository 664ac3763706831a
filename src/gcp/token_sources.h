// Where tokens come from: one maker per kind of credential. None keeps its tokens; CachedTokenSource does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "gcp/credential_file.h"
#include "gcp/google.h"
#include "gcp/token_source.h"

namespace easel::gcp {

using Scopes = std::vector<std::string>;

/// Both scopes that Easel asks for.
Scopes OurScopes();

/// A signed claim for a token. Source: "Using OAuth 2.0 for Server to Server Applications".
///
/// Errors: kUnauthenticated GCP_KEY_REFUSED, saying whether the key, the account or this machine's clock is to blame.
std::unique_ptr<TokenSource> MakeKeySource(const Google& google, ServiceAccountKey key, Scopes scopes,
                                           std::string origin);

/// Errors: kUnauthenticated GCP_SIGN_IN_AGAIN.
std::unique_ptr<TokenSource> MakeUserSource(const Google& google, AuthorizedUser user, std::string origin);

/// `source`'s token, cached, for one of another account. Source: Service Account Credentials API `generateAccessToken`.
///
/// Errors: kPermissionDenied GCP_IMPERSONATION_DENIED with the role to grant; kNotFound GCP_ACCOUNT_MISSING; the source's.
std::unique_ptr<TokenSource> MakeImpersonatedSource(const Google& google, std::shared_ptr<TokenSource> source,
                                                    ImpersonationTarget target, Scopes scopes);

/// Somebody else's token exchanged at STS, then for an account's if the file says so. Source: AIP-4117; STS API v1.
///
/// Errors: kUnauthenticated GCP_SUBJECT_TOKEN (it cannot be had), GCP_EXCHANGE_REFUSED.
std::unique_ptr<TokenSource> MakeExternalSource(const Google& google, ExternalAccount account, Scopes scopes,
                                                std::string origin);

/// The machine's or pod's own account. A server that is not ready yet is waited for. Source: "About VM metadata".
///
/// Errors: kUnauthenticated GCP_NO_MACHINE_ACCOUNT; kUnavailable.
std::unique_ptr<TokenSource> MakeMetadataSource(const Google& google, Scopes scopes);

/// Whether a metadata server answers: at once, or after three tries of at most 3 s.
bool HasMetadataServer(const Google& google);

}  // namespace easel::gcp
