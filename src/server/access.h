// Who may use what: roles of people on canvases, and the access that routes ask for.
#pragma once

#include <optional>
#include <string_view>

namespace easel {

/// What a person may do on a canvas, each more than the one before.
enum class Role { kViewer, kRunner, kEditor, kAdmin, kOwner };

/// "viewer", "runner", …
constexpr std::string_view RoleName(Role role) {
  constexpr std::string_view kNames[] = {"viewer", "runner", "editor", "admin", "owner"};
  return kNames[static_cast<int>(role)];
}

constexpr std::optional<Role> RoleNamed(std::string_view name) {
  for (const Role role : {Role::kViewer, Role::kRunner, Role::kEditor, Role::kAdmin, Role::kOwner})
    if (RoleName(role) == name) return role;
  return std::nullopt;
}

/// What a route asks for; `x-access` of contracts/openapi.yaml.
enum class Access {
  kPublic,    ///< nothing
  kSignedIn,  ///< any credential that is good
  kPerson,    ///< a session: not an API token, which must not make or end credentials
  kViewer,    ///< this role at least, on the path's `{canvas}`; without one: on the workspace
  kRunner,
  kEditor,
  kAdmin,
  kOwner,
  kAdminPerson,  ///< kAdmin by a session: what makes credentials for others
};

constexpr std::string_view AccessName(Access access) {
  constexpr std::string_view kNames[] = {"public", "signed_in", "person", "viewer",      "runner",
                                         "editor", "admin",     "owner",  "admin_person"};
  return kNames[static_cast<int>(access)];
}

/// The role that an access asks for, if it asks for one.
constexpr std::optional<Role> RoleFor(Access access) {
  if (access < Access::kViewer) return std::nullopt;
  if (access == Access::kAdminPerson) return Role::kAdmin;
  return static_cast<Role>(static_cast<int>(access) - static_cast<int>(Access::kViewer));
}

/// Whether it asks for a browser's session: an API token is not enough.
constexpr bool NeedsSession(Access access) {
  return access == Access::kPerson || access == Access::kAdminPerson;
}

}  // namespace easel
