// The thin client: what it sends, what it makes of refusals, and where a token must not go.

#include "kubernetes/kubernetes_client.h"

#include <gtest/gtest.h>

#include "http/fake_client.h"

namespace easel {
namespace {

KubernetesClient Open(FakeHttpClient& http) {
  return *KubernetesClient::Open(http, [] { return Result<std::string>("secret"); },
                                 {.endpoint = "https://gke-1.goog/", .field_manager = "easel-setup"});
}

TEST(KubernetesClient, AppliesByForceAndStrictly) {
  FakeHttpClient http;
  http.Answer(201, R"({"kind": "Namespace"})");
  const auto made = Open(http).Apply("/api/v1/namespaces/easel", json::object{{"kind", "Namespace"}});
  ASSERT_TRUE(made.has_value()) << made.error().message;
  ASSERT_EQ(http.sent.size(), 1U);
  EXPECT_EQ(http.sent[0].method, "PATCH");
  EXPECT_EQ(http.sent[0].url,
            "https://gke-1.goog/api/v1/namespaces/"
            "easel?fieldManager=easel-setup&force=true&fieldValidation=Strict");
  EXPECT_EQ(http.sent[0].Header("Content-Type"), "application/apply-patch+yaml");
  EXPECT_EQ(http.sent[0].Header("Authorization"), "Bearer secret");
}

TEST(KubernetesClient, ARefusalKeepsItsReasonAndWords) {
  FakeHttpClient http;
  http.Answer(404, R"({"kind": "Status", "message": "namespaces \"x\" not found", "reason": "NotFound"})");
  http.Answer(409, R"({"kind": "Status", "message": "changed", "reason": "Conflict"})");
  http.Answer(403,
              "<!DOCTYPE html><html><body><h1>Error 403</h1><p>External traffic to this endpoint is not "
              "allowed.</p></body></html>");
  http.Answer(200, "<html>a login page</html>");
  const KubernetesClient client = Open(http);
  const auto error = [&] { return client.Get("/api/v1/namespaces/x").error(); };
  Error found = error();
  EXPECT_EQ(found.code, Code::kNotFound);
  EXPECT_EQ(found.message, "GET /api/v1/namespaces/x: 404 namespaces \"x\" not found");
  EXPECT_EQ(error().code, Code::kAborted);
  found = error();
  EXPECT_EQ(found.code, Code::kPermissionDenied);
  EXPECT_EQ(found.message,
            "GET /api/v1/namespaces/x: 403 Error 403 External traffic to this endpoint is not allowed.");
  EXPECT_EQ(error().reason, "NOT_KUBERNETES");
}

TEST(KubernetesClient, WhatIsNotThereIsDeleted) {
  FakeHttpClient http;
  http.Answer(404, R"({"reason": "NotFound"})");
  EXPECT_TRUE(Open(http).Delete("/api/v1/namespaces/x").has_value());
  EXPECT_TRUE(http.sent[0].url.ends_with("?propagationPolicy=Background")) << "without it pods are orphaned";
}

TEST(KubernetesClient, ATokenDoesNotTravelInTheClear) {
  FakeHttpClient http;
  const auto open = [&](const char* endpoint) {
    return KubernetesClient::Open(http, [] { return Result<std::string>("secret"); }, {.endpoint = endpoint})
        .has_value();
  };
  EXPECT_FALSE(open("http://gke-1.goog"));
  EXPECT_FALSE(open("http://127.0.0.1.example.org"));
  EXPECT_FALSE(open("gke-1.goog"));
  EXPECT_FALSE(open("https://gke-1.goog/path"));
  EXPECT_TRUE(open("http://127.0.0.1:8080"));
  EXPECT_TRUE(open("https://gke-1.goog"));
}

}  // namespace
}  // namespace easel
