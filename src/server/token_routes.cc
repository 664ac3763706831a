// What lets somebody in: the sessions of a person's browsers, and API tokens for programs.

#include "canvas/utf8.h"
#include "server/routes.h"

namespace easel {
namespace {

constexpr std::int64_t kTokenDayMs = std::int64_t{24} * 3600 * 1000;
constexpr std::size_t kTokens = 100;

json::object SessionDocument(const Credential& one, const std::string& own) {
  return {{"id", one.id},
          {"agent", ValidUtf8(one.name)},
          {"current", one.id == own},
          {"created_ms", one.created_ms},
          {"expires_ms", one.expires_ms},
          {"used_ms", one.used_ms == 0 ? json::value() : json::value(one.used_ms)}};
}

json::object TokenDocument(const Credential& one) {
  return {{"id", one.id},
          {"name", one.name},
          {"scope", RoleName(one.scope)},
          {"created_ms", one.created_ms},
          {"expires_ms", one.expires_ms},
          {"used_ms", one.used_ms == 0 ? json::value() : json::value(one.used_ms)}};
}

Result<HttpResponse> MakeToken(const ServerParts& parts, const Call& call) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"name", "scope", "days"}));
  JsonReader reader(body, "body");
  const std::string name = reader.String("name");
  const std::string scope = reader.String("scope");
  const std::int64_t days = reader.IntOr("days", 90);
  EASEL_RETURN_IF_ERROR(reader.status());
  if (name.empty() || name.size() > 400 || name.find_first_of("\r\n") != std::string::npos)
    return Fail(Code::kInvalidArgument, "TOKEN_NAME", "`name` is one line of 1 to 100 characters");
  const auto role = RoleNamed(scope);
  if (!role)
    return Fail(Code::kInvalidArgument, "TOKEN_SCOPE", "`scope` is viewer, runner, editor, admin or owner");
  const auto own = call.principal.GreatestRole();
  if (!own || *role > *own)
    return Fail(Code::kPermissionDenied, "TOKEN_SCOPE", "a token cannot be worth more than who makes it");
  if (days < 1 || days > 366) return Fail(Code::kInvalidArgument, "TOKEN_DAYS", "`days` is from 1 to 366");
  if (parts.accounts.List(Accounts::Kind::kToken, call.principal.user).size() >= kTokens)
    return Fail(Code::kResourceExhausted, "TOO_MANY_TOKENS",
                "there are 100 tokens already; revoke one first");
  EASEL_TRY(
      const IssuedCredential issued,
      parts.accounts.NewToken(call.principal.user, name, *role, parts.clock.UnixMs() + days * kTokenDayMs));
  if (parts.team != nullptr)
    EASEL_RETURN_IF_ERROR(parts.team->audit().Record(ActorOf(call), "token.create", "", issued.credential.id,
                                                     {{"name", name}, {"scope", scope}}));
  json::object out = TokenDocument(issued.credential);
  out["token"] = issued.secret;
  return JsonResponse(out, 201);
}

Result<HttpResponse> End(const ServerParts& parts, Accounts::Kind kind, const Call& call) {
  EASEL_RETURN_IF_ERROR(parts.accounts.End(kind, call.principal.user, call.Path("id")));
  return HttpResponse{.status = 204, .content_type = ""};
}

}  // namespace

void AddTokenRoutes(Router& router, const ServerParts& parts) {
  router.Add<Access::kPerson>("GET", "/api/v1/sessions", [&parts](const Call& call) -> Result<HttpResponse> {
    json::array items;
    for (const Credential& one : parts.accounts.List(Accounts::Kind::kSession, call.principal.user))
      items.push_back(SessionDocument(one, call.principal.credential));
    return PageResponse(std::move(items));
  });
  router.Add<Access::kPerson>("DELETE", "/api/v1/sessions/{id}", [&parts](const Call& call) {
    return End(parts, Accounts::Kind::kSession, call);
  });
  router.Add<Access::kPerson>("GET", "/api/v1/tokens", [&parts](const Call& call) -> Result<HttpResponse> {
    json::array items;
    for (const Credential& one : parts.accounts.List(Accounts::Kind::kToken, call.principal.user))
      items.push_back(TokenDocument(one));
    return PageResponse(std::move(items));
  });
  router.Add<Access::kPerson>("POST", "/api/v1/tokens",
                              [&parts](const Call& call) { return MakeToken(parts, call); });
  router.Add<Access::kPerson>("DELETE", "/api/v1/tokens/{id}", [&parts](const Call& call) {
    return End(parts, Accounts::Kind::kToken, call);
  });
}

}  // namespace easel
