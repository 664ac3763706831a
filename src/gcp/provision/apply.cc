#include "gcp/provision/apply.h"

#include <algorithm>
#include <atomic>
#include <set>

#include "base/text.h"
#include "gcp/provision/fields.h"
#include "gcp/provision/obstacle.h"
#include "gcp/provision/together.h"
#include "http/client.h"

namespace easel {
namespace {

constexpr int kTries =
    12;  // with pauses up to half a minute: some two minutes, as long as Google takes to see a new account

json::object AsObject(json::value value) {
  return value.is_object() ? std::move(value.get_object()) : json::object();
}

bool IsQuota(const Error& error) { return error.message.contains("maximum number of"); }

/// Carries out the steps of one plan. Its methods run on several threads.
class Applier {
 public:
  Applier(const ProvisionOptions& options, const Desired& desired, const Observed& observed, const Plan& plan,
          Cloud& cloud, ClusterObjects* cluster, RecordKeeper& keeper, const Progress& progress)
      : options_(options),
        desired_(desired),
        observed_(observed),
        plan_(plan),
        cloud_(cloud),
        cluster_(cluster),
        keeper_(keeper),
        progress_(progress) {
    for (const PlanStep& step : plan.steps)
      if (step.action == PlanAction::kCreate) fresh_.insert(step.id);
  }

  Status Run() {
    Settle();
    EASEL_RETURN_IF_ERROR(keeper_.Intend(Intentions()));
    const bool bucket_there = observed_.Thing(desired_.bucket_id).presence == Presence::kThere;
    Status status = Bucket();
    if (status && plan_.changes()) status = keeper_.Save(true);
    if (status) status = RunTogether(First());
    if (status) status = RunTogether(Second());
    const Status saved = keeper_.Save(status || bucket_there);
    return status ? saved : status;
  }

 private:
  using Tasks = std::vector<std::function<Status()>>;

  const PlanStep* Pending(const std::string& id) const {
    const auto found = std::ranges::find(plan_.steps, id, &PlanStep::id);
    return found == plan_.steps.end() || found->action == PlanAction::kKeep ? nullptr : &*found;
  }

  /// Entries that an interrupted run left: what exists is ours, what does not and is not wanted any more is forgotten.
  void Settle() {
    for (const auto& [id, state] : keeper_.record().entries) {
      if (state != RecordState::kIntended) continue;
      if (observed_.Thing(id).presence == Presence::kThere) keeper_.Made(id);
    }
    for (const DesiredPolicy& policy : desired_.policies)
      for (const Grant& grant : HeldGrants(observed_.Policy(policy.resource).value, policy.grants))
        if (const std::string id = GrantId(policy.resource, grant.role, grant.member); keeper_.Knows(id))
          keeper_.Made(id);
    if (!desired_.cors.empty() && Pending(desired_.bucket_id) == nullptr)
      if (const std::string id = CorsId(desired_.bucket_id, desired_.cors); keeper_.Knows(id))
        keeper_.Made(id);
  }

  std::vector<std::string> Intentions() const {
    std::vector<std::string> out;
    for (const PlanStep& step : plan_.steps)
      if (step.action == PlanAction::kCreate) out.push_back(step.id);
    for (const DesiredPolicy& policy : desired_.policies)
      for (const Grant& grant : MissingGrants(observed_.Policy(policy.resource).value, policy.grants))
        out.push_back(GrantId(policy.resource, grant.role, grant.member));
    if (AddsCors()) out.push_back(CorsId(desired_.bucket_id, desired_.cors));
    return out;
  }

  bool AddsCors() const {
    if (desired_.cors.empty()) return false;
    const json::object& there = observed_.Thing(desired_.bucket_id).value;
    const json::array before = CorsOf(there), after = WantedCors(desired_, there, observed_.record);
    return std::ranges::any_of(
        after, [&](const json::value& each) { return std::ranges::find(before, each) == before.end(); });
  }

  Tasks First() {
    Tasks out;
    for (const DesiredAccount& account : desired_.accounts)
      out.emplace_back([this, &account] { return Account(account); });
    for (const std::string& folder : desired_.folders)
      out.emplace_back([this, &folder] { return Folder(folder); });
    out.emplace_back([this] { return Repository(); });
    if (!desired_.role_id.empty()) out.emplace_back([this] { return Role(); });
    if (cluster_ != nullptr && !desired_.objects.empty())
      out.emplace_back([this] { return Object(desired_.objects.front()); });
    return out;
  }

  Tasks Second() {
    Tasks out;
    for (const DesiredPolicy& policy : desired_.policies)
      out.emplace_back([this, &policy] { return Policy(policy); });
    if (cluster_ != nullptr)
      for (std::size_t i = 1; i < desired_.objects.size(); ++i)
        out.emplace_back([this, i] { return Object(desired_.objects[i]); });
    return out;
  }

  /// Tell of a step while `work` does it.
  template <typename Work>
  Status Told(const std::string& id, const Work& work) {
    const PlanStep* step = Pending(id);
    if (step == nullptr) return {};
    progress_(*step, ProgressKind::kBegan, "");
    Status status = work(*step);
    if (!status)
      status = std::unexpected(
          Explain(status.error(),
                  {.resource = id,
                   .doing = (step->action == PlanAction::kCreate ? "create " : "change ") + step->title,
                   .project = options_.project}));
    const bool adopted = step->action == PlanAction::kCreate && !keeper_.Knows(id);
    progress_(*step, status ? ProgressKind::kDone : ProgressKind::kFailed,
              !status   ? status.error().message
              : adopted ? "was there after all: `destroy` will leave it"
                        : "");
    return status;
  }

  /// What a while later may be otherwise. `fresh`: what it is about was made by this run.
  bool Passes(const Error& error, bool fresh) const {
    if (IsQuota(error)) return false;
    return MayHaveHappened(error) || IsConflict(error) || IsNotYetVisible(error) ||
           error.code == Code::kResourceExhausted ||
           (fresh && (error.code == Code::kPermissionDenied || error.code == Code::kNotFound) &&
            error.reason != "vpcServiceControls");
  }

  /// Do `once` until it succeeds or fails for good.
  template <typename Once>
  Status Persist(const PlanStep& step, bool fresh, const Once& once) {
    for (int attempt = 1;; ++attempt) {
      const Status status = once();
      if (status || status.error().code == Code::kCancelled || attempt == kTries ||
          !Passes(status.error(), fresh))
        return status;
      progress_(step, ProgressKind::kWaiting, status.error().message);
      EASEL_RETURN_IF_ERROR(cloud_.Pause(attempt));
    }
  }

  /// Send `create` until the thing is there, and record whose it is. A lost answer is followed by a look, not by a second try.
  template <typename Finish>
  Status Create(const PlanStep& step, CloudCall create, const Finish& finish) {
    create.repeatable = false;
    const auto state = observed_.record.entries.find(step.id);
    bool ours = state != observed_.record.entries.end();  // an interrupted run was about to make it
    const Status status = Persist(step, false, [&]() -> Status {
      auto answer = cloud_.Call(create);
      Status made = answer ? finish(AsObject(std::move(*answer))) : Status(std::unexpected(answer.error()));
      if (made) {
        ours = true;
        return made;
      }
      const bool exists = made.error().code == Code::kAlreadyExists;
      if (!exists) {
        ours = true;  // whatever comes of it: from here on it may be this request that made it
        if (!MayHaveHappened(made.error())) return made;
      }
      const auto there = ReadPatiently(cloud_, ReadCall(options_, step.id));
      if (there) return {};
      if (exists && step.id != desired_.bucket_id && there.error().code == Code::kNotFound)
        return {};  // made, and not seen everywhere yet
      return made;
    });
    if (status) ours ? keeper_.Made(step.id) : keeper_.Forget(step.id);
    return status;
  }
  Status Create(const PlanStep& step, CloudCall create) {
    return Create(step, std::move(create), [](const json::object&) -> Status { return {}; });
  }

  Status Bucket() {
    return Told(desired_.bucket_id, [&](const PlanStep& step) -> Status {
      const std::string path = "/storage/v1/b/" + PercentEncode(options_.bucket);
      if (step.action == PlanAction::kCreate) {
        json::object body = desired_.bucket;
        if (!desired_.cors.empty()) body["cors"] = json::array{desired_.cors};
        EASEL_RETURN_IF_ERROR(Create(step, {.service = "storage",
                                            .method = "POST",
                                            .path = "/storage/v1/b",
                                            .query = {{"project", options_.project}, {"projection", "noAcl"}},
                                            .body = std::move(body)}));
      }
      // Of a bucket that was there after all, or has drifted, the rest is put right.
      if (step.action == PlanAction::kChange || !keeper_.Knows(step.id))
        EASEL_RETURN_IF_ERROR(Persist(step, true, [&]() -> Status {
          EASEL_TRY(const json::value answer, ReadPatiently(cloud_, ReadCall(options_, step.id)));
          const json::object there = AsObject(answer);
          const json::object change = BucketChange(there);
          if (change.empty()) return {};
          EASEL_TRY(const json::value changed,
                    cloud_.Call({.service = "storage",
                                 .method = "PATCH",
                                 .path = path,
                                 .query = {{"ifMetagenerationMatch", TextAt(there, "metageneration")},
                                           {"projection", "noAcl"}},
                                 .body = change}));
          return {};
        }));
      if (!desired_.cors.empty())
        if (const std::string id = CorsId(desired_.bucket_id, desired_.cors); keeper_.Knows(id))
          keeper_.Made(id);
      for (const json::value& each : CorsOf(observed_.Thing(desired_.bucket_id).value)) {
        const std::string id = CorsId(desired_.bucket_id, each.get_object());
        if (desired_.cors.empty() || id != CorsId(desired_.bucket_id, desired_.cors)) keeper_.Forget(id);
      }
      return {};
    });
  }

  /// What to change of a bucket that is there.
  json::object BucketChange(const json::object& there) const {
    json::object change;
    if (const json::array wanted = WantedCors(desired_, there, observed_.record); wanted != CorsOf(there))
      change["cors"] = wanted;
    const json::object access =
        AsObject(there.contains("iamConfiguration") ? there.at("iamConfiguration") : json::value());
    json::object next;
    if (TextAt(access, "publicAccessPrevention") != "enforced") next["publicAccessPrevention"] = "enforced";
    if (!TrueAt(AsObject(access.contains("uniformBucketLevelAccess") ? access.at("uniformBucketLevelAccess")
                                                                     : json::value()),
                "enabled"))
      next["uniformBucketLevelAccess"] = json::object{{"enabled", true}};
    if (!next.empty()) change["iamConfiguration"] = std::move(next);
    const json::object key = AsObject(there.contains("encryption") ? there.at("encryption") : json::value());
    if (!options_.kms_key.empty() && TextAt(key, "defaultKmsKeyName") != options_.kms_key)
      change["encryption"] = json::object{{"defaultKmsKeyName", options_.kms_key}};
    return change;
  }

  Status Account(const DesiredAccount& account) {
    const std::string id = AccountId(account.email),
                      path = "/v1/projects/" + options_.project + "/serviceAccounts";
    return Told(id, [&](const PlanStep& step) -> Status {
      if (step.action == PlanAction::kCreate)
        return Create(step, {.service = "iam",
                             .method = "POST",
                             .path = path,
                             .body = json::object{
                                 {"accountId", account.id},
                                 {"serviceAccount", json::object{{"displayName", account.display_name}}}}});
      return Persist(step, false, [&]() -> Status {
        EASEL_TRY(const json::value answer, ReadPatiently(cloud_, ReadCall(options_, id)));
        const json::object there = AsObject(answer);
        if (TrueAt(there, "disabled")) {
          EASEL_TRY(const json::value enabled, cloud_.Call({.service = "iam",
                                                            .method = "POST",
                                                            .path = path + "/" + account.email + ":enable",
                                                            .body = json::object()}));
        }
        if (TextAt(there, "displayName") == account.display_name) return {};
        EASEL_TRY(const json::value changed,
                  cloud_.Call({.service = "iam",
                               .method = "PATCH",
                               .path = path + "/" + account.email,
                               .body = json::object{
                                   {"serviceAccount", json::object{{"displayName", account.display_name},
                                                                   {"etag", TextAt(there, "etag")}}},
                                   {"updateMask", "displayName"}}}));
        return {};
      });
    });
  }

  Status Folder(const std::string& folder) {
    const std::string name = folder.substr(0, folder.size() - 1);
    return Told(FolderId(options_.bucket, folder), [&](const PlanStep& step) {
      return Create(step, {.service = "storage",
                           .method = "POST",
                           .path = "/storage/v1/b/" + PercentEncode(options_.bucket) + "/managedFolders",
                           .body = json::object{{"bucket", options_.bucket}, {"name", name}}});
    });
  }

  Status Repository() {
    return Told(desired_.repository_id, [&](const PlanStep& step) {
      const std::string path =
          "/v1/projects/" + options_.project + "/locations/" + options_.repository_location + "/repositories";
      return Create(step,
                    {.service = "artifactregistry",
                     .method = "POST",
                     .path = path,
                     .query = {{"repositoryId", options_.prefix}},
                     .body = desired_.repository},
                    [&](json::object operation) {
                      return AwaitOperation(cloud_, "artifactregistry", std::move(operation));
                    });
    });
  }

  Status Role() {
    const std::string path = "/v1/" + options_.ConnectRoleName();
    return Told(desired_.role_id, [&](const PlanStep& step) -> Status {
      if (step.action == PlanAction::kCreate) {
        const std::string roles = "/v1/projects/" + options_.compute_project + "/roles";
        const Status made =
            Create(step, {.service = "iam",
                          .method = "POST",
                          .path = roles,
                          .body = json::object{{"roleId", "ClustersConnect"}, {"role", desired_.role}}});
        if (made || made.error().code != Code::kFailedPrecondition)
          return made;  // else it was deleted within the last week
      }
      return Persist(step, step.action == PlanAction::kCreate, [&]() -> Status {
        EASEL_TRY(const json::value answer, ReadPatiently(cloud_, ReadCall(options_, step.id)));
        json::object there = AsObject(answer);
        if (TrueAt(there, "deleted")) {
          EASEL_TRY(json::value back, cloud_.Call({.service = "iam",
                                                   .method = "POST",
                                                   .path = path + ":undelete",
                                                   .body = json::object{{"etag", TextAt(there, "etag")}}}));
          there = AsObject(std::move(back));
        }
        json::array permissions;
        if (const json::value* held = there.if_contains("includedPermissions");
            held != nullptr && held->is_array())
          permissions = held->get_array();
        const std::size_t before = permissions.size();
        for (const json::value& each : desired_.role.at("includedPermissions").get_array())
          if (std::ranges::find(permissions, each) == permissions.end()) permissions.push_back(each);
        if (permissions.size() == before) return {};
        EASEL_TRY(const json::value changed,
                  cloud_.Call({.service = "iam",
                               .method = "PATCH",
                               .path = path,
                               .query = {{"updateMask", "includedPermissions"}},
                               .body = json::object{{"includedPermissions", permissions},
                                                    {"etag", TextAt(there, "etag")}}}));
        return {};
      });
    });
  }

  Status Policy(const DesiredPolicy& policy) {
    return Told("policy/" + policy.resource, [&](const PlanStep& step) -> Status {
      std::set<Grant> written;
      bool first = observed_.Policy(policy.resource).presence == Presence::kThere;
      const Status status = Persist(step, fresh_.contains(policy.resource), [&]() -> Status {
        json::object now;
        if (first) {
          now = observed_.Policy(policy.resource).value;  // its etag guards what is written from it
          first = false;
        } else {
          EASEL_TRY(json::value answer, ReadPatiently(cloud_, ReadPolicyCall(options_, policy.resource)));
          now = AsObject(std::move(answer));
        }
        const auto missing = MissingGrants(now, policy.grants);
        if (missing.empty()) return {};
        written.insert(missing.begin(), missing.end());
        EASEL_TRY(const json::value answer,
                  cloud_.Call(
                      WritePolicyCall(options_, policy.resource, WithGrants(std::move(now), policy.grants))));
        return {};
      });
      if (!status) return status;
      for (const Grant& grant : policy.grants) {
        const std::string id = GrantId(policy.resource, grant.role, grant.member);
        if (!keeper_.Knows(id)) continue;
        written.contains(grant) || observed_.record.Knows(id) ? keeper_.Made(id) : keeper_.Forget(id);
      }
      return {};
    });
  }

  Status Object(const ClusterObject& object) {
    return Told(object.id, [&](const PlanStep& step) -> Status {
      const json::object& there = observed_.Thing(object.id).value;
      if (step.action == PlanAction::kChange && object.body.contains("roleRef") &&
          there.contains("roleRef") && there.at("roleRef") != object.body.at("roleRef"))
        EASEL_RETURN_IF_ERROR(Persist(step, true, [&] { return cluster_->Delete(object.path); }));
      EASEL_RETURN_IF_ERROR(Persist(step, true, [&]() -> Status {
        EASEL_TRY(const json::value applied, cluster_->Apply(object.path, object.body));
        return {};
      }));
      if (keeper_.Knows(object.id)) keeper_.Made(object.id);
      return {};
    });
  }

  const ProvisionOptions& options_;
  const Desired& desired_;
  const Observed& observed_;
  const Plan& plan_;
  Cloud& cloud_;
  ClusterObjects* cluster_;
  RecordKeeper& keeper_;
  const Progress& progress_;
  std::set<std::string, std::less<>> fresh_;
};

}  // namespace

Status AwaitOperation(Cloud& cloud, const std::string& service, json::object operation) {
  for (int attempt = 1; !TrueAt(operation, "done"); ++attempt) {
    const std::string name = TextAt(operation, "name");
    if (name.empty())
      return Fail(Code::kUnavailable, "OPERATION_UNREADABLE", "the answer named no operation");
    if (attempt > 1) EASEL_RETURN_IF_ERROR(cloud.Pause(attempt - 1));
    if (attempt > 4 * kTries)
      return Fail(Code::kDeadlineExceeded, "OPERATION_SLOW", "operation " + name + " is still under way");
    EASEL_TRY(json::value answer,
              ReadPatiently(cloud, {.service = service, .method = "GET", .path = "/v1/" + name}));
    operation = AsObject(std::move(answer));
  }
  if (const json::value* error = operation.if_contains("error"); error != nullptr && error->is_object()) {
    const bool exists = error->get_object().contains("code") && error->get_object().at("code") == 409;
    return Fail(exists ? Code::kAlreadyExists : Code::kUnknown, "OPERATION_FAILED",
                TextAt(error->get_object(), "message"));
  }
  return {};
}

Status EnableServices(const Observed& observed, const Plan& plan, Cloud& cloud, const Progress& progress) {
  std::vector<std::function<Status()>> tasks;
  for (const auto& [project, off] : observed.services_off)
    tasks.emplace_back([&]() -> Status {
      const auto step = std::ranges::find(plan.steps, "services/" + project, &PlanStep::id);
      EASEL_CHECK(step != plan.steps.end());
      progress(*step, ProgressKind::kBegan, "");
      json::array ids;
      for (const std::string& each : off) ids.push_back(json::string(each));
      Status status;
      for (int attempt = 1;; ++attempt) {  // enabling what is on changes nothing: it may be sent again
        auto answer = cloud.Call({.service = "serviceusage",
                                  .method = "POST",
                                  .path = "/v1/projects/" + project + "/services:batchEnable",
                                  .body = json::object{{"serviceIds", ids}}});
        status = answer ? AwaitOperation(cloud, "serviceusage", AsObject(std::move(*answer)))
                        : Status(std::unexpected(answer.error()));
        const bool passing = !status &&
                             (MayHaveHappened(status.error()) || IsConflict(status.error()) ||
                              status.error().code == Code::kResourceExhausted) &&
                             !status.error().message.contains("illing");
        if (!passing || attempt == kTries) break;
        EASEL_RETURN_IF_ERROR(cloud.Pause(attempt));
      }
      if (!status)
        status = std::unexpected(
            Explain(status.error(), {.resource = step->id,
                                     .doing = "turn on " + JoinWords(off) + " in project " + project,
                                     .project = project}));
      progress(*step, status ? ProgressKind::kDone : ProgressKind::kFailed,
               status ? "" : status.error().message);
      return status;
    });
  return RunTogether(tasks);
}

Status Apply(const ProvisionOptions& options, const Desired& desired, const Observed& observed,
             const Plan& plan, Cloud& cloud, ClusterObjects* cluster, RecordKeeper& keeper,
             const Progress& progress) {
  return Applier(options, desired, observed, plan, cloud, cluster, keeper, progress).Run();
}

}  // namespace easel
