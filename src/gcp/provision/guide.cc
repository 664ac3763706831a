#include "gcp/provision/guide.h"

#include "base/text.h"

namespace easel {
namespace {

std::string Quoted(const std::string& text) {
  if (text.find_first_of(" []*'\"$&;()<>|") == std::string::npos) return text;
  return "'" + text + "'";
}

/// A command of several lines: the first, then each flag on its own.
std::string Command(const std::string& first, const std::vector<std::string>& flags) {
  std::string out = first;
  for (const std::string& flag : flags) out += " \\\n  " + flag;
  return out + "\n";
}

std::string After(const std::string& text, std::string_view prefix) { return text.substr(prefix.size()); }

std::string Heading(const std::string& title) { return "\n# --- " + title + "\n"; }

std::string Accounts(const ProvisionOptions& o, const Desired& desired) {
  std::string out = Heading("Three identities: the control plane, blocks, builds of environments");
  for (const DesiredAccount& account : desired.accounts)
    out += "gcloud iam service-accounts describe " + account.email + " --project " + o.project +
           " > /dev/null 2>&1 ||\n  " +
           Command("gcloud iam service-accounts create " + account.id,
                   {"--project " + o.project, "--display-name " + Quoted(account.display_name)});
  return out;
}

std::string Bucket(const ProvisionOptions& o, const Desired& desired) {
  std::string out =
      Heading("The bucket: no public access, one way of access, folders (which cannot be chosen later)");
  std::vector<std::string> flags{"--project " + o.project, "--location " + o.bucket_location,
                                 "--public-access-prevention", "--uniform-bucket-level-access",
                                 "--enable-hierarchical-namespace"};
  if (!o.kms_key.empty()) flags.push_back("--default-encryption-key " + o.kms_key);
  const std::string url = "gs://" + o.bucket;
  out += "gcloud storage buckets describe " + url + " > /dev/null 2>&1 ||\n  " +
         Command("gcloud storage buckets create " + url, flags);
  if (!desired.cors.empty())
    out +=
        "\n# Replaces the bucket's whole list: add entries of others to the file first. (gcloud cannot read "
        "it from a pipe.)\n"
        "cors=$(mktemp) && cat > \"$cors\" << 'END'\n" +
        json::serialize(json::array{desired.cors}) + "\nEND\ngcloud storage buckets update " + url +
        " --cors-file \"$cors\" && rm \"$cors\"\n\n";
  for (const std::string& folder : desired.folders) {
    const std::string name = url + "/" + folder.substr(0, folder.size() - 1);
    out += "gcloud storage managed-folders describe " + name +
           " > /dev/null 2>&1 ||\n  gcloud storage managed-folders create " + name + "\n";
  }
  return out;
}

std::string Repository(const ProvisionOptions& o) {
  const std::string place = o.prefix + " --project " + o.project + " --location " + o.repository_location;
  std::vector<std::string> flags{"--repository-format docker", "--mode standard-repository"};
  if (!o.kms_key.empty()) flags.push_back("--kms-key " + o.kms_key);
  return Heading("The Docker repository, for images of environments") +
         "gcloud artifacts repositories describe " + place + " > /dev/null 2>&1 ||\n  " +
         Command("gcloud artifacts repositories create " + place, flags);
}

std::string Cluster(const ProvisionOptions& o) {
  const std::string place = "--project " + o.compute_project + " --location " + o.cluster_location;
  std::string out = Heading("The cluster: what it must have. These change it; ask who runs it");
  out +=
      "# Workload Identity, so that pods act as the accounts (existing node pools need the third command, "
      "too):\n"
      "#   gcloud container clusters update " +
      o.cluster + " " + place + " --workload-pool " + o.compute_project +
      ".svc.id.goog\n"
      "# The DNS endpoint, open to the control plane:\n"
      "#   gcloud container clusters update " +
      o.cluster + " " + place +
      " --enable-dns-access\n"
      "# The metadata server on each node pool:\n"
      "#   gcloud container node-pools update POOL --cluster " +
      o.cluster + " " + place +
      " --workload-metadata GKE_METADATA\n"
      "# How it is now, with the accounts of its nodes:\n" +
      Command("gcloud container clusters describe " + o.cluster + " " + place,
              {"--format 'yaml(workloadIdentityConfig.workloadPool, "
               "controlPlaneEndpointsConfig.dnsEndpointConfig, nodePools[].name, "
               "nodePools[].config.serviceAccount, nodePools[].config.workloadMetadataConfig.mode, "
               "autoscaling.autoprovisioningNodePoolDefaults.serviceAccount)'"});
  out += Heading(
      "A role that lets the control plane connect to clusters (it may be there already, or deleted within "
      "the last week)");
  out +=
      "gcloud iam roles undelete ClustersConnect --project " + o.compute_project +
      " > /dev/null 2>&1\n"
      "gcloud iam roles describe ClustersConnect --project " +
      o.compute_project + " > /dev/null 2>&1 ||\n  " +
      Command("gcloud iam roles create ClustersConnect",
              {"--project " + o.compute_project, "--title 'Clusters connect role'",
               "--description 'Allow connecting to clusters'", "--permissions container.clusters.connect"});
  return out;
}

std::string InCluster(const ProvisionOptions& o, const Desired& desired) {
  std::string out =
      Heading("In the cluster: the namespace" +
              std::string(o.helm ? ", and our chart"
                                 : ", two accounts, and the control plane's right to run jobs there"));
  out += "gcloud container clusters get-credentials " + o.cluster + " --project " + o.compute_project +
         " --location " + o.cluster_location + " --dns-endpoint\n";
  for (const ClusterObject& object : desired.objects)
    out += "kubectl apply --server-side --field-manager easel-setup -f - << 'END'\n" +
           json::serialize(object.body) + "\nEND\n";
  if (o.helm)
    out += "values=$(mktemp) && cat > \"$values\" << 'END'\n" + HelmValues(o) +
           "END\n# CHART is where your Easel chart lies, e.g. oci://registry.example.org/charts/easel\nhelm "
           "upgrade --install " +
           o.prefix + " CHART -n " + o.nspace + " -f \"$values\"\n";
  return out;
}

}  // namespace

std::string GrantCommand(const ProvisionOptions& o, const std::string& resource, const Grant& grant) {
  const std::vector<std::string> who{"--member " + Quoted(grant.member), "--role " + grant.role};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.end(), who.begin(), who.end());
    return more;
  };
  std::string out;
  if (resource.starts_with("account/"))
    out = Command("gcloud iam service-accounts add-iam-policy-binding " + After(resource, "account/"),
                  with({"--project " + o.project, "--condition None"}));
  else if (resource.starts_with("bucket/"))
    out = Command("gcloud storage buckets add-iam-policy-binding gs://" + After(resource, "bucket/"), who);
  else if (resource.starts_with("folder/"))
    out = Command("gcloud storage managed-folders add-iam-policy-binding gs://" +
                      resource.substr(7, resource.size() - 8),
                  who);
  else if (resource.starts_with("repository/"))
    out = Command("gcloud artifacts repositories add-iam-policy-binding " + o.RepositoryId(),
                  with({"--project " + o.project, "--location " + o.repository_location}));
  else
    out = Command("gcloud projects add-iam-policy-binding " + After(resource, "project/"),
                  with({"--condition None"}));
  return out;
}

std::string GuideText(const ProvisionOptions& o) {
  const Desired desired = MakeDesired(o, nullptr);
  std::string out =
      "#!/usr/bin/env bash\n# What `easel gcp apply` does, as commands. Each may be run again. `easel gcp "
      "verify` checks the outcome.\n"
      "# What is made this way is not recorded as made by Easel: `easel gcp destroy` leaves it.\nset -uo "
      "pipefail\n";
  out += Heading("APIs");
  for (const auto& [project, services] : desired.services) {
    std::string names;
    for (const std::string& each : services) names += " " + each;
    out += "gcloud services enable --project " + project + names + "\n";
  }
  out += Accounts(o, desired) + Bucket(o, desired) + Repository(o);
  if (o.uses_cluster()) out += Cluster(o);
  out += Heading(
      "Who may do what. A new account is not known everywhere for a minute: run a command again that says it "
      "does not exist");
  for (const DesiredPolicy& policy : desired.policies)
    for (const Grant& grant : policy.grants) out += GrantCommand(o, policy.resource, grant);
  if (o.uses_cluster() && o.nodes_service_account.empty())
    out += "# The same for each account that nodes run as (see the cluster's description above):\n# " +
           Command("gcloud artifacts repositories add-iam-policy-binding " + o.prefix + " --project " +
                       o.project + " --location " + o.repository_location +
                       " --member serviceAccount:NODES --role roles/artifactregistry.reader",
                   {});
  if (o.caller.empty())
    out += "# Whoever runs the control plane must be able to act as the app account:\n# " +
           Command("gcloud iam service-accounts add-iam-policy-binding " + o.AccountEmail("app") +
                       " --project " + o.project +
                       " --member serviceAccount:CALLER --role roles/iam.serviceAccountTokenCreator",
                   {});
  if (o.uses_cluster()) out += InCluster(o, desired);
  std::string settings;
  for (const std::string& line : Split(SettingsYaml(o, o.uses_cluster() ? "https://ENDPOINT" : ""), '\n'))
    if (!line.empty()) settings += "#   " + line + "\n";
  out += Heading("For the self-hosting settings of the organization") + settings;
  if (o.uses_cluster())
    out += "# ENDPOINT is what this prints:\n" +
           Command("gcloud container clusters describe " + o.cluster,
                   {"--project " + o.compute_project, "--location " + o.cluster_location,
                    "--format 'value(controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint)'"});
  return out;
}

}  // namespace easel
