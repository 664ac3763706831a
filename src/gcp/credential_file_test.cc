#include "gcp/credential_file.h"

#include <gtest/gtest.h>

#include "base/file.h"

namespace easel::gcp {
namespace {

std::string Reason(std::string_view text) {
  const auto read = ParseCredentialFile(text, "/x/key.json");
  if (read) return "";
  EXPECT_TRUE(read.error().message.starts_with("/x/key.json")) << read.error().message;
  return read.error().reason;
}

TEST(CredentialFileTest, AServiceAccountsKey) {
  const auto text =
      ReadFile(EASEL_SOURCE_DIR "/tests/fakes/google/data/test_service_account.not-a-test.json").value();
  const auto read = ParseCredentialFile(text, "/x/key.json");
  ASSERT_TRUE(read) << read.error().message;
  const auto& key = std::get<ServiceAccountKey>(read->credential);
  EXPECT_EQ(key.email, "test-iam-credentials@dummy-project-id.iam.gserviceaccount.com");
  EXPECT_EQ(key.key.SignSha256("x").size(), 256U);
}

TEST(CredentialFileTest, APersonsSignIn) {
  const auto read = ParseCredentialFile(
      R"({"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r", "quota_project_id": "q"})",
      "f");
  ASSERT_TRUE(read);
  EXPECT_EQ(std::get<AuthorizedUser>(read->credential).refresh_token, "r");
  EXPECT_EQ(read->quota_project, "q");
}

constexpr char kExternal[] = R"({
  "type": "external_account",
  "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
  "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
  "token_url": "https://sts.googleapis.com/v1/token",
  "service_account_impersonation_url": "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/app@p.iam.gserviceaccount.com:generateAccessToken",
  "service_account_impersonation": {"token_lifetime_seconds": 1200},
  "credential_source": {"url": "http://127.0.0.1:1/t", "headers": {"A": "b"}, "format": {"type": "json", "subject_token_field_name": "id"}}})";

TEST(CredentialFileTest, SomebodyElsesTokenThenAnAccount) {
  const auto read = ParseCredentialFile(kExternal, "f");
  ASSERT_TRUE(read) << read.error().message;
  const auto& external = std::get<ExternalAccount>(read->credential);
  EXPECT_EQ(external.url, "http://127.0.0.1:1/t");
  EXPECT_EQ(external.headers, (HttpHeaders{{"A", "b"}}));
  EXPECT_EQ(external.json_field, "id");
  ASSERT_TRUE(external.impersonation);
  EXPECT_EQ(external.impersonation->email, "app@p.iam.gserviceaccount.com");
  EXPECT_EQ(external.impersonation->lifetime_s, 1200);
}

std::string Impersonated(const std::string& source) {
  return R"({"type": "impersonated_service_account", "delegates": ["projects/-/serviceAccounts/d@p"],
             "service_account_impersonation_url": "https://x/v1/projects/-/serviceAccounts/a@p:generateAccessToken",
             "source_credentials": )" +
         source + "}";
}

TEST(CredentialFileTest, AnAccountByAnotherCredential) {
  const std::string user =
      R"({"type": "authorized_user", "client_id": "i", "client_secret": "s", "refresh_token": "r"})";
  const auto read = ParseCredentialFile(Impersonated(user), "f");
  ASSERT_TRUE(read) << read.error().message;
  const auto& account = std::get<ImpersonatedAccount>(read->credential);
  EXPECT_EQ(account.target.email, "a@p");
  EXPECT_EQ(account.target.delegates, std::vector<std::string>{"d@p"});
  EXPECT_TRUE(std::holds_alternative<AuthorizedUser>(account.source->credential));
  std::string deep = user;
  for (int i = 0; i < 5; ++i) deep = Impersonated(deep);
  EXPECT_EQ(Reason(deep), "GCP_CREDENTIALS_INVALID");
}

TEST(CredentialFileTest, WhatIsWrongIsNamedWithoutSecrets) {
  EXPECT_EQ(Reason("not json"), "GCP_CREDENTIALS_INVALID");
  EXPECT_EQ(Reason("[]"), "GCP_CREDENTIALS_INVALID");
  EXPECT_EQ(Reason(R"({"type": "gdch_service_account"})"), "GCP_CREDENTIALS_INVALID");
  EXPECT_EQ(Reason(R"({"type": "authorized_user", "client_id": "i"})"), "GCP_CREDENTIALS_INVALID");
  EXPECT_EQ(
      Reason(
          R"({"type": "external_account", "audience": "a", "subject_token_type": "t", "token_url": "https://x",
                       "credential_source": {"executable": {"command": "x"}}})"),
      "GCP_CREDENTIALS_UNSUPPORTED");
  EXPECT_EQ(
      Reason(
          R"({"type": "external_account", "audience": "a", "subject_token_type": "t", "token_url": "https://x",
                       "credential_source": {}})"),
      "GCP_CREDENTIALS_INVALID");
  EXPECT_EQ(
      Reason(
          R"({"type": "impersonated_service_account", "service_account_impersonation_url": "https://x/a"})"),
      "GCP_CREDENTIALS_INVALID");
  const auto key = ParseCredentialFile(
      R"({"type": "service_account", "client_email": "a@b", "private_key": "TOPSECRET"})", "f");
  EXPECT_EQ(key.error().reason, "GCP_CREDENTIALS_INVALID");
  EXPECT_FALSE(key.error().message.contains("TOPSECRET")) << key.error().message;
}

}  // namespace
}  // namespace easel::gcp
