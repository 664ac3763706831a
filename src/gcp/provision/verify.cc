#include "gcp/provision/verify.h"

#include <algorithm>
#include <mutex>

#include "base/text.h"
#include "gcp/provision/guide.h"
#include "gcp/provision/obstacle.h"
#include "gcp/provision/plan.h"
#include "gcp/provision/together.h"
#include "http/client.h"

namespace easel {
namespace {

constexpr char kApp[] = "app account", kExecution[] = "execution account", kBuild[] = "build account";

json::array Texts(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& each : texts) out.push_back(json::string(each));
  return out;
}

std::unexpected<Error> NotRun(std::string why) {
  return Fail(Code::kFailedPrecondition, "NOT_RUN", std::move(why));
}

std::string OneLine(const std::string& text) { return text.substr(0, text.find('\n')); }

/// Of `wanted`, which the answer of a testPermissions method does not list.
std::vector<std::string> Lacking(const json::value& answer, const std::vector<std::string>& wanted) {
  std::vector<std::string> out = wanted;
  JsonReader reader(answer, "permissions");
  for (const std::string& each : reader.StringsOr("permissions")) std::erase(out, each);
  return out;
}

class Verifier {
 public:
  Verifier(const ProvisionOptions& options, const Desired& desired, const std::string& endpoint,
           const VerifyTools& tools)
      : options_(options), desired_(desired), endpoint_(endpoint), tools_(tools) {}

  Result<std::vector<Check>> Run() {
    Declare();
    for (int attempt = 1;; ++attempt) {
      EASEL_RETURN_IF_ERROR(TryAll());
      const bool failed = std::ranges::any_of(
          tasks_, [](const Task& task) { return task.check.result == CheckResult::kFailed; });
      if ((!failed && (app_ != nullptr || !tools_.wait_for_app)) || !tools_.may_wait()) break;
      EASEL_RETURN_IF_ERROR(tools_.caller.Pause(std::min(attempt, 5)));
    }
    std::vector<Check> out;
    for (Task& task : tasks_) out.push_back(std::move(task.check));
    return out;
  }

 private:
  struct Task {
    Check check;
    std::string remedy;
    std::function<Status()> run;
  };

  void Add(std::string who, std::string what, std::string remedy, std::function<Status()> run) {
    tasks_.push_back({{.who = std::move(who), .what = std::move(what)}, std::move(remedy), std::move(run)});
  }

  Status TryAll() {
    app_.reset();
    app_error_.reset();
    auto app = tools_.as_app();
    if (app)
      app_ = std::move(*app);
    else if (app.error().code == Code::kCancelled)
      return std::unexpected(app.error());
    else
      app_error_ = app.error();
    std::vector<std::function<Status()>> runs;
    for (Task& task : tasks_) {
      if (task.check.result == CheckResult::kGood) continue;
      runs.emplace_back([&task]() -> Status {
        const Status status = task.run();
        Check& check = task.check;
        check.detail = status ? "" : OneLine(status.error().message);
        check.result = status                               ? CheckResult::kGood
                       : status.error().reason == "NOT_RUN" ? CheckResult::kNotRun
                                                            : CheckResult::kFailed;
        check.remedy = check.result == CheckResult::kFailed ? task.remedy : "";
        if (!status && status.error().code == Code::kCancelled) return status;
        return {};
      });
    }
    return RunTogether(runs);
  }

  /// As the app account; not run if the caller may not become it.
  std::function<Status()> AsApp(std::function<Status(Cloud&)> run) {
    return [this, run = std::move(run)]() -> Status {
      if (app_ == nullptr)
        return NotRun("run it on the control plane, as " +
                      (options_.caller.empty() ? std::string("its identity") : options_.caller) +
                      ": you may not act as the app account");
      return run(*app_);
    };
  }

  Grant Wanted(const std::string& resource, std::string_view role) const {
    for (const DesiredPolicy& policy : desired_.policies)
      if (policy.resource == resource)
        for (const Grant& grant : policy.grants)
          if (grant.role == role) return grant;
    return {};
  }

  std::string Command(const std::string& resource, std::string_view role) const {
    return GrantCommand(options_, resource, Wanted(resource, role));
  }

  void Declare() {
    const std::string app = AccountId(options_.AccountEmail("app")), bucket = desired_.bucket_id,
                      project = ProjectId(options_.project);
    Add("you", "may act as the app account",
        options_.caller.empty() ? "Name who runs the control plane by --caller and run `easel gcp apply`."
                                : Command(app, "roles/iam.serviceAccountTokenCreator"),
        [this]() -> Status {
          if (app_ != nullptr) return {};
          return NotRun("run it on the control plane: you may not act as the app account (" +
                        OneLine(app_error_->message) + ")");
        });
    Add(kApp, "may do with objects and folders of the bucket what it needs",
        Command(bucket, "roles/storage.objectAdmin"), AsApp([this](Cloud& cloud) {
          return BucketPermissions(
              cloud,
              {"storage.objects.create", "storage.objects.get", "storage.objects.list",
               "storage.objects.delete", "storage.folders.create", "storage.managedFolders.create"},
              true);
        }));
    Add(kApp, "may not change the bucket or who may use it",
        "Take the role that allows it away: look for the account in `gcloud storage buckets get-iam-policy "
        "gs://" +
            options_.bucket + "` and the project's policy.",
        AsApp([this](Cloud& cloud) {
          return BucketPermissions(cloud, {"storage.buckets.setIamPolicy", "storage.buckets.delete"}, false);
        }));
    Add(kApp, "writes, reads and removes an object", Command(bucket, "roles/storage.objectAdmin"),
        AsApp([this](Cloud& cloud) { return Probe(cloud); }));
    if (tools_.signed_round_trip)
      Add(kApp, "uploads and downloads by signed URL",
          options_.caller.empty() ? "" : Command(app, "roles/iam.serviceAccountTokenCreator"),
          AsApp([this](Cloud&) { return tools_.signed_round_trip(); }));
    Add(kApp, "may read logs of the project", Command(project, "roles/logging.viewer"),
        AsApp([this](Cloud& cloud) {
          return ProjectPermissions(cloud, options_.project, {"logging.logEntries.list"}, true);
        }));
    Add(kApp, "lists log entries", Command(project, "roles/logging.viewer"),
        AsApp([this](Cloud& cloud) -> Status {
          EASEL_TRY(
              const json::value listed,
              cloud.Call({.service = "logging",
                          .method = "POST",
                          .path = "/v2/entries:list",
                          .body = json::object{
                              {"resourceNames", json::array{json::string("projects/" + options_.project)}},
                              {"pageSize", 1},
                              {"filter", "logName=\"projects/" + options_.project + "/logs/easel-run\""}}}));
          return {};
        }));
    Add(kApp, "may not change who may use the project",
        "Take the role that allows it away from the app account on project " + options_.project + ".",
        AsApp([this](Cloud& cloud) {
          return ProjectPermissions(
              cloud, options_.project,
              {"resourcemanager.projects.setIamPolicy", "iam.serviceAccounts.setIamPolicy"}, false);
        }));
    Cluster();
    Others();
  }

  void Cluster() {
    if (!options_.uses_cluster()) return;
    Add(kApp, "may connect to the cluster",
        Command(ProjectId(options_.compute_project), options_.ConnectRoleName()), AsApp([this](Cloud& cloud) {
          return ProjectPermissions(cloud, options_.compute_project, {"container.clusters.connect"}, true);
        }));
    const std::string kubernetes = "kubectl -n " + options_.nspace +
                                   " create rolebinding scheduler --clusterrole admin --user " +
                                   options_.AccountEmail("app");
    Add(kApp, "may run jobs in the namespace " + options_.nspace, kubernetes,
        AsApp([this](Cloud&) { return InCluster(options_.nspace, true); }));
    Add(kApp, "may not run jobs in other namespaces",
        "Take the role that allows it away: kubectl get rolebindings,clusterrolebindings -A -o wide | grep " +
            options_.AccountEmail("app"),
        AsApp([this](Cloud&) { return InCluster("default", false); }));
  }

  /// What no one can try for another: the policies must say it.
  void Others() {
    for (const DesiredPolicy& policy : desired_.policies)
      for (const Grant& grant : policy.grants) {
        const bool execution = policy.resource == AccountId(options_.AccountEmail("execution")) ||
                               grant.member == options_.AccountMember("execution");
        const bool build = policy.resource == AccountId(options_.AccountEmail("build")) ||
                           grant.member == options_.AccountMember("build");
        const bool nodes = grant.role == "roles/artifactregistry.reader";
        if (!execution && !build && !nodes) continue;
        const std::string what = policy.resource.starts_with("account/")
                                     ? "is what pods act as: " + grant.member
                                     : "has " + grant.role + " on " + TitleOf(policy.resource);
        Add(nodes       ? "nodes of the cluster"
            : execution ? kExecution
                        : kBuild,
            nodes ? "may pull images: " + grant.member : what, GrantCommand(options_, policy.resource, grant),
            [this, resource = policy.resource, grant] { return Held(resource, grant, true); });
      }
    Add(kExecution, "has no rights on the whole bucket",
        "gcloud storage buckets remove-iam-policy-binding gs://" + options_.bucket + " --member " +
            options_.AccountMember("execution") + " --role roles/storage.objectAdmin",
        [this] {
          return Held(desired_.bucket_id, {"roles/storage.objectAdmin", options_.AccountMember("execution")},
                      false);
        });
  }

  Status Judge(const std::vector<std::string>& lacking, const std::vector<std::string>& wanted,
               bool allowed) {
    if (allowed && !lacking.empty())
      return Fail(Code::kPermissionDenied, "LACKS", "lacks " + JoinWords(lacking));
    if (!allowed && lacking.size() != wanted.size()) {
      std::vector<std::string> held = wanted;
      for (const std::string& each : lacking) std::erase(held, each);
      return Fail(Code::kPermissionDenied, "MAY_TOO_MUCH", "may " + JoinWords(held));
    }
    return {};
  }

  Status BucketPermissions(Cloud& cloud, const std::vector<std::string>& wanted, bool allowed) {
    CloudCall call{.service = "storage",
                   .method = "GET",
                   .path = "/storage/v1/b/" + PercentEncode(options_.bucket) + "/iam/testPermissions"};
    for (const std::string& each : wanted) call.query.emplace_back("permissions", each);
    EASEL_TRY(const json::value answer, cloud.Call(call));
    return Judge(Lacking(answer, wanted), wanted, allowed);
  }

  Status ProjectPermissions(Cloud& cloud, const std::string& project, const std::vector<std::string>& wanted,
                            bool allowed) {
    EASEL_TRY(const json::value answer, cloud.Call({.service = "cloudresourcemanager",
                                                    .method = "POST",
                                                    .path = "/v1/projects/" + project + ":testIamPermissions",
                                                    .body = json::object{{"permissions", Texts(wanted)}}}));
    return Judge(Lacking(answer, wanted), wanted, allowed);
  }

  Status Probe(Cloud& cloud) {
    const std::string objects = "/b/" + PercentEncode(options_.bucket) + "/o", name = ".easel/verify.json";
    EASEL_TRY(const json::value written, cloud.Call({.service = "storage",
                                                     .method = "POST",
                                                     .path = "/upload/storage/v1" + objects,
                                                     .query = {{"uploadType", "media"}, {"name", name}},
                                                     .body = json::object{{"easel", "verify"}}}));
    EASEL_TRY(const json::value read, cloud.Call({.service = "storage",
                                                  .method = "GET",
                                                  .path = "/storage/v1" + objects + "/" + PercentEncode(name),
                                                  .query = {{"alt", "media"}}}));
    const auto removed = cloud.Call({.service = "storage",
                                     .method = "DELETE",
                                     .path = "/storage/v1" + objects + "/" + PercentEncode(name)});
    if (!removed && removed.error().code != Code::kNotFound) return std::unexpected(removed.error());
    if (read != json::value(json::object{{"easel", "verify"}}))
      return Fail(Code::kDataLoss, "PROBE_DIFFERS", "what was read is not what was written");
    return {};
  }

  Status InCluster(const std::string& nspace, bool allowed) {
    if (endpoint_.empty())
      return NotRun("you may not read the cluster's endpoint: name it by --endpoint, as `apply` printed it");
    EASEL_TRY(const std::unique_ptr<ClusterObjects> cluster, tools_.open_cluster_as_app(endpoint_));
    EASEL_TRY(const bool may, cluster->May(nspace, "create", "batch", "jobs"));
    if (may == allowed) return {};
    return Fail(Code::kPermissionDenied, "CLUSTER_RIGHTS",
                std::string(may ? "may" : "may not") + " create jobs in namespace " + nspace);
  }

  Status Held(const std::string& resource, const Grant& grant, bool held) {
    const auto answer = ReadPatiently(tools_.caller, ReadPolicyCall(options_, resource));
    if (!answer && answer.error().code == Code::kPermissionDenied)
      return NotRun("you may not read the policy of " + TitleOf(resource) + ": run it as who set this up");
    if (!answer)
      return std::unexpected(Explain(answer.error(), {.resource = resource,
                                                      .doing = "read the policy of " + TitleOf(resource),
                                                      .project = options_.project}));
    const bool has = answer->is_object() && MissingGrants(answer->get_object(), std::span(&grant, 1)).empty();
    if (has == held) return {};
    return Fail(
        Code::kPermissionDenied, "GRANT_DIFFERS",
        has ? "has " + grant.role + " on " + TitleOf(resource)
            : "the policy of " + TitleOf(resource) + " does not give " + grant.role + " to " + grant.member);
  }

  const ProvisionOptions& options_;
  const Desired& desired_;
  const std::string endpoint_;
  const VerifyTools& tools_;
  std::vector<Task> tasks_;
  std::unique_ptr<Cloud> app_;
  std::optional<Error> app_error_;
};

std::string_view ResultName(CheckResult result) {
  switch (result) {
    case CheckResult::kGood: return "good";
    case CheckResult::kFailed: return "failed";
    case CheckResult::kNotRun: break;
  }
  return "not run";
}

}  // namespace

Result<std::vector<Check>> Verify(const ProvisionOptions& options, const Desired& desired,
                                  const std::string& endpoint, const VerifyTools& tools) {
  return Verifier(options, desired, endpoint, tools).Run();
}

std::string VerifyText(const std::vector<Check>& checks) {
  std::string out;
  for (const Check& check : checks) {
    out += std::string(check.result == CheckResult::kGood     ? "good     "
                       : check.result == CheckResult::kFailed ? "FAILED   "
                                                              : "not run  ") +
           check.who + " " + check.what + "\n";
    if (!check.detail.empty()) out += "           " + check.detail + "\n";
    if (!check.remedy.empty()) {
      out += "           do this:\n";
      for (const std::string& line : Split(check.remedy, '\n'))
        if (!line.empty()) out += "             " + line + "\n";
    }
  }
  const auto count = [&](CheckResult result) { return std::ranges::count(checks, result, &Check::result); };
  const auto failed = count(CheckResult::kFailed), not_run = count(CheckResult::kNotRun);
  out += "\n" + std::to_string(count(CheckResult::kGood)) + " good, " + std::to_string(failed) + " failed, " +
         std::to_string(not_run) + " not run.\n";
  if (failed > 0)
    out +=
        "`easel gcp apply` with the same flags puts right what it made; grants take up to 7 minutes to "
        "act.\n";
  return out;
}

json::object VerifyJson(const std::vector<Check>& checks) {
  json::array out;
  for (const Check& check : checks)
    out.push_back(json::object{{"who", check.who},
                               {"what", check.what},
                               {"result", ResultName(check.result)},
                               {"detail", check.detail},
                               {"remedy", check.remedy}});
  return {{"checks", std::move(out)}};
}

}  // namespace easel
