#include "gcp/token_request.h"

#include <algorithm>
#include <ctime>

namespace easel::gcp {
namespace {

constexpr std::int64_t kLongestToken_s = 12 * 3600 + 60;

std::unexpected<Error> NotAToken() {
  return Fail(Code::kUnavailable, "GCP_NOT_JSON",
              "the answer is not a token; is there a proxy in between that answers itself?");
}

bool IsToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

Result<AccessToken> ParseTokenAnswer(std::string_view body, std::int64_t asked_unix_ms) {
  const auto parsed = ParseJson(body, "token");
  if (!parsed) return NotAToken();
  JsonReader reader(*parsed, "token");
  std::string value = reader.String("access_token");
  const std::int64_t seconds = reader.IntOr("expires_in", 3600);
  if (!reader.ok() || !IsToken(value) || seconds < 0) return NotAToken();
  return AccessToken{std::move(value), asked_unix_ms + std::min(seconds, kLongestToken_s) * 1000};
}

Result<AccessToken> ParseImpersonationAnswer(std::string_view body) {
  const auto parsed = ParseJson(body, "token");
  if (!parsed) return NotAToken();
  JsonReader reader(*parsed, "token");
  std::string value = reader.String("accessToken");
  const std::string ends = reader.String("expireTime");
  if (!reader.ok() || !IsToken(value)) return NotAToken();
  std::tm parts{};
  const char* rest = ::strptime(ends.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr || (*rest != 'Z' && *rest != '.') || parts.tm_year > 400) return NotAToken();
  return AccessToken{std::move(value), ::timegm(&parts) * 1000LL};
}

Result<ClientResponse> Ask(const Google& google, ClientRequest request, std::string_view what,
                           const std::function<Status(const ClientResponse&)>& check) {
  const std::function<double()> random = RandomFraction;
  Backoff backoff(google.retry, google.clock, google.sleeper, random);
  for (;;) {
    request.timeout = std::min(backoff.Left(), std::chrono::milliseconds(30'000));
    auto answer = google.http.Send(request);
    std::optional<std::chrono::milliseconds> retry_after;
    Error error;
    if (!answer) {
      error = std::move(answer).error();
      error.message = std::string(what) + ": " + error.message;
    } else if (answer->ok()) {
      const Status checked = check ? check(*answer) : Status();
      if (checked) return answer;
      error = checked.error();
    } else {
      error = ErrorOfAnswer(*answer, what);
      retry_after = RetryAfter(answer->Header("retry-after"));
    }
    if (!IsTransient(error) || !backoff.Wait(request.stop, retry_after))
      return std::unexpected(std::move(error));
  }
}

Result<AccessToken> AskForToken(const Google& google, ClientRequest request, std::string_view what) {
  const std::int64_t asked = google.clock.UnixMs();
  AccessToken token;
  EASEL_TRY([[maybe_unused]] const ClientResponse answer,
            Ask(google, std::move(request), what, [&](const ClientResponse& each) -> Status {
              EASEL_TRY(token, ParseTokenAnswer(each.body, asked));
              return {};
            }));
  return token;
}

Result<AccessToken> AskForTokenByForm(const Google& google, std::string url, const Query& form,
                                      std::string_view what, std::stop_token stop) {
  const std::string body = EncodeQuery(form);
  return AskForToken(
      google,
      {.method = "POST",
       .url = std::move(url),
       .headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}},
       .body = ClientBody{.bytes = body},
       .stop = std::move(stop)},
      what);
}

}  // namespace easel::gcp
