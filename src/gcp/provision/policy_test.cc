// Policies as values: what is missing, what is kept, what is taken away.

#include "gcp/provision/policy.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

json::object Parsed(const char* text) { return ParseJson(text, "test")->get_object(); }

const Grant kWriter{"roles/logging.logWriter", "serviceAccount:a@x.iam.gserviceaccount.com"};

TEST(Policy, AnEmptyPolicyLacksEverythingAndTakesIt) {
  const json::object empty = Parsed(R"json({"etag": "ACAB"})json");
  EXPECT_EQ(MissingGrants(empty, std::span(&kWriter, 1)).size(), 1U);
  const json::object written = WithGrants(empty, std::span(&kWriter, 1));
  EXPECT_EQ(
      json::serialize(written),
      R"json({"etag":"ACAB","bindings":[{"role":"roles/logging.logWriter","members":["serviceAccount:a@x.iam.gserviceaccount.com"]}],"version":3})json");
  EXPECT_TRUE(MissingGrants(written, std::span(&kWriter, 1)).empty());
}

TEST(Policy, WhatOthersWroteStaysAsItWas) {
  const json::object before =
      Parsed(R"json({"etag": "B", "version": 3, "auditConfigs": [{"service": "allServices"}], "bindings": [
    {"role": "roles/logging.logWriter", "members": ["user:ada@example.com"], "condition": {"title": "t", "expression": "request.time < timestamp('2030-01-01T00:00:00Z')"}
},
    {"role": "roles/owner", "members": ["user:bob@example.com"]}]
})json");
  const json::object after = WithGrants(before, std::span(&kWriter, 1));
  EXPECT_EQ(after.at("auditConfigs"), before.at("auditConfigs"));
  EXPECT_EQ(after.at("etag"), "B");
  const json::array& bindings = after.at("bindings").get_array();
  ASSERT_EQ(bindings.size(), 3U) << "a conditional binding of the role is another one";
  EXPECT_EQ(bindings[0], before.at("bindings").get_array()[0]);
  EXPECT_EQ(bindings[1], before.at("bindings").get_array()[1]);
}

TEST(Policy, AConditionalGrantIsNotTheGrant) {
  const json::object policy = Parsed(
      R"json({"bindings": [{"role": "roles/logging.logWriter", "members": ["serviceAccount:a@x.iam.gserviceaccount.com"], "condition": {"title": "t"}}]})json");
  EXPECT_EQ(MissingGrants(policy, std::span(&kWriter, 1)).size(), 1U);
  EXPECT_TRUE(HeldGrants(policy, std::span(&kWriter, 1)).empty());
}

TEST(Policy, MembersCompareAsGoogleDoes) {
  const json::object policy =
      Parsed(R"json({"bindings": [{"role": "r", "members": ["user:Ada@example.com"]}]})json");
  const Grant same{"r", "user:Ada@Example.COM"}, other{"r", "user:ada@example.com"};
  EXPECT_TRUE(MissingGrants(policy, std::span(&same, 1)).empty());
  EXPECT_EQ(MissingGrants(policy, std::span(&other, 1)).size(), 1U);
}

TEST(Policy, ADeletedAccountOfTheSameNameIsReplaced) {
  const json::object policy = Parsed(R"json({"bindings": [{"role": "roles/logging.logWriter", "members": [
    "deleted:serviceAccount:a@x.iam.gserviceaccount.com?uid=123", "deleted:serviceAccount:b@x.iam.gserviceaccount.com?uid=4"]}]})json");
  ASSERT_EQ(MissingGrants(policy, std::span(&kWriter, 1)).size(), 1U);
  const json::object after = WithGrants(policy, std::span(&kWriter, 1));
  EXPECT_EQ(
      json::serialize(after.at("bindings").get_array()[0].at("members")),
      R"json(["deleted:serviceAccount:b@x.iam.gserviceaccount.com?uid=4","serviceAccount:a@x.iam.gserviceaccount.com"])json");
}

TEST(Policy, RemovingLeavesTheOtherMembersAndNoEmptyBinding) {
  const json::object policy = Parsed(R"json({"etag": "E", "bindings": [
    {"role": "roles/logging.logWriter", "members": ["serviceAccount:a@x.iam.gserviceaccount.com"]},
    {"role": "r", "members": ["serviceAccount:a@x.iam.gserviceaccount.com", "user:ada@example.com"]},
    {"role": "r", "members": ["serviceAccount:a@x.iam.gserviceaccount.com"], "condition": {"title": "t"}}]})json");
  const Grant gone[] = {kWriter, {"r", kWriter.member}};
  const json::object after = WithoutGrants(policy, gone);
  EXPECT_EQ(
      json::serialize(after.at("bindings")),
      R"json([{"role":"r","members":["user:ada@example.com"]},{"role":"r","members":["serviceAccount:a@x.iam.gserviceaccount.com"],"condition":{"title":"t"}}])json");
}

TEST(Policy, ARoleIsHeldByOthersUnlessOnlyByUsAndTheDead) {
  const json::object policy = Parsed(
      R"json({"bindings": [{"role": "r", "members": ["serviceAccount:a@x", "deleted:serviceAccount:z@x?uid=1"]}]})json");
  EXPECT_FALSE(HeldByOthers(policy, "r", "serviceAccount:a@x"));
  EXPECT_TRUE(HeldByOthers(policy, "r", "serviceAccount:b@x"));
  EXPECT_FALSE(HeldByOthers(policy, "other", "serviceAccount:b@x"));
}

TEST(Policy, AnOddAnswerIsNotTrusted) {
  const json::object odd = Parsed(
      R"json({"bindings": [1, {"role": 2, "members": "x"}, {"members": [3]}, {"role": "roles/logging.logWriter", "members": [null]}]})json");
  EXPECT_EQ(MissingGrants(odd, std::span(&kWriter, 1)).size(), 1U);
  EXPECT_TRUE(MissingGrants(WithGrants(odd, std::span(&kWriter, 1)), std::span(&kWriter, 1)).empty());
}

}  // namespace
}  // namespace easel
