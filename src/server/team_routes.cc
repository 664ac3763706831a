// The organization, its members and their roles, and the audit log: for those who are members.

#include <utility>

#include "server/password.h"
#include "server/routes.h"

namespace easel {
namespace {

std::unexpected<Error> NoTeam() {
  return Fail(Code::kFailedPrecondition, "NOT_A_TEAM",
              "this server is one person's; `easel serve --team` serves a team");
}

/// A handler of a route that only a team has.
Handler OfTeam(const ServerParts& parts, Result<HttpResponse> (*what)(const ServerParts&, const Call&)) {
  return [&parts, what](const Call& call) -> Result<HttpResponse> {
    if (parts.team == nullptr) return NoTeam();
    return what(parts, call);
  };
}

HttpResponse Done() { return {.status = 204, .content_type = ""}; }

json::value OrNull(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

using LastSeen = std::unordered_map<std::string, std::int64_t>;

json::object MemberDocument(const Member& member, const LastSeen& seen) {
  const auto found = seen.find(member.id);
  return {{"id", member.id},
          {"name", member.name},
          {"email", member.email},
          {"role", RoleName(member.role)},
          {"created_ms", member.created_ms},
          {"seen_ms", found == seen.end() ? json::value() : json::value(found->second)}};
}

/// A page of the members by name; `document` makes what is shown of each.
template <typename Document>
Result<HttpResponse> MemberPage(const ServerParts& parts, const Call& call, Document document) {
  EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
  // `id:name` of the last one of the page before.
  const std::string cursor = call.request.target.Query("cursor").value_or("");
  const std::size_t colon = cursor.find(':');
  if (!cursor.empty() && colon == std::string::npos)
    return Fail(Code::kInvalidArgument, "BAD_PARAMETER", "`cursor` is `next` of the page before");
  json::array items;
  std::string last;
  for (const Member& member : parts.team->roster().All()) {
    if (!cursor.empty() &&
        std::pair(member.name, member.id) <= std::pair(cursor.substr(colon + 1), cursor.substr(0, colon)))
      continue;
    if (static_cast<std::int64_t>(items.size()) == limit) return PageResponse(std::move(items), last);
    items.push_back(document(member));
    last = member.id + ":" + member.name;
  }
  return PageResponse(std::move(items));
}

Result<Role> RoleIn(const Call& call) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"role"}));
  JsonReader reader(body, "body");
  const std::string text = reader.String("role");
  EASEL_RETURN_IF_ERROR(reader.status());
  const auto role = RoleNamed(text);
  if (!role)
    return Fail(Code::kInvalidArgument, "BAD_FIELD", "`role` is viewer, runner, editor, admin or owner");
  return *role;
}

Result<std::string> NameIn(const Call& call) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"name"}));
  JsonReader reader(body, "body");
  return LineIn(reader, "name", 100);
}

HttpResponse OrganizationResponse(const ServerParts& parts) {
  const Organization organization = parts.team->organization();
  return JsonResponse(json::object{{"name", organization.name},
                                   {"created_ms", organization.created_ms},
                                   {"members", parts.team->roster().size()}});
}

Result<HttpResponse> NameOrganization(const ServerParts& parts, const Call& call) {
  EASEL_TRY(const std::string name, NameIn(call));
  EASEL_RETURN_IF_ERROR(parts.team->NameOrganization(ActorOf(call), name));
  return OrganizationResponse(parts);
}

Result<HttpResponse> ListMembers(const ServerParts& parts, const Call& call) {
  const LastSeen seen = parts.accounts.LastSeen();
  return MemberPage(parts, call, [&](const Member& member) { return MemberDocument(member, seen); });
}

Result<HttpResponse> ChangeMember(const ServerParts& parts, const Call& call) {
  EASEL_TRY(const Role role, RoleIn(call));
  EASEL_TRY(const Member member, parts.team->ChangeRole(ActorOf(call), call.Path("member"), role));
  return JsonResponse(MemberDocument(member, parts.accounts.LastSeen()));
}

Result<HttpResponse> RemoveMember(const ServerParts& parts, const Call& call) {
  EASEL_RETURN_IF_ERROR(parts.team->Remove(ActorOf(call), call.Path("member")));
  return Done();
}

json::object CanvasRoleDocument(const ServerParts& parts, const std::string& canvas, const Member& member,
                                const LastSeen& seen) {
  const auto granted = parts.team->roster().Granted(canvas, member.id);
  return {{"member", MemberDocument(member, seen)},
          {"organization", RoleName(member.role)},
          {"granted", granted ? json::value(RoleName(*granted)) : json::value()},
          {"role", RoleName(std::max(member.role, granted.value_or(Role::kViewer)))}};
}

Result<HttpResponse> ListCanvasRoles(const ServerParts& parts, const Call& call) {
  const LastSeen seen = parts.accounts.LastSeen();
  return MemberPage(parts, call, [&](const Member& member) {
    return CanvasRoleDocument(parts, call.canvas, member, seen);
  });
}

Result<HttpResponse> GrantCanvasRole(const ServerParts& parts, const Call& call) {
  EASEL_TRY(const Role role, RoleIn(call));
  const std::string& id = call.Path("member");
  EASEL_RETURN_IF_ERROR(parts.team->Grant(ActorOf(call), call.canvas, id, role));
  const Member member = parts.team->roster().Find(id).value_or(Member{});
  return JsonResponse(CanvasRoleDocument(parts, call.canvas, member, parts.accounts.LastSeen()));
}

Result<HttpResponse> WithdrawCanvasRole(const ServerParts& parts, const Call& call) {
  EASEL_RETURN_IF_ERROR(parts.team->Grant(ActorOf(call), call.canvas, call.Path("member"), std::nullopt));
  return Done();
}

json::object EntryDocument(const AuditEntry& entry) {
  json::object out{
      {"id", entry.id},         {"at_ms", entry.at_ms},           {"person", nullptr},
      {"action", entry.action}, {"canvas", OrNull(entry.canvas)}, {"subject", OrNull(entry.subject)},
      {"detail", entry.detail}};
  if (!entry.person.empty()) out["person"] = json::object{{"id", entry.person}, {"name", entry.name}};
  if (!entry.token.empty()) out["token"] = entry.token;
  if (!entry.address.empty()) out["address"] = entry.address;
  return out;
}

Result<HttpResponse> ListAudit(const ServerParts& parts, const Call& call) {
  EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
  EASEL_TRY(const std::int64_t before,
            call.QueryNumber("cursor", std::int64_t{1} << 53, 1, std::int64_t{1} << 53));
  const HttpTarget& target = call.request.target;
  EASEL_TRY(auto entries, parts.team->audit().Page({.person = target.Query("person").value_or(""),
                                                    .canvas = target.Query("canvas").value_or(""),
                                                    .action = target.Query("action").value_or("")},
                                                   before, limit + 1));
  const bool more = static_cast<std::int64_t>(entries.size()) > limit;
  if (more) entries.pop_back();
  json::array items;
  for (const AuditEntry& entry : entries) items.push_back(EntryDocument(entry));
  return PageResponse(std::move(items), more ? std::to_string(entries.back().id) : "");
}

Result<HttpResponse> ChangeMe(const ServerParts& parts, const Call& call) {
  EASEL_TRY(const std::string name, NameIn(call));
  EASEL_RETURN_IF_ERROR(parts.team->ChangeName(ActorOf(call), name));
  Principal principal = call.principal;
  principal.name = name;
  return JsonResponse(SessionDocument(parts, principal));
}

Status ChangePassword(const ServerParts& parts, const std::shared_ptr<const Call>& call, Reply reply) {
  if (parts.team == nullptr) return NoTeam();
  EASEL_TRY(const json::value body, call->Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"current", "password"}));
  JsonReader reader(body, "body");
  const std::string current = reader.String("current"), password = reader.String("password");
  EASEL_RETURN_IF_ERROR(reader.status());
  EASEL_RETURN_IF_ERROR(CheckNewPassword(password, call->principal.email));
  auto work = [&parts, call, current, password]() -> Result<HttpResponse> {
    const auto member = parts.team->roster().Find(call->principal.user);
    if (!member || !PasswordFits(current, member->password))
      // Not 401, which would mean that the session is over.
      return Fail(Code::kPermissionDenied, "PASSWORD_WRONG", "the current password is wrong");
    EASEL_TRY(const std::string hash, HashPassword(password));
    EASEL_RETURN_IF_ERROR(parts.team->ChangePassword(ActorOf(*call), member->password, hash));
    return Done();
  };
  TryPassword(parts, *call, call->principal.email, std::move(work), std::move(reply));
  return {};
}

}  // namespace

void AddTeamRoutes(Router& router, const ServerParts& parts) {
  router.Add<Access::kViewer>(
      "GET", "/api/v1/organization",
      OfTeam(parts, [](const ServerParts& parts, const Call&) -> Result<HttpResponse> {
        return OrganizationResponse(parts);
      }));
  router.Add<Access::kOwner>("PATCH", "/api/v1/organization", OfTeam(parts, NameOrganization));
  router.Add<Access::kViewer>("GET", "/api/v1/members", OfTeam(parts, ListMembers));
  router.Add<Access::kAdmin>("PATCH", "/api/v1/members/{member}", OfTeam(parts, ChangeMember));
  router.Add<Access::kAdmin>("DELETE", "/api/v1/members/{member}", OfTeam(parts, RemoveMember));
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/roles", OfTeam(parts, ListCanvasRoles));
  router.Add<Access::kAdmin>("PUT", "/api/v1/canvases/{canvas}/roles/{member}",
                             OfTeam(parts, GrantCanvasRole));
  router.Add<Access::kAdmin>("DELETE", "/api/v1/canvases/{canvas}/roles/{member}",
                             OfTeam(parts, WithdrawCanvasRole));
  router.Add<Access::kAdmin>("GET", "/api/v1/audit", OfTeam(parts, ListAudit));
  router.Add<Access::kPerson>("PATCH", "/api/v1/me", OfTeam(parts, ChangeMe));
  router.AddLate<Access::kPerson>("PUT", "/api/v1/me/password",
                                  [&parts](const std::shared_ptr<const Call>& call, const Reply& reply) {
                                    if (const Status begun = ChangePassword(parts, call, reply); !begun)
                                      reply(ProblemResponse(begun.error()));
                                  });
}

}  // namespace easel
