// Links that people hand to each other: the first owner's, invitations, and those for a new password.

#include "server/password.h"
#include "server/routes.h"

namespace easel {
namespace {

constexpr std::int64_t kInvitationDayMs = std::int64_t{24} * 3600 * 1000;

Status CheckTeam(const ServerParts& parts) {
  if (parts.team != nullptr) return {};
  return Fail(Code::kFailedPrecondition, "NOT_A_TEAM",
              "this server is one person's; `easel serve --team` serves a team");
}

/// An absolute address: as was said, or as the caller reaches us, whose Host the gate has checked.
std::string LinkTo(const ServerParts& parts, const Call& call, std::string_view page,
                   const std::string& token) {
  std::string origin = parts.public_url;
  while (origin.ends_with('/')) origin.pop_back();
  if (origin.empty()) origin = "http://" + std::string(call.request.Header("host"));
  return origin + "/" + std::string(page) + "#token=" + token;
}

json::object InvitationDocument(const Invitation& one) {
  return {{"id", one.id},
          {"role", RoleName(one.role)},
          {"email", one.email.empty() ? json::value() : json::value(one.email)},
          {"by", {{"id", one.inviter.id}, {"name", one.inviter.name}}},
          {"created_ms", one.created_ms},
          {"expires_ms", one.expires_ms}};
}

Result<HttpResponse> Show(const ServerParts& parts) {
  json::object out{{"team", parts.team != nullptr}, {"organization", nullptr}, {"setup", false}};
  if (parts.team != nullptr) {
    out["setup"] = parts.team->roster().empty();
    if (!parts.team->roster().empty()) out["organization"] = parts.team->organization().name;
  }
  return JsonResponse(out);
}

Result<HttpResponse> Invite(const ServerParts& parts, const Call& call) {
  EASEL_RETURN_IF_ERROR(CheckTeam(parts));
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"role", "email", "days"}));
  JsonReader reader(body, "body");
  const auto role = RoleNamed(reader.String("role"));
  const std::int64_t days = reader.IntOr("days", 7);
  EASEL_RETURN_IF_ERROR(reader.status());
  if (!role)
    return Fail(Code::kInvalidArgument, "BAD_FIELD", "`role` is viewer, runner, editor, admin or owner");
  if (days < 1 || days > 30) return Fail(Code::kInvalidArgument, "BAD_FIELD", "`days` is from 1 to 30");
  std::string email;
  if (reader.Find("email") != nullptr) {
    EASEL_TRY(email, EmailIn(reader, "email"));
  }
  EASEL_TRY(const auto made, parts.team->Invite(ActorOf(call), *role, email, days * kInvitationDayMs));
  json::object out = InvitationDocument(made.first);
  out["link"] = LinkTo(parts, call, "join", made.second.token);
  return JsonResponse(out, 201);
}

Result<HttpResponse> ListInvitations(const ServerParts& parts, const Call& call) {
  EASEL_RETURN_IF_ERROR(CheckTeam(parts));
  EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
  const std::string cursor = call.request.target.Query("cursor").value_or("");
  EASEL_TRY(const auto all, parts.team->Invitations());
  json::array items;
  bool reached = cursor.empty();
  for (const Invitation& one : all) {
    if (static_cast<std::int64_t>(items.size()) == limit)
      return PageResponse(std::move(items), std::string(items.back().at("id").as_string()));
    if (reached) items.push_back(InvitationDocument(one));
    reached = reached || one.id == cursor;
  }
  return PageResponse(std::move(items));
}

Result<HttpResponse> Revoke(const ServerParts& parts, const Call& call) {
  EASEL_RETURN_IF_ERROR(CheckTeam(parts));
  EASEL_RETURN_IF_ERROR(parts.team->Revoke(ActorOf(call), call.Path("invitation")));
  return HttpResponse{.status = 204, .content_type = ""};
}

Result<HttpResponse> Look(const ServerParts& parts, const Call& call) {
  EASEL_RETURN_IF_ERROR(CheckTeam(parts));
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"token"}));
  JsonReader reader(body, "body");
  const std::string token = reader.String("token");
  EASEL_RETURN_IF_ERROR(reader.status());
  return TryLink(parts, call, [&]() -> Result<HttpResponse> {
    EASEL_TRY(const Invitation one, parts.team->Look(token));
    json::object out = InvitationDocument(one);
    out.erase("id");
    out.erase("created_ms");
    out["organization"] = parts.team->organization().name;
    return JsonResponse(out);
  });
}

Result<HttpResponse> MakeReset(const ServerParts& parts, const Call& call) {
  EASEL_RETURN_IF_ERROR(CheckTeam(parts));
  EASEL_TRY(const LinkToken made, parts.team->NewPasswordReset(ActorOf(call), call.Path("member")));
  return JsonResponse(
      json::object{{"link", LinkTo(parts, call, "reset", made.token)}, {"expires_ms", made.expires_ms}}, 201);
}

/// What a form of somebody new says.
struct Form {
  std::string token, organization, password;
  Newcomer newcomer;  ///< its password is not hashed yet
};

Result<Form> ReadForm(const Call& call, bool first) {
  EASEL_TRY(const json::value body, call.Body());
  std::vector<std::string> fields = {"token", "name", "email", "password"};
  if (first) fields.emplace_back("organization");
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), fields));
  JsonReader reader(body, "body");
  Form out;
  out.token = reader.String("token");
  out.password = reader.String("password");
  EASEL_TRY(out.newcomer.name, LineIn(reader, "name", 100));
  EASEL_TRY(out.newcomer.email, EmailIn(reader, "email"));
  if (first) {
    EASEL_TRY(out.organization, LineIn(reader, "organization", 100));
  }
  EASEL_RETURN_IF_ERROR(reader.status());
  EASEL_RETURN_IF_ERROR(CheckNewPassword(out.password, out.newcomer.email));
  out.newcomer.agent = std::string(call.request.Header("user-agent"));
  out.newcomer.address = call.request.peer;
  return out;
}

Status SetUp(const ServerParts& parts, const Call& call, Reply reply) {
  EASEL_RETURN_IF_ERROR(CheckTeam(parts));
  EASEL_TRY(Form form, ReadForm(call, /*first=*/true));
  TryPassword(
      parts, call, "",
      [&parts, form = std::move(form)]() -> Result<HttpResponse> {
        Newcomer newcomer = form.newcomer;
        EASEL_TRY(newcomer.password, HashPassword(form.password));
        EASEL_TRY(const IssuedCredential issued, parts.team->SetUp(form.token, form.organization, newcomer));
        return SignedIn(parts, issued);
      },
      std::move(reply));
  return {};
}

Status Accept(const ServerParts& parts, const Call& call, Reply reply) {
  EASEL_RETURN_IF_ERROR(CheckTeam(parts));
  EASEL_TRY(Form form, ReadForm(call, /*first=*/false));
  TryPassword(
      parts, call, "",
      [&parts, form = std::move(form)]() -> Result<HttpResponse> {
        EASEL_RETURN_IF_ERROR(parts.team->Look(form.token));  // before the costly part
        Newcomer newcomer = form.newcomer;
        EASEL_TRY(newcomer.password, HashPassword(form.password));
        EASEL_TRY(const IssuedCredential issued, parts.team->Accept(form.token, newcomer));
        return SignedIn(parts, issued);
      },
      std::move(reply));
  return {};
}

Status UseReset(const ServerParts& parts, const Call& call, Reply reply) {
  EASEL_RETURN_IF_ERROR(CheckTeam(parts));
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"token", "password"}));
  JsonReader reader(body, "body");
  const std::string token = reader.String("token"), password = reader.String("password");
  EASEL_RETURN_IF_ERROR(reader.status());
  TryPassword(
      parts, call, "",
      [&parts, token, password, agent = std::string(call.request.Header("user-agent")),
       address = call.request.peer]() -> Result<HttpResponse> {
        EASEL_TRY(const Member member, parts.team->LookAtReset(token));
        EASEL_RETURN_IF_ERROR(CheckNewPassword(password, member.email));
        EASEL_TRY(const std::string hash, HashPassword(password));
        EASEL_TRY(const IssuedCredential issued, parts.team->UsePasswordReset(token, hash, agent, address));
        parts.limit.Reopen(member.email);
        return SignedIn(parts, issued);
      },
      std::move(reply));
  return {};
}

LateHandler Late(const ServerParts& parts, Status (*what)(const ServerParts&, const Call&, Reply)) {
  return [&parts, what](const std::shared_ptr<const Call>& call, const Reply& reply) {
    if (const Status begun = what(parts, *call, reply); !begun) reply(ProblemResponse(begun.error()));
  };
}

}  // namespace

Result<std::string> EmailIn(JsonReader& reader, std::string_view field) {
  std::string text = reader.String(field);
  EASEL_RETURN_IF_ERROR(reader.status());
  text.erase(0, text.find_first_not_of(' '));
  text.erase(text.find_last_not_of(' ') + 1);
  const std::size_t at = text.find('@');
  bool good = text.size() <= 254 && at != std::string::npos && at > 0 && at + 1 < text.size() &&
              text.find('@', at + 1) == std::string::npos;
  for (char& c : text) {
    good = good && static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (!good)
    return Fail(Code::kInvalidArgument, "EMAIL_INVALID",
                "`" + std::string(field) + "` is an e-mail address such as ada@example.org");
  return text;
}

void AddLinkRoutes(Router& router, const ServerParts& parts) {
  const auto of = [&parts](Result<HttpResponse> (*what)(const ServerParts&, const Call&)) {
    return [&parts, what](const Call& call) { return what(parts, call); };
  };
  router.Add<Access::kPublic>("GET", "/api/v1/team", [&parts](const Call&) { return Show(parts); });
  router.AddLate<Access::kPublic>("POST", "/api/v1/team/setup", Late(parts, SetUp));
  router.Add<Access::kAdmin>("GET", "/api/v1/invitations", of(ListInvitations));
  router.Add<Access::kAdminPerson>("POST", "/api/v1/invitations", of(Invite));
  router.Add<Access::kAdmin>("DELETE", "/api/v1/invitations/{invitation}", of(Revoke));
  router.Add<Access::kPublic>("POST", "/api/v1/invitations/look", of(Look));
  router.AddLate<Access::kPublic>("POST", "/api/v1/invitations/accept", Late(parts, Accept));
  router.Add<Access::kAdminPerson>("POST", "/api/v1/members/{member}/password-reset", of(MakeReset));
  router.AddLate<Access::kPublic>("POST", "/api/v1/password-resets", Late(parts, UseReset));
}

}  // namespace easel
