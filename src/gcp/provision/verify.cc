#include "gcp/provision/verify.h"

#include <algorithm>
#include <mutex>

#include "base/text.h"
#include "gcp/provision/guide.h"
#include "gcp/provision/obstacle.h"
#include "gcp/provision/plan.h"
#include "gcp/provision/together.h"
#include "gcp/provision/verify_remedy.h"
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
    Tell();
    for (int attempt = 1;; ++attempt) {
      EASEL_RETURN_IF_ERROR(TryAll());
      const bool failed = std::ranges::any_of(
          tasks_, [](const Task& task) { return task.check.result == CheckResult::kFailed; });
      if ((!failed && (app_ != nullptr || !tools_.wait_for_app)) || !tools_.may_wait()) break;
      EASEL_RETURN_IF_ERROR(tools_.caller.Pause(std::min(attempt, 5)));
    }
    return Checks();
  }

 private:
  struct Task {
    Check check;
    std::string remedy;
    std::function<Status()> run;
  };

  std::vector<Check> Checks() const {
    std::vector<Check> out;
    for (const Task& task : tasks_) out.push_back(task.check);
    return out;
  }

  void Tell() {
    if (tools_.told) tools_.told(Checks());
  }

  bool on_control_plane() const { return !tools_.control_plane.empty(); }

  /// Of the cluster's own token: the account's name, or a word in its place.
  std::string AccountOfToken() const {
    return tools_.cluster_identity.substr(tools_.cluster_identity.rfind(':') + 1);
  }

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
      runs.emplace_back([this, &task]() -> Status {
        const Status status = task.run();
        const std::scoped_lock lock(told_mutex_);
        Check& check = task.check;
        check.detail = status ? "" : OneLine(status.error().message);
        check.result = status                               ? CheckResult::kGood
                       : status.error().reason == "NOT_RUN" ? CheckResult::kNotRun
                                                            : CheckResult::kFailed;
        check.remedy = check.result == CheckResult::kFailed
                           ? RemedyFor(status.error(), task.remedy, {options_, desired_, AccountOfToken()})
                           : "";
        Tell();
        if (!status && status.error().code == Code::kCancelled) return status;
        return {};
      });
    }
    return RunTogether(runs);
  }

  /// As the app account; not run if the caller may not become it.
  std::function<Status()> AsApp(std::function<Status(Cloud&)> run) {
    return [this, run = std::move(run)]() -> Status {
      if (app_ == nullptr && on_control_plane())
        return NotRun("not tried: the server may not act as the app account, as the first line says");
      if (app_ == nullptr)
        return NotRun("run it on the control plane, where `easel serve` runs, as " +
                      (options_.caller.empty() ? std::string("its identity") : options_.caller) +
                      ": you may not act as the app account");
      return run(*app_);
    };
  }

  std::string Command(const std::string& resource, std::string_view role) const {
    return WantedGrantCommand(options_, desired_, resource, role);
  }

  /// The grant by which whoever runs the control plane becomes the app account.
  std::string CallerCommand() const {
    const std::string app = AccountId(options_.AccountEmail("app"));
    constexpr char kRole[] = "roles/iam.serviceAccountTokenCreator";
    if (!options_.caller.empty()) return Command(app, kRole);
    if (!on_control_plane()) return "Name who runs the control plane by --caller and run `easel gcp apply`.";
    return "Give the server's own identity " + std::string(kRole) +
           " on the app account (MEMBER: serviceAccount:… or user:…, whose credentials the server has):\n" +
           GrantCommand(options_, app, {kRole, "MEMBER"});
  }

  Status BecomesApp() {
    if (app_ != nullptr) return {};
    if (!on_control_plane())
      return NotRun("run it on the control plane: you may not act as the app account (" +
                    OneLine(app_error_->message) + ")");
    const std::string why = OneLine(app_error_->message);
    const bool named = app_error_->code == Code::kNotFound || why.contains(tools_.control_plane);
    return Fail(app_error_->code, app_error_->reason,
                named ? why : "the server asks as " + tools_.control_plane + ": " + why);
  }

  void Declare() {
    const std::string bucket = desired_.bucket_id, project = ProjectId(options_.project);
    Add(on_control_plane() ? "server" : "you", "may act as the app account", CallerCommand(),
        [this] { return BecomesApp(); });
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
      Add(kApp, "uploads and downloads by signed URL", CallerCommand(),
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
    if (!options_.uses_cluster() && endpoint_.empty()) return;
    const bool own_token = !tools_.cluster_identity.empty();
    if (options_.uses_cluster() && !own_token)
      Add(kApp, "may connect to the cluster",
          Command(ProjectId(options_.compute_project), options_.ConnectRoleName()),
          AsApp([this](Cloud& cloud) {
            return ProjectPermissions(cloud, options_.compute_project, {"container.clusters.connect"}, true);
          }));
    const std::string who = own_token ? tools_.cluster_identity : kApp;
    const std::string user =
        own_token ? "--" + who : "--user " + options_.AccountEmail("app");  // --serviceaccount NAMESPACE:NAME
    const auto asks = [&](const std::string& nspace, bool allowed) -> std::function<Status()> {
      if (own_token) return [this, nspace, allowed] { return InCluster(nspace, allowed); };
      return AsApp([this, nspace, allowed](Cloud&) { return InCluster(nspace, allowed); });
    };
    const std::string shown = own_token ? "cluster token" : kApp;
    Add(shown, "may run jobs in the namespace " + options_.nspace,
        "kubectl -n " + options_.nspace + " create rolebinding scheduler --clusterrole admin " + user,
        asks(options_.nspace, true));
    if (options_.nspace != "default")
      Add(shown, "may not run jobs in other namespaces",
          "Take the role that allows it away: kubectl get rolebindings,clusterrolebindings -A -o wide | "
          "grep " +
              (own_token ? AccountOfToken() : options_.AccountEmail("app")),
          asks("default", false));
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
      return Fail(Code::kPermissionDenied, kOwnFinding, "lacks " + JoinWords(lacking));
    if (!allowed && lacking.size() != wanted.size()) {
      std::vector<std::string> held = wanted;
      for (const std::string& each : lacking) std::erase(held, each);
      return Fail(Code::kPermissionDenied, kOwnFinding, "may " + JoinWords(held));
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
    auto answer = cluster->May(nspace, "create", "batch", "jobs");
    if (!answer) {
      if (answer.error().reason == "TLS_FAILED") answer.error().reason = kClusterTls;
      if (answer.error().code == Code::kUnauthenticated && !tools_.cluster_identity.empty())
        answer.error().reason = kClusterToken;
      return std::unexpected(answer.error());
    }
    const bool may = *answer;
    if (may == allowed) return {};
    return Fail(Code::kPermissionDenied, kOwnFinding,
                std::string(may ? "may" : "may not") + " create jobs in namespace " + nspace);
  }

  Status Held(const std::string& resource, const Grant& grant, bool held) {
    const auto answer = ReadPatiently(tools_.caller, ReadPolicyCall(options_, resource));
    if (!answer && answer.error().code == Code::kPermissionDenied)
      return NotRun(on_control_plane()
                        ? "the server may not read the policy of " + TitleOf(resource) +
                              ", and needs no such right: who set this up sees it by `easel gcp verify`"
                        : "you may not read the policy of " + TitleOf(resource) +
                              ": run `easel gcp verify` as who set this up");
    if (!answer && answer.error().code == Code::kNotFound)
      return Fail(Code::kNotFound, answer.error().reason, "there is no " + TitleOf(resource));
    if (!answer)
      return std::unexpected(Explain(answer.error(), {.resource = resource,
                                                      .doing = "read the policy of " + TitleOf(resource),
                                                      .project = options_.project}));
    const bool has = answer->is_object() && MissingGrants(answer->get_object(), std::span(&grant, 1)).empty();
    if (has == held) return {};
    return Fail(
        Code::kPermissionDenied, kOwnFinding,
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
  std::mutex told_mutex_;
};

}  // namespace

Result<std::vector<Check>> Verify(const ProvisionOptions& options, const Desired& desired,
                                  const std::string& endpoint, const VerifyTools& tools) {
  return Verifier(options, desired, endpoint, tools).Run();
}

}  // namespace easel
