#include "gcp/signed_url.h"

#include <gtest/gtest.h>

#include <ctime>
#include <set>

#include "base/base64.h"
#include "base/file.h"
#include "gcp/fake_rest.h"

namespace easel::gcp {
namespace {

constexpr char kData[] = EASEL_SOURCE_DIR "/tests/fakes/google/data/";

json::value ReadData(const std::string& name) {
  return ParseJson(ReadFile(kData + name).value(), name).value();
}

struct Account {
  std::string email;
  RsaKey key;
};

Account TestAccount() {
  const json::value file = ReadData("test_service_account.not-a-test.json");
  JsonReader reader(file, "account");
  return {reader.String("client_email"), RsaKey::FromPem(reader.String("private_key")).value()};
}

std::int64_t UnixMs(const std::string& stamp) {
  std::tm parts{};
  ::strptime(stamp.c_str(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return ::timegm(&parts) * 1000LL;
}

Query Pairs(const json::object* object) {
  Query pairs;
  if (object != nullptr)
    for (const auto& [name, value] : *object) pairs.emplace_back(name, value.as_string());
  return pairs;
}

/// The vector in our words. Which host wins: hostname, then the client's endpoint, then the emulator's, then the universe's.
UrlToSign Of(JsonReader& vector) {
  UrlToSign made{.method = vector.String("method"),
                 .bucket = vector.String("bucket"),
                 .object = vector.StringOr("object", ""),
                 .expires_s = vector.Int("expiration"),
                 .headers = Pairs(vector.ObjectOr("headers")),
                 .query = Pairs(vector.ObjectOr("queryParameters"))};
  const std::string style = vector.StringOr("urlStyle", "");
  if (style == "VIRTUAL_HOSTED_STYLE") made.style = UrlStyle::kVirtualHosted;
  if (style == "BUCKET_BOUND_HOSTNAME") made.style = UrlStyle::kBucketBound;
  std::string host = "storage." + vector.StringOr("universeDomain", "googleapis.com");
  for (const char* field : {"emulatorHostname", "clientEndpoint", "bucketBoundHostname", "hostname"})
    host = vector.StringOr(field, host);
  made.base = host.contains("://") ? host : vector.StringOr("scheme", "https") + "://" + host;
  return made;
}

TEST(SignedUrlTest, GooglesVectors) {
  const Account account = TestAccount();
  const auto signer = MakeKeySigner(account.email, account.key);
  const json::value file = ReadData("v4_signatures.json");
  int same = 0;
  std::set<std::string> odd;
  for (const json::value& raw : file.at("signingV4Tests").as_array()) {
    JsonReader vector(raw, "vector");
    const std::string name = vector.String("description");
    const UrlToSign to_sign = Of(vector);
    const std::int64_t at = UnixMs(vector.String("timestamp"));
    const auto prepared = PrepareUrl(to_sign, account.email, at);
    ASSERT_TRUE(prepared) << name << prepared.error().message;
    const auto url = SignUrl(*signer, to_sign, at, {});
    ASSERT_TRUE(url);
    EXPECT_EQ(prepared->string_to_sign, vector.String("expectedStringToSign")) << name;
    EXPECT_EQ(*url, vector.String("expectedUrl")) << name;
    if (prepared->canonical_request == vector.String("expectedCanonicalRequest"))
      ++same;
    else
      odd.insert(name);
  }
  EXPECT_EQ(same, 28);
  // Its canonical request has the bucket in its path, which its own string to sign and URL have not.
  EXPECT_EQ(odd, std::set<std::string>{"Universe domain with virtual hosted style"});
}

TEST(SignedUrlTest, WhatCannotBeSignedIsRefused) {
  const Account account = TestAccount();
  const auto signer = MakeKeySigner(account.email, account.key);
  const auto reason = [&](const UrlToSign& to_sign) {
    const auto url = SignUrl(*signer, to_sign, 0, {});
    return url ? "" : url.error().reason;
  };
  EXPECT_EQ(reason({.bucket = "b", .object = "o"}), "");
  EXPECT_EQ(reason({.object = "o"}), "SIGNED_URL_INVALID");
  EXPECT_EQ(reason({.bucket = "b", .expires_s = 0}), "SIGNED_URL_INVALID");
  EXPECT_EQ(reason({.bucket = "b", .expires_s = 7 * 86'400 + 1}), "SIGNED_URL_INVALID");
  EXPECT_EQ(reason({.bucket = "b", .headers = {{"x", "a\nb"}}}), "SIGNED_URL_INVALID");
  EXPECT_EQ(reason({.bucket = "b", .headers = {{"x:y", "a"}}}), "SIGNED_URL_INVALID");
}

TEST(IamSignerTest, TheCallerSignsAsTheAppAccountWithItsOwnToken) {
  FakeHttpClient http;
  FakeClock clock;
  FakeSleeper sleeper(clock);
  RestClient caller(http, std::make_shared<FixedTokenSource>("own", "service account caller@x"), Endpoints(),
                    clock, sleeper);
  const auto signer = MakeIamSigner(caller, "app@p.iam.gserviceaccount.com");
  http.Answer(200, R"({"keyId": "1", "signedBlob": "AP8="})");
  const UrlToSign to_sign{.bucket = "b", .object = "o"};
  const auto url = SignUrl(*signer, to_sign, 1'549'011'600'000, {});
  ASSERT_TRUE(url) << url.error().message;
  EXPECT_TRUE(url->ends_with("&X-Goog-Signature=00ff")) << *url;
  EXPECT_TRUE(url->contains("X-Goog-Credential=app%40p.iam.gserviceaccount.com%2F20190201%2Fauto"));
  EXPECT_EQ(http.sent[0].url,
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
            "app@p.iam.gserviceaccount.com:signBlob");
  EXPECT_EQ(http.sent[0].Header("Authorization"), "Bearer own");
  const auto body = ParseJson(http.sent[0].body, "body").value();
  EXPECT_EQ(FromBase64(body.at("payload").as_string()),
            PrepareUrl(to_sign, signer->account(), 1'549'011'600'000)->string_to_sign);

  http.Answer(403, R"({"error": {"message": "Permission 'iam.serviceAccounts.signBlob' denied"}})");
  const auto denied = SignUrl(*signer, to_sign, 0, {});
  EXPECT_EQ(denied.error().reason, "GCP_SIGN_DENIED");
  EXPECT_TRUE(denied.error().message.contains("caller@x may not sign as app@p")) << denied.error().message;
  http.Answer(200, R"({"signedBlob": "not base 64!"})");
  EXPECT_EQ(SignUrl(*signer, to_sign, 0, {}).error().reason, "GCP_NOT_JSON");
  EXPECT_EQ(SignUrl(*signer, {.bucket = "b", .expires_s = 12 * 3600 + 1}, 0, {}).error().reason,
            "SIGNED_URL_INVALID");
}

TEST(RsaKeyTest, WhatIsNoKeyIsRefusedWithoutItsText) {
  for (const char* text : {"", "secret", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    const auto key = RsaKey::FromPem(text);
    ASSERT_FALSE(key);
    EXPECT_EQ(key.error().reason, "KEY_INVALID");
    EXPECT_FALSE(key.error().message.contains("secret"));
  }
}

}  // namespace
}  // namespace easel::gcp
