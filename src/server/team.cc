#include "server/team.h"

#include <utility>

namespace easel {
namespace {

std::unexpected<Error> UnknownMember() {
  return Fail(Code::kNotFound, "MEMBER_UNKNOWN", "there is no such member; they may have been removed");
}

std::unexpected<Error> TooGreat(const std::string& what) {
  return Fail(Code::kPermissionDenied, "ROLE_TOO_GREAT", what);
}

}  // namespace

Status Team::Load() {
  const std::lock_guard lock(organization_mutex_);
  return database_.Use([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query find, database.Use("SELECT name, created_ms FROM organization"));
    EASEL_TRY(const bool there, find.Step());
    if (!there) return {};
    organization_.name = find.TextColumn();
    organization_.created_ms = find.IntColumn();
    return {};
  });
}

Organization Team::organization() const {
  const std::lock_guard lock(organization_mutex_);
  return organization_;
}

Status Team::NameOrganization(const Actor& actor, const std::string& name) {
  const std::lock_guard lock(mutex_);
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query put, database.Use("UPDATE organization SET name = ?"));
    EASEL_RETURN_IF_ERROR(put.Text(name).Run());
    return audit_.Write(database, actor, "organization.rename", "", "",
                        {{"before", organization().name}, {"name", name}});
  }));
  const std::lock_guard naming(organization_mutex_);
  organization_.name = name;
  return {};
}

Result<IssuedCredential> Team::SignIn(const Member& member, std::string_view agent,
                                      const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto person = roster_.Find(member.id);
  if (!person || person->password != member.password)
    return Fail(Code::kUnauthenticated, "SIGN_IN_WRONG", "the password has just been changed: sign in anew");
  const IssuedCredential issued = accounts_.PrepareSession(member.id, agent);
  const Actor actor{.principal = {.user = person->id, .name = person->name}, .address = address};
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_RETURN_IF_ERROR(Accounts::Write(database, issued));
    return audit_.Write(database, actor, "session.begin", "", issued.credential.id);
  }));
  accounts_.Admit(issued);
  return issued;
}

Status Team::ChangePassword(const Actor& actor, const std::string& before, const std::string& password) {
  const std::lock_guard lock(mutex_);
  auto member = roster_.Find(actor.principal.user);
  if (!member) return UnknownMember();
  if (member->password != before)
    return Fail(Code::kAborted, "PASSWORD_CHANGED", "the password has just been changed from elsewhere");
  member->password = password;
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query put, database.Use("UPDATE members SET password = ? WHERE id = ?"));
    EASEL_RETURN_IF_ERROR(put.Text(password).Text(member->id).Run());
    EASEL_TRY(Query resets, database.Use("DELETE FROM password_resets WHERE member = ?"));
    EASEL_RETURN_IF_ERROR(resets.Text(member->id).Run());
    EASEL_RETURN_IF_ERROR(Accounts::Erase(database, member->id, actor.principal.credential, false));
    return audit_.Write(database, actor, "password.change");
  }));
  const std::string id = member->id;
  roster_.Put(*std::move(member));
  accounts_.Forget(id, actor.principal.credential, false);
  return {};
}

Status Team::ChangeName(const Actor& actor, const std::string& name) {
  const std::lock_guard lock(mutex_);
  auto member = roster_.Find(actor.principal.user);
  if (!member) return UnknownMember();
  const std::string before = std::exchange(member->name, name);
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query put, database.Use("UPDATE members SET name = ? WHERE id = ?"));
    EASEL_RETURN_IF_ERROR(put.Text(name).Text(member->id).Run());
    return audit_.Write(database, actor, "member.rename", "", member->id,
                        {{"before", before}, {"name", name}});
  }));
  roster_.Put(*std::move(member));
  return {};
}

std::optional<Role> Team::RoleNow(const Actor& actor, const std::string& canvas) const {
  const auto person = roster_.FindPerson(actor.principal.user);
  if (!person) return std::nullopt;
  Principal now = actor.principal;
  now.role = person->role;
  now.granted = person->granted;
  return canvas.empty() ? now.WorkspaceRole() : now.RoleOn(canvas);
}

/// Who may change owners is an owner; others may be changed by admins, too.
Result<Member> Team::MemberToChange(const Actor& actor, const std::string& id) const {
  const auto own = RoleNow(actor);
  auto member = roster_.Find(id);
  if (!member) return UnknownMember();
  if (!own || *own < Role::kAdmin || member->role > *own)
    return TooGreat(member->name + " is an owner: only owners can do this");
  return *std::move(member);
}

Status Team::DropLinksBy(SqliteConnection& database, const std::string& member) {
  EASEL_TRY(Query invitations, database.Use("DELETE FROM invitations WHERE inviter = ?"));
  EASEL_RETURN_IF_ERROR(invitations.Text(member).Run());
  EASEL_TRY(Query resets, database.Use("DELETE FROM password_resets WHERE maker = ? OR member = ?"));
  return resets.Text(member).Text(member).Run();
}

Result<Member> Team::ChangeRole(const Actor& actor, const std::string& id, Role role) {
  Member member;
  {
    const std::lock_guard lock(mutex_);
    EASEL_TRY(member, MemberToChange(actor, id));
    if (role > RoleNow(actor).value_or(Role::kViewer))
      return TooGreat("you cannot give a role that is greater than your own");
    if (role == member.role) return member;
    if (member.role == Role::kOwner && roster_.owners() <= 1)
      return Fail(Code::kFailedPrecondition, "LAST_OWNER",
                  member.name + " is the only owner: make somebody else an owner first");
    const Role before = std::exchange(member.role, role);
    EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
      EASEL_TRY(Query put, database.Use("UPDATE members SET role = ? WHERE id = ?"));
      EASEL_RETURN_IF_ERROR(put.Text(RoleName(role)).Text(id).Run());
      EASEL_RETURN_IF_ERROR(DropLinksBy(database, id));
      return audit_.Write(database, actor, "member.role", "", id,
                          {{"name", member.name}, {"before", RoleName(before)}, {"role", RoleName(role)}});
    }));
    roster_.Put(member);
  }
  if (told_) told_(id, "");
  return member;
}

Status Team::Remove(const Actor& actor, const std::string& id) {
  const std::lock_guard lock(mutex_);
  EASEL_TRY(const Member member, MemberToChange(actor, id));
  if (member.role == Role::kOwner && roster_.owners() <= 1)
    return Fail(Code::kFailedPrecondition, "LAST_OWNER",
                member.name + " is the only owner: make somebody else an owner first");
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    for (const char* statement :
         {"DELETE FROM members WHERE id = ?", "DELETE FROM canvas_roles WHERE member = ?",
          "DELETE FROM answers WHERE user = ?"}) {
      EASEL_TRY(Query remove, database.Use(statement));
      EASEL_RETURN_IF_ERROR(remove.Text(id).Run());
    }
    EASEL_RETURN_IF_ERROR(DropLinksBy(database, id));
    EASEL_RETURN_IF_ERROR(Accounts::Erase(database, id, "", true));
    return audit_.Write(database, actor, "member.remove", "", id,
                        {{"name", member.name}, {"email", member.email}, {"role", RoleName(member.role)}});
  }));
  roster_.Remove(id);  // from here on no credential of theirs finds a person
  accounts_.Forget(id, "", true);
  return {};
}

Status Team::Grant(const Actor& actor, const std::string& canvas, const std::string& id,
                   std::optional<Role> role) {
  {
    const std::lock_guard lock(mutex_);
    const Role own = RoleNow(actor, canvas).value_or(Role::kViewer);
    if (own < Role::kAdmin) return TooGreat("only admins of a canvas grant roles on it");
    const auto member = roster_.Find(id);
    if (!member) return UnknownMember();
    const auto before = roster_.Granted(canvas, id);
    if ((role && *role > own) || (before && *before > own))
      return TooGreat("your role on this canvas is " + std::string(RoleName(own)) +
                      ": you can neither grant nor withdraw a greater one");
    if (role == before) return {};
    EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
      if (role) {
        EASEL_TRY(Query put, database.Use("INSERT OR REPLACE INTO canvas_roles (canvas, member, role) "
                                          "VALUES (?, ?, ?)"));
        EASEL_RETURN_IF_ERROR(put.Text(canvas).Text(id).Text(RoleName(*role)).Run());
      } else {
        EASEL_TRY(Query remove, database.Use("DELETE FROM canvas_roles WHERE canvas = ? AND member = ?"));
        EASEL_RETURN_IF_ERROR(remove.Text(canvas).Text(id).Run());
      }
      json::object detail{{"name", member->name}};
      if (before) detail["before"] = RoleName(*before);
      if (role) detail["role"] = RoleName(*role);
      return audit_.Write(database, actor, role ? "canvas.grant" : "canvas.withdraw", canvas, id, detail);
    }));
    roster_.Grant(canvas, id, role);
  }
  if (told_) told_(id, canvas);
  return {};
}

Status Team::CanvasMade(const Actor& actor, const std::string& canvas, std::string_view action) {
  const std::lock_guard lock(mutex_);
  const std::string& id = actor.principal.user;
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    // A canvas of this name may have been deleted behind our back: what it granted is not this one's.
    EASEL_TRY(Query old, database.Use("DELETE FROM canvas_roles WHERE canvas = ?"));
    EASEL_RETURN_IF_ERROR(old.Text(canvas).Run());
    EASEL_TRY(Query put, database.Use("INSERT INTO canvas_roles (canvas, member, role) VALUES (?, ?, ?)"));
    EASEL_RETURN_IF_ERROR(put.Text(canvas).Text(id).Text(RoleName(Role::kOwner)).Run());
    return audit_.Write(database, actor, action, canvas);
  }));
  roster_.MoveCanvas(canvas, "");
  roster_.Grant(canvas, id, Role::kOwner);
  return {};
}

Status Team::CanvasMoved(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  EASEL_RETURN_IF_ERROR(database_.Change([&](SqliteConnection& database) -> Status {
    EASEL_TRY(Query old, database.Use("DELETE FROM canvas_roles WHERE canvas = ?"));
    EASEL_RETURN_IF_ERROR(old.Text(to).Run());
    EASEL_TRY(Query move, database.Use("UPDATE canvas_roles SET canvas = ? WHERE canvas = ?"));
    return move.Text(to).Text(from).Run();
  }));
  roster_.MoveCanvas(from, to);
  return {};
}

}  // namespace easel
