// Asking for a token, and reading what comes: the one form of OAuth 2, STS and the metadata server, and that of impersonation.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "gcp/google.h"
#include "gcp/rest_client.h"
#include "gcp/token_source.h"

namespace easel::gcp {

/// {"access_token", "expires_in"}. `asked_unix_ms` is when the request was sent.
///
/// Errors: kUnavailable GCP_NOT_JSON; the message holds nothing of the answer.
Result<AccessToken> ParseTokenAnswer(std::string_view body, std::int64_t asked_unix_ms);

/// {"accessToken", "expireTime": "2026-01-01T00:00:00Z"}. Errors: as above.
Result<AccessToken> ParseImpersonationAnswer(std::string_view body);

/// Send a request, again while it fails in a way that passes, and return the 2xx answer. `check` may find an answer wanting, for
/// example cut: its error counts as the request's.
///
/// Errors: ErrorOfAnswer's; HttpClient's; `what` begins the message. `check`'s.
Result<ClientResponse> Ask(const Google& google, ClientRequest request, std::string_view what,
                           const std::function<Status(const ClientResponse&)>& check = {});

/// The same for a request that a token endpoint answers.
Result<AccessToken> AskForToken(const Google& google, ClientRequest request, std::string_view what);

/// POST a form to a token endpoint and read the token.
Result<AccessToken> AskForTokenByForm(const Google& google, std::string url, const Query& form,
                                      std::string_view what, std::stop_token stop);

}  // namespace easel::gcp
