// Who is asking, as the credential of a request says.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

#include "server/access.h"

namespace easel {

struct Principal {
  enum class Means { kNone, kSession, kToken };

  Means means = Means::kNone;
  std::string user;           ///< id
  std::string name;           ///< for people
  std::string email;          ///< may be empty
  std::string credential;     ///< id of the session or token
  Role limit = Role::kOwner;  ///< of the credential: an API token may be worth less than its owner

  bool signed_in() const { return means != Means::kNone; }
  /// The role on the whole workspace.
  std::optional<Role> WorkspaceRole() const {
    if (!signed_in()) return std::nullopt;
    return std::min(Role::kOwner, limit);
  }
  /// The role on one canvas; nothing if this person may not know of it. One person owns all canvases of a local workspace.
  std::optional<Role> RoleOn(std::string_view /*canvas*/) const { return WorkspaceRole(); }
};

}  // namespace easel
