// Signing in and out: the one-time token of the printed link, or a member's e-mail address and password, become a session
// cookie.

#include "server/password.h"
#include "server/routes.h"

namespace easel {
namespace {

std::string Cookie(const ServerParts& parts, const std::string& value, std::int64_t seconds) {
  return parts.cookie + "=" + value +
         "; HttpOnly; SameSite=Strict; Path=/; Max-Age=" + std::to_string(seconds) +
         (parts.secure ? "; Secure" : "");
}

HttpResponse TooManyTries(std::int64_t seconds) {
  HttpResponse out = ProblemResponse(
      429, "TOO_MANY_SIGN_INS",
      "too many failed sign-ins; wait " + std::to_string(seconds) + (seconds == 1 ? " second" : " seconds"));
  out.headers.emplace_back("Retry-After", std::to_string(seconds));
  return out;
}

bool IsRefused(const Result<HttpResponse>& done) {
  return !done && (done.error().code == Code::kUnauthenticated || done.error().reason == "PASSWORD_WRONG");
}

/// A sign-in of a team's member.
void SignInMember(const ServerParts& parts, const std::shared_ptr<const Call>& call, std::string email,
                  std::string password, Reply reply) {
  auto work = [&parts, call, email, password = std::move(password)]() -> Result<HttpResponse> {
    const auto member = parts.team->roster().FindByEmail(email);
    const std::string& address = call->request.peer;
    if (!PasswordFits(password, member ? member->password : "")) {
      if (member)
        EASEL_RETURN_IF_ERROR(parts.team->audit().Record({.principal = {}, .address = address},
                                                         "session.refused", "", member->id));
      return Fail(
          Code::kUnauthenticated, "SIGN_IN_WRONG",
          "the e-mail address or the password is wrong; an admin of the team can hand you a link to set "
          "a new password");
    }
    EASEL_TRY(const IssuedCredential issued,
              parts.team->SignIn(*member, call->request.Header("user-agent"), address));
    (void)parts.accounts.Tidy();
    return SignedIn(parts, issued);
  };
  TryPassword(parts, *call, email, std::move(work), std::move(reply));
}

void SignIn(const ServerParts& parts, const std::shared_ptr<const Call>& call, Reply reply) {
  // Nothing: the answer comes when the password was checked.
  const auto read = [&]() -> Result<std::optional<HttpResponse>> {
    EASEL_TRY(const json::value body, call->Body());
    EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"token", "email", "password"}));
    JsonReader reader(body, "body");
    const bool password = reader.Find("password") != nullptr || reader.Find("email") != nullptr;
    if (password != (parts.team != nullptr))
      return Fail(Code::kFailedPrecondition, password ? "NO_PASSWORDS" : "NO_LINKS",
                  password ? "this server has no passwords: open the link that `easel serve` printed"
                           : "this server has members: sign in with e-mail address and password");
    if (password) {
      EASEL_TRY(std::string email, EmailIn(reader, "email"));
      std::string secret = reader.String("password");
      EASEL_RETURN_IF_ERROR(reader.status());
      SignInMember(parts, call, std::move(email), std::move(secret), reply);
      return std::nullopt;
    }
    const std::string token = reader.StringOr("token", "");
    EASEL_RETURN_IF_ERROR(reader.status());
    return TryLink(parts, *call, [&]() -> Result<HttpResponse> {
      EASEL_TRY(const IssuedCredential issued,
                parts.accounts.SignIn(token, call->request.Header("user-agent")));
      return SignedIn(parts, issued);
    });
  };
  auto done = read();
  if (!done) return reply(ProblemResponse(done.error()));
  if (*done) reply(**std::move(done));
}

}  // namespace

json::object SessionDocument(const ServerParts& parts, const Principal& principal) {
  json::object user{{"id", principal.user}, {"name", principal.name}};
  if (!principal.email.empty()) user["email"] = principal.email;
  if (const auto role = principal.WorkspaceRole()) user["role"] = RoleName(*role);
  json::object out{{"user", std::move(user)}, {"team", parts.team != nullptr}, {"version", parts.version}};
  if (parts.team != nullptr) out["organization"] = parts.team->organization().name;
  return out;
}

HttpResponse SignedIn(const ServerParts& parts, const IssuedCredential& issued) {
  const std::int64_t seconds = (issued.credential.expires_ms - issued.credential.created_ms) / 1000;
  HttpResponse out = JsonResponse(SessionDocument(parts, parts.accounts.FindSession(issued.secret)));
  out.headers.emplace_back("Set-Cookie", Cookie(parts, issued.secret, seconds));
  return out;
}

Actor ActorOf(const Call& call) { return {.principal = call.principal, .address = call.request.peer}; }

void TryPassword(const ServerParts& parts, const Call& call, const std::string& account,
                 std::function<Result<HttpResponse>()> work, Reply reply) {
  const std::string& address = call.request.peer;
  if (const std::int64_t wait_s = parts.limit.Begin(address, account); wait_s != 0)
    return reply(TooManyTries(wait_s));
  const bool taken = parts.passwords.Submit([&parts, address, account, work = std::move(work), reply] {
    auto done = work();
    parts.limit.End(address, account,
                    IsRefused(done) ? SignInLimit::Outcome::kFailed
                    : done          ? SignInLimit::Outcome::kSucceeded
                                    : SignInLimit::Outcome::kNeither);
    reply(done ? *std::move(done) : ProblemResponse(done.error()));
  });
  if (taken) return;
  parts.limit.End(address, account, SignInLimit::Outcome::kNeither);
  HttpResponse busy =
      ProblemResponse(503, "BUSY", "too many people sign in at this moment; try again in a second");
  busy.headers.emplace_back("Retry-After", "1");
  reply(std::move(busy));
}

Result<HttpResponse> TryLink(const ServerParts& parts, const Call& call,
                             const std::function<Result<HttpResponse>()>& work) {
  const std::string& address = call.request.peer;
  if (const std::int64_t wait_s = parts.limit.Begin(address, ""); wait_s != 0) return TooManyTries(wait_s);
  auto done = work();
  parts.limit.End(address, "",
                  IsRefused(done) ? SignInLimit::Outcome::kFailed : SignInLimit::Outcome::kNeither);
  return done;
}

void AddSessionRoutes(Router& router, const ServerParts& parts) {
  router.AddLate<Access::kPublic>("POST", "/api/v1/session",
                                  [&parts](const std::shared_ptr<const Call>& call, Reply reply) {
                                    SignIn(parts, call, std::move(reply));
                                  });
  router.Add<Access::kSignedIn>("GET", "/api/v1/session",
                                [&parts](const Call& call) -> Result<HttpResponse> {
                                  return JsonResponse(SessionDocument(parts, call.principal));
                                },
                                {.where = Where::kInline});
  router.Add<Access::kPerson>(
      "DELETE", "/api/v1/session", [&parts](const Call& call) -> Result<HttpResponse> {
        EASEL_RETURN_IF_ERROR(
            parts.accounts.End(Accounts::Kind::kSession, call.principal.user, call.principal.credential));
        return HttpResponse{
            .status = 204, .content_type = "", .headers = {{"Set-Cookie", Cookie(parts, "", 0)}}};
      });
}

}  // namespace easel
