#include "gcp/credentials.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>

#include "base/base64.h"
#include "base/file.h"
#include "gcp/token_request.h"
#include "http/fake_client.h"

namespace easel::gcp {
namespace {

constexpr char kToken[] = R"({"access_token": "ya29.made", "expires_in": 3599})";
constexpr char kNow[] = R"({"accessToken": "ya29.app", "expireTime": "2023-11-14T23:13:20Z"})";

struct Fixture {
  Fixture() { std::filesystem::create_directories(folder); }
  ~Fixture() { std::filesystem::remove_all(folder); }

  std::string Write(const std::string& name, std::string_view text) {
    EXPECT_TRUE(WriteFileAtomically(folder + "/" + name, text));
    return folder + "/" + name;
  }
  Result<Credentials> Find(std::string access_token_file = "") {
    return FindCredentials(
        {http, clock, sleeper, Endpoints(), {}},
        {std::move(access_token_file), [this](std::string_view name) -> std::optional<std::string> {
           const auto found = variables.find(std::string(name));
           if (found == variables.end()) return std::nullopt;
           return found->second;
         }});
  }
  /// The token that `text`, as a credential file, leads to; or the reason why not.
  std::string TokenBy(std::string_view text) {
    variables["GOOGLE_APPLICATION_CREDENTIALS"] = Write("adc.json", text);
    const auto found = Find();
    if (!found) return found.error().reason;
    const auto token = found->tokens->Token({});
    if (!token) message = token.error().message;
    return token ? token->value : token.error().reason;
  }

  FakeHttpClient http;
  FakeClock clock;
  FakeSleeper sleeper{clock};
  std::map<std::string, std::string> variables;
  std::string message;
  const std::string folder = testing::TempDir() + "credentials" + std::to_string(::getpid());
};

constexpr char kUser[] =
    R"({"type": "authorized_user", "client_id": "i", "client_secret": "s&", "refresh_token": "r"})";

TEST(CredentialsTest, AreFoundInGooglesOrder) {
  Fixture f;
  EXPECT_EQ(f.Find().error().reason, "GCP_NO_CREDENTIALS");
  f.http.Answer(200, "computeMetadata/", {{"metadata-flavor", "Google"}});
  EXPECT_EQ(f.Find()->origin, "the metadata server");
  f.http.Answer(200, "some router's page");
  EXPECT_EQ(f.Find().error().reason, "GCP_NO_CREDENTIALS");
  f.variables["CLOUDSDK_CONFIG"] = f.folder;
  const std::string well_known = f.Write("application_default_credentials.json", kUser);
  EXPECT_EQ(f.Find()->origin, well_known);
  const std::string named = f.Write("named.json", kUser);
  f.variables["GOOGLE_APPLICATION_CREDENTIALS"] = named;
  EXPECT_EQ(f.Find()->origin, named);
  f.variables["EASEL_GCP_ACCESS_TOKEN"] = "ya29.given";
  EXPECT_EQ(f.Find()->tokens->Token({})->value, "ya29.given");
  const std::string file = f.Write("token", "ya29.file\n");
  EXPECT_EQ(f.Find(file)->tokens->Token({})->value, "ya29.file");
  f.variables["GOOGLE_CLOUD_QUOTA_PROJECT"] = "billed";
  EXPECT_EQ(f.Find(file)->quota_project, "billed");
  EXPECT_EQ(f.Find("/does/not/exist")->tokens->Token({}).error().reason, "GCP_TOKEN_FILE");
}

TEST(CredentialsTest, ANamedFileThatIsNotThereIsAnErrorAndNotTheNextInOrder) {
  Fixture f;
  f.variables["GOOGLE_APPLICATION_CREDENTIALS"] = f.folder + "/gone.json";
  f.variables["CLOUDSDK_CONFIG"] = f.folder;
  f.Write("application_default_credentials.json", kUser);
  EXPECT_EQ(f.Find().error().reason, "GCP_CREDENTIALS_FILE");
}

TEST(CredentialsTest, AKeySignsAClaim) {
  Fixture f;
  const auto text =
      ReadFile(EASEL_SOURCE_DIR "/tests/fakes/google/data/test_service_account.not-a-test.json").value();
  f.http.Answer(200, kToken);
  EXPECT_EQ(f.TokenBy(text), "ya29.made");
  EXPECT_EQ(f.http.sent[0].url, "https://oauth2.googleapis.com/token");
  const std::string& form = f.http.sent[0].body;
  const auto dot = form.find('.');
  const auto claims =
      ParseJson(*FromBase64(form.substr(dot + 1, form.rfind('.') - dot - 1)), "claims").value();
  EXPECT_EQ(claims.at("aud").as_string(), "https://oauth2.googleapis.com/token");
  EXPECT_EQ(claims.at("exp").as_int64() - claims.at("iat").as_int64(), 3600);
  EXPECT_TRUE(claims.at("scope").as_string().ends_with("/auth/userinfo.email"));
  f.http.Answer(400, R"({"error": "invalid_grant", "error_description": "Invalid JWT Signature."})");
  EXPECT_EQ(f.TokenBy(text), "GCP_KEY_REFUSED");
  EXPECT_TRUE(f.message.contains("make a new one")) << f.message;
  f.http.Answer(503, "");
  f.http.Answer(200, kToken);
  EXPECT_EQ(f.TokenBy(text), "ya29.made");
}

TEST(CredentialsTest, APersonSignsInAgainWhenTheSignInHasEnded) {
  Fixture f;
  f.http.Answer(200, kToken);
  EXPECT_EQ(f.TokenBy(kUser), "ya29.made");
  EXPECT_EQ(f.http.sent[0].body, "grant_type=refresh_token&client_id=i&client_secret=s%26&refresh_token=r");
  f.http.Answer(400,
                R"({"error": "invalid_grant", "error_description": "reauth related error: invalid_rapt"})");
  EXPECT_EQ(f.TokenBy(kUser), "GCP_SIGN_IN_AGAIN");
  EXPECT_TRUE(f.message.contains("gcloud auth application-default login")) << f.message;
}

TEST(CredentialsTest, AnotherAccountByACredential) {
  Fixture f;
  const std::string file =
      R"({"type": "impersonated_service_account", "delegates": ["d@p"],
          "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/a@p:generateAccessToken",
          "source_credentials": )" +
      std::string(kUser) + "}";
  f.http.Answer(200, kToken);
  f.http.Answer(200, kNow);
  EXPECT_EQ(f.TokenBy(file), "ya29.app");
  EXPECT_EQ(f.http.sent[1].Header("Authorization"), "Bearer ya29.made");
  EXPECT_EQ(
      f.http.sent[1].body,
      R"({"scope":["https://www.googleapis.com/auth/cloud-platform","https://www.googleapis.com/auth/userinfo.email"],)"
      R"("lifetime":"3600s","delegates":["projects/-/serviceAccounts/d@p"]})");
  f.http.Answer(200, kToken);
  f.http.Answer(403, R"({"error": {"message": "denied", "status": "PERMISSION_DENIED"}})");
  EXPECT_EQ(f.TokenBy(file), "GCP_IMPERSONATION_DENIED");
  EXPECT_TRUE(f.message.contains("roles/iam.serviceAccountTokenCreator")) << f.message;
}

std::string External(const std::string& source) {
  return R"({"type": "external_account", "audience": "//iam.googleapis.com/x", "subject_token_type": "jwt",
             "token_url": "https://sts.googleapis.com/v1/token", "credential_source": )" +
         source + "}";
}

TEST(CredentialsTest, SomebodyElsesTokenIsExchanged) {
  Fixture f;
  const std::string subject = f.Write("subject", " theirs\n");
  f.http.Answer(200, kToken);
  EXPECT_EQ(f.TokenBy(External(R"({"file": ")" + subject + R"("})")), "ya29.made");
  EXPECT_EQ(f.http.sent[0].url, "https://sts.googleapis.com/v1/token");
  EXPECT_TRUE(f.http.sent[0].body.contains("&subject_token=theirs&subject_token_type=jwt"));
  const std::string by_url = External(
      R"({"url": "http://issuer/t", "headers": {"A": "b"}, "format": {"type": "json", "subject_token_field_name": "id"}})");
  f.http.Answer(200, R"({"id": "json's"})");
  f.http.Answer(200, kToken);
  EXPECT_EQ(f.TokenBy(by_url), "ya29.made");
  EXPECT_EQ(f.http.sent[1].Header("A"), "b");
  EXPECT_TRUE(f.http.sent[2].body.contains("subject_token=json%27s"));
  f.http.Answer(200, R"({"other": 1})");
  EXPECT_EQ(f.TokenBy(by_url), "GCP_SUBJECT_TOKEN");
  f.http.Answer(200, R"({"id": "x"})");
  f.http.Answer(400,
                R"({"error": "invalid_grant", "error_description": "rejected by the attribute condition"})");
  EXPECT_EQ(f.TokenBy(by_url), "GCP_EXCHANGE_REFUSED");
  EXPECT_EQ(f.TokenBy(External(R"({"file": "/does/not/exist"})")), "GCP_SUBJECT_TOKEN");
}

TEST(CredentialsTest, AMachineThatIsNotReadyYetIsWaitedFor) {
  Fixture f;
  f.http.Answer(200, "computeMetadata/", {{"metadata-flavor", "Google"}});
  const auto found = f.Find();
  ASSERT_TRUE(found);
  f.http.AnswerError({Code::kUnavailable, "CONNECT_FAILED", "not up"});
  f.http.Answer(503, "The metadata server is not ready yet.");
  f.http.Answer(200, kToken);
  EXPECT_EQ(found->tokens->Token({})->value, "ya29.made");
  EXPECT_EQ(f.http.sent[3].Header("Metadata-Flavor"), "Google");
  EXPECT_TRUE(
      f.http.sent[3].url.starts_with("http://metadata.google.internal/computeMetadata/v1/instance/"
                                     "service-accounts/default/token?scopes=https%3A"));
}

TEST(CredentialsTest, TheAppAccountIsItselfWithoutImpersonation) {
  Fixture f;
  const auto text =
      ReadFile(EASEL_SOURCE_DIR "/tests/fakes/google/data/test_service_account.not-a-test.json").value();
  f.variables["GOOGLE_APPLICATION_CREDENTIALS"] = f.Write("adc.json", text);
  const auto found = f.Find();
  const Google google{f.http, f.clock, f.sleeper, Endpoints(), {}};
  EXPECT_EQ(Impersonate(google, *found, found->account), found->tokens);
  const auto app = Impersonate(google, *found, "app@p");
  f.http.Answer(200, kToken);
  f.http.Answer(200, kNow);
  EXPECT_EQ(app->Token({})->expires_unix_ms, f.clock.now_ms + 3'600'000);
  EXPECT_EQ(app->Who(), "service account app@p");
}

TEST(TokenAnswerTest, OnlyATokenIsOne) {
  EXPECT_EQ(ParseTokenAnswer(kToken, 1000)->expires_unix_ms, 3'600'000);
  for (const char* body :
       {"", "<html>", "{}", R"({"access_token": ""})", R"({"access_token": "a b"})",
        R"({"access_token": "a", "expires_in": -1})", R"({"access_token": "a", "expires_in": "x"})"})
    EXPECT_EQ(ParseTokenAnswer(body, 0).error().reason, "GCP_NOT_JSON") << body;
  for (const char* body :
       {"{}", R"({"accessToken": "a", "expireTime": "soon"})", R"({"accessToken": "a\n"})"})
    EXPECT_EQ(ParseImpersonationAnswer(body).error().reason, "GCP_NOT_JSON") << body;
}

}  // namespace
}  // namespace easel::gcp
