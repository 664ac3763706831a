// The settings of an organization: what `apply` prints is taken as it is, and each wrong field is named with how to find it.

#include "gcp/provision/self_hosting.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/base64.h"
#include "gcp/provision/desired.h"

namespace easel {
namespace {

ProvisionOptions Options() {
  return *CheckOptions({.project = "acme-data",
                        .region = "europe-west2",
                        .organization = "0f1e",
                        .compute_project = "acme-gke",
                        .cluster = "prod"});
}

SelfHosting Good() {
  return *ReadSelfHostingYaml(SettingsYaml(Options(), "https://gke-1.europe-west2.gke.goog"));
}

std::vector<std::string> Fields(const std::vector<FieldProblem>& problems) {
  std::vector<std::string> out;
  for (const FieldProblem& each : problems) out.push_back(each.field);
  return out;
}

TEST(SelfHostingTest, WhatApplyPrintsIsTakenAndMeansTheSamePlace) {
  const SelfHosting settings = Good();
  EXPECT_TRUE(CheckSelfHosting(settings).empty());
  EXPECT_EQ(settings.repository, "europe-west2-docker.pkg.dev/acme-data/easel");
  const ProvisionOptions wanted = Options(), read = OptionsOf(settings);
  for (const char* role : {"app", "execution", "build"})
    EXPECT_EQ(read.AccountEmail(role), wanted.AccountEmail(role));
  EXPECT_EQ(read.RepositoryName(), wanted.RepositoryName());
  EXPECT_EQ(read.ClusterName(), wanted.ClusterName());
  EXPECT_EQ(read.nspace, wanted.nspace);
  const Desired one = MakeDesired(read, nullptr), other = MakeDesired(wanted, nullptr);
  ASSERT_EQ(one.policies.size(), other.policies.size());
  for (std::size_t i = 0; i < one.policies.size(); ++i)
    EXPECT_EQ(one.policies[i].resource, other.policies[i].resource);
}

TEST(SelfHostingTest, JsonIsTheSame) {
  const SelfHosting settings = Good();
  EXPECT_EQ(ReadSelfHostingJson(SelfHostingJson(settings), "body").value(), settings);
  SelfHosting without = settings;
  without.kubernetes.reset();
  EXPECT_EQ(ReadSelfHostingJson(SelfHostingJson(without), "body").value(), without);
}

TEST(SelfHostingTest, EveryWrongFieldIsNamedWithTheCommandThatFindsIt) {
  SelfHosting settings = Good();
  settings.project = "Acme Data";
  settings.region = "";
  settings.bucket = "gs://acme";
  settings.repository = "https://europe-west2-docker.pkg.dev/acme-data/easel";
  settings.app_account = "serviceAccount:easel-app-sa@acme-data.iam.gserviceaccount.com";
  settings.kubernetes->endpoint = "";
  settings.kubernetes->cluster = "prod";
  const auto problems = CheckSelfHosting(settings);
  EXPECT_EQ(Fields(problems),
            (std::vector<std::string>{"project", "region", "bucket", "repository", "service_accounts.app",
                                      "kubernetes.endpoint", "kubernetes.cluster"}));
  for (const FieldProblem& each : problems)
    EXPECT_NE(each.problem.find("Find it: `"), std::string::npos) << each.field;
  EXPECT_TRUE(problems[1].problem.starts_with("is missing"));
}

TEST(SelfHostingTest, ARepositoryOfAnotherProjectAndOneAccountForTwoPurposesAreRefused) {
  SelfHosting settings = Good();
  settings.repository = "europe-west2-docker.pkg.dev/other-project/easel";
  settings.build_account = settings.app_account;
  EXPECT_EQ(Fields(CheckSelfHosting(settings)),
            (std::vector<std::string>{"repository", "service_accounts.build"}));
}

TEST(SelfHostingTest, AMistakeInTheYamlHasItsPlaceAndTheNearestName) {
  const auto misspelt = ReadSelfHostingYaml("project: acme-data\nregoin: europe-west2\n");
  ASSERT_FALSE(misspelt);
  EXPECT_NE(misspelt.error().message.find("line 2"), std::string::npos);
  EXPECT_NE(misspelt.error().message.find("did you mean `region`"), std::string::npos);
  const auto options = ReadSelfHostingYaml("project: acme-data\norganization: 0f1e\n");
  ASSERT_FALSE(options);
  EXPECT_NE(options.error().message.find("what `easel gcp apply` prints"), std::string::npos);
  for (const char* text :
       {"", "a", "project: [a]", "kubernetes: x", "project: a\nproject: b", "kubernetes: {token: x}"})
    EXPECT_FALSE(ReadSelfHostingYaml(text)) << text;
}

TEST(SelfHostingTest, ATokenSaysWhoseItIs) {
  const std::string claims = R"({"sub": "system:serviceaccount:easel:scheduler"})";
  EXPECT_EQ(AccountOfClusterToken("e30." + Base64Url(claims) + ".c2ln"), "easel:scheduler");
  for (const std::string& other :
       {std::string("opaque"), std::string("a.b.c"), "e30." + Base64Url("[]") + ".x",
        "e30." + Base64Url(R"({"sub": "system:serviceaccount:a b:c"})") + ".x"})
    EXPECT_EQ(AccountOfClusterToken(other), "");
}

TEST(SelfHostingTest, SecretsThatCannotBeRightAreNamedWithoutBeingRepeated) {
  const auto problems = CheckClusterSecrets("Bearer secret-word", "secret-word");
  EXPECT_EQ(Fields(problems),
            (std::vector<std::string>{"kubernetes.token", "kubernetes.certificate_authority"}));
  for (const FieldProblem& each : problems) EXPECT_EQ(each.problem.find("secret-word"), std::string::npos);
  EXPECT_TRUE(CheckClusterSecrets("", "").empty());
  EXPECT_TRUE(
      CheckClusterSecrets("a.b.c", "-----BEGIN CERTIFICATE-----\nMII=\n-----END CERTIFICATE-----\n").empty());
}

}  // namespace
}  // namespace easel
