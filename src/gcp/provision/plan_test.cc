// From what shall be and what is to what will be done: nothing, a repair, or a sentence that says why not.

#include "gcp/provision/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "gcp/provision/obstacle.h"

namespace easel {
namespace {

ProvisionOptions Options() {
  return *CheckOptions({.project = "acme-data",
                        .region = "europe-west2",
                        .organization = "0f1e",
                        .caller = "user:ada@example.com",
                        .cors_origins = {"https://easel.example.org"}});
}

/// A world in which everything is as `options` want it, except the policies' odd order.
Observed AllThere(const ProvisionOptions& options) {
  const Desired desired = MakeDesired(options, nullptr);
  Observed out;
  const auto there = [](json::object value) {
    return Sighting{.presence = Presence::kThere, .value = std::move(value)};
  };
  out.things[ProjectId(options.project)] = there({{"projectNumber", "1"}, {"lifecycleState", "ACTIVE"}});
  for (const DesiredAccount& account : desired.accounts)
    out.things[AccountId(account.email)] = there({{"displayName", account.display_name}});
  json::object bucket = desired.bucket;
  bucket["location"] = "EUROPE-WEST2";
  bucket["projectNumber"] = "1";
  bucket["cors"] = json::array{
      json::object{{"origin", json::array{"https://others.example.org"}}, {"method", json::array{"GET"}}},
      desired.cors};
  out.things[desired.bucket_id] = there(bucket);
  for (const std::string& folder : desired.folders) out.things[FolderId(options.bucket, folder)] = there({});
  out.things[desired.repository_id] = there(desired.repository);
  for (const DesiredPolicy& policy : desired.policies)
    out.policies[policy.resource] = there(WithGrants({{"etag", "E"}}, policy.grants));
  for (const std::string& each : PermissionsOnProject()) out.held[options.project].insert(each);
  for (const std::string& each : PermissionsOnBucket()) out.held_on_bucket.insert(each);
  return out;
}

Plan PlanOf(const ProvisionOptions& options, const Observed& observed) {
  return MakePlan(options, MakeDesired(options, nullptr), observed);
}

TEST(Plan, OfNothingCreatesEverything) {
  const ProvisionOptions options = Options();
  Observed observed;
  observed.things[ProjectId(options.project)] = {.presence = Presence::kThere,
                                                 .value = {{"lifecycleState", "ACTIVE"}}};
  const Plan plan = PlanOf(options, observed);
  EXPECT_TRUE(plan.blockers.empty()) << plan.blockers.front().message;
  EXPECT_EQ(plan.Count(PlanAction::kCreate), 3 + 1 + 2 + 1) << "accounts, bucket, folders, repository";
  EXPECT_EQ(plan.Count(PlanAction::kKeep), 0);
}

TEST(Plan, OfAllThatShallBeDoesNothing) {
  const ProvisionOptions options = Options();
  const Plan plan = PlanOf(options, AllThere(options));
  EXPECT_FALSE(plan.changes()) << PlanText(options, plan, false);
  EXPECT_TRUE(PlanText(options, plan, false).contains("Nothing to do"));
}

TEST(Plan, DriftIsNamedByField) {
  const ProvisionOptions options = Options();
  Observed observed = AllThere(options);
  observed.things[AccountId(options.AccountEmail("app"))].value = {{"displayName", "Mine"},
                                                                   {"disabled", true}};
  observed.things["bucket/" + options.bucket].value["iamConfiguration"] =
      json::object{{"publicAccessPrevention", "inherited"}};
  observed.policies[ProjectId(options.project)].value = {{"etag", "E"}};
  const std::string text = PlanText(options, PlanOf(options, observed), false);
  for (const char* line : {"~ displayName: \"Mine\" -> \"Easel application service account\"",
                           "~ disabled: true -> false", "~ publicAccessPrevention: inherited -> enforced",
                           "+ roles/logging.viewer  serviceAccount:easel-app-sa@"})
    EXPECT_TRUE(text.contains(line)) << line << "\n" << text;
}

TEST(Plan, WhatCannotBeChangedStopsWithWhatToDo) {
  const ProvisionOptions options = Options();
  Observed observed = AllThere(options);
  json::object& bucket = observed.things["bucket/" + options.bucket].value;
  bucket["location"] = "US";
  bucket["hierarchicalNamespace"] = json::object{{"enabled", false}};
  observed.things["repository/" + options.RepositoryName()].value["format"] = "NPM";
  std::vector<std::string> reasons;
  for (const Blocker& each : PlanOf(options, observed).blockers) reasons.push_back(each.reason);
  EXPECT_EQ(reasons,
            (std::vector<std::string>{"BUCKET_LOCATION", "BUCKET_NOT_HIERARCHICAL", "REPOSITORY_KIND"}));
}

TEST(Plan, AllMissingRightsAreSaidAtOnceAndOnlyThoseNeeded) {
  const ProvisionOptions options = Options();
  Observed observed = AllThere(options);
  observed.held[options.project] = {"resourcemanager.projects.get"};
  EXPECT_TRUE(PlanOf(options, observed).blockers.empty()) << "nothing is to be done, so nothing is needed";
  observed.things[AccountId(options.AccountEmail("app"))] = {};
  observed.policies[ProjectId(options.project)].value = {};
  const Plan plan = PlanOf(options, observed);
  ASSERT_EQ(plan.blockers.size(), 1U);
  for (const char* word : {"iam.serviceAccounts.create", "roles/iam.serviceAccountAdmin",
                           "resourcemanager.projects.setIamPolicy", "roles/resourcemanager.projectIamAdmin"})
    EXPECT_TRUE(plan.blockers[0].message.contains(word)) << plan.blockers[0].message;
  EXPECT_FALSE(plan.blockers[0].message.contains("storage.")) << plan.blockers[0].message;
}

TEST(Plan, ABucketOfOthersIsToldApart) {
  const ProvisionOptions options = Options();
  Observed observed = AllThere(options);
  observed.things["bucket/" + options.bucket] = {.presence = Presence::kHidden,
                                                 .why = {Code::kPermissionDenied, "forbidden", "no"}};
  EXPECT_EQ(PlanOf(options, observed).blockers.front().reason, "BUCKET_OF_OTHERS");
}

TEST(Plan, OldEntriesOfOursInTheCorsListGoAndForeignOnesStay) {
  ProvisionOptions options = Options();
  const Observed before = AllThere(options);
  const Desired old = MakeDesired(options, nullptr);
  options.cors_origins = {"https://new.example.org"};
  const Desired desired = MakeDesired(options, nullptr);
  const json::object& bucket = before.Thing(old.bucket_id).value;
  ProvisionRecord record;
  EXPECT_EQ(WantedCors(desired, bucket, record).size(), 3U) << "what is not recorded is foreign";
  record.entries[CorsId(old.bucket_id, old.cors)] = RecordState::kMade;
  const json::array wanted = WantedCors(desired, bucket, record);
  ASSERT_EQ(wanted.size(), 2U);
  EXPECT_EQ(wanted[0], CorsOf(bucket)[0]);
  EXPECT_EQ(wanted[1], json::value(desired.cors));
}

TEST(Obstacle, EachHasASentenceOfItsOwn) {
  const auto reason = [](Code code, const char* why, const char* message) {
    const Error error = Explain({code, why, message},
                                {.resource = "bucket/b", .doing = "create bucket b", .project = "acme-data"});
    EXPECT_TRUE(error.message.starts_with("Could not create bucket b")) << error.message;
    EXPECT_TRUE(error.message.contains(message)) << "Google's words are kept: " << error.message;
    return error.reason;
  };
  EXPECT_EQ(reason(Code::kFailedPrecondition, "constraints/iam.allowedPolicyMemberDomains", "x"),
            "DOMAIN_RESTRICTED");
  EXPECT_EQ(reason(Code::kFailedPrecondition, "conditionNotMet",
                   "One or more users named in the policy do not belong to a permitted customer"),
            "DOMAIN_RESTRICTED");
  EXPECT_EQ(reason(Code::kFailedPrecondition, "constraints/iam.disableServiceAccountCreation", "x"),
            "ACCOUNT_CREATION_DISABLED");
  EXPECT_EQ(reason(Code::kFailedPrecondition, "conditionNotMet",
                   "'eu' violates constraint 'constraints/gcp.resourceLocations'"),
            "LOCATION_FORBIDDEN");
  EXPECT_EQ(reason(Code::kFailedPrecondition, "conditionNotMet",
                   "A CMEK is required: 'constraints/gcp.restrictNonCmekServices' is set."),
            "CMEK_REQUIRED");
  EXPECT_EQ(reason(Code::kPermissionDenied, "vpcServiceControls", "x"), "VPC_SERVICE_CONTROLS");
  EXPECT_EQ(reason(Code::kResourceExhausted, "",
                   "The maximum number of service accounts on project p has been reached."),
            "ACCOUNT_QUOTA");
  EXPECT_EQ(reason(Code::kPermissionDenied, "BILLING_DISABLED", "x"), "BILLING_OFF");
  EXPECT_EQ(reason(Code::kPermissionDenied, "forbidden",
                   "The billing account for the owning project is disabled in state absent"),
            "BILLING_OFF");
  EXPECT_EQ(reason(Code::kPermissionDenied, "", "Permission 'billing.resourceAssociations.create' denied"),
            "");
  EXPECT_EQ(reason(Code::kPermissionDenied, "SERVICE_DISABLED", "x"), "SERVICE_DISABLED");
  EXPECT_EQ(reason(Code::kInvalidArgument, "", "Identity Pool does not exist (p.svc.id.goog)."),
            "NO_WORKLOAD_POOL");
  const Error refused = Explain({Code::kPermissionDenied, "IAM_PERMISSION_DENIED",
                                 "Permission 'iam.roles.create' denied on resource 'x'"},
                                {.resource = "role/x", .doing = "create role x", .project = "p"});
  EXPECT_TRUE(refused.message.contains("roles/iam.roleAdmin")) << refused.message;
}

}  // namespace
}  // namespace easel
