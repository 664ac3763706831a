#include <algorithm>
#include <chrono>
#include <utility>

#include "blob/direct_access.h"

namespace easel {
namespace {

constexpr std::chrono::milliseconds kPatience{10'000};
constexpr std::int64_t kGoodFor_s = 3600;  ///< a request must begin within; what has begun may take longer

/// What is wrong, without the address and without what the server repeats of it.
Error Refused(const ClientResponse& answer, std::string_view what) {
  const std::string code = ReadXmlErrorCode(answer.body);
  Error error = gcp::ErrorOfAnswer({.status = answer.status, .headers = {}, .body = {}}, what);
  if (!code.empty()) {
    error.reason = code;
    error.message += " " + code;
  }
  return error;
}

class GcsDirectAccess final : public DirectAccess {
 public:
  GcsDirectAccess(gcp::RestClient& rest, HttpClient& http, const Clock& clock, GcsPlace place,
                  std::unique_ptr<gcp::UrlSigner> signer)
      : rest_(rest), http_(http), clock_(clock), place_(std::move(place)), signer_(std::move(signer)) {}

  std::string Origin() const override { return Base(); }

  Result<DirectLink> Put(const CallContext& context, const DirectPut& put) override {
    return Sign(context, "PUT", put.key, HeadersOf(put), {});
  }

  Result<DirectLink> Get(const CallContext& context, const DirectGet& get) override {
    return Sign(context, "GET", get.key, {},
                {{"generation", std::to_string(get.generation)},
                 {"response-content-disposition", get.disposition},
                 {"response-content-type", get.content_type}});
  }

  Result<std::string> StartSession(const CallContext& context, const DirectPut& put,
                                   std::string_view origin) override {
    HttpHeaders headers = HeadersOf(put);
    headers.emplace_back("x-goog-resumable", "start");
    EASEL_TRY(const DirectLink link, Sign(context, "POST", put.key, headers, {}));
    // The session answers pages of the origin that began it, and no others.
    if (!origin.empty()) headers.emplace_back("origin", origin);
    // A session that is begun twice is no harm: nobody hears of the first one.
    EASEL_TRY(const ClientResponse answer, Ask(context, {.method = "POST",
                                                         .url = link.url,
                                                         .headers = std::move(headers),
                                                         .body = ClientBody{},
                                                         .stop = context.stop}));
    if (!answer.ok()) return std::unexpected(Refused(answer, "beginning an upload to " + place_.Name()));
    std::string session(answer.Header("location"));
    if (session.starts_with(Base() + "/")) return session;
    return Fail(Code::kDataLoss, "ANSWER_MALFORMED",
                place_.Name() + ": the server offers an upload at another place than its own");
  }

  Result<SessionState> AskSession(const CallContext& context, const std::string& session,
                                  std::int64_t bytes) override {
    EASEL_TRY(const ClientResponse answer,
              Ask(context, {.method = "PUT",
                            .url = session,
                            .headers = {{"content-range", "bytes */" + std::to_string(bytes)}},
                            .body = ClientBody{},
                            .stop = context.stop}));
    if (answer.ok()) return SessionState{SessionState::Kind::kWhole, bytes};
    if (IsGone(answer)) return SessionState{SessionState::Kind::kGone, 0};
    if (answer.status != 308)
      return std::unexpected(Refused(answer, "asking for an upload to " + place_.Name()));
    EASEL_TRY(const std::int64_t offset, ReadUploadRange(answer.Header("range")));
    return SessionState{SessionState::Kind::kOpen, std::min(offset, bytes)};
  }

  Status CancelSession(const CallContext& context, const std::string& session) override {
    EASEL_TRY(const ClientResponse answer,
              Ask(context, {.method = "DELETE", .url = session, .body = ClientBody{}, .stop = context.stop}));
    if (answer.ok() || IsGone(answer)) return {};
    return std::unexpected(Refused(answer, "ending an upload to " + place_.Name()));
  }

 private:
  const std::string& Base() const { return rest_.endpoints().Base(gcp::Service::kStorage); }

  /// 499 is how a session that was cancelled answers, the cancelling request included.
  static bool IsGone(const ClientResponse& answer) {
    return answer.status == 404 || answer.status == 410 || answer.status == 499;
  }

  static HttpHeaders HeadersOf(const DirectPut& put) {
    const std::string bytes = std::to_string(put.bytes);
    return {{"content-type", put.content_type},
            {"x-goog-content-length-range", bytes + "," + bytes},
            {"x-goog-if-generation-match", "0"}};
  }

  Result<DirectLink> Sign(const CallContext& context, std::string method, const std::string& key,
                          HttpHeaders headers, gcp::Query query) {
    EASEL_RETURN_IF_ERROR(CheckKey(key));
    const std::int64_t now_ms = clock_.UnixMs() + rest_.server_ahead_s() * 1000;
    EASEL_TRY(std::string url, gcp::SignUrl(*signer_,
                                            {.method = std::move(method),
                                             .bucket = place_.bucket,
                                             .object = place_.prefix + key,
                                             .expires_s = kGoodFor_s,
                                             .headers = headers,
                                             .query = std::move(query),
                                             .base = Base()},
                                            now_ms, context.stop));
    return DirectLink{.url = std::move(url),
                      .headers = std::move(headers),
                      .expires_ms = clock_.UnixMs() + kGoodFor_s * 1000};
  }

  /// All three requests are the same sent twice. Somebody waits for the answer: no longer than that.
  Result<ClientResponse> Ask(const CallContext& context, ClientRequest request) {
    gcp::Backoff backoff = rest_.MakeBackoff();
    request.timeout = kPatience;
    const std::int64_t end_ms = clock_.MonotonicMs() + kPatience.count();
    for (;;) {
      auto answer = http_.Send(request);
      const bool again = answer ? gcp::IsTransientStatus(answer->status) : gcp::IsTransient(answer.error());
      if (!again ||
          !backoff.Wait(context.stop, answer ? gcp::RetryAfter(answer->Header("retry-after")) : std::nullopt))
        return answer;
    }
  }

  gcp::RestClient& rest_;
  HttpClient& http_;
  const Clock& clock_;
  const GcsPlace place_;
  const std::unique_ptr<gcp::UrlSigner> signer_;
};

}  // namespace

std::unique_ptr<DirectAccess> MakeGcsDirectAccess(gcp::RestClient& rest, HttpClient& http, const Clock& clock,
                                                  GcsPlace place, std::unique_ptr<gcp::UrlSigner> signer) {
  return std::make_unique<GcsDirectAccess>(rest, http, clock, std::move(place), std::move(signer));
}

}  // namespace easel
