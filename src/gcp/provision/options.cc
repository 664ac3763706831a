#include "gcp/provision/options.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.h"
#include "canvas/yaml.h"
#include "gcp/endpoints.h"
#include "gcp/provision/names.h"

namespace easel {
namespace {

constexpr std::size_t kMostPrefix =
    17;  // an account's id has at most 30 characters, PREFIX-execution-sa 13 more than the prefix

using Options = ProvisionOptions;
const std::array<OptionSpec, 17> kTable{{
    {"project", "ID", "Google Cloud project for bucket, repository and accounts",
     "Google Cloud project (its id)", &Options::project},
    {"region", "NAME", "region, e.g. europe-west2", "Region, e.g. europe-west2", &Options::region},
    {"organization", "ID", "id of your Easel organization; names the bucket PREFIX-ID",
     "Id of your Easel organization (in its settings)", &Options::organization},
    {"bucket", "NAME", "the bucket, if not PREFIX-ORGANIZATION", "", &Options::bucket},
    {"bucket_location", "NAME", "region or multi-region of the bucket, if not the region", "",
     &Options::bucket_location},
    {"repository_location", "NAME", "of the Docker repository, if not the region", "",
     &Options::repository_location},
    {"prefix", "WORD", "begins all names (easel); at most 17 characters", "", &Options::prefix},
    {"caller", "MEMBER",
     "who runs the control plane and may act as the app account: serviceAccount:…, user:… or principal://…",
     "Who runs the control plane (serviceAccount:…, user:… or principal://…)", &Options::caller},
    {"cors_origin", "URL", "address of the web app, which browsers may upload from",
     "Address of the web app, e.g. https://easel.example.org", nullptr, true},
    {"kms_key", "NAME", "key for bucket and repository: projects/P/locations/L/keyRings/R/cryptoKeys/K", "",
     &Options::kms_key},
    {"quota_project", "ID", "project that pays for the requests", "", &Options::quota_project},
    {"compute_project", "ID", "project of the GKE cluster, if not the project", "",
     &Options::compute_project},
    {"cluster", "NAME", "the GKE cluster that runs blocks; without it none is used",
     "GKE cluster that runs blocks (empty: none)", &Options::cluster},
    {"cluster_location", "NAME", "region or zone of the cluster, if not the region", "",
     &Options::cluster_location},
    {"nodes_service_account", "EMAIL", "account of the nodes, if the cluster cannot be asked", "",
     &Options::nodes_service_account},
    {"namespace", "NAME", "Kubernetes namespace, if not the prefix", "", &Options::nspace},
    {"endpoints", "LIST", "other addresses of Google's services, e.g. storage=https://storage.example.com",
     "", &Options::endpoints},
}};

std::unexpected<Error> Wrong(std::string_view name, const std::string& value, std::string_view right) {
  return Fail(Code::kInvalidArgument, "OPTIONS_INVALID",
              "--" + OptionFlag(name) + " `" + value + "`: " + std::string(right));
}

bool IsMember(std::string_view text) {
  for (const std::string_view kind : {"serviceAccount:", "user:"})
    if (text.starts_with(kind)) return IsEmail(text.substr(kind.size()));
  return text.starts_with("principal://") && text.size() > 12 && text.find(' ') == std::string_view::npos;
}

bool IsOrigin(std::string_view text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  return scheme != 0 && text.size() > scheme && text.find_first_of("/ *?#", scheme) == std::string_view::npos;
}

bool IsKey(std::string_view text) {
  const auto parts = Split(text, '/');
  return parts.size() == 8 && parts[0] == "projects" && parts[2] == "locations" && parts[4] == "keyRings" &&
         parts[6] == "cryptoKeys" && std::ranges::none_of(parts, &std::string::empty);
}

void Default(std::string& value, const std::string& otherwise) {
  if (value.empty()) value = otherwise;
}

Status CheckEach(const Options& o) {
  if (!IsProject(o.project))
    return Wrong("project", o.project,
                 "a project's id has 6 to 30 of a-z, 0-9 and -, e.g. acme-data (not its name or number)");
  if (!IsLabel(o.prefix, kMostPrefix) || !std::islower(static_cast<unsigned char>(o.prefix[0])))
    return Wrong("prefix", o.prefix,
                 "1 to 17 of a-z, 0-9 and -, from a letter: account names have room for no more");
  for (const auto& [name, value] : {std::pair{"region", &o.region},
                                    {"bucket_location", &o.bucket_location},
                                    {"repository_location", &o.repository_location},
                                    {"cluster_location", &o.cluster_location}})
    if (!IsLocation(*value))
      return Wrong(name, *value, "a place is named like europe-west2 or, for a bucket, EU");
  if (!IsBucketName(o.bucket))
    return Wrong("bucket", o.bucket,
                 "3 to 63 of a-z, 0-9, - and _, between letters or digits, without `google`");
  if (!o.caller.empty() && !IsMember(o.caller))
    return Wrong(
        "caller", o.caller,
        "write serviceAccount:NAME@PROJECT.iam.gserviceaccount.com, user:NAME@DOMAIN or principal://…");
  for (const std::string& origin : o.cors_origins)
    if (!IsOrigin(origin))
      return Wrong(
          "cors_origin", origin,
          "an origin is scheme and host alone, e.g. https://easel.example.org, without a / at its end");
  if (!o.kms_key.empty() && !IsKey(o.kms_key))
    return Wrong("kms_key", o.kms_key, "write projects/P/locations/L/keyRings/R/cryptoKeys/K");
  if (!o.quota_project.empty() && !IsProject(o.quota_project))
    return Wrong("quota_project", o.quota_project, "this is no project's id");
  const auto endpoints = gcp::ParseEndpointList(o.endpoints);
  if (!endpoints) return std::unexpected(endpoints.error());
  const auto based = gcp::Endpoints::From(*endpoints, [](std::string_view) { return std::nullopt; });
  if (!based) return std::unexpected(based.error());
  if (!o.uses_cluster()) {
    if (o.helm)
      return Fail(Code::kInvalidArgument, "OPTIONS_INVALID",
                  "--helm is about a cluster: name it by --cluster");
    return {};
  }
  if (!IsLabel(o.cluster, 40))
    return Wrong("cluster", o.cluster, "a cluster's name has a-z, 0-9 and - (not its endpoint)");
  if (!IsProject(o.compute_project))
    return Wrong("compute_project", o.compute_project, "this is no project's id");
  if (!IsLabel(o.nspace, 63))
    return Wrong("namespace", o.nspace, "a namespace has at most 63 of a-z, 0-9 and -");
  if (!o.nodes_service_account.empty() && !IsEmail(o.nodes_service_account))
    return Wrong("nodes_service_account", o.nodes_service_account,
                 "an account is named by its e-mail address, without serviceAccount:");
  return {};
}

std::unexpected<Error> At(const std::string& file, const YamlNode& node, const std::string& problem) {
  return Fail(Code::kInvalidArgument, "OPTIONS_INVALID",
              file + ":" + std::to_string(node.line) + ":" + std::to_string(node.column) + ": " + problem);
}

}  // namespace

std::string ProvisionOptions::AccountEmail(std::string_view role) const {
  const std::string& named = role == "app"     ? app_account
                             : role == "build" ? build_account
                                               : execution_account;
  if (!named.empty()) return named;
  // The account of an old project "example.com:name" is at name.example.com.
  const std::size_t colon = project.rfind(':');
  const std::string host =
      colon == std::string::npos ? project : project.substr(colon + 1) + "." + project.substr(0, colon);
  return prefix + "-" + std::string(role) + "-sa@" + host + ".iam.gserviceaccount.com";
}

std::string ProvisionOptions::RepositoryName() const {
  return "projects/" + project + "/locations/" + repository_location + "/repositories/" + RepositoryId();
}

std::string ProvisionOptions::ClusterName() const {
  return "projects/" + compute_project + "/locations/" + cluster_location + "/clusters/" + cluster;
}

std::string ProvisionOptions::ConnectRoleName() const {
  return "projects/" + compute_project + "/roles/ClustersConnect";
}

std::span<const OptionSpec> OptionTable() { return kTable; }

std::string OptionFlag(std::string_view name) {
  std::string out(name);
  std::ranges::replace(out, '_', '-');
  return out;
}

std::string OptionVariable(std::string_view name) {
  std::string out = "EASEL_GCP_";
  for (const char c : name) out += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

Status ReadOptionsFile(std::string_view text, const std::string& file, ProvisionOptions& options) {
  const auto document = ParseYaml(text);
  if (!document) {
    const Problem& problem = document.error();
    return Fail(Code::kInvalidArgument, "OPTIONS_INVALID",
                file + ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column) + ": " +
                    problem.message);
  }
  const auto& nodes = document->nodes;
  if (nodes.empty()) return {};
  if (nodes[0].kind != YamlKind::kMapping) return At(file, nodes[0], "expected `name: value` lines");
  std::vector<std::string> names{"helm"}, seen;
  for (const OptionSpec& spec : kTable) names.emplace_back(spec.name);
  for (std::uint32_t i = YamlDocument::FirstChild(0); i < nodes[0].next;) {
    const YamlNode& key = nodes[i];
    const YamlNode& value = nodes[key.next];
    i = value.next;
    if (std::ranges::find(seen, key.value) != seen.end())
      return At(file, key, "`" + key.value + "` is given twice");
    seen.push_back(key.value);
    const auto spec = std::ranges::find(kTable, std::string_view(key.value), &OptionSpec::name);
    if (key.value != "helm" && spec == kTable.end())
      return At(file, key, "there is no option `" + key.value + "`" + DidYouMean(key.value, names));
    if (key.value != "helm" && spec->list) {
      options.cors_origins.clear();
      if (value.kind == YamlKind::kScalar && !value.value.empty())
        options.cors_origins.push_back(value.value);
      if (value.kind == YamlKind::kMapping)
        return At(file, value, "`" + key.value + "` is a list, e.g. [https://easel.example.org]");
      if (value.kind == YamlKind::kSequence)
        for (std::uint32_t item = YamlDocument::FirstChild(key.next); item < value.next;
             item = nodes[item].next) {
          if (nodes[item].kind != YamlKind::kScalar) return At(file, nodes[item], "expected a word");
          options.cors_origins.push_back(nodes[item].value);
        }
      continue;
    }
    if (value.kind != YamlKind::kScalar) return At(file, value, "`" + key.value + "` is one word");
    if (key.value == "helm") {
      if (value.value != "true" && value.value != "false") return At(file, value, "`helm` is true or false");
      options.helm = value.value == "true";
    } else if (!value.value.empty()) {
      options.*(spec->text) = value.value;
    }
  }
  return {};
}

std::string OptionsFile(const ProvisionOptions& options) {
  std::string out =
      "# What `easel gcp` sets up. Check it by `easel gcp plan --config FILE`, make it by `easel gcp apply "
      "--config FILE`.\n";
  for (const OptionSpec& spec : kTable) {
    const std::string name(spec.name);
    out += "\n# " + std::string(spec.help) + "\n";
    if (spec.list) {
      out +=
          options.cors_origins.empty() ? "# " + name + ": [" + std::string(spec.value) + "]\n" : name + ":\n";
      for (const std::string& each : options.cors_origins) out += "  - " + each + "\n";
    } else {
      const std::string& value = options.*(spec.text);
      out += value.empty() ? "# " + name + ": " + std::string(spec.value) + "\n" : name + ": " + value + "\n";
    }
  }
  out +=
      "\n# true: our Helm chart makes what is in the namespace; `apply` makes the namespace and prints the "
      "chart's values\n" +
      std::string(options.helm ? "helm: true\n" : "# helm: false\n");
  return out;
}

Result<ProvisionOptions> CheckOptions(ProvisionOptions options) {
  std::vector<std::string> missing;
  if (options.project.empty()) missing.emplace_back("--project ID (the Google Cloud project)");
  if (options.region.empty()) missing.emplace_back("--region NAME (e.g. europe-west2)");
  if (options.bucket.empty() && options.organization.empty())
    missing.emplace_back("--organization ID (of your Easel organization), or --bucket NAME");
  if (!missing.empty())
    return Fail(Code::kInvalidArgument, "OPTIONS_MISSING",
                "Missing: " + JoinWords(missing) +
                    ".\n`easel gcp init` writes a file with all options and what they mean; pass it by "
                    "--config FILE.");
  Default(options.prefix, "easel");
  Default(options.bucket, options.prefix + "-" + options.organization);
  Default(options.bucket_location, options.region);
  Default(options.repository_location, options.region);
  Default(options.cluster_location, options.region);
  Default(options.compute_project, options.project);
  Default(options.nspace, options.prefix);
  EASEL_RETURN_IF_ERROR(CheckEach(options));
  return options;
}

}  // namespace easel
