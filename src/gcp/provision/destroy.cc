#include "gcp/provision/destroy.h"

#include <algorithm>
#include <atomic>
#include <map>

#include "base/text.h"
#include "gcp/provision/fields.h"
#include "gcp/provision/obstacle.h"
#include "gcp/provision/together.h"
#include "http/client.h"

namespace easel {
namespace {

constexpr int kTries = 10;

struct Listed {
  std::string name, generation;
  std::int64_t bytes = 0;
};

/// Every item of a list method, page by page.
Status EachItem(Cloud& cloud, CloudCall call, const std::function<void(const json::object&)>& take) {
  const auto query = call.query;
  for (std::string page;;) {
    call.query = query;
    if (!page.empty()) call.query.emplace_back("pageToken", page);
    EASEL_TRY(const json::value answer, ReadPatiently(cloud, call));
    if (!answer.is_object()) return {};
    if (const json::value* items = answer.get_object().if_contains("items");
        items != nullptr && items->is_array())
      for (const json::value& each : items->get_array())
        if (each.is_object()) take(each.get_object());
    page = TextAt(answer.get_object(), "nextPageToken");
    if (page.empty()) return {};
  }
}

std::string BucketPath(const ProvisionOptions& options) {
  return "/storage/v1/b/" + PercentEncode(options.bucket);
}

Result<std::vector<Listed>> Objects(const ProvisionOptions& options, Cloud& cloud) {
  std::vector<Listed> out;
  const Status listed =
      EachItem(cloud,
               {.service = "storage",
                .method = "GET",
                .path = BucketPath(options) + "/o",
                .query = {{"versions", "true"}, {"fields", "items(name,generation,size),nextPageToken"}}},
               [&](const json::object& item) {
                 out.push_back({TextAt(item, "name"), TextAt(item, "generation"),
                                std::atoll(TextAt(item, "size").c_str())});
               });
  if (!listed && listed.error().code != Code::kNotFound) return std::unexpected(listed.error());
  return out;
}

std::vector<Grant> GrantsOf(const ProvisionRecord& record, std::string_view resource) {
  std::vector<Grant> out;
  const std::string prefix = "grant/" + std::string(resource) + "#";
  for (const auto& [id, state] : record.entries)
    if (id.starts_with(prefix)) {
      const std::string rest = id.substr(prefix.size());
      const std::size_t at = rest.find('#');
      if (at != std::string::npos) out.push_back({rest.substr(0, at), rest.substr(at + 1)});
    }
  return out;
}

std::vector<std::string> PoliciesOf(const ProvisionRecord& record) {
  std::vector<std::string> out;
  for (const auto& [id, state] : record.entries)
    if (id.starts_with("grant/")) {
      const std::string resource = id.substr(6, id.find('#') - 6);
      if (std::ranges::find(out, resource) == out.end()) out.push_back(resource);
    }
  return out;
}

/// "kubernetes/easel/rolebindings/scheduler" -> its path in the API.
std::string ObjectPath(std::string_view id) {
  const auto parts = Split(id, '/');
  if (parts.size() == 3 && parts[1] == "namespaces") return "/api/v1/namespaces/" + parts[2];
  if (parts.size() != 4) return "";
  const std::string group = parts[2] == "rolebindings" ? "/apis/rbac.authorization.k8s.io/v1" : "/api/v1";
  return group + "/namespaces/" + parts[1] + "/" + parts[2] + "/" + parts[3];
}

class Destroyer {
 public:
  Destroyer(const ProvisionOptions& options, Cloud& cloud, ClusterObjects* cluster, RecordKeeper& keeper,
            const Progress& progress)
      : options_(options), cloud_(cloud), cluster_(cluster), keeper_(keeper), progress_(progress) {}

  Status Remove(const PlanStep& step) {
    progress_(step, ProgressKind::kBegan, "");
    Status status = RemoveOne(step);
    if (!status)
      status = std::unexpected(
          Explain(status.error(),
                  {.resource = step.id, .doing = "remove " + step.title, .project = options_.project}));
    progress_(step, status ? ProgressKind::kDone : ProgressKind::kFailed,
              status ? "" : status.error().message);
    if (!status) return status;
    if (!step.id.starts_with("policy/")) keeper_.Forget(step.id);
    const std::string resource = step.id.starts_with("policy/") ? step.id.substr(7) : step.id;
    for (const Grant& grant : GrantsOf(keeper_.record(), resource))
      keeper_.Forget(GrantId(resource, grant.role, grant.member));
    if (step.id.starts_with("bucket/"))
      for (const auto& [id, state] : keeper_.record().entries)
        if (id.starts_with("cors/" + step.id + "#") || id.starts_with("folder/" + options_.bucket + "/") ||
            id.starts_with("grant/folder/" + options_.bucket + "/"))
          keeper_.Forget(id);
    return keeper_.Save(false);
  }

 private:
  template <typename Once>
  Status Persist(const Once& once) {
    for (int attempt = 1;; ++attempt) {
      const Status status = once();
      if (status || status.error().code == Code::kNotFound) return {};
      const Error& error = status.error();
      const bool passing = MayHaveHappened(error) || IsConflict(error) ||
                           error.code == Code::kResourceExhausted || IsNotYetVisible(error);
      if (error.code == Code::kCancelled || !passing || attempt == kTries) return status;
      EASEL_RETURN_IF_ERROR(cloud_.Pause(attempt));
    }
  }

  /// A deletion. Where it is refused as forbidden, a look tells whether the thing is gone.
  Status Delete(CloudCall call) {
    call.method = "DELETE";
    return Persist([&]() -> Status {
      const auto answer = cloud_.Call(call);
      if (answer) return {};
      return std::unexpected(answer.error());
    });
  }

  Status RemoveOne(const PlanStep& step) {
    const std::string& id = step.id;
    if (id.starts_with("kubernetes/"))
      return cluster_ == nullptr ? Status() : Persist([&] { return cluster_->Delete(ObjectPath(id)); });
    if (id.starts_with("policy/")) return Grants(id.substr(7));
    if (id.starts_with("cors/")) return Cors();
    if (id.starts_with("repository/")) return Repository(id);
    if (id.starts_with("bucket/")) return Bucket();
    CloudCall call = ReadCall(options_, id);
    if (id.starts_with("folder/")) call.query = {{"allowNonEmpty", "true"}};
    if (id.starts_with("role/")) return Role(call);
    return Delete(call);
  }

  Status Grants(const std::string& resource) {
    const auto gone = GrantsOf(keeper_.record(), resource);
    return Persist([&]() -> Status {
      auto answer = ReadPatiently(cloud_, ReadPolicyCall(options_, resource));
      // The policy of an account that is not there is forbidden, not missing.
      if (!answer && answer.error().code == Code::kPermissionDenied && resource.starts_with("account/")) {
        const auto there = ReadPatiently(cloud_, ReadCall(options_, resource));
        if (!there && there.error().code == Code::kNotFound) return {};
      }
      EASEL_TRY(const json::value policy, answer);
      if (!policy.is_object() || HeldGrants(policy.get_object(), gone).empty()) return {};
      EASEL_TRY(const json::value written,
                cloud_.Call(WritePolicyCall(options_, resource, WithoutGrants(policy.get_object(), gone))));
      return {};
    });
  }

  Status Role(CloudCall call) {
    return Persist([&]() -> Status {
      EASEL_TRY(const json::value there, ReadPatiently(cloud_, call));
      const json::value* deleted = there.is_object() ? there.get_object().if_contains("deleted") : nullptr;
      if (deleted != nullptr && deleted->is_bool() && deleted->get_bool()) return {};
      CloudCall remove = call;
      remove.method = "DELETE";
      EASEL_TRY(const json::value gone, cloud_.Call(remove));
      return {};
    });
  }

  Status Repository(const std::string& id) {
    return Persist([&]() -> Status {
      CloudCall call = ReadCall(options_, id);
      call.method = "DELETE";
      EASEL_TRY(json::value operation, cloud_.Call(call));
      return AwaitOperation(cloud_, "artifactregistry",
                            operation.is_object() ? std::move(operation.get_object()) : json::object());
    });
  }

  /// Our entries of a CORS list that stays.
  Status Cors() {
    return Persist([&]() -> Status {
      const std::string bucket = "bucket/" + options_.bucket;
      EASEL_TRY(const json::value answer, ReadPatiently(cloud_, ReadCall(options_, bucket)));
      if (!answer.is_object()) return {};
      const json::array wanted = WantedCors({.bucket_id = bucket}, answer.get_object(), keeper_.record());
      if (wanted == CorsOf(answer.get_object())) return {};
      EASEL_TRY(
          const json::value changed,
          cloud_.Call({.service = "storage",
                       .method = "PATCH",
                       .path = BucketPath(options_),
                       .query = {{"ifMetagenerationMatch", TextAt(answer.get_object(), "metageneration")}},
                       .body = json::object{{"cors", wanted}}}));
      return {};
    });
  }

  Status Bucket() {
    const std::string path = BucketPath(options_);
    return Persist([&]() -> Status {
      EASEL_TRY(const std::vector<Listed> objects, Objects(options_, cloud_));
      std::vector<std::function<Status()>> tasks;
      for (const Listed& each : objects)
        tasks.emplace_back([&] {
          return Delete({.service = "storage",
                         .path = path + "/o/" + PercentEncode(each.name),
                         .query = {{"generation", each.generation}}});
        });
      EASEL_RETURN_IF_ERROR(RunTogether(tasks));
      for (const char* kind :
           {"managedFolders",
            "folders"}) {  // a folder's managed folder goes first, the deepest folder before those above
        std::vector<std::string> names;
        const Status listed =
            EachItem(cloud_, {.service = "storage", .method = "GET", .path = path + "/" + kind},
                     [&](const json::object& item) { names.push_back(TextAt(item, "name")); });
        if (!listed && listed.error().code != Code::kNotFound) return listed;
        std::ranges::sort(names, std::greater<>(),
                          [](const std::string& name) { return std::ranges::count(name, '/'); });
        for (const std::string& name : names)
          EASEL_RETURN_IF_ERROR(
              Delete({.service = "storage", .path = path + "/" + kind + "/" + PercentEncode(name)}));
      }
      return Delete({.service = "storage", .path = path});
    });
  }

  const ProvisionOptions& options_;
  Cloud& cloud_;
  ClusterObjects* cluster_;
  RecordKeeper& keeper_;
  const Progress& progress_;
};

}  // namespace

Result<Removal> SurveyRemoval(const ProvisionOptions& options, const Observed& observed, Cloud& cloud) {
  Removal out;
  const ProvisionRecord& record = observed.record;
  const auto step = [&](const std::string& id) -> PlanStep& {
    out.steps.push_back({.id = id, .title = TitleOf(id), .action = PlanAction::kRemove});
    return out.steps.back();
  };
  for (const bool nspace : {false, true})
    for (const auto& [id, state] : record.entries) {
      if (!id.starts_with("kubernetes/") || id.starts_with("kubernetes/namespaces/") != nspace) continue;
      if (!options.uses_cluster())
        return Fail(Code::kFailedPrecondition, "CLUSTER_NEEDED",
                    "The record names " + TitleOf(id) +
                        " of a cluster: name it by --cluster (and --compute-project, --cluster-location).");
      step(id);
    }
  const std::string bucket_id = "bucket/" + options.bucket;
  out.bucket = record.Knows(bucket_id);
  for (const std::string& resource : PoliciesOf(record)) {
    const bool goes = record.Knows(resource) || (resource.starts_with("folder/") && out.bucket);
    if (goes && !resource.starts_with("account/")) continue;  // its policy goes with it
    PlanStep& policy = step("policy/" + resource);
    policy.title = "our grants on " + TitleOf(resource);
    for (const Grant& grant : GrantsOf(record, resource))
      policy.changes.push_back("- " + grant.role + "  " + grant.member);
  }
  for (const auto& [id, state] : record.entries) {
    if (!id.starts_with("role/")) continue;
    const Sighting& policy = observed.Policy(ProjectId(options.compute_project));
    if (HeldByOthers(policy.value, id.substr(5), options.AccountMember("app")))
      out.stays.push_back(TitleOf(id) + ": others hold it");
    else
      step(id);
  }
  for (const auto& [id, state] : record.entries)
    if (id.starts_with("repository/")) step(id).note = "with all images in it";
  if (out.bucket) {
    EASEL_TRY(const std::vector<Listed> objects, Objects(options, cloud));
    out.objects = static_cast<std::int64_t>(objects.size());
    for (const Listed& each : objects) out.bytes += each.bytes;
    step(bucket_id).note = "with " + std::to_string(out.objects) +
                           (out.objects == 1 ? " object, " : " objects, ") + HumanBytes(out.bytes) +
                           ": states, files and results of all canvases";
  } else {
    for (const auto& [id, state] : record.entries) {
      if (id.starts_with("folder/")) step(id).note = "what lies in it stays";
      if (id.starts_with("cors/")) step(id).title = "our CORS entry of bucket " + options.bucket;
    }
    if (observed.Thing(bucket_id).presence == Presence::kThere)
      out.stays.push_back(TitleOf(bucket_id) + ": was there before");
  }
  for (const auto& [id, state] : record.entries)
    if (id.starts_with("account/")) step(id);
  const Desired desired = MakeDesired(options, nullptr);
  std::vector<std::string> ids{desired.repository_id, desired.role_id};
  for (const DesiredAccount& account : desired.accounts) ids.push_back(AccountId(account.email));
  if (!out.bucket)
    for (const std::string& folder : desired.folders) ids.push_back(FolderId(options.bucket, folder));
  for (const std::string& id : ids)
    if (!record.Knows(id) && observed.Thing(id).presence == Presence::kThere)
      out.stays.push_back(TitleOf(id) + ": was there before");
  return out;
}

std::string RemovalText(const ProvisionOptions& options, const Removal& removal) {
  if (removal.empty())
    return "Nothing is recorded as made by `easel gcp apply` for bucket " + options.bucket +
           ": nothing to remove.\n";
  std::string out = "What will be removed:\n";
  for (const PlanStep& step : removal.steps) {
    out += "- remove  " + step.title + (step.note.empty() ? "" : "  (" + step.note + ")") + "\n";
    for (const std::string& change : step.changes) out += "      " + change + "\n";
  }
  if (!removal.stays.empty()) out += "\nWhat stays:\n";
  for (const std::string& each : removal.stays) out += "  " + each + "\n";
  if (!removal.stays.empty()) out += "\n";
  return out;
}

json::object RemovalJson(const ProvisionOptions& options, const Removal& removal) {
  json::array steps, stays;
  for (const PlanStep& step : removal.steps)
    steps.push_back(json::object{{"id", step.id}, {"title", step.title}, {"note", step.note}});
  for (const std::string& each : removal.stays) stays.push_back(json::string(each));
  return {{"bucket", options.bucket},
          {"remove", std::move(steps)},
          {"stay", std::move(stays)},
          {"objects", removal.objects},
          {"bytes", removal.bytes}};
}

Status Destroy(const ProvisionOptions& options, const Observed& observed, const Removal& removal,
               Cloud& cloud, ClusterObjects* cluster, RecordKeeper& keeper, const Progress& progress) {
  EASEL_RETURN_IF_ERROR(keeper.Save(false));  // the bucket's record goes with the bucket
  Destroyer destroyer(options, cloud, cluster, keeper, progress);
  for (const PlanStep& step : removal.steps) EASEL_RETURN_IF_ERROR(destroyer.Remove(step));
  if (!removal.bucket && observed.record_generation != 0 &&
      observed.Thing("bucket/" + options.bucket).presence == Presence::kThere)
    return keeper.Save(true);
  return {};
}

}  // namespace easel
