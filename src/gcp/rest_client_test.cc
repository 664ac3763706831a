#include "gcp/rest_client.h"

#include <gtest/gtest.h>

#include "http/fake_client.h"

namespace easel::gcp {
namespace {

class Numbered final : public TokenSource {
 public:
  Result<AccessToken> Token(std::stop_token) override {
    return AccessToken{"t" + std::to_string(number), 1'800'000'000'000};
  }
  void Refused(std::string_view token) override {
    refused.emplace_back(token);
    ++number;
  }
  std::string Who() const override { return "the test"; }
  int number = 1;
  std::vector<std::string> refused;
};

struct Fixture {
  FakeHttpClient http;
  FakeClock clock;
  FakeSleeper sleeper{clock};
  std::shared_ptr<Numbered> tokens = std::make_shared<Numbered>();
  RestClient rest{http, tokens, Endpoints(), clock, sleeper, {.quota_project = "billed"}};

  std::string Outcome(RestCall call) {
    auto result = rest.Call(call);
    return result ? json::serialize(*result) : result.error().reason;
  }
};

const RestCall kList{.service = Service::kStorage,
                     .path = "/storage/v1/b/a/o",
                     .query = {{"prefix", "a b/"}, {"x", "1"}, {"x", "2"}},
                     .idempotency = Idempotency::kIdempotent};
const RestCall kCreate{.service = Service::kIam,
                       .method = "POST",
                       .path = "/v1/projects/p/serviceAccounts",
                       .body = json::value{{"accountId", "x"}}};

TEST(RestClientTest, ACallHasAllThatItNeeds) {
  Fixture f;
  f.http.Answer(200, R"({"items": []})");
  EXPECT_EQ(f.Outcome(kList), R"({"items":[]})");
  EXPECT_EQ(f.http.sent[0].url, "https://storage.googleapis.com/storage/v1/b/a/o?prefix=a%20b%2F&x=1&x=2");
  EXPECT_EQ(f.http.sent[0].Header("Authorization"), "Bearer t1");
  EXPECT_EQ(f.http.sent[0].Header("X-Goog-User-Project"), "billed");
  EXPECT_TRUE(f.http.sent[0].idempotent);
  f.http.Answer(204, "");
  EXPECT_EQ(f.Outcome(kCreate), "null");
  EXPECT_EQ(f.http.sent[1].body, R"({"accountId":"x"})");
  EXPECT_EQ(f.http.sent[1].Header("Content-Type"), "application/json");
  EXPECT_FALSE(f.http.sent[1].idempotent);
}

TEST(RestClientTest, ARefusedTokenIsRefreshedOnce) {
  Fixture f;
  f.http.Answer(401, "{}");
  f.http.Answer(200, "{}");
  EXPECT_EQ(f.Outcome(kCreate), "{}");
  EXPECT_EQ(f.http.sent[1].Header("Authorization"), "Bearer t2");
  EXPECT_EQ(f.tokens->refused, std::vector<std::string>{"t1"});
  f.http.Answer(401, "{}");
  f.http.Answer(401, R"({"error": {"code": 401, "message": "No.", "status": "UNAUTHENTICATED"}})");
  EXPECT_EQ(f.Outcome(kCreate), "UNAUTHENTICATED");
  EXPECT_EQ(f.http.sent.size(), 4U);
}

TEST(RestClientTest, AStreamSeesNothingOfARefusedToken) {
  Fixture f;
  std::vector<int> heads;
  f.http.Answer(401, "{}");
  f.http.Answer(200, "bytes");
  std::string streamed;
  const auto answer = f.rest.Send(Service::kStorage, {.url = "/storage/v1/b/a/o/x?alt=media",
                                                      .on_head =
                                                          [&](const ClientResponse& head) {
                                                            heads.push_back(head.status);
                                                            return true;
                                                          },
                                                      .on_body =
                                                          [&](std::string_view piece) {
                                                            streamed += piece;
                                                            return true;
                                                          }});
  ASSERT_TRUE(answer);
  EXPECT_EQ(heads, std::vector<int>{200});
  EXPECT_EQ(streamed, "bytes");
}

TEST(RestClientTest, WhatMayHappenTwiceIsAskedAgainAndTheRestOnlyIfItWasNeverSent) {
  Fixture f;
  f.http.Answer(503, "<html>busy</html>");
  f.http.Answer(200, "{\"cut");
  f.http.AnswerError({Code::kUnavailable, "CONNECTION_LOST", "gone"});
  f.http.Answer(429, "{}", {{"retry-after", "7"}});
  f.http.Answer(200, "{}");
  EXPECT_EQ(f.Outcome(kList), "{}");
  ASSERT_EQ(f.sleeper.slept.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LE(f.sleeper.slept[i].count(), 1000 << i);
  EXPECT_GE(f.sleeper.slept[3].count(), 7000);

  f.http.AnswerError({Code::kUnavailable, "CONNECTION_LOST", "gone"});
  EXPECT_EQ(f.Outcome(kCreate), "CONNECTION_LOST");
  f.http.AnswerError({Code::kUnavailable, "CONNECT_FAILED", "nobody there"});
  f.http.Answer(503, "");
  EXPECT_EQ(f.Outcome(kCreate), "HTTP_503");
  EXPECT_EQ(f.http.sent.size(), 8U);
}

TEST(RestClientTest, RetriesEndBeforeTheDeadline) {
  Fixture f;
  const auto began = f.clock.now_ms;
  f.http.handler = [](const FakeHttpClient::Sent&) -> Result<ClientResponse> {
    return ClientResponse{.status = 503};
  };
  const auto result = f.rest.Call(kList);
  EXPECT_EQ(result.error().code, Code::kUnavailable);
  EXPECT_TRUE(result.error().message.contains("times)")) << result.error().message;
  EXPECT_LE(f.clock.now_ms - began, 120'000);
}

TEST(RestClientTest, AHostThatIsNotThereIsGivenUpSooner) {
  Fixture f;
  const auto began = f.clock.now_ms;
  EXPECT_EQ(f.Outcome(kList), "CONNECT_FAILED");  // nothing is queued
  EXPECT_GT(f.clock.now_ms - began, 20'000);
  EXPECT_LE(f.clock.now_ms - began, 20'000 + 32'000);
  EXPECT_GT(f.http.sent.size(), 2U);
}

TEST(RestClientTest, AClockThatIsWrongIsNamed) {
  Fixture f;
  f.http.Answer(403, "{}", {{"date", "Tue, 14 Nov 2023 22:30:20 GMT"}});  // the clock's 22:13:20
  const auto result = f.rest.Call(kList);
  EXPECT_EQ(f.rest.server_ahead_s(), 1020);
  EXPECT_TRUE(result.error().message.contains("1020 s behind")) << result.error().message;
}

TEST(RestOptionsTest, ATestWaitsMilliseconds) {
  const auto with = [](std::string value) {
    return RestOptionsFrom({}, [value](std::string_view) { return std::optional(value); });
  };
  EXPECT_EQ(with("5")->retry.longest.count(), 160);
  EXPECT_EQ(with("0").error().reason, "SETTING_INVALID");
  EXPECT_EQ(with("5ms").error().reason, "SETTING_INVALID");
}

struct Refusal {
  int status;
  const char* body;
  Code code;
  const char* reason;
};

TEST(ErrorOfAnswerTest, BothShapesAndNone) {
  const Refusal refusals[] = {
      {403,
       R"({"error":{"code":403,"message":"m","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.Help"},
           {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED"}]}})",
       Code::kPermissionDenied, "SERVICE_DISABLED"},
      {400,
       R"({"error":{"code":400,"message":"m","status":"FAILED_PRECONDITION","details":[{"@type":"type.googleapis.com/google.rpc.PreconditionFailure",
           "violations":[{"type":"constraints/iam.disableServiceAccountCreation"}]}]}})",
       Code::kFailedPrecondition, "constraints/iam.disableServiceAccountCreation"},
      {412, R"({"error":{"code":412,"message":"m","errors":[{"reason":"conditionNotMet"}]}})",
       Code::kFailedPrecondition, "conditionNotMet"},
      {409, R"({"error":{"code":409,"message":"m","status":"ABORTED"}})", Code::kAborted, "ABORTED"},
      {409, R"({"error":{"code":409,"message":"m","status":"ALREADY_EXISTS"}})", Code::kAlreadyExists,
       "ALREADY_EXISTS"},
      {400, R"({"error":"invalid_grant","error_description":"m"})", Code::kInvalidArgument, "invalid_grant"},
      {503, "<html><head>\n<title>m</title></head></html>", Code::kUnavailable, "HTTP_503"},
      {500, "m", Code::kInternal, "HTTP_500"},
      {404, R"({"error":{"message":"m","details":[7],"errors":[]}})", Code::kNotFound, "HTTP_404"},
  };
  for (const Refusal& refusal : refusals) {
    const Error error = ErrorOfAnswer({.status = refusal.status, .body = refusal.body}, "GET /x");
    EXPECT_EQ(error.code, refusal.code) << refusal.body;
    EXPECT_EQ(error.reason, refusal.reason);
    EXPECT_EQ(error.message, "GET /x: " + std::to_string(refusal.status) + " m");
  }
}

}  // namespace
}  // namespace easel::gcp
