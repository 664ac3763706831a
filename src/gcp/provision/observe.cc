#include <algorithm>
#include <mutex>

#include "gcp/provision/observed.h"
#include "gcp/provision/obstacle.h"
#include "gcp/provision/together.h"
#include "http/client.h"

namespace easel {
namespace {

constexpr int kReadTries = 4;

/// The parts of an id: "folder/B/build/" -> kind "folder", rest "B/build/".
std::pair<std::string_view, std::string_view> Taken(std::string_view id) {
  const std::size_t slash = id.find('/');
  return {id.substr(0, slash), id.substr(slash + 1)};
}

std::string BucketPath(std::string_view bucket) { return "/storage/v1/b/" + PercentEncode(bucket); }

std::string FolderPath(std::string_view rest) {
  const std::size_t slash = rest.find('/');
  return BucketPath(rest.substr(0, slash)) + "/managedFolders/" + PercentEncode(rest.substr(slash + 1));
}

std::string AccountPath(const ProvisionOptions& options, std::string_view email) {
  return "/v1/projects/" + options.project + "/serviceAccounts/" + std::string(email);
}

json::array Texts(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& each : texts) out.push_back(json::string(each));
  return out;
}

std::set<std::string> TextSet(const json::value& answer, std::string_view key) {
  std::set<std::string> out;
  const json::object* object = answer.if_object();
  const json::value* list = object == nullptr ? nullptr : object->if_contains(key);
  if (list != nullptr && list->is_array())
    for (const json::value& each : list->get_array())
      if (each.is_string()) out.emplace(each.get_string());
  return out;
}

/// Reads into an Observed from several threads.
class Reader {
 public:
  Reader(const ProvisionOptions& options, Cloud& cloud, Observed& into)
      : options_(options), cloud_(cloud), into_(into) {}

  /// Look once; what the answer says of the resource is a Sighting, everything else an error.
  Result<Sighting> Look(const CloudCall& call) {
    auto answer = ReadPatiently(cloud_, call);
    Sighting out;
    if (answer) {
      out.presence = Presence::kThere;
      if (answer->is_object()) out.value = std::move(answer->get_object());
      return out;
    }
    out.why = answer.error();
    if (out.why.code == Code::kNotFound)
      out.presence = Presence::kMissing;
    else if (out.why.reason == "SERVICE_DISABLED")
      out.presence = Presence::kServiceOff;
    else if (out.why.reason != "TLS_FAILED" && out.why.reason != "PROXY_REFUSED" &&
             (out.why.code == Code::kPermissionDenied || out.why.code == Code::kFailedPrecondition ||
              out.why.code == Code::kInvalidArgument))
      out.presence = Presence::kHidden;
    else
      return std::unexpected(Explain(
          out.why, {.resource = call.path, .doing = "read what is there", .project = options_.project}));
    return out;
  }

  Status Thing(const std::string& id) {
    EASEL_TRY(Sighting seen, Look(ReadCall(options_, id)));
    const std::scoped_lock lock(mutex_);
    into_.things[id] = std::move(seen);
    return {};
  }

  Status Policy(const std::string& id) {
    EASEL_TRY(Sighting seen, Look(ReadPolicyCall(options_, id)));
    const std::scoped_lock lock(mutex_);
    into_.policies[id] = std::move(seen);
    return {};
  }

  Status Services(const std::string& project, const std::vector<std::string>& wanted) {
    CloudCall call{
        .service = "serviceusage", .method = "GET", .path = "/v1/projects/" + project + "/services:batchGet"};
    for (const std::string& each : wanted)
      call.query.emplace_back("names", "projects/" + project + "/services/" + each);
    EASEL_TRY(const Sighting seen, Look(call));
    if (seen.presence != Presence::kThere) return {};  // what is off will say so itself
    std::vector<std::string> off = wanted;
    if (const json::value* list = seen.value.if_contains("services"); list != nullptr && list->is_array())
      for (const json::value& each : list->get_array()) {
        JsonReader reader(each, "service");
        const std::string name = reader.StringOr("name", "");
        if (reader.StringOr("state", "") == "ENABLED") std::erase(off, name.substr(name.rfind('/') + 1));
      }
    const std::scoped_lock lock(mutex_);
    if (!off.empty()) into_.services_off[project] = std::move(off);
    return {};
  }

  Status Permissions(const std::string& project, const std::vector<std::string>& wanted) {
    EASEL_TRY(const Sighting seen, Look({.service = "cloudresourcemanager",
                                         .method = "POST",
                                         .path = "/v1/projects/" + project + ":testIamPermissions",
                                         .body = json::object{{"permissions", Texts(wanted)}}}));
    if (seen.presence != Presence::kThere) return {};
    const std::scoped_lock lock(mutex_);
    into_.held[project].merge(TextSet(json::value(seen.value), "permissions"));
    return {};
  }

  Status BucketPermissions() {
    CloudCall call{
        .service = "storage", .method = "GET", .path = BucketPath(options_.bucket) + "/iam/testPermissions"};
    for (const std::string& each : PermissionsOnBucket()) call.query.emplace_back("permissions", each);
    EASEL_TRY(const Sighting seen, Look(call));
    const std::scoped_lock lock(mutex_);
    into_.held_on_bucket = TextSet(json::value(seen.value), "permissions");
    return {};
  }

  Status Record() {
    const std::string path = BucketPath(options_.bucket) + "/o/.easel%2Fprovision.json";
    EASEL_TRY(
        const Sighting seen,
        Look({.service = "storage", .method = "GET", .path = path, .query = {{"fields", "generation"}}}));
    if (seen.presence != Presence::kThere) return {};
    const json::value* generation = seen.value.if_contains("generation");
    const std::string text =
        generation != nullptr && generation->is_string() ? std::string(generation->get_string()) : "";
    if (text.empty())
      return Fail(Code::kUnavailable, "RECORD_INVALID",
                  "storage did not say the generation of .easel/provision.json; try again");
    EASEL_TRY(const json::value content,
              ReadPatiently(cloud_, {.service = "storage",
                                     .method = "GET",
                                     .path = path,
                                     .query = {{"alt", "media"}, {"generation", text}}}));
    EASEL_TRY(const ProvisionRecord record,
              ParseRecord(json::serialize(content), "gs://" + options_.bucket + "/.easel/provision.json"));
    const std::scoped_lock lock(mutex_);
    into_.record = Joined(into_.record, record);
    into_.record_generation = std::stoll(text);
    return {};
  }

  Status Objects(const Desired& desired, const OpenCluster& open_cluster, const std::string& endpoint) {
    EASEL_TRY(const std::unique_ptr<ClusterObjects> objects, open_cluster(endpoint));
    std::vector<Sighting> seen(desired.objects.size());
    std::vector<std::function<Status()>> tasks;
    for (std::size_t i = 0; i < desired.objects.size(); ++i)
      tasks.emplace_back([&, i]() -> Status {
        auto answer = objects->Get(desired.objects[i].path);
        if (answer) {
          seen[i].presence = Presence::kThere;
          if (answer->is_object()) seen[i].value = std::move(answer->get_object());
          return {};
        }
        seen[i].why = answer.error();
        if (answer.error().code == Code::kCancelled) return std::unexpected(answer.error());
        seen[i].presence = answer.error().code == Code::kNotFound ? Presence::kMissing : Presence::kHidden;
        return {};
      });
    EASEL_RETURN_IF_ERROR(RunTogether(tasks));
    const std::scoped_lock lock(mutex_);
    for (std::size_t i = 0; i < seen.size(); ++i) into_.things[desired.objects[i].id] = std::move(seen[i]);
    return {};
  }

 private:
  const ProvisionOptions& options_;
  Cloud& cloud_;
  Observed& into_;
  std::mutex mutex_;
};

}  // namespace

const Sighting& Observed::Thing(std::string_view id) const {
  static const Sighting kNothing;
  const auto found = things.find(id);
  return found == things.end() ? kNothing : found->second;
}

const Sighting& Observed::Policy(std::string_view id) const {
  static const Sighting kNothing;
  const auto found = policies.find(id);
  return found == policies.end() ? kNothing : found->second;
}

bool MayHaveHappened(const Error& error) {
  return error.code == Code::kUnavailable || error.code == Code::kDeadlineExceeded ||
         error.code == Code::kInternal || error.code == Code::kUnknown;
}

Result<json::value> ReadPatiently(Cloud& cloud, const CloudCall& call) {
  for (int attempt = 1;; ++attempt) {
    auto answer = cloud.Call(call);
    // A read cannot conflict: whoever says so is busy.
    const bool passing =
        !answer && (answer.error().code == Code::kAborted || answer.error().code == Code::kAlreadyExists ||
                    answer.error().reason == "conditionNotMet" || MayHaveHappened(answer.error()));
    if (!passing || attempt == kReadTries) return answer;
    EASEL_RETURN_IF_ERROR(cloud.Pause(attempt));
  }
}

CloudCall ReadCall(const ProvisionOptions& options, std::string_view id) {
  const auto [kind, rest] = Taken(id);
  if (kind == "account") return {.service = "iam", .method = "GET", .path = AccountPath(options, rest)};
  if (kind == "role") return {.service = "iam", .method = "GET", .path = "/v1/" + std::string(rest)};
  if (kind == "bucket")
    return {
        .service = "storage", .method = "GET", .path = BucketPath(rest), .query = {{"projection", "noAcl"}}};
  if (kind == "folder") return {.service = "storage", .method = "GET", .path = FolderPath(rest)};
  if (kind == "repository")
    return {.service = "artifactregistry", .method = "GET", .path = "/v1/" + std::string(rest)};
  if (kind == "cluster") return {.service = "container", .method = "GET", .path = "/v1/" + std::string(rest)};
  EASEL_CHECK(kind == "project");
  return {.service = "cloudresourcemanager", .method = "GET", .path = "/v1/projects/" + std::string(rest)};
}

CloudCall ReadPolicyCall(const ProvisionOptions& options, std::string_view id) {
  const auto [kind, rest] = Taken(id);
  CloudCall call = ReadCall(options, id);
  call.query.clear();
  if (kind == "bucket" || kind == "folder") {
    call.path += "/iam";
    call.query = {{"optionsRequestedPolicyVersion", "3"}};
    return call;
  }
  call.path += ":getIamPolicy";
  if (kind == "project")
    call.body = json::object{{"options", json::object{{"requestedPolicyVersion", 3}}}};
  else
    call.query = {{"options.requestedPolicyVersion", "3"}};
  if (kind != "repository") call.method = "POST";
  return call;
}

CloudCall WritePolicyCall(const ProvisionOptions& options, std::string_view id, json::object policy) {
  const auto [kind, rest] = Taken(id);
  CloudCall call = ReadCall(options, id);
  call.query.clear();
  if (kind == "bucket" || kind == "folder") {
    call.method = "PUT";
    call.path += "/iam";
    call.body = std::move(policy);
    return call;
  }
  call.method = "POST";
  call.path += ":setIamPolicy";
  call.body = json::object{{"policy", std::move(policy)}};
  return call;
}

Result<Observed> Observe(const ProvisionOptions& options, Cloud& cloud, const OpenCluster& open_cluster,
                         ProvisionRecord record) {
  Observed out;
  out.record = std::move(record);
  Reader reader(options, cloud, out);
  Desired desired = MakeDesired(options, nullptr);
  std::vector<std::function<Status()>> tasks;
  tasks.emplace_back([&] { return reader.Thing(desired.bucket_id); });
  tasks.emplace_back([&] { return reader.Record(); });
  if (options.uses_cluster())
    tasks.emplace_back([&] { return reader.Thing("cluster/" + options.ClusterName()); });
  tasks.emplace_back([&] { return reader.Permissions(options.project, PermissionsOnProject()); });
  if (options.uses_cluster())
    tasks.emplace_back(
        [&] { return reader.Permissions(options.compute_project, PermissionsOnComputeProject()); });
  for (const auto& [project, services] : desired.services) {
    tasks.emplace_back([&] { return reader.Services(project, services); });
    tasks.emplace_back([&] { return reader.Thing(ProjectId(project)); });
    tasks.emplace_back([&] { return reader.Policy(ProjectId(project)); });
  }
  for (const DesiredAccount& account : desired.accounts)
    tasks.emplace_back([&] { return reader.Thing(AccountId(account.email)); });
  tasks.emplace_back([&] { return reader.Thing(desired.repository_id); });
  if (!desired.role_id.empty()) tasks.emplace_back([&] { return reader.Thing(desired.role_id); });
  EASEL_RETURN_IF_ERROR(RunTogether(tasks));

  tasks.clear();
  if (const Sighting& seen = out.Thing("cluster/" + options.ClusterName());
      seen.presence == Presence::kThere) {
    const json::object& place = out.Thing(ProjectId(options.compute_project)).value;
    const json::value* number = place.if_contains("projectNumber");
    out.cluster =
        ReadClusterFacts(options, seen.value,
                         number != nullptr && number->is_string() ? std::string(number->get_string()) : "");
    desired = MakeDesired(options, &*out.cluster);
    if (!out.cluster->endpoint.empty())
      tasks.emplace_back([&] { return reader.Objects(desired, open_cluster, out.cluster->endpoint); });
  }
  const bool bucket = out.Thing(desired.bucket_id).presence == Presence::kThere;
  if (bucket) {
    tasks.emplace_back([&] { return reader.BucketPermissions(); });
    for (const std::string& folder : desired.folders)
      tasks.emplace_back([&] { return reader.Thing(FolderId(options.bucket, folder)); });
  }
  for (const DesiredPolicy& policy : desired.policies) {
    const bool folder = policy.resource.starts_with("folder/");
    if (policy.resource.starts_with("project/") || (folder && !bucket)) continue;
    if (!folder && out.Thing(policy.resource).presence != Presence::kThere) continue;
    tasks.emplace_back([&] { return reader.Policy(policy.resource); });
  }
  EASEL_RETURN_IF_ERROR(RunTogether(tasks));
  return out;
}

}  // namespace easel
