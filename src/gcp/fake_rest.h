// What tests of a client of Google begin with: a RestClient on answers that the test writes, with a token that never ends.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "gcp/rest_client.h"
#include "http/fake_client.h"

namespace easel::gcp {

class FixedTokenSource final : public TokenSource {
 public:
  explicit FixedTokenSource(std::string token = "t", std::string who = "the test")
      : token_(std::move(token)), who_(std::move(who)) {}
  Result<AccessToken> Token(std::stop_token) override { return AccessToken{token_, 1LL << 60}; }
  std::string Who() const override { return who_; }

 private:
  const std::string token_, who_;
};

struct FakeRest {
  FakeHttpClient http;
  FakeClock clock;
  FakeSleeper sleeper{clock};
  RestClient rest{http, std::make_shared<FixedTokenSource>(), Endpoints(), clock, sleeper};

  /// The body of a request that was sent, by its number.
  json::value Body(std::size_t request) { return ParseJson(http.sent.at(request).body, "request").value(); }
};

}  // namespace easel::gcp
