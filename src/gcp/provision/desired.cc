#include "gcp/provision/desired.h"

#include <algorithm>
#include <cctype>

#include "base/text.h"
#include "gcp/provision/fields.h"

namespace easel {
namespace {

constexpr char kRbac[] = "rbac.authorization.k8s.io";
constexpr char kAccountAnnotation[] = "iam.gke.io/gcp-service-account";

std::string Update(const ProvisionOptions& o, const std::string& flags) {
  return "gcloud container clusters update " + o.cluster + " --project " + o.compute_project +
         " --location " + o.cluster_location + " " + flags;
}

std::string Capital(std::string word) {
  if (!word.empty()) word[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(word[0])));
  return word;
}

void AddClusterObjects(const ProvisionOptions& o, Desired& desired) {
  const std::string place = "/api/v1/namespaces/" + o.nspace, id = "kubernetes/" + o.nspace;
  const json::object labels{{"app.kubernetes.io/managed-by", "easel"},
                            {"pod-security.kubernetes.io/enforce", "baseline"},
                            {"pod-security.kubernetes.io/warn", "restricted"}};
  desired.objects.push_back({.id = "kubernetes/namespaces/" + o.nspace,
                             .path = place,
                             .body = {{"apiVersion", "v1"},
                                      {"kind", "Namespace"},
                                      {"metadata", json::object{{"name", o.nspace}, {"labels", labels}}}}});
  if (o.helm) return;
  for (const auto& [name, role] : {std::pair{"builder", "build"}, {"executor", "execution"}})
    desired.objects.push_back(
        {.id = id + "/serviceaccounts/" + name,
         .path = place + "/serviceaccounts/" + name,
         .body = {{"apiVersion", "v1"},
                  {"kind", "ServiceAccount"},
                  {"metadata", json::object{{"name", name},
                                            {"namespace", o.nspace},
                                            {"annotations",
                                             json::object{{kAccountAnnotation, o.AccountEmail(role)}}}}}}});
  desired.objects.push_back(
      {.id = id + "/rolebindings/scheduler",
       .path = std::string("/apis/") + kRbac + "/v1/namespaces/" + o.nspace + "/rolebindings/scheduler",
       .body = {{"apiVersion", std::string(kRbac) + "/v1"},
                {"kind", "RoleBinding"},
                {"metadata", json::object{{"name", "scheduler"}, {"namespace", o.nspace}}},
                {"subjects", json::array{json::object{
                                 {"kind", "User"}, {"apiGroup", kRbac}, {"name", o.AccountEmail("app")}}}},
                {"roleRef", json::object{{"apiGroup", kRbac}, {"kind", "ClusterRole"}, {"name", "admin"}}}}});
}

}  // namespace

ClusterFacts ReadClusterFacts(const ProvisionOptions& o, const json::object& cluster,
                              const std::string& project_number) {
  ClusterFacts facts;
  const std::string pool = TextAt(ObjectAt(cluster, "workloadIdentityConfig"), "workloadPool"),
                    wanted = o.compute_project + ".svc.id.goog";
  facts.requirements.push_back({.name = "Workload Identity",
                                .met = pool == wanted,
                                .found = pool.empty() ? "off" : pool,
                                .remedy = pool == wanted ? ""
                                                         : "Pods cannot act as the accounts. Turn it on: " +
                                                               Update(o, "--workload-pool=" + wanted)});
  const json::object& dns = ObjectAt(ObjectAt(cluster, "controlPlaneEndpointsConfig"), "dnsEndpointConfig");
  const std::string endpoint = TextAt(dns, "endpoint");
  if (!endpoint.empty()) facts.endpoint = endpoint.contains("://") ? endpoint : "https://" + endpoint;
  const bool external = TrueAt(dns, "allowExternalTraffic");
  facts.requirements.push_back(
      {.name = "DNS endpoint",
       .met = !endpoint.empty() && external,
       .found = endpoint.empty()
                    ? "none"
                    : endpoint + (external ? "" : ", closed to traffic from outside Google Cloud"),
       .remedy = !endpoint.empty() && external
                     ? ""
                     : "The control plane reaches the cluster by its DNS endpoint. Open it: " +
                           Update(o, "--enable-dns-access")});
  const bool autopilot = TrueAt(ObjectAt(cluster, "autopilot"), "enabled");
  std::vector<std::string> closed;
  const auto add_account = [&](std::string account) {
    if (account.empty() || account == "default") {
      if (project_number.empty()) return;
      account = project_number + "-compute@developer.gserviceaccount.com";
    }
    if (std::ranges::find(facts.node_accounts, account) == facts.node_accounts.end())
      facts.node_accounts.push_back(account);
  };
  const json::value* pools = cluster.if_contains("nodePools");
  const std::size_t all = pools != nullptr && pools->is_array() ? pools->get_array().size() : 0;
  if (all > 0)
    for (const json::value& each : pools->get_array()) {
      if (!each.is_object()) continue;
      const json::object& config = ObjectAt(each.get_object(), "config");
      add_account(TextAt(config, "serviceAccount"));
      if (!autopilot && TextAt(ObjectAt(config, "workloadMetadataConfig"), "mode") != "GKE_METADATA")
        closed.push_back(TextAt(each.get_object(), "name"));
    }
  const json::object& scaling = ObjectAt(cluster, "autoscaling");
  if (TrueAt(scaling, "enableNodeAutoprovisioning"))
    add_account(TextAt(ObjectAt(scaling, "autoprovisioningNodePoolDefaults"), "serviceAccount"));
  std::string remedy;
  for (const std::string& name : closed)
    remedy +=
        (remedy.empty() ? "Pods on these nodes would act as the node. Turn the metadata server on: " : "; ") +
        ("gcloud container node-pools update " + name + " --cluster " + o.cluster + " --project " +
         o.compute_project + " --location " + o.cluster_location + " --workload-metadata=GKE_METADATA");
  facts.requirements.push_back({.name = "GKE metadata server",
                                .met = closed.empty(),
                                .blocking = closed.size() == all,
                                .found = closed.empty()
                                             ? (autopilot ? "on (Autopilot)" : "on in all node pools")
                                             : "off in " + JoinWords(closed),
                                .remedy = remedy});
  const bool known = !facts.node_accounts.empty() || !o.nodes_service_account.empty();
  facts.requirements.push_back(
      {.name = "accounts of the nodes",
       .met = known,
       .found = known ? JoinWords(facts.node_accounts.empty() ? std::vector{o.nodes_service_account}
                                                              : facts.node_accounts)
                      : "not known",
       .remedy = known ? "" : "Name the account that nodes run as by --nodes-service-account EMAIL"});
  return facts;
}

Desired MakeDesired(const ProvisionOptions& o, const ClusterFacts* facts) {
  Desired d;
  for (const char* api : {"artifactregistry", "cloudresourcemanager", "iam", "iamcredentials", "logging",
                          "serviceusage", "storage", "sts"})
    d.services[o.project].push_back(std::string(api) + ".googleapis.com");
  if (o.uses_cluster())
    for (const char* api : {"cloudresourcemanager", "container", "iam", "logging"}) {
      auto& into = d.services[o.compute_project];
      if (const std::string name = std::string(api) + ".googleapis.com";
          std::ranges::find(into, name) == into.end())
        into.push_back(name);
    }
  struct Role {
    const char *role, *word, *purpose;
  };
  for (const auto& [role, word, purpose] :
       {Role{"app", "application", "the app uses the bucket, logs and cluster as this account"},
        {"execution", "execution", "blocks run as this account"},
        {"build", "build", "images are built as this account"}})
    d.accounts.push_back({.id = o.prefix + "-" + role + "-sa",
                          .email = o.AccountEmail(role),
                          .display_name = Capital(o.prefix) + " " + word + " service account",
                          .purpose = purpose});
  d.bucket_id = "bucket/" + o.bucket;
  d.bucket = {
      {"name", o.bucket},
      {"location", o.bucket_location},
      {"hierarchicalNamespace", json::object{{"enabled", true}}},
      {"iamConfiguration", json::object{{"publicAccessPrevention", "enforced"},
                                        {"uniformBucketLevelAccess", json::object{{"enabled", true}}}}}};
  if (!o.kms_key.empty()) d.bucket["encryption"] = json::object{{"defaultKmsKeyName", o.kms_key}};
  if (!o.cors_origins.empty()) {
    json::array origins;
    for (const std::string& each : o.cors_origins) origins.push_back(json::string(each));
    d.cors = {{"origin", std::move(origins)},
              {"responseHeader", json::array{"*"}},
              {"method", json::array{"GET", "PUT", "POST"}},
              {"maxAgeSeconds", 3600}};
  }
  d.folders = {"build/", "canvases/"};
  d.repository_id = "repository/" + o.RepositoryName();
  d.repository = {{"name", o.RepositoryName()}, {"format", "DOCKER"}, {"mode", "STANDARD_REPOSITORY"}};
  if (!o.kms_key.empty()) d.repository["kmsKeyName"] = o.kms_key;
  const std::string app = o.AccountMember("app"), execution = o.AccountMember("execution"),
                    build = o.AccountMember("build");
  const auto account = [&](const char* role) { return AccountId(o.AccountEmail(role)); };
  if (!o.caller.empty())
    d.policies.push_back({account("app"), {{"roles/iam.serviceAccountTokenCreator", o.caller}}});
  d.policies.push_back({d.bucket_id, {{"roles/storage.objectAdmin", app}}});
  d.policies.push_back({FolderId(o.bucket, "build/"), {{"roles/storage.objectViewer", build}}});
  d.policies.push_back({FolderId(o.bucket, "canvases/"), {{"roles/storage.objectAdmin", execution}}});
  DesiredPolicy images{d.repository_id, {{"roles/artifactregistry.repoAdmin", build}}};
  DesiredPolicy project{ProjectId(o.project),
                        {{"roles/logging.logWriter", execution},
                         {"roles/logging.logWriter", build},
                         {"roles/logging.viewer", app}}};
  if (!o.uses_cluster()) {
    d.policies.push_back(std::move(images));
    d.policies.push_back(std::move(project));
    return d;
  }
  std::vector<std::string> nodes;
  if (facts != nullptr) nodes = facts->node_accounts;
  if (!o.nodes_service_account.empty() && std::ranges::find(nodes, o.nodes_service_account) == nodes.end())
    nodes.push_back(o.nodes_service_account);
  for (const std::string& node : nodes)
    images.grants.push_back({"roles/artifactregistry.reader", "serviceAccount:" + node});
  d.role_id = "role/" + o.ConnectRoleName();
  d.role = {{"title", "Clusters connect role"},
            {"description", "Allow connecting to clusters"},
            {"includedPermissions", json::array{"container.clusters.connect"}}};
  const std::string pool = "serviceAccount:" + o.compute_project + ".svc.id.goog[" + o.nspace + "/";
  d.policies.push_back({account("execution"), {{"roles/iam.workloadIdentityUser", pool + "executor]"}}});
  d.policies.push_back({account("build"), {{"roles/iam.workloadIdentityUser", pool + "builder]"}}});
  d.policies.push_back(std::move(images));
  const Grant connect{o.ConnectRoleName(), app};
  if (o.compute_project == o.project) {
    project.grants.push_back(connect);
    d.policies.push_back(std::move(project));
  } else {
    d.policies.push_back(std::move(project));
    d.policies.push_back({ProjectId(o.compute_project), {connect}});
  }
  AddClusterObjects(o, d);
  return d;
}

std::string HelmValues(const ProvisionOptions& o) {
  std::string out;
  for (const auto& [name, role] : {std::pair{"builder", "build"}, {"executor", "execution"}})
    out += std::string(name) + ":\n  serviceAccount:\n    annotations:\n      " + kAccountAnnotation + ": " +
           o.AccountEmail(role) + "\n";
  return out + "scheduler:\n  user:\n    enabled: true\n    name: " + o.AccountEmail("app") +
         "\n  roleRef:\n    apiGroup: " + kRbac + "\n    kind: ClusterRole\n    name: admin\n";
}

std::string SettingsYaml(const ProvisionOptions& o, const std::string& endpoint) {
  std::string out = "project: " + o.project + "\nregion: " + o.region + "\nbucket: " + o.bucket +
                    "\nrepository: " + o.repository_location + "-docker.pkg.dev/" + o.project + "/" +
                    o.prefix + "\nservice_accounts:\n";
  for (const char* role : {"app", "execution", "build"})
    out += "  " + std::string(role) + ": " + o.AccountEmail(role) + "\n";
  if (o.uses_cluster())
    out += "kubernetes:\n  namespace: " + o.nspace +
           "\n  endpoint: " + (endpoint.empty() ? "\"\"" : endpoint) + "\n  cluster: " + o.ClusterName() +
           "\n";
  return out;
}

}  // namespace easel
