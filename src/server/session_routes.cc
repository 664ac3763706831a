// Signing in and out: the one-time token of the printed link becomes a session cookie.

#include <deque>
#include <map>

#include "server/routes.h"

namespace easel {
namespace {

/// Counts sign-ins that failed, for each address and for all. Thread-safe.
class FailureLimit {
 public:
  explicit FailureLimit(const Clock& clock) : clock_(clock) {}
  bool MayTry(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    return Recent(peers_[peer]) < kOfOne && Recent(all_) < kOfAll;
  }
  void Failed(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    if (peers_.size() > 10'000) peers_.clear();
    peers_[peer].push_back(clock_.MonotonicMs());
    all_.push_back(clock_.MonotonicMs());
  }

 private:
  static constexpr std::size_t kOfOne = 10, kOfAll = 100;
  static constexpr std::int64_t kWindowMs = 60'000;
  std::size_t Recent(std::deque<std::int64_t>& times) const {
    while (!times.empty() && clock_.MonotonicMs() - times.front() > kWindowMs) times.pop_front();
    return times.size();
  }
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, std::deque<std::int64_t>> peers_;
  std::deque<std::int64_t> all_;
};

json::object SessionDocument(const ServerParts& parts, const Principal& principal) {
  json::object user{{"id", principal.user}, {"name", principal.name}};
  if (!principal.email.empty()) user["email"] = principal.email;
  if (const auto role = principal.WorkspaceRole()) user["role"] = RoleName(*role);
  return {{"user", std::move(user)}, {"team", false}, {"version", parts.version}};
}

std::string Cookie(const ServerParts& parts, const std::string& value, std::int64_t seconds) {
  return parts.cookie + "=" + value +
         "; HttpOnly; SameSite=Strict; Path=/; Max-Age=" + std::to_string(seconds) +
         (parts.secure ? "; Secure" : "");
}

Result<HttpResponse> SignIn(const ServerParts& parts, FailureLimit& limit, const Call& call) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"token", "email", "password"}));
  JsonReader reader(body, "body");
  const std::string token = reader.StringOr("token", "");
  const bool password = reader.Find("password") != nullptr || reader.Find("email") != nullptr;
  EASEL_RETURN_IF_ERROR(reader.status());
  if (password)
    return Fail(Code::kFailedPrecondition, "NO_PASSWORDS",
                "this server has no passwords: open the link that `easel serve` printed");
  if (!limit.MayTry(call.request.peer)) {
    HttpResponse out = ProblemResponse(429, "TOO_MANY_SIGN_INS", "too many failed sign-ins; wait a minute");
    out.headers.emplace_back("Retry-After", "60");
    return out;
  }
  auto issued = parts.accounts.SignIn(token, call.request.Header("user-agent"));
  if (!issued) {
    if (issued.error().code == Code::kUnauthenticated) limit.Failed(call.request.peer);
    return std::unexpected(issued.error());
  }
  const std::int64_t seconds = (issued->credential.expires_ms - issued->credential.created_ms) / 1000;
  HttpResponse out = JsonResponse(SessionDocument(parts, parts.accounts.FindSession(issued->secret)));
  out.headers.emplace_back("Set-Cookie", Cookie(parts, issued->secret, seconds));
  return out;
}

}  // namespace

void AddSessionRoutes(Router& router, const ServerParts& parts) {
  const auto limit = std::make_shared<FailureLimit>(parts.clock);
  router.Add<Access::kPublic>("POST", "/api/v1/session",
                              [&parts, limit](const Call& call) { return SignIn(parts, *limit, call); });
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
