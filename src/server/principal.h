// Who is asking, as the credential of a request says.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "server/access.h"

namespace easel {

/// Roles that canvases grant to one person, by canvas.
using GrantedRoles = std::map<std::string, Role, std::less<>>;

/// A person who may come in.
struct Person {
  std::string id;
  std::string name;   ///< for people
  std::string email;  ///< may be empty
  Role role = Role::kOwner;
  std::shared_ptr<const GrantedRoles> granted;  ///< may be empty
};
/// Finds who has this id; nullopt: nobody, or nobody any more. Thread-safe, must not block.
using PersonLookup = std::function<std::optional<Person>(const std::string& id)>;

struct Principal {
  enum class Means { kNone, kSession, kToken };

  Means means = Means::kNone;
  std::string user;          ///< id
  std::string name;          ///< for people
  std::string email;         ///< may be empty
  Role role = Role::kOwner;  ///< of the person, in the organization
  std::shared_ptr<const GrantedRoles> granted;
  std::string credential;       ///< id of the session or token
  Role limit = Role::kOwner;    ///< of the credential: an API token may be worth less than its owner
  std::int64_t expires_ms = 0;  ///< of the credential

  bool signed_in() const { return means != Means::kNone; }
  /// The role on the whole workspace: in the organization.
  std::optional<Role> WorkspaceRole() const {
    if (!signed_in()) return std::nullopt;
    return std::min(role, limit);
  }
  /// The role on one canvas; nothing if this person may not know of it. The greater of the organization's and the canvas's;
  /// a canvas cannot take away what the organization gives. One person owns all canvases of a local workspace.
  std::optional<Role> RoleOn(std::string_view canvas) const {
    if (!signed_in()) return std::nullopt;
    Role most = role;
    if (granted != nullptr)
      if (const auto found = granted->find(canvas); found != granted->end())
        most = std::max(most, found->second);
    return std::min(most, limit);
  }
  /// The greatest role that this person has anywhere.
  std::optional<Role> GreatestRole() const {
    if (!signed_in()) return std::nullopt;
    Role most = role;
    if (granted != nullptr)
      for (const auto& [canvas, one] : *granted) most = std::max(most, one);
    return std::min(most, limit);
  }
};

}  // namespace easel
