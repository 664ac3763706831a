// What an operator must be allowed to do, by place. Source: reference of each method in Google's IAM documentation.

#include "gcp/provision/observed.h"

namespace easel {
namespace {

std::vector<std::string> Expand(std::string_view resource, std::initializer_list<std::string_view> verbs) {
  std::vector<std::string> out;
  for (const std::string_view verb : verbs) out.push_back(std::string(resource) + "." + std::string(verb));
  return out;
}

template <typename... Lists>
std::vector<std::string> All(const Lists&... lists) {
  std::vector<std::string> out;
  (out.insert(out.end(), lists.begin(), lists.end()), ...);
  return out;
}

}  // namespace

std::vector<std::string> PermissionsOnProject() {
  return All(
      Expand("iam.serviceAccounts",
             {"create", "delete", "enable", "get", "getIamPolicy", "setIamPolicy", "update"}),
      Expand("storage.buckets", {"create", "delete"}),
      Expand("artifactregistry.repositories", {"create", "delete", "get", "getIamPolicy", "setIamPolicy"}),
      Expand("resourcemanager.projects", {"get", "getIamPolicy", "setIamPolicy"}),
      Expand("serviceusage.services", {"enable", "get"}));
}

std::vector<std::string> PermissionsOnComputeProject() {
  return All(Expand("iam.roles", {"create", "delete", "get", "undelete", "update"}),
             Expand("resourcemanager.projects", {"get", "getIamPolicy", "setIamPolicy"}),
             Expand("container.clusters", {"connect", "get"}),
             Expand("container.namespaces", {"create", "delete", "get", "update"}),
             Expand("container.serviceAccounts", {"create", "get", "update"}),
             Expand("container.roleBindings", {"create", "delete", "get", "update"}),
             std::vector<std::string>{"container.clusterRoles.bind"},
             Expand("serviceusage.services", {"enable", "get"}));
}

std::vector<std::string> PermissionsOnBucket() {
  return All(Expand("storage.buckets", {"get", "getIamPolicy", "setIamPolicy", "update"}),
             Expand("storage.managedFolders", {"create", "get", "getIamPolicy", "setIamPolicy"}),
             Expand("storage.objects", {"create", "get"}));
}

}  // namespace easel
