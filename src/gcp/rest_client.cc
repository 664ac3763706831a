#include "gcp/rest_client.h"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace easel::gcp {
namespace {

/// "Sun, 06 Nov 1994 08:49:37 GMT" as Unix time. Source: RFC 9110 section 5.6.7.
std::optional<std::int64_t> UnixOfDate(std::string_view date) {
  std::tm parts{};
  const std::string text(date);
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&parts);
}

constexpr std::int64_t kSkewWorthSaying_s = 300;
/// A host that nobody answers at is more often a wrong name or a closed network than a blink: a person is not kept waiting longer.
constexpr std::int64_t kUnreachableFor_ms = 20'000;

/// What a refused call gets besides, when the clocks differ: tokens and signatures are then refused for no other reason.
std::string AboutSkew(std::int64_t ahead_s) {
  if (ahead_s > -kSkewWorthSaying_s && ahead_s < kSkewWorthSaying_s) return {};
  return " (this machine's clock is " + std::to_string(ahead_s < 0 ? -ahead_s : ahead_s) + " s " +
         (ahead_s > 0 ? "behind" : "ahead of") + " Google's: set it right first)";
}

}  // namespace

std::string EncodeQuery(const Query& query) {
  std::string text;
  for (const auto& [name, value] : query)
    text += (text.empty() ? "" : "&") + PercentEncode(name) + "=" + PercentEncode(value);
  return text;
}

Result<RestOptions> RestOptionsFrom(RestOptions options, const Environment& environment) {
  if (const auto text = environment("EASEL_GCP_BACKOFF_MS")) {
    int ms = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), ms);
    if (error != std::errc() || end != text->data() + text->size() || ms < 1 || ms > 60'000)
      return Fail(Code::kInvalidArgument, "SETTING_INVALID",
                  "EASEL_GCP_BACKOFF_MS: `" + *text + "` is not a whole number from 1 to 60000");
    options.retry.first = std::chrono::milliseconds(ms);
    options.retry.longest = options.retry.first * 32;
  }
  return options;
}

RestClient::RestClient(HttpClient& http, std::shared_ptr<TokenSource> tokens, Endpoints endpoints,
                       const Clock& clock, Sleeper& sleeper, RestOptions options)
    : http_(http),
      tokens_(std::move(tokens)),
      endpoints_(std::move(endpoints)),
      clock_(clock),
      sleeper_(sleeper),
      options_(std::move(options)) {}

Backoff RestClient::MakeBackoff() const { return Backoff(options_.retry, clock_, sleeper_, random_); }

Result<ClientResponse> RestClient::Send(Service service, ClientRequest request) {
  if (request.url.starts_with('/')) request.url = endpoints_.Base(service) + request.url;
  if (!options_.quota_project.empty())
    request.headers.emplace_back("X-Goog-User-Project", options_.quota_project);
  request.headers.emplace_back("Authorization", "");
  for (bool refreshed = false;; refreshed = true) {
    EASEL_TRY(const AccessToken token, tokens_->Token(request.stop));
    request.headers.back().second = "Bearer " + token.value;
    // The refused answer is not the caller's business, unless it stays refused.
    ClientRequest attempt = request;
    if (!refreshed && request.on_head)
      attempt.on_head = [&](const ClientResponse& head) {
        return head.status == 401 || request.on_head(head);
      };
    auto answer = http_.Send(attempt);
    if (!answer) return answer;
    if (const auto date = UnixOfDate(answer->Header("date")))
      server_ahead_s_ = *date - clock_.UnixMs() / 1000;
    if (answer->status != 401 || refreshed) return answer;
    tokens_->Refused(token.value);
  }
}

Result<json::value> RestClient::CallOnce(const RestCall& call, std::string_view url, std::string_view body,
                                         std::chrono::milliseconds left,
                                         std::optional<std::chrono::milliseconds>& retry_after) {
  ClientRequest request{
      .method = call.method, .url = std::string(url), .headers = call.headers, .stop = call.stop};
  request.headers.emplace_back("Accept", "application/json");
  if (call.body || call.text_body) {
    request.headers.emplace_back("Content-Type", call.content_type);
    request.body = ClientBody{.bytes = body};
  }
  request.timeout = std::min(options_.attempt_timeout, left);
  request.idempotent = call.idempotency == Idempotency::kIdempotent;
  const std::string what = call.method + " " + call.path;
  auto answer = Send(call.service, std::move(request));
  if (!answer) {
    Error error = std::move(answer).error();
    error.message = what + ": " + error.message;
    return std::unexpected(std::move(error));
  }
  if (!answer->ok()) {
    retry_after = RetryAfter(answer->Header("retry-after"));
    Error error = ErrorOfAnswer(*answer, what);
    if (answer->status == 401) error.message += " (asked by " + tokens_->Who() + ")";
    if (answer->status == 401 || answer->status == 403) error.message += AboutSkew(server_ahead_s_);
    return std::unexpected(std::move(error));
  }
  if (answer->body.empty()) return json::value();
  auto parsed = ParseJson(answer->body, what);
  if (!parsed)
    return Fail(Code::kUnavailable, "GCP_NOT_JSON",
                what + ": " + std::to_string(answer->status) +
                    " with something else than JSON behind it; is there a proxy in between?");
  return parsed;
}

Result<json::value> RestClient::Call(const RestCall& call) {
  std::string url = call.path;
  if (!call.query.empty()) url += (url.contains('?') ? "&" : "?") + EncodeQuery(call.query);
  const std::string body = call.body ? json::serialize(*call.body) : call.text_body.value_or("");
  Backoff backoff = MakeBackoff();
  const std::int64_t began_ms = clock_.MonotonicMs();
  for (;;) {
    std::optional<std::chrono::milliseconds> retry_after;
    auto result = CallOnce(call, url, body, backoff.Left(), retry_after);
    if (result || !IsTransient(result.error())) return result;
    if (call.idempotency == Idempotency::kNot && !WasNotSent(result.error())) return result;
    const bool unreachable =
        WasNotSent(result.error()) && clock_.MonotonicMs() - began_ms > kUnreachableFor_ms;
    if (unreachable || !backoff.Wait(call.stop, retry_after)) {
      if (call.stop.stop_requested())
        return Fail(Code::kCancelled, "REQUEST_STOPPED", call.method + " " + call.path + ": stopped");
      if (backoff.waits() > 0)
        result.error().message += " (tried " + std::to_string(backoff.waits() + 1) + " times)";
      return result;
    }
  }
}

}  // namespace easel::gcp
