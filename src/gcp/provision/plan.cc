#include "gcp/provision/plan.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "gcp/provision/fields.h"
#include "gcp/provision/obstacle.h"

namespace easel {
namespace {

bool SameWord(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// A list of texts, sorted: the order of origins and methods means nothing.
std::vector<std::string> Words(const json::object& entry, std::string_view key) {
  std::vector<std::string> out;
  if (const json::value* list = entry.if_contains(key); list != nullptr && list->is_array())
    for (const json::value& each : list->get_array())
      if (each.is_string()) out.emplace_back(each.get_string());
  std::ranges::sort(out);
  return out;
}

bool SameCors(const json::object& a, const json::object& b) {
  const auto age = [](const json::object& entry) {
    const json::value* found = entry.if_contains("maxAgeSeconds");
    return found == nullptr || !found->is_number() ? 0 : found->to_number<std::int64_t>();
  };
  for (const char* key : {"origin", "method", "responseHeader"})
    if (Words(a, key) != Words(b, key)) return false;
  return age(a) == age(b);
}

void Compare(const json::object& wanted, const json::object& there, const std::string& path,
             std::vector<std::string>& out) {
  for (const auto& field : wanted) {
    const std::string where = path + std::string(field.key());
    const json::value* have = there.if_contains(field.key());
    if (field.value().is_object()) {
      static const json::object kEmpty;
      Compare(field.value().get_object(), have != nullptr && have->is_object() ? have->get_object() : kEmpty,
              where + ".", out);
    } else if (have == nullptr) {
      out.push_back("+ " + where + ": " + json::serialize(field.value()));
    } else if (*have != field.value()) {
      out.push_back("~ " + where + ": " + json::serialize(*have) + " -> " + json::serialize(field.value()));
    }
  }
}

/// Builds one plan.
class Planner {
 public:
  Planner(const ProvisionOptions& options, const Desired& desired, const Observed& observed)
      : options_(options), desired_(desired), observed_(observed) {}

  Plan Make() {
    Projects();
    Services();
    for (const DesiredAccount& account : desired_.accounts) Account(account);
    Bucket();
    for (const std::string& folder : desired_.folders)
      Begin(FolderId(options_.bucket, folder), observed_.Thing(FolderId(options_.bucket, folder)));
    Repository();
    if (!desired_.role_id.empty()) Role();
    for (const DesiredPolicy& policy : desired_.policies) Policy(policy);
    Cluster();
    Permissions();
    return std::move(plan_);
  }

 private:
  void Block(std::string reason, std::string message) {
    plan_.blockers.push_back({std::move(reason), std::move(message)});
  }

  PlanStep& Begin(const std::string& id, const Sighting& seen) {
    PlanStep step{.id = id, .title = TitleOf(id)};
    if (seen.presence == Presence::kMissing || seen.presence == Presence::kServiceOff)
      step.action = PlanAction::kCreate;
    if (seen.presence == Presence::kServiceOff)
      step.note = "its API is off: whether it is there is seen once that is on";
    if (seen.presence == Presence::kThere && !observed_.record.Knows(id))
      step.note = "was there before: `destroy` will leave it";
    if (seen.presence == Presence::kHidden) Refused(id, seen.why);
    plan_.steps.push_back(std::move(step));
    return plan_.steps.back();
  }

  void Refused(const std::string& id, const Error& why) {
    if (id == desired_.bucket_id && why.code == Code::kPermissionDenied && why.reason != "vpcServiceControls")
      Block("BUCKET_OF_OTHERS",
            "The bucket " + options_.bucket +
                " exists and you may not read it: names of buckets are shared by everybody, and this one is "
                "most likely taken. "
                "Choose another by --bucket NAME; if it is yours, ask for roles/storage.admin on it.");
    else
      Block(why.reason.empty() ? "REFUSED" : why.reason,
            Explain(why, {.resource = id, .doing = "read " + TitleOf(id), .project = options_.project})
                .message);
  }

  void Change(PlanStep& step, std::vector<std::string> lines) {
    if (lines.empty()) return;
    if (step.action == PlanAction::kKeep) step.action = PlanAction::kChange;
    for (std::string& line : lines) step.changes.push_back(std::move(line));
  }

  void Projects() {
    for (const auto& [project, services] : desired_.services) {
      const Sighting& seen = observed_.Thing(ProjectId(project));
      if (seen.presence == Presence::kThere) {
        if (const std::string state = TextAt(seen.value, "lifecycleState"); state != "ACTIVE")
          Block("PROJECT_NOT_ACTIVE",
                "The project " + project + " is " + state + ". Restore it, or name another by --project.");
      } else if (seen.presence != Presence::kServiceOff && !PermissionIsMissing(project)) {
        Block("PROJECT_UNKNOWN",
              "There is no project " + project +
                  ", or you may not see it. Check the id (not the name) in the console; "
                  "whoever owns it can let you in: gcloud projects add-iam-policy-binding " +
                  project + " --member user:YOU --role roles/browser");
      }
    }
  }

  /// Some right is held: then what is refused is missing one right, which Permissions() says.
  bool PermissionIsMissing(const std::string& project) const {
    const auto held = observed_.held.find(project);
    return held != observed_.held.end() && !held->second.empty();
  }

  void Services() {
    for (const auto& [project, off] : observed_.services_off) {
      PlanStep step{
          .id = "services/" + project, .title = "APIs of project " + project, .action = PlanAction::kChange};
      for (const std::string& each : off) step.changes.push_back("+ enable " + each);
      step.note = "`destroy` leaves APIs on";
      plan_.steps.push_back(std::move(step));
    }
  }

  void Account(const DesiredAccount& account) {
    const Sighting& seen = observed_.Thing(AccountId(account.email));
    PlanStep& step = Begin(AccountId(account.email), seen);
    if (step.note.empty() && seen.presence != Presence::kThere) step.note = account.purpose;
    if (seen.presence != Presence::kThere) return;
    if (const std::string name = TextAt(seen.value, "displayName"); name != account.display_name)
      Change(step, {"~ displayName: \"" + name + "\" -> \"" + account.display_name + "\""});
    if (TrueAt(seen.value, "disabled")) Change(step, {"~ disabled: true -> false"});
  }

  void Bucket() {
    const Sighting& seen = observed_.Thing(desired_.bucket_id);
    PlanStep& step = Begin(desired_.bucket_id, seen);
    if (seen.presence == Presence::kThere) {
      const std::string location = TextAt(seen.value, "location"),
                        number = TextAt(seen.value, "projectNumber"),
                        own = TextAt(observed_.Thing(ProjectId(options_.project)).value, "projectNumber");
      if (!number.empty() && !own.empty() && number != own)
        Block("BUCKET_OF_OTHERS", "The bucket " + options_.bucket + " belongs to project number " + number +
                                      ", not to " + options_.project +
                                      ". Choose another name by --bucket NAME.");
      if (!SameWord(location, options_.bucket_location))
        Block("BUCKET_LOCATION", "The bucket " + options_.bucket + " is in " + location + ", not in " +
                                     options_.bucket_location +
                                     ", and a bucket cannot move. Accept its place by --bucket-location " +
                                     location + ", or choose another name by --bucket NAME.");
      if (!TrueAt(ObjectAt(seen.value, "hierarchicalNamespace"), "enabled"))
        Block("BUCKET_NOT_HIERARCHICAL", "The bucket " + options_.bucket +
                                             " has no hierarchical namespace, which can only be chosen when "
                                             "a bucket is made. Choose another name by --bucket NAME.");
      const json::object& access = ObjectAt(seen.value, "iamConfiguration");
      if (const std::string now = TextAt(access, "publicAccessPrevention"); now != "enforced")
        Change(step, {"~ publicAccessPrevention: " + now + " -> enforced"});
      if (!TrueAt(ObjectAt(access, "uniformBucketLevelAccess"), "enabled"))
        Change(step, {"~ uniformBucketLevelAccess: off -> on"});
      if (const std::string now = TextAt(ObjectAt(seen.value, "encryption"), "defaultKmsKeyName");
          !options_.kms_key.empty() && now != options_.kms_key)
        Change(step, {"~ encryption: " + (now.empty() ? "keys of Google" : now) + " -> " + options_.kms_key});
    }
    const json::array before = CorsOf(seen.value), after = WantedCors(desired_, seen.value, observed_.record);
    if (before != after) {
      for (const json::value& each : before)
        if (std::ranges::find(after, each) == after.end())
          Change(step, {"- CORS of " + JoinWords(Words(each.get_object(), "origin"))});
      if (!desired_.cors.empty() && (before.empty() || before.back() != after.back())) {
        step.changes.push_back("+ CORS for " + JoinWords(Words(desired_.cors, "origin")));
        if (step.action == PlanAction::kKeep) step.action = PlanAction::kChange;
      }
    }
    if (desired_.cors.empty())
      plan_.notes.emplace_back(
          "No --cors-origin is given: browsers can download from the bucket by link, but not upload to it.");
  }

  void Repository() {
    const Sighting& seen = observed_.Thing(desired_.repository_id);
    Begin(desired_.repository_id, seen);
    if (seen.presence != Presence::kThere) return;
    const std::string format = TextAt(seen.value, "format"), mode = TextAt(seen.value, "mode");
    if (format != "DOCKER" || (mode != "STANDARD_REPOSITORY" && !mode.empty()))
      Block("REPOSITORY_KIND", "The repository " + options_.RepositoryName() + " exists as " + format + ", " +
                                   mode +
                                   ", and must be DOCKER, STANDARD_REPOSITORY. Choose another --prefix or "
                                   "--repository-location, or remove it.");
    if (const std::string key = TextAt(seen.value, "kmsKeyName");
        !options_.kms_key.empty() && key != options_.kms_key)
      Block("REPOSITORY_KEY", "The repository " + options_.RepositoryName() + " is encrypted by " +
                                  (key.empty() ? "Google's keys" : key) +
                                  ", which cannot be changed. Remove it, or leave --kms-key out.");
  }

  void Role() {
    const Sighting& seen = observed_.Thing(desired_.role_id);
    PlanStep& step = Begin(desired_.role_id, seen);
    if (seen.presence != Presence::kThere) return;
    if (TrueAt(seen.value, "deleted")) Change(step, {"~ deleted: true -> false"});
    const auto held = Words(seen.value, "includedPermissions");
    for (const std::string& each : Words(desired_.role, "includedPermissions"))
      if (!std::ranges::binary_search(held, each)) Change(step, {"+ " + each});
  }

  void Policy(const DesiredPolicy& policy) {
    const Sighting& seen = observed_.Policy(policy.resource);
    PlanStep step{.id = "policy/" + policy.resource, .title = "policy of " + TitleOf(policy.resource)};
    if (seen.presence == Presence::kHidden) Refused(policy.resource, seen.why);
    for (const Grant& grant : MissingGrants(seen.value, policy.grants))
      Change(step, {"+ " + grant.role + "  " + grant.member});
    plan_.steps.push_back(std::move(step));
  }

  void Cluster() {
    if (!options_.uses_cluster()) return;
    const Sighting& cluster = observed_.Thing("cluster/" + options_.ClusterName());
    if (cluster.presence == Presence::kMissing) {
      Block("CLUSTER_UNKNOWN",
            "There is no cluster " + options_.cluster + " in " + options_.cluster_location + " of project " +
                options_.compute_project + ". List them by `gcloud container clusters list --project " +
                options_.compute_project + "` and name it by --cluster and --cluster-location.");
      return;
    }
    if (cluster.presence == Presence::kHidden) Refused("cluster/" + options_.ClusterName(), cluster.why);
    if (!observed_.cluster) return;
    plan_.requirements = observed_.cluster->requirements;
    bool met = true;
    for (const Requirement& each : plan_.requirements) {
      if (each.met) continue;
      if (each.blocking)
        (met = false, Block("CLUSTER_REQUIREMENT",
                            "The cluster's " + each.name + " is " + each.found + ". " + each.remedy));
      else
        plan_.notes.push_back("The cluster's " + each.name + " is " + each.found +
                              ": blocks run on the other nodes only. " + each.remedy);
    }
    if (!met) return;
    for (const ClusterObject& object : desired_.objects) {
      const Sighting& seen = observed_.Thing(object.id);
      PlanStep& step = Begin(object.id, seen);
      if (seen.presence == Presence::kThere) Change(step, Differences(object.body, seen.value));
      if (seen.presence != Presence::kThere || step.action == PlanAction::kKeep) continue;
      const std::string owner =
          TextAt(ObjectAt(ObjectAt(seen.value, "metadata"), "labels"), "app.kubernetes.io/managed-by");
      if (owner == "Helm" && !object.id.contains("/namespaces/"))
        Block("OBJECT_OF_HELM", step.title +
                                    " is made by a Helm chart, which would change it back. Set the chart's "
                                    "values instead: --helm prints them.");
      if (object.body.contains("roleRef") &&
          json::value(ObjectAt(seen.value, "roleRef")) != object.body.at("roleRef") &&
          !observed_.record.Knows(object.id))
        Block("BINDING_OF_OTHERS", step.title +
                                       " binds another role and was made by somebody else; a binding's role "
                                       "cannot be changed. Remove it (kubectl delete -n " +
                                       options_.nspace +
                                       " rolebinding scheduler) or choose another --namespace.");
    }
  }

  void Need(const std::string& project, const std::string& permission, const PlanStep& step,
            std::vector<std::string>& missing) const {
    const auto held = observed_.held.find(project);
    if (held == observed_.held.end() || held->second.contains(permission)) return;
    const std::string line = "  " + permission + "  (" + step.title + "; " + RoleWith(permission) + ")";
    if (std::ranges::none_of(
            missing, [&](const std::string& each) { return each.starts_with("  " + permission + " "); }))
      missing.push_back(line);
  }

  void Permissions() {
    std::map<std::string, std::vector<std::string>> missing;
    for (const PlanStep& step : plan_.steps) {
      if (step.action == PlanAction::kKeep) continue;
      for (const auto& [project, permission] : Needs(step)) Need(project, permission, step, missing[project]);
    }
    for (const auto& [project, lines] : missing) {
      if (lines.empty()) continue;
      std::string text = "You lack on project " + project + ":\n";
      std::vector<std::string> roles;
      for (const std::string& line : lines) {
        text += line + "\n";
        const std::string role = line.substr(line.rfind(' ') + 1, line.size() - line.rfind(' ') - 2);
        if (std::ranges::find(roles, role) == roles.end()) roles.push_back(role);
      }
      text += "Whoever owns the project can grant it (YOU: the address that you sign in with):";
      for (const std::string& role : roles)
        text += "\n  gcloud projects add-iam-policy-binding " + project + " --member user:YOU --role " + role;
      Block("PERMISSION_MISSING", text);
    }
    if (observed_.Thing(desired_.bucket_id).presence != Presence::kThere) return;
    std::vector<std::string> on_bucket;
    for (const PlanStep& step : plan_.steps) {
      if (step.action == PlanAction::kKeep) continue;
      std::vector<std::string> needs;
      if (step.id == desired_.bucket_id) needs = {"storage.buckets.update"};
      if (step.id == "policy/" + desired_.bucket_id) needs = {"storage.buckets.setIamPolicy"};
      if (step.id.starts_with("folder/")) needs = {"storage.managedFolders.create"};
      if (step.id.starts_with("policy/folder/")) needs = {"storage.managedFolders.setIamPolicy"};
      for (const std::string& each : needs)
        if (!observed_.held_on_bucket.contains(each) && std::ranges::find(on_bucket, each) == on_bucket.end())
          on_bucket.push_back(each);
    }
    if (!on_bucket.empty())
      Block("PERMISSION_MISSING", "You lack on the bucket " + options_.bucket + ": " + JoinWords(on_bucket) +
                                      ".\n  gcloud storage buckets add-iam-policy-binding gs://" +
                                      options_.bucket + " --member user:YOU --role roles/storage.admin");
  }

  std::vector<std::pair<std::string, std::string>> Needs(const PlanStep& step) const {
    const std::string& p = options_.project;
    const std::string& c = options_.compute_project;
    const bool create = step.action == PlanAction::kCreate;
    if (step.id.starts_with("services/")) return {{step.id.substr(9), "serviceusage.services.enable"}};
    if (step.id.starts_with("account/"))
      return {{p, create ? "iam.serviceAccounts.create" : "iam.serviceAccounts.update"}};
    if (step.id.starts_with("bucket/") && create) return {{p, "storage.buckets.create"}};
    if (step.id.starts_with("repository/") && create) return {{p, "artifactregistry.repositories.create"}};
    if (step.id.starts_with("role/")) return {{c, create ? "iam.roles.create" : "iam.roles.update"}};
    if (step.id.starts_with("policy/project/"))
      return {{step.id.substr(15), "resourcemanager.projects.getIamPolicy"},
              {step.id.substr(15), "resourcemanager.projects.setIamPolicy"}};
    if (step.id.starts_with("policy/account/"))
      return {{p, "iam.serviceAccounts.getIamPolicy"}, {p, "iam.serviceAccounts.setIamPolicy"}};
    if (step.id.starts_with("policy/repository/"))
      return {{p, "artifactregistry.repositories.getIamPolicy"},
              {p, "artifactregistry.repositories.setIamPolicy"}};
    if (step.id.starts_with("kubernetes/namespaces/"))
      return {{c, "container.clusters.connect"},
              {c, create ? "container.namespaces.create" : "container.namespaces.update"}};
    if (step.id.contains("/serviceaccounts/"))
      return {{c, create ? "container.serviceAccounts.create" : "container.serviceAccounts.update"}};
    if (step.id.contains("/rolebindings/"))
      return {{c, create ? "container.roleBindings.create" : "container.roleBindings.update"},
              {c, "container.clusterRoles.bind"}};
    return {};
  }

  const ProvisionOptions& options_;
  const Desired& desired_;
  const Observed& observed_;
  Plan plan_;
};

}  // namespace

int Plan::Count(PlanAction action) const {
  return static_cast<int>(std::ranges::count(steps, action, &PlanStep::action));
}

std::vector<std::string> Differences(const json::object& wanted, const json::object& there) {
  std::vector<std::string> out;
  Compare(wanted, there, "", out);
  return out;
}

std::string CorsId(const std::string& bucket_id, const json::object& entry) {
  std::string out = "cors/" + bucket_id + "#";
  for (const std::string& each : Words(entry, "origin")) out += each + ",";
  return out;
}

json::array CorsOf(const json::object& bucket) {
  const json::value* found = bucket.if_contains("cors");
  json::array out;
  if (found != nullptr && found->is_array())
    for (const json::value& each : found->get_array())
      if (each.is_object()) out.push_back(each);
  return out;
}

json::array WantedCors(const Desired& desired, const json::object& bucket, const ProvisionRecord& record) {
  json::array out;
  bool there = false;
  for (const json::value& each : CorsOf(bucket)) {
    const json::object& entry = each.get_object();
    const bool same = !desired.cors.empty() && SameCors(entry, desired.cors);
    if (same && there) continue;
    if (!same && record.Knows(CorsId(desired.bucket_id, entry))) continue;
    there = there || same;
    out.push_back(each);
  }
  if (!desired.cors.empty() && !there) out.push_back(desired.cors);
  return out;
}

std::string TitleOf(std::string_view id) {
  static constexpr std::pair<std::string_view, std::string_view> kTitles[] = {
      {"policy/", "policy of "},
      {"services/", "APIs of project "},
      {"account/", "service account "},
      {"bucket/", "bucket "},
      {"folder/", "managed folder "},
      {"repository/", "Docker repository "},
      {"role/", "role "},
      {"project/", "project "},
      {"cluster/", "cluster "},
      {"kubernetes/namespaces/", "namespace "},
      {"kubernetes/", "Kubernetes "}};
  for (const auto& [prefix, title] : kTitles)
    if (id.starts_with(prefix)) {
      const std::string_view rest = id.substr(prefix.size());
      return std::string(title) + (prefix == "policy/" ? TitleOf(rest) : std::string(rest));
    }
  return std::string(id);
}

Plan MakePlan(const ProvisionOptions& options, const Desired& desired, const Observed& observed) {
  return Planner(options, desired, observed).Make();
}

}  // namespace easel
