// Who comes in by a link: the first owner, the invited, and who has a new password to set. Tokens are kept as digests.

#include <utility>

#include "base/digest.h"
#include "base/fault.h"
#include "base/ids.h"
#include "server/team.h"

namespace easel {
namespace {

std::unexpected<Error> InvalidLink() {
  return Fail(Code::kUnauthenticated, "LINK_INVALID",
              "this link was used already, was revoked, or is too old: ask for a new one");
}

std::unexpected<Error> EmailTaken() {
  return Fail(
      Code::kAlreadyExists, "EMAIL_TAKEN",
      "somebody with this e-mail address is a member already; sign in, or ask an admin for a link to set "
      "a new password");
}

}  // namespace

Status Team::WriteMember(SqliteConnection& database, const Member& member) {
  EASEL_TRY(Query put, database.Use("INSERT INTO members (id, email, name, role, password, created_ms) "
                                    "VALUES (?, ?, ?, ?, ?, ?)"));
  return put.Text(member.id)
      .Text(member.email)
      .Text(member.name)
      .Text(RoleName(member.role))
      .Text(member.password)
      .Int(member.created_ms)
      .Run();
}

/// A member more, with a session, in one transaction with `more`; the caller holds the lock.
Result<IssuedCredential> Team::Come(
    const Newcomer& newcomer, Role role,
    const std::function<Status(SqliteConnection&, const Member&, const Actor&)>& more) {
  if (roster_.FindByEmail(newcomer.email)) return EmailTaken();
  if (roster_.size() >= kMostMembers)
    return Fail(Code::kResourceExhausted, "TOO_MANY_MEMBERS", "there are 10,000 members already");
  const Member member{.id = "m" + RandomBase32(12),
                      .email = newcomer.email,
                      .name = newcomer.name,
                      .role = role,
                      .password = newcomer.password,
                      .created_ms = clock_.UnixMs()};
  const Actor actor{.principal = {.user = member.id, .name = member.name}, .address = newcomer.address};
  const IssuedCredential issued = accounts_.PrepareSession(member.id, newcomer.agent);
  FaultPoint("team.before_coming");
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_RETURN_IF_ERROR(more(database, member, actor));
    EASEL_RETURN_IF_ERROR(WriteMember(database, member));
    FaultPoint("team.coming");
    return Accounts::Write(database, issued);
  }));
  FaultPoint("team.after_coming");
  roster_.Put(member);
  accounts_.Admit(issued);
  return issued;
}

Result<LinkToken> Team::NewSetupToken(std::int64_t good_ms) {
  const LinkToken out{.token = RandomBase32(32), .expires_ms = clock_.UnixMs() + good_ms};
  const std::string digest = DigestOf(out.token);
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query put, database.Use("INSERT INTO setup_tokens (digest, expires_ms) VALUES (?, ?)"));
    return put.Text(digest).Int(out.expires_ms).Run();
  }));
  return out;
}

Result<IssuedCredential> Team::SetUp(std::string_view token, const std::string& organization,
                                     const Newcomer& newcomer) {
  const std::lock_guard lock(mutex_);
  const std::string digest = DigestOf(token);
  if (!roster_.empty())
    return Fail(Code::kFailedPrecondition, "SET_UP_ALREADY",
                "this team has members already: sign in, or ask an admin for an invitation");
  auto issued = Come(newcomer, Role::kOwner,
                     [&](SqliteConnection& database, const Member& member, const Actor& actor) -> Status {
                       {
                         EASEL_TRY(Query take, database.Use("DELETE FROM setup_tokens WHERE digest = ? AND "
                                                            "expires_ms > ? RETURNING 1"));
                         EASEL_TRY(const bool good, take.Text(digest).Int(clock_.UnixMs()).Step());
                         if (!good) return InvalidLink();
                         EASEL_RETURN_IF_ERROR(take.Run());
                       }
                       EASEL_TRY(Query others, database.Use("DELETE FROM setup_tokens"));
                       EASEL_RETURN_IF_ERROR(others.Run());
                       EASEL_TRY(Query put, database.Use("INSERT OR REPLACE INTO organization (one, name, "
                                                         "created_ms) VALUES (1, ?, ?)"));
                       EASEL_RETURN_IF_ERROR(put.Text(organization).Int(member.created_ms).Run());
                       return audit_.Write(database, actor, "team.setup", "", member.id,
                                           {{"organization", organization}, {"email", member.email}});
                     });
  if (issued) EASEL_RETURN_IF_ERROR(Load());
  return issued;
}

Result<std::pair<Invitation, LinkToken>> Team::Invite(const Actor& actor, Role role, const std::string& email,
                                                      std::int64_t good_ms) {
  const std::lock_guard lock(mutex_);
  // Asked for again under the lock: the actor may have been demoted or removed meanwhile.
  const auto own = RoleNow(actor);
  if (!own || role > *own || *own < Role::kAdmin)
    return Fail(Code::kPermissionDenied, "ROLE_TOO_GREAT",
                "you cannot give a role that is greater than your own");
  if (!email.empty() && roster_.FindByEmail(email)) return EmailTaken();
  const std::int64_t now_ms = clock_.UnixMs();
  const LinkToken link{.token = RandomBase32(32), .expires_ms = now_ms + good_ms};
  Invitation out{.id = RandomBase32(12),
                 .role = role,
                 .email = email,
                 .inviter = {.id = actor.principal.user, .name = actor.principal.name},
                 .created_ms = now_ms,
                 .expires_ms = link.expires_ms};
  const std::string digest = DigestOf(link.token);
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_TRY(const std::int64_t open, database.Number("SELECT count(*) FROM invitations"));
    if (open >= static_cast<std::int64_t>(kMostInvitations))
      return Fail(Code::kResourceExhausted, "TOO_MANY_INVITATIONS",
                  "there are 1000 open invitations already; revoke some first");
    EASEL_TRY(Query put, database.Use("INSERT INTO invitations (digest, id, role, email, inviter, created_ms,"
                                      " expires_ms) VALUES (?, ?, ?, ?, ?, ?, ?)"));
    EASEL_RETURN_IF_ERROR(put.Text(digest)
                              .Text(out.id)
                              .Text(RoleName(role))
                              .Text(email)
                              .Text(out.inviter.id)
                              .Int(out.created_ms)
                              .Int(out.expires_ms)
                              .Run());
    json::object detail{{"role", RoleName(role)}};
    if (!email.empty()) detail["email"] = email;
    return audit_.Write(database, actor, "invitation.create", "", out.id, detail);
  }));
  return std::pair{std::move(out), link};
}

namespace {

Invitation InvitationIn(Query& row, const Roster& roster) {
  Invitation out;
  out.id = row.TextColumn();
  out.role = RoleNamed(row.TextColumn()).value_or(Role::kViewer);
  out.email = row.TextColumn();
  out.inviter.id = row.TextColumn();
  out.inviter.name = roster.Find(out.inviter.id).value_or(Member{}).name;
  out.created_ms = row.IntColumn();
  out.expires_ms = row.IntColumn();
  return out;
}

}  // namespace

Result<std::vector<Invitation>> Team::Invitations() {
  std::vector<Invitation> out;
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query all,
              database.Use("SELECT id, role, email, inviter, created_ms, expires_ms FROM invitations "
                           "WHERE expires_ms > ? ORDER BY created_ms DESC, id"));
    all.Int(clock_.UnixMs());
    for (;;) {
      EASEL_TRY(const bool row, all.Step());
      if (!row) return {};
      out.push_back(InvitationIn(all, roster_));
    }
  }));
  return out;
}

Status Team::Revoke(const Actor& actor, const std::string& id) {
  const std::lock_guard lock(mutex_);
  EASEL_TRY(const auto all, Invitations());
  for (const Invitation& one : all) {
    if (one.id != id) continue;
    return database_.Change([&](SqliteConnection& database) -> Status {
      EASEL_TRY(Query remove, database.Use("DELETE FROM invitations WHERE id = ?"));
      EASEL_RETURN_IF_ERROR(remove.Text(id).Run());
      return audit_.Write(database, actor, "invitation.revoke", "", id, {{"role", RoleName(one.role)}});
    });
  }
  return Fail(Code::kNotFound, "INVITATION_UNKNOWN",
              "there is no such invitation; it may have been accepted or have expired");
}

Result<Invitation> Team::Look(std::string_view token) {
  Invitation out;
  const std::string digest = DigestOf(token);
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query find,
              database.Use("SELECT id, role, email, inviter, created_ms, expires_ms FROM invitations "
                           "WHERE digest = ? AND expires_ms > ?"));
    EASEL_TRY(const bool there, find.Text(digest).Int(clock_.UnixMs()).Step());
    if (!there) return InvalidLink();
    out = InvitationIn(find, roster_);
    return {};
  }));
  return out;
}

Result<IssuedCredential> Team::Accept(std::string_view token, const Newcomer& newcomer) {
  const std::lock_guard lock(mutex_);
  const std::string digest = DigestOf(token);
  EASEL_TRY(const Invitation invitation, Look(token));
  if (!invitation.email.empty() && invitation.email != newcomer.email)
    return Fail(Code::kFailedPrecondition, "EMAIL_OTHER",
                "this invitation is for " + invitation.email + "; ask for one for your address");
  return Come(
      newcomer, invitation.role,
      [&](SqliteConnection& database, const Member& member, const Actor& actor) -> Status {
        {
          EASEL_TRY(Query take, database.Use("DELETE FROM invitations WHERE digest = ? RETURNING 1"));
          EASEL_TRY(const bool good, take.Text(digest).Step());
          if (!good) return InvalidLink();
          EASEL_RETURN_IF_ERROR(take.Run());
        }
        return audit_.Write(
            database, actor, "invitation.accept", "", invitation.id,
            {{"role", RoleName(invitation.role)}, {"email", member.email}, {"by", invitation.inviter.id}});
      });
}

Result<LinkToken> Team::NewPasswordReset(const Actor& actor, const std::string& id) {
  const std::lock_guard lock(mutex_);
  // The operator of the server, who is nobody of the team, may do it for everybody.
  Member member;
  if (actor.principal.signed_in()) {
    EASEL_TRY(member, MemberToChange(actor, id));
  } else {
    member = roster_.Find(id).value_or(Member{});
    if (member.id.empty())
      return Fail(Code::kNotFound, "MEMBER_UNKNOWN", "there is no such member; they may have been removed");
  }
  const LinkToken out{.token = RandomBase32(32), .expires_ms = clock_.UnixMs() + kResetMs};
  const std::string digest = DigestOf(out.token);
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query put, database.Use("INSERT OR REPLACE INTO password_resets (member, digest, maker, "
                                      "expires_ms) VALUES (?, ?, ?, ?)"));
    EASEL_RETURN_IF_ERROR(put.Text(id).Text(digest).Text(actor.principal.user).Int(out.expires_ms).Run());
    return audit_.Write(database, actor, "password.link", "", id, {{"name", member.name}});
  }));
  return out;
}

Result<Member> Team::LookAtReset(std::string_view token) {
  std::string id;
  const std::string digest = DigestOf(token);
  EASEL_RETURN_IF_ERROR(database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query find,
              database.Use("SELECT member FROM password_resets WHERE digest = ? AND expires_ms > ?"));
    EASEL_TRY(const bool there, find.Text(digest).Int(clock_.UnixMs()).Step());
    if (!there) return InvalidLink();
    id = find.TextColumn();
    return {};
  }));
  auto member = roster_.Find(id);
  if (!member) return InvalidLink();
  return *std::move(member);
}

Result<IssuedCredential> Team::UsePasswordReset(std::string_view token, const std::string& password,
                                                std::string_view agent, const std::string& address) {
  const std::lock_guard lock(mutex_);
  EASEL_TRY(Member member, LookAtReset(token));
  member.password = password;
  const IssuedCredential issued = accounts_.PrepareSession(member.id, agent);
  const Actor actor{.principal = {.user = member.id, .name = member.name}, .address = address};
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query take, database.Use("DELETE FROM password_resets WHERE member = ?"));
    EASEL_RETURN_IF_ERROR(take.Text(member.id).Run());
    EASEL_TRY(Query put, database.Use("UPDATE members SET password = ? WHERE id = ?"));
    EASEL_RETURN_IF_ERROR(put.Text(password).Text(member.id).Run());
    EASEL_RETURN_IF_ERROR(Accounts::Erase(database, member.id, "", true));
    EASEL_RETURN_IF_ERROR(Accounts::Write(database, issued));
    return audit_.Write(database, actor, "password.reset");
  }));
  const std::string id = member.id;
  roster_.Put(std::move(member));
  accounts_.Forget(id, "", true);
  accounts_.Admit(issued);
  return issued;
}

}  // namespace easel
