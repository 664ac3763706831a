#include "gcp/endpoints.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

#include "base/text.h"

namespace easel::gcp {
namespace {

struct Known {
  std::string_view name;
  std::string_view base;
};

/// In the order of Service.
constexpr Known kKnown[kServices] = {
    {"storage", "https://storage.googleapis.com"},
    {"iam", "https://iam.googleapis.com"},
    {"iamcredentials", "https://iamcredentials.googleapis.com"},
    {"cloudresourcemanager", "https://cloudresourcemanager.googleapis.com"},
    {"artifactregistry", "https://artifactregistry.googleapis.com"},
    {"container", "https://container.googleapis.com"},
    {"logging", "https://logging.googleapis.com"},
    {"serviceusage", "https://serviceusage.googleapis.com"},
    {"sts", "https://sts.googleapis.com"},
    {"oauth2", "https://oauth2.googleapis.com"},
    {"metadata", "http://metadata.google.internal"},
    {"docker", ""},
};

std::string VariableOf(std::string_view service) {
  std::string name = "EASEL_GCP_ENDPOINT_" + std::string(service);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::toupper(c); });
  return name;
}

/// Whether `base` is scheme://host[:port], with nothing behind it.
bool IsBase(std::string_view base) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (base.starts_with(scheme)) {
      const std::string_view host = base.substr(scheme.size());
      return !host.empty() && host.find_first_of("/?#@ \t\r\n\\\"") == host.npos;
    }
  return false;
}

}  // namespace

std::string_view ServiceName(Service service) { return kKnown[static_cast<std::size_t>(service)].name; }

std::optional<Service> ServiceNamed(std::string_view name) {
  for (std::size_t i = 0; i < kServices; ++i)
    if (kKnown[i].name == name) return static_cast<Service>(i);
  return std::nullopt;
}

Result<std::vector<std::pair<std::string, std::string>>> ParseEndpointList(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (text.empty()) return pairs;
  for (const std::string& part : Split(text, ',')) {
    const auto equal = part.find('=');
    if (equal == std::string::npos)
      return Fail(Code::kInvalidArgument, "GCP_ENDPOINT_INVALID",
                  "gcp.endpoints: `" + part +
                      "` is not SERVICE=URL, for example storage=https://storage.example.com");
    const auto begin = part.find_first_not_of(' ');
    pairs.emplace_back(part.substr(begin, equal - begin), part.substr(equal + 1));
  }
  return pairs;
}

Environment ProcessEnvironment() {
  return [](std::string_view name) -> std::optional<std::string> {
    const char* value = std::getenv(std::string(name).c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
  };
}

Endpoints::Endpoints() {
  for (std::size_t i = 0; i < kServices; ++i) bases_[i] = kKnown[i].base;
}

Result<Endpoints> Endpoints::From(std::span<const std::pair<std::string, std::string>> settings,
                                  const Environment& environment) {
  Endpoints made;
  if (const auto host = environment("GCE_METADATA_HOST"))
    EASEL_RETURN_IF_ERROR(made.Set(Service::kMetadata, "http://" + *host, "GCE_METADATA_HOST"));
  for (const auto& [name, base] : settings) {
    const std::string origin = "gcp.endpoints." + name;
    const auto service = ServiceNamed(name);
    if (!service) {
      std::vector<std::string> names;
      for (const Known& known : kKnown) names.emplace_back(known.name);
      return Fail(Code::kInvalidArgument, "GCP_ENDPOINT_UNKNOWN",
                  origin + ": there is no service `" + name + "`" + DidYouMean(name, names) + "; there are " +
                      JoinWords(names));
    }
    EASEL_RETURN_IF_ERROR(made.Set(*service, base, origin));
  }
  for (std::size_t i = 0; i < kServices; ++i) {
    const std::string variable = VariableOf(kKnown[i].name);
    if (const auto base = environment(variable))
      EASEL_RETURN_IF_ERROR(made.Set(static_cast<Service>(i), *base, variable));
  }
  return made;
}

Status Endpoints::Set(Service service, std::string base, std::string_view origin) {
  while (base.ends_with('/')) base.pop_back();
  if (!IsBase(base))
    return Fail(Code::kInvalidArgument, "GCP_ENDPOINT_INVALID",
                std::string(origin) + ": `" + base +
                    "` is not of the form scheme://host:port, for example https://storage.example.com");
  bases_[static_cast<std::size_t>(service)] = std::move(base);
  overridden_[static_cast<std::size_t>(service)] = true;
  return {};
}

const std::string& Endpoints::Base(Service service) const {
  EASEL_CHECK(service != Service::kDocker);
  return bases_[static_cast<std::size_t>(service)];
}

std::string Endpoints::DockerBase(std::string_view region) const {
  if (IsOverridden(Service::kDocker)) return bases_[static_cast<std::size_t>(Service::kDocker)];
  return "https://" + std::string(region) + "-docker.pkg.dev";
}

bool Endpoints::IsOverridden(Service service) const { return overridden_[static_cast<std::size_t>(service)]; }

std::vector<std::pair<std::string, std::string>> Endpoints::ForPods() const {
  std::vector<std::pair<std::string, std::string>> variables;
  for (std::size_t i = 0; i < kServices; ++i)
    if (overridden_[i]) variables.emplace_back(VariableOf(kKnown[i].name), bases_[i]);
  return variables;
}

}  // namespace easel::gcp
