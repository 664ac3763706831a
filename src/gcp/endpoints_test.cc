#include "gcp/endpoints.h"

#include <gtest/gtest.h>

#include <map>

namespace easel::gcp {
namespace {

Environment Of(std::map<std::string, std::string, std::less<>> variables) {
  return [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(EndpointsTest, GooglesOwnUnlessSaidOtherwise) {
  const Endpoints own;
  EXPECT_EQ(own.Base(Service::kCloudResourceManager), "https://cloudresourcemanager.googleapis.com");
  EXPECT_EQ(own.DockerBase("europe-west2"), "https://europe-west2-docker.pkg.dev");
  EXPECT_TRUE(own.ForPods().empty());
}

TEST(EndpointsTest, TheEnvironmentGoesBeforeASetting) {
  const std::vector<std::pair<std::string, std::string>> settings{{"storage", "https://a.example/"},
                                                                  {"iam", "http://127.0.0.1:9"}};
  const auto made = Endpoints::From(settings, Of({{"EASEL_GCP_ENDPOINT_STORAGE", "http://127.0.0.1:8/"},
                                                  {"EASEL_GCP_ENDPOINT_DOCKER", "http://127.0.0.1:7"},
                                                  {"GCE_METADATA_HOST", "169.254.169.254"}}));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->Base(Service::kStorage), "http://127.0.0.1:8");
  EXPECT_EQ(made->Base(Service::kIam), "http://127.0.0.1:9");
  EXPECT_EQ(made->Base(Service::kMetadata), "http://169.254.169.254");
  EXPECT_EQ(made->DockerBase("europe-west2"), "http://127.0.0.1:7");
  const std::vector<std::pair<std::string, std::string>> pods{
      {"EASEL_GCP_ENDPOINT_STORAGE", "http://127.0.0.1:8"},
      {"EASEL_GCP_ENDPOINT_IAM", "http://127.0.0.1:9"},
      {"EASEL_GCP_ENDPOINT_METADATA", "http://169.254.169.254"},
      {"EASEL_GCP_ENDPOINT_DOCKER", "http://127.0.0.1:7"}};
  EXPECT_EQ(made->ForPods(), pods);
}

TEST(EndpointsTest, ASettingNamesSeveral) {
  const auto pairs = ParseEndpointList("storage=https://a.example, iam=http://127.0.0.1:9");
  ASSERT_TRUE(pairs);
  const auto made = Endpoints::From(*pairs, Of({}));
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->Base(Service::kStorage), "https://a.example");
  EXPECT_EQ(made->Base(Service::kIam), "http://127.0.0.1:9");
  EXPECT_TRUE(ParseEndpointList("")->empty());
  for (const char* text : {"storage", "storage=https://a,", " "})
    EXPECT_EQ(ParseEndpointList(text).error().reason, "GCP_ENDPOINT_INVALID") << text;
}

TEST(EndpointsTest, WhatIsNoBaseIsRefusedWithItsPlace) {
  for (const char* base : {"storage.example", "https://", "https://a/b", "ftp://a", "https://u@a", ""}) {
    const auto made = Endpoints::From({}, Of({{"EASEL_GCP_ENDPOINT_STS", base}}));
    ASSERT_FALSE(made) << base;
    EXPECT_EQ(made.error().reason, "GCP_ENDPOINT_INVALID");
    EXPECT_TRUE(made.error().message.starts_with("EASEL_GCP_ENDPOINT_STS")) << made.error().message;
  }
  const std::vector<std::pair<std::string, std::string>> settings{{"storrage", "https://a.example"}};
  const auto made = Endpoints::From(settings, Of({}));
  EXPECT_EQ(made.error().reason, "GCP_ENDPOINT_UNKNOWN");
  EXPECT_TRUE(made.error().message.contains("did you mean `storage`")) << made.error().message;
}

}  // namespace
}  // namespace easel::gcp
