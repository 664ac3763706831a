#include "gcp/provision/self_hosting.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/text.h"
#include "canvas/yaml.h"
#include "gcp/provision/names.h"

namespace easel {
namespace {

constexpr std::size_t kMostYaml = 64 << 10, kMostToken = 16 << 10, kMostAuthority = 64 << 10;
constexpr std::string_view kRegistry = "-docker.pkg.dev";

/// One field by its path. Members of the box about a cluster are the fourth kind of pointer.
struct FieldSpec {
  std::string_view path;
  std::string SelfHosting::* text = nullptr;
  std::string KubernetesPlace::* in_cluster = nullptr;
};
constexpr std::array<FieldSpec, 10> kFields{{
    {"project", &SelfHosting::project},
    {"region", &SelfHosting::region},
    {"bucket", &SelfHosting::bucket},
    {"repository", &SelfHosting::repository},
    {"service_accounts.app", &SelfHosting::app_account},
    {"service_accounts.execution", &SelfHosting::execution_account},
    {"service_accounts.build", &SelfHosting::build_account},
    {"kubernetes.namespace", nullptr, &KubernetesPlace::nspace},
    {"kubernetes.endpoint", nullptr, &KubernetesPlace::endpoint},
    {"kubernetes.cluster", nullptr, &KubernetesPlace::cluster},
}};

std::string& FieldIn(SelfHosting& settings, const FieldSpec& spec) {
  if (spec.text != nullptr) return settings.*(spec.text);
  if (!settings.kubernetes) settings.kubernetes.emplace();
  return *settings.kubernetes.*(spec.in_cluster);
}

struct Repository {
  std::string location, project, name;
};

/// nullopt: not LOCATION-docker.pkg.dev/PROJECT/NAME.
std::optional<Repository> RepositoryIn(const std::string& text) {
  const auto parts = Split(text, '/');
  if (parts.size() != 3 || !parts[0].ends_with(kRegistry)) return std::nullopt;
  Repository out{parts[0].substr(0, parts[0].size() - kRegistry.size()), parts[1], parts[2]};
  if (!IsLocation(out.location) || !IsProject(out.project) || !IsLabel(out.name, 63)) return std::nullopt;
  return out;
}

bool IsAccountEmail(const std::string& text) {
  return IsEmail(text) && !text.contains(':') && text.ends_with(".gserviceaccount.com");
}

bool IsClusterName(const std::string& text) {
  const auto parts = Split(text, '/');
  return parts.size() == 6 && parts[0] == "projects" && IsProject(parts[1]) && parts[2] == "locations" &&
         IsLocation(parts[3]) && parts[4] == "clusters" && IsLabel(parts[5], 40);
}

bool IsClusterEndpoint(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view kind = text.substr(0, scheme), host = text.substr(scheme + 3);
  const bool loopback =
      host.starts_with("127.0.0.1") || host.starts_with("localhost") || host.starts_with("[::1]");
  return !host.empty() && host.find_first_of("/ ?#@") == std::string_view::npos &&
         (kind == "https" || (kind == "http" && loopback));
}

/// For commands: the project that is named, or a word in its place.
std::string ProjectOr(const SelfHosting& s) { return IsProject(s.project) ? s.project : "PROJECT"; }

/// What a field must be like, and where its value is found; "" if `value` can be right.
std::string ProblemOf(std::string_view field, const std::string& value, const SelfHosting& s) {
  const std::string project = " --project " + ProjectOr(s);
  const auto wrong = [&](const std::string& rule, const std::string& find) {
    const std::string what = value.empty() ? std::string("is missing") : "`" + value + "` cannot be right";
    return what + ": " + rule + " " + find;
  };
  if (field == "project" && !IsProject(value))
    return wrong("a project's id has 6 to 30 of a-z, 0-9 and -, from a letter (not its name or number).",
                 "Find it: `gcloud projects list`, column PROJECT_ID.");
  if (field == "region" && !IsLocation(value))
    return wrong("a region is named like europe-west2.",
                 "Find it: `gcloud compute regions list" + project + "`.");
  if (field == "bucket" && !IsBucketName(value))
    return wrong("a bucket's name alone, without gs://, 3 to 63 of a-z, 0-9, - and _.",
                 "Find it: `gcloud storage buckets list" + project + " --format 'value(name)'`.");
  if (field == "repository") {
    const std::string find =
        "Find it: `gcloud artifacts repositories list" + project + " --format 'value(registryUri)'`.";
    const auto repository = RepositoryIn(value);
    if (!repository)
      return wrong("a Docker repository is LOCATION-docker.pkg.dev/PROJECT/NAME, without https://.", find);
    if (IsProject(s.project) && repository->project != s.project)
      return wrong("it is of project " + repository->project + "; it has to be of project " + s.project + ".",
                   find);
  }
  if (field.starts_with("service_accounts.") && !IsAccountEmail(value))
    return wrong("a service account is named by its address, NAME@PROJECT.iam.gserviceaccount.com, alone.",
                 "Find it: `gcloud iam service-accounts list" + project + "`, column EMAIL.");
  if (field == "kubernetes.namespace" && !IsLabel(value, 63))
    return wrong("a namespace has at most 63 of a-z, 0-9 and -.", "Find it: `kubectl get namespaces`.");
  if (field == "kubernetes.endpoint" && !IsClusterEndpoint(value))
    return wrong("the address of the cluster's API is https://HOST or https://HOST:PORT, without a path.",
                 "Find it: `kubectl cluster-info`, or for GKE `https://` and what `gcloud container clusters "
                 "describe CLUSTER --location LOCATION" +
                     project +
                     " --format 'value(controlPlaneEndpointsConfig.dnsEndpointConfig.endpoint)'` prints.");
  if (field == "kubernetes.cluster" && !value.empty() && !IsClusterName(value))
    return wrong(
        "a GKE cluster is projects/PROJECT/locations/LOCATION/clusters/NAME; leave it empty for others.",
        "Find it: `gcloud container clusters list" + project + "`.");
  return "";
}

std::unexpected<Error> Malformed(int line, int column, const std::string& problem) {
  return Fail(Code::kInvalidArgument, "SELF_HOSTING_YAML",
              "line " + std::to_string(line) + ", column " + std::to_string(column) + ": " + problem);
}

std::unexpected<Error> UnknownKey(const YamlNode& key, const std::string& path) {
  std::vector<std::string> names;
  for (const FieldSpec& spec : kFields) names.emplace_back(spec.path);
  const bool an_option = std::ranges::any_of(
      OptionTable(), [&](const OptionSpec& spec) { return spec.name == std::string_view(key.value); });
  return Malformed(key.line, key.column,
                   "there is no setting `" + path + "`" +
                       (an_option ? "; it is an option of `easel gcp`. Paste what `easel gcp apply` prints "
                                    "at its end, not the file of --config"
                                  : DidYouMean(path, names)));
}

/// The mapping `node`, whose fields are `prefix` and their keys.
Status ReadMapping(const YamlDocument& document, std::uint32_t node, const std::string& prefix,
                   std::vector<std::string>& seen, SelfHosting& out) {
  const auto& nodes = document.nodes;
  for (std::uint32_t i = YamlDocument::FirstChild(node); i < nodes[node].next;) {
    const YamlNode& key = nodes[i];
    const std::uint32_t at = key.next;
    const YamlNode& value = nodes[at];
    i = value.next;
    const std::string path = prefix + key.value;
    if (std::ranges::find(seen, path) != seen.end())
      return Malformed(key.line, key.column, "`" + path + "` is given twice");
    seen.push_back(path);
    const bool box = path == "service_accounts" || path == "kubernetes";
    const auto spec = std::ranges::find(kFields, std::string_view(path), &FieldSpec::path);
    if (!box && spec == kFields.end()) return UnknownKey(key, path);
    if (box && value.kind == YamlKind::kMapping) {
      EASEL_RETURN_IF_ERROR(ReadMapping(document, at, path + ".", seen, out));
    } else if (box && (value.kind != YamlKind::kScalar || !value.value.empty())) {
      return Malformed(value.line, value.column,
                       "`" + path + "` has fields of its own, on lines that are indented");
    } else if (!box && value.kind != YamlKind::kScalar) {
      return Malformed(value.line, value.column, "`" + path + "` is one word");
    } else if (!box) {
      FieldIn(out, *spec) = value.value;
    }
  }
  return {};
}

/// The fields of an object that may have no others.
Status ReadObject(const json::object& object, const std::string& prefix, const std::string& where,
                  SelfHosting& out) {
  for (const auto& [key, value] : object) {
    const std::string path = prefix + std::string(key);
    const auto spec = std::ranges::find(kFields, std::string_view(path), &FieldSpec::path);
    const bool box = path == "service_accounts" || path == "kubernetes";
    if (box && value.is_object()) {
      if (path == "kubernetes") out.kubernetes.emplace();
      EASEL_RETURN_IF_ERROR(ReadObject(value.as_object(), path + ".", where, out));
    } else if (spec != kFields.end() && value.is_string()) {
      FieldIn(out, *spec) = std::string(value.as_string());
    } else if (!(path == "kubernetes" && value.is_null())) {
      const bool known = box || spec != kFields.end();
      return Fail(Code::kInvalidArgument, known ? "JSON_MALFORMED" : "UNKNOWN_FIELD",
                  where + ": `" + path + "` " +
                      (!known ? "is not a field"
                       : box  ? "is an object"
                              : "is text"));
    }
  }
  return {};
}

}  // namespace

std::vector<FieldProblem> CheckSelfHosting(const SelfHosting& settings) {
  std::vector<FieldProblem> out;
  SelfHosting copy = settings;
  for (const FieldSpec& spec : kFields) {
    if (spec.in_cluster != nullptr && !settings.kubernetes) continue;
    if (std::string problem = ProblemOf(spec.path, FieldIn(copy, spec), settings); !problem.empty())
      out.push_back({std::string(spec.path), std::move(problem)});
  }
  const std::pair<std::string_view, const std::string*> accounts[] = {
      {"app", &settings.app_account},
      {"execution", &settings.execution_account},
      {"build", &settings.build_account}};
  for (std::size_t i = 1; i < std::size(accounts); ++i)
    for (std::size_t before = 0; before < i; ++before)
      if (!accounts[i].second->empty() && *accounts[i].second == *accounts[before].second)
        out.push_back(
            {"service_accounts." + std::string(accounts[i].first),
             "is the same as `service_accounts." + std::string(accounts[before].first) +
                 "`: each has rights that the others must not have. `easel gcp apply` makes three."});
  return out;
}

std::vector<FieldProblem> CheckClusterSecrets(std::string_view token, std::string_view authority) {
  std::vector<FieldProblem> out;
  const bool printable = std::ranges::all_of(token, [](unsigned char c) { return c > 0x20 && c < 0x7f; });
  if (!printable || token.size() > kMostToken)
    out.push_back({"kubernetes.token",
                   "cannot be right: a token is one word without spaces or line breaks. Make one: `kubectl "
                   "-n NAMESPACE create token ACCOUNT --duration 8760h`."});
  const std::size_t begin = authority.find("-----BEGIN CERTIFICATE-----");
  if (!authority.empty() && (begin == std::string_view::npos ||
                             authority.find("-----END CERTIFICATE-----", begin) == std::string_view::npos ||
                             authority.size() > kMostAuthority))
    out.push_back({"kubernetes.certificate_authority",
                   "cannot be right: certificates in PEM, from -----BEGIN CERTIFICATE----- to -----END "
                   "CERTIFICATE-----. Find it: `kubectl config view --minify --raw -o "
                   "jsonpath='{.clusters[0].cluster.certificate-authority-data}' | base64 -d`."});
  return out;
}

Result<SelfHosting> ReadSelfHostingYaml(std::string_view text) {
  if (text.size() > kMostYaml) return Malformed(1, 1, "this is far too long for the settings");
  const auto document = ParseYaml(text);
  if (!document) return Malformed(document.error().line, document.error().column, document.error().message);
  const auto& nodes = document->nodes;
  if (nodes.empty())
    return Malformed(1, 1, "there is nothing. Paste what `easel gcp apply` prints at its end");
  if (nodes[0].kind != YamlKind::kMapping)
    return Malformed(nodes[0].line, nodes[0].column,
                     "expected lines like `project: acme-data`, as `easel gcp apply` prints them at its end");
  SelfHosting out;
  std::vector<std::string> seen;
  EASEL_RETURN_IF_ERROR(ReadMapping(*document, 0, "", seen, out));
  return out;
}

Result<SelfHosting> ReadSelfHostingJson(const json::value& value, const std::string& where) {
  if (!value.is_object()) return Fail(Code::kInvalidArgument, "JSON_MALFORMED", where + " is an object");
  SelfHosting out;
  EASEL_RETURN_IF_ERROR(ReadObject(value.as_object(), "", where, out));
  return out;
}

json::object SelfHostingJson(const SelfHosting& s) {
  json::object out{
      {"project", s.project},
      {"region", s.region},
      {"bucket", s.bucket},
      {"repository", s.repository},
      {"service_accounts",
       json::object{{"app", s.app_account}, {"execution", s.execution_account}, {"build", s.build_account}}},
      {"kubernetes", nullptr}};
  if (s.kubernetes)
    out["kubernetes"] = json::object{{"namespace", s.kubernetes->nspace},
                                     {"endpoint", s.kubernetes->endpoint},
                                     {"cluster", s.kubernetes->cluster}};
  return out;
}

ProvisionOptions OptionsOf(const SelfHosting& s) {
  ProvisionOptions out;
  out.project = out.compute_project = s.project;
  out.region = out.bucket_location = out.repository_location = out.cluster_location = s.region;
  out.bucket = s.bucket;
  out.app_account = s.app_account;
  out.execution_account = s.execution_account;
  out.build_account = s.build_account;
  if (const auto repository = RepositoryIn(s.repository)) {
    out.repository = repository->name;
    out.repository_location = repository->location;
  }
  if (!s.kubernetes) return out;
  out.nspace = s.kubernetes->nspace;
  if (!IsClusterName(s.kubernetes->cluster)) return out;
  const auto parts = Split(s.kubernetes->cluster, '/');
  out.compute_project = parts[1];
  out.cluster_location = parts[3];
  out.cluster = parts[5];
  return out;
}

std::string AccountOfClusterToken(std::string_view token) {
  constexpr std::string_view kKind = "system:serviceaccount:";
  const auto parts = Split(token, '.');
  if (parts.size() != 3) return "";
  const auto claims = FromBase64(parts[1]);
  if (!claims) return "";
  const auto parsed = ParseJson(*claims, "token");
  if (!parsed || !parsed->is_object()) return "";
  const std::string subject = JsonReader(*parsed, "token").StringOr("sub", "");
  if (!subject.starts_with(kKind)) return "";
  const auto names = Split(std::string_view(subject).substr(kKind.size()), ':');
  if (names.size() != 2 || !IsLabel(names[0], 63) || !OfThese(names[1], "-.", 1, 253)) return "";
  return names[0] + ":" + names[1];
}

}  // namespace easel
