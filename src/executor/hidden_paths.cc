#include "executor/hidden_paths.h"

#include <unistd.h>

#include <cstdlib>

namespace easel {
namespace {

constexpr const char* kCredentials[] = {".ssh",
                                        ".aws",
                                        ".azure",
                                        ".config/gcloud",
                                        ".config/gh",
                                        ".kube",
                                        ".gnupg",
                                        ".docker",
                                        ".netrc",
                                        ".pypirc",
                                        ".npmrc",
                                        ".pgpass",
                                        ".my.cnf",
                                        ".vault-token",
                                        ".password-store",
                                        ".mozilla",
                                        ".boto",
                                        ".s3cfg",
                                        ".config/chromium",
                                        ".config/google-chrome",
                                        ".terraform.d",
                                        ".config/rclone",
                                        ".databrickscfg",
                                        ".git-credentials",
                                        ".config/git/credentials",
                                        ".cargo/credentials.toml",
                                        ".local/share/keyrings"};

}  // namespace

std::vector<std::string> HiddenPaths(const std::string& runtime_folder) {
  std::vector<std::string> out{runtime_folder};
  const char* home = std::getenv("HOME");
  if (home == nullptr || home[0] != '/') return out;
  for (const char* name : kCredentials)
    if (std::string path = std::string(home) + "/" + name; ::access(path.c_str(), F_OK) == 0)
      out.push_back(std::move(path));
  return out;
}

}  // namespace easel
