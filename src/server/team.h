// A team: its organization, members, invitations and roles, and the record of who did what. docs/user/team.md has the rules.
//
// A change is checked, written in one transaction with its entry in the audit log, and then holds in memory: when a function
// returns, every later request sees it. One change at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "server/accounts.h"
#include "server/audit_log.h"
#include "server/roster.h"
#include "server/server_database.h"

namespace easel {

struct Organization {
  std::string name;
  std::int64_t created_ms = 0;
};

struct Invitation {
  std::string id;
  Role role = Role::kViewer;
  std::string email;  ///< empty: anybody's
  Person inviter;
  std::int64_t created_ms = 0, expires_ms = 0;
};

/// What a link hands over: its secret is there this once.
struct LinkToken {
  std::string token;
  std::int64_t expires_ms = 0;
};

/// Somebody who comes for the first time. `password` is hashed already.
struct Newcomer {
  std::string email, name, password;
  std::string agent;    ///< User-Agent
  std::string address;  ///< numeric
};

/// Thread-safe; functions that change something wait for the disk.
class Team {
 public:
  static constexpr std::int64_t kResetMs = std::int64_t{24} * 3600 * 1000;
  static constexpr std::size_t kMostMembers = 10'000, kMostInvitations = 1000;

  /// What is given must outlive this; `roster` is filled already.
  Team(ServerDatabase& database, Roster& roster, Accounts& accounts, const Clock& clock)
      : database_(database), roster_(roster), accounts_(accounts), clock_(clock), audit_(database, clock) {}

  /// Read what is kept in memory. Before anything else.
  Status Load();

  const Roster& roster() const { return roster_; }
  AuditLog& audit() { return audit_; }
  Organization organization() const;  ///< does not block
  /// The actor's role now, which may differ from what it was when the request came: on `canvas`, or in the organization.
  std::optional<Role> RoleNow(const Actor& actor, const std::string& canvas = "") const;
  /// Errors: kPermissionDenied (the gate asks for it already).
  Status NameOrganization(const Actor& actor, const std::string& name);

  // team_links.cc: who comes in by a link.
  /// A token for the form of the first owner. Other processes of the same user may make them, too.
  Result<LinkToken> NewSetupToken(std::int64_t good_ms);
  /// Errors: kUnauthenticated LINK_INVALID; kFailedPrecondition SET_UP_ALREADY.
  Result<IssuedCredential> SetUp(std::string_view token, const std::string& organization,
                                 const Newcomer& newcomer);
  /// Errors: kPermissionDenied ROLE_TOO_GREAT; kAlreadyExists EMAIL_TAKEN; kResourceExhausted.
  Result<std::pair<Invitation, LinkToken>> Invite(const Actor& actor, Role role, const std::string& email,
                                                  std::int64_t good_ms);
  /// Newest first.
  Result<std::vector<Invitation>> Invitations();
  /// Errors: kNotFound INVITATION_UNKNOWN; kPermissionDenied.
  Status Revoke(const Actor& actor, const std::string& id);
  /// Errors: kUnauthenticated LINK_INVALID.
  Result<Invitation> Look(std::string_view token);
  /// Errors: kUnauthenticated LINK_INVALID; kFailedPrecondition EMAIL_OTHER; kAlreadyExists EMAIL_TAKEN.
  Result<IssuedCredential> Accept(std::string_view token, const Newcomer& newcomer);
  /// Errors: kNotFound MEMBER_UNKNOWN; kPermissionDenied ROLE_TOO_GREAT.
  Result<LinkToken> NewPasswordReset(const Actor& actor, const std::string& member);
  /// The member that a link for a new password is good for. Errors: kUnauthenticated LINK_INVALID.
  Result<Member> LookAtReset(std::string_view token);
  Result<IssuedCredential> UsePasswordReset(std::string_view token, const std::string& password,
                                            std::string_view agent, const std::string& address);

  /// A session for a member as they were when their password was checked; the password may have changed since.
  ///
  /// Errors: kUnauthenticated SIGN_IN_WRONG.
  Result<IssuedCredential> SignIn(const Member& member, std::string_view agent, const std::string& address);
  /// Sessions but the actor's own end. `before` is the one that was checked.
  ///
  /// Errors: kAborted PASSWORD_CHANGED.
  Status ChangePassword(const Actor& actor, const std::string& before, const std::string& password);
  Status ChangeName(const Actor& actor, const std::string& name);

  /// Errors: kNotFound MEMBER_UNKNOWN; kPermissionDenied ROLE_TOO_GREAT; kFailedPrecondition LAST_OWNER.
  Result<Member> ChangeRole(const Actor& actor, const std::string& member, Role role);
  Status Remove(const Actor& actor, const std::string& member);
  /// Grant a role on a canvas; nullopt withdraws it.
  ///
  /// Errors: kNotFound MEMBER_UNKNOWN; kPermissionDenied ROLE_TOO_GREAT.
  Status Grant(const Actor& actor, const std::string& canvas, const std::string& member,
               std::optional<Role> role);
  /// The actor has made canvas `canvas`, and is its owner.
  Status CanvasMade(const Actor& actor, const std::string& canvas, std::string_view action);
  /// A canvas has another id now, and its roles go along.
  Status CanvasMoved(const std::string& from, const std::string& to);

  /// Call `told` when what `member` may do has changed: on `canvas`, or, if that is empty, anywhere.
  void OnRoleChange(std::function<void(const std::string& member, const std::string& canvas)> told) {
    told_ = std::move(told);
  }

 private:
  Result<Member> MemberToChange(const Actor& actor, const std::string& id) const;
  /// Invitations and links for passwords that `member` made are worth nothing any more.
  static Status DropLinksBy(SqliteConnection& database, const std::string& member);
  static Status WriteMember(SqliteConnection& database, const Member& member);
  Result<IssuedCredential> Come(
      const Newcomer& newcomer, Role role,
      const std::function<Status(SqliteConnection&, const Member&, const Actor&)>& more);

  ServerDatabase& database_;
  Roster& roster_;
  Accounts& accounts_;
  const Clock& clock_;
  AuditLog audit_;
  mutable std::mutex organization_mutex_;
  Organization organization_;
  std::mutex mutex_;  ///< one change at a time; taken before all other locks
  std::function<void(const std::string&, const std::string&)> told_;  ///< set before the server listens
};

}  // namespace easel
