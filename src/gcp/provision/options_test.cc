// The words of a person: what is filled in, what is refused and how, and files that read back.

#include "gcp/provision/options.h"

#include <gtest/gtest.h>

#include "gcp/provision/desired.h"

namespace easel {
namespace {

ProvisionOptions Zerve() {
  return {.project = "acme-zerve-infra",
          .region = "europe-west2",
          .organization = "0f1e2d3c",
          .prefix = "zerve",
          .caller = "serviceAccount:zerve-caller@zerve-saas.iam.gserviceaccount.com",
          .cors_origins = {"https://app.zerve.ai"},
          .compute_project = "acme-gke-prod",
          .cluster = "prod"};
}

TEST(Options, WhatFollowsFromOthersIsFilledIn) {
  const auto options = CheckOptions(Zerve());
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->bucket, "zerve-0f1e2d3c");
  EXPECT_EQ(options->bucket_location, "europe-west2");
  EXPECT_EQ(options->nspace, "zerve");
  EXPECT_EQ(options->AccountEmail("execution"),
            "zerve-execution-sa@acme-zerve-infra.iam.gserviceaccount.com");
  EXPECT_EQ(options->ClusterName(), "projects/acme-gke-prod/locations/europe-west2/clusters/prod");
}

TEST(Options, AllThatIsMissingIsSaidAtOnce) {
  const auto options = CheckOptions({});
  ASSERT_FALSE(options.has_value());
  EXPECT_EQ(options.error().reason, "OPTIONS_MISSING");
  for (const char* word : {"--project", "--region", "--organization", "easel gcp init"})
    EXPECT_TRUE(options.error().message.contains(word)) << options.error().message;
}

TEST(Options, EachWrongWordIsRefusedWithWhatIsRight) {
  const auto refused = [](auto change) {
    ProvisionOptions options = Zerve();
    change(options);
    const auto checked = CheckOptions(options);
    return checked ? std::string("taken") : checked.error().message;
  };
  EXPECT_TRUE(refused([](auto& o) { o.project = "Acme"; }).contains("6 to 30"));
  EXPECT_TRUE(refused([](auto& o) { o.prefix = "a-prefix-of-eighteen"; }).contains("1 to 17"));
  EXPECT_TRUE(refused([](auto& o) { o.bucket = "my-google-bucket"; }).contains("without `google`"));
  EXPECT_TRUE(refused([](auto& o) { o.caller = "ada@example.com"; }).contains("user:NAME@DOMAIN"));
  EXPECT_TRUE(
      refused([](auto& o) { o.cors_origins = {"https://easel.example.org/"}; }).contains("without a /"));
  EXPECT_TRUE(refused([](auto& o) { o.kms_key = "my-key"; }).contains("cryptoKeys"));
  EXPECT_TRUE(refused([](auto& o) { (o.cluster = "", o.helm = true); }).contains("--cluster"));
  EXPECT_EQ(refused([](auto& o) { o.prefix = "a-prefix-with-17c"; }), "taken");
  EXPECT_EQ(refused([](auto& o) { o.caller = "principal://iam.googleapis.com/projects/1/x/subject/y"; }),
            "taken");
}

TEST(Options, AFileThatInitWroteReadsBack) {
  const ProvisionOptions written = *CheckOptions(Zerve());
  ProvisionOptions read;
  const auto status = ReadOptionsFile(OptionsFile(written), "easel-gcp.yaml", read);
  ASSERT_TRUE(status.has_value()) << status.error().message;
  EXPECT_EQ(OptionsFile(read), OptionsFile(written));
  EXPECT_EQ(read.cors_origins, written.cors_origins);
  ProvisionOptions empty;
  EXPECT_TRUE(ReadOptionsFile(OptionsFile({}), "f", empty).has_value());
}

TEST(Options, AMistakeInAFileHasItsPlace) {
  ProvisionOptions options;
  const auto message = [&](const char* text) {
    return ReadOptionsFile(text, "f.yaml", options).error().message;
  };
  EXPECT_EQ(message("project: acme-data\nregoin: x\n"),
            "f.yaml:2:1: there is no option `regoin`, did you mean `region`?");
  EXPECT_EQ(message("region: x\nregion: y\n"), "f.yaml:2:1: `region` is given twice");
  EXPECT_EQ(message("region: [x]\n"), "f.yaml:1:9: `region` is one word");
  EXPECT_EQ(message("helm: maybe\n"), "f.yaml:1:7: `helm` is true or false");
  EXPECT_EQ(message("- a\n"), "f.yaml:1:1: expected `name: value` lines");
}

json::object Parsed(const char* text) { return ParseJson(text, "test")->get_object(); }

TEST(ClusterFacts, AGoodClusterMeetsAllAndTellsItsAccounts) {
  const ProvisionOptions options = *CheckOptions(Zerve());
  const ClusterFacts facts = ReadClusterFacts(options, Parsed(R"({
    "workloadIdentityConfig": {"workloadPool": "acme-gke-prod.svc.id.goog"},
    "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"endpoint": "gke-1.europe-west2.gke.goog", "allowExternalTraffic": true}},
    "nodePools": [{"name": "a", "config": {"serviceAccount": "default", "workloadMetadataConfig": {"mode": "GKE_METADATA"}}}],
    "autoscaling": {"enableNodeAutoprovisioning": true, "autoprovisioningNodePoolDefaults": {"serviceAccount": "auto@x.iam.gserviceaccount.com"}}})"),
                                              "222");
  for (const Requirement& each : facts.requirements) EXPECT_TRUE(each.met) << each.name << ": " << each.found;
  EXPECT_EQ(facts.endpoint, "https://gke-1.europe-west2.gke.goog");
  EXPECT_EQ(facts.node_accounts, (std::vector<std::string>{"222-compute@developer.gserviceaccount.com",
                                                           "auto@x.iam.gserviceaccount.com"}));
}

TEST(ClusterFacts, EachLackHasACommand) {
  const ProvisionOptions options = *CheckOptions(Zerve());
  const ClusterFacts facts = ReadClusterFacts(options, Parsed(R"({
    "controlPlaneEndpointsConfig": {"dnsEndpointConfig": {"endpoint": "e.goog", "allowExternalTraffic": false}},
    "nodePools": [{"name": "open", "config": {"workloadMetadataConfig": {"mode": "GCE_METADATA"}}},
                  {"name": "good", "config": {"serviceAccount": "n@x", "workloadMetadataConfig": {"mode": "GKE_METADATA"}}}]})"),
                                              "");
  std::map<std::string, Requirement> by_name;
  for (const Requirement& each : facts.requirements) by_name[each.name] = each;
  EXPECT_TRUE(by_name["Workload Identity"].remedy.contains("--workload-pool=acme-gke-prod.svc.id.goog"));
  EXPECT_TRUE(by_name["DNS endpoint"].remedy.contains("--enable-dns-access"));
  EXPECT_TRUE(by_name["GKE metadata server"].remedy.contains("node-pools update open"));
  EXPECT_FALSE(by_name["GKE metadata server"].blocking) << "blocks can run on the pool that has it";
  EXPECT_TRUE(by_name["accounts of the nodes"].met);
}

}  // namespace
}  // namespace easel
