#include "server/service.h"

#include <algorithm>
#include <chrono>

#include "base/log.h"
#include "base/text.h"
#include "server/audit_actions.h"

namespace easel {
namespace {

bool IsSafe(std::string_view method) { return method == "GET" || method == "HEAD"; }

bool IsApi(const HttpRequest& request) {
  return !request.target.path.empty() && request.target.path[0] == "api";
}

/// "example.org:80" -> "example.org"; "[::1]:80" -> "::1".
std::string_view NameOfHost(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, host.find(']') - 1);
  return host.substr(0, host.find(':'));
}

HttpResponse Refuse(int status, std::string_view reason, std::string_view message) {
  return ProblemResponse(status, reason, message);
}

}  // namespace

Service::Service(const Router& router, const Workspace& workspace, Accounts& accounts, const Clock& clock,
                 BlockingPool& pool, ServiceOptions options)
    : router_(router),
      workspace_(workspace),
      accounts_(accounts),
      clock_(clock),
      pool_(pool),
      options_(std::move(options)) {
  accounts_.OnEnd([this](const std::string& credential) {
    EndSockets([&](const auto& entry) { return entry.first == credential; }, 4401, "signed out");
  });
  if (options_.team != nullptr)
    options_.team->OnRoleChange([this](const std::string& member, const std::string& canvas) {
      EndSockets(
          [&](const auto& entry) {
            return entry.second.user == member && (canvas.empty() || entry.second.canvas == canvas);
          },
          4000, "ROLE_CHANGED: your role here is another now");
    });
}

void Service::EndSockets(const std::function<bool(const OpenSockets::value_type&)>& which, std::uint16_t code,
                         const std::string& reason) {
  std::vector<std::shared_ptr<WebSocket>> ended;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(sockets_, [&](const auto& entry) {
      if (!which(entry)) return false;
      entry.second.over->store(true);
      if (auto socket = entry.second.socket.lock()) ended.push_back(std::move(socket));
      return true;
    });
  }
  for (const auto& socket : ended) socket->Close(code, reason);
}

std::string Service::PeerOf(const HttpRequest& request) const {
  if (!options_.proxy) return request.peer;
  std::string_view said = request.Header("x-forwarded-for");
  for (const auto& [name, value] : request.headers)  // of several headers the last is the proxy's
    if (name == "x-forwarded-for") said = value;
  if (const std::size_t comma = said.rfind(','); comma != std::string_view::npos)
    said.remove_prefix(comma + 1);
  while (said.starts_with(' ')) said.remove_prefix(1);
  while (said.ends_with(' ')) said.remove_suffix(1);
  const bool good = !said.empty() && said.size() <= 45 &&
                    said.find_first_not_of("0123456789abcdefABCDEF.:") == std::string_view::npos;
  return good ? std::string(said) : request.peer;
}

bool Service::IsOurHost(std::string_view host) const {
  const std::string_view name = NameOfHost(host);
  if (name == "127.0.0.1" || name == "localhost" || name == "::1" || name.ends_with(".localhost"))
    return true;
  return std::ranges::find(options_.hosts, name) != options_.hosts.end();
}

bool Service::IsOurOrigin(std::string_view origin, std::string_view host) const {
  const std::size_t scheme = origin.starts_with("https://") ? 8 : origin.starts_with("http://") ? 7 : 0;
  if (scheme == 0 || (options_.secure && scheme == 7)) return false;
  return origin.substr(scheme) == host;
}

Principal Service::Authenticate(const HttpRequest& request) {
  const std::string_view authorization = request.Header("authorization");
  if (authorization.size() > 7 &&
      (authorization.starts_with("Bearer ") || authorization.starts_with("bearer ")))
    return accounts_.FindToken(authorization.substr(7));
  if (!authorization.empty()) return {};  // one way to say who one is; a second does not mend it
  const auto cookie = request.Cookie(CookieName());
  return cookie ? accounts_.FindSession(*cookie) : Principal{};
}

std::expected<std::shared_ptr<Call>, HttpResponse> Service::Admit(HttpRequest request,
                                                                  std::string_view method,
                                                                  const Route*& route) {
  const std::string host(request.Header("host"));
  if (!IsOurHost(host))
    return std::unexpected(Refuse(421, "HOST_UNKNOWN",
                                  "this server does not answer to that name; if it should, start it with "
                                  "`--public-url` or the setting `hosts`"));
  Router::Match match = router_.Find(method, request.target.path);
  if (match.route == nullptr) {
    if (match.methods.empty())
      return std::unexpected(Refuse(404, "NO_SUCH_PATH", "there is nothing at this path"));
    HttpResponse refused = Refuse(405, "METHOD_NOT_ALLOWED", "this path has " + JoinWords(match.methods));
    std::string allow;
    for (const std::string& one : match.methods) allow += (allow.empty() ? "" : ", ") + one;
    refused.headers.emplace_back("Allow", allow);
    return std::unexpected(std::move(refused));
  }
  route = match.route;
  const std::string_view origin = request.Header("origin");
  if (IsApi(request) && !origin.empty() && !IsOurOrigin(origin, host))
    return std::unexpected(Refuse(403, "FOREIGN_ORIGIN", "this request comes from another site's page"));
  auto call = std::make_shared<Call>();
  call->principal = Authenticate(request);
  if (route->access != Access::kPublic) {
    if (!call->principal.signed_in())
      return std::unexpected(
          Refuse(401, "NOT_SIGNED_IN", "sign in first, or send an API token that has not expired"));
    const bool changes = !IsSafe(request.method) || method == "WEBSOCKET";
    if (changes && origin.empty() && call->principal.means == Principal::Means::kSession)
      return std::unexpected(Refuse(
          403, "ORIGIN_MISSING", "a change by a session needs the page's Origin; programs use API tokens"));
    if (NeedsSession(route->access) && call->principal.means != Principal::Means::kSession)
      return std::unexpected(
          Refuse(403, "SESSION_NEEDED", "this needs a browser's session; an API token cannot do it"));
  }
  call->parameters = std::move(match.parameters);
  for (const auto& [name, value] : call->parameters)
    if (name == "canvas") call->canvas = value;
  if (const auto least = RoleFor(route->access)) {
    const bool on_canvas = !call->canvas.empty();
    const auto role = on_canvas ? call->principal.RoleOn(call->canvas) : call->principal.WorkspaceRole();
    if (on_canvas) {
      auto root = workspace_.Find(call->canvas);
      if (!root || !role)
        return std::unexpected(
            ProblemResponse(404, "CANVAS_UNKNOWN",
                            "there is no such canvas here; it may have been renamed, moved or deleted"));
      call->canvas_root = *std::move(root);
    }
    if (!role || *role < *least)
      return std::unexpected(Refuse(403, "ROLE_TOO_SMALL",
                                    "this needs the role " + std::string(RoleName(*least)) + "; yours is " +
                                        std::string(role ? RoleName(*role) : "none")));
    call->role = *role;
  }
  request.peer = PeerOf(request);
  call->request = std::move(request);
  return call;
}

void Service::Note(const Route& route, const Call& call, const HttpResponse& response) {
  if (options_.team == nullptr || response.status / 100 != 2) return;
  const Deed deed = DeedOf(route, call);
  if (deed.action.empty()) return;
  const Status noted =
      options_.team->audit().Record({.principal = call.principal, .address = call.request.peer}, deed.action,
                                    call.canvas, deed.subject, deed.detail);
  // It is done, and who asked for it must learn that; the operator learns what the log lacks.
  if (!noted)
    Log(LogLevel::kError, "audit",
        "not in the audit log: " + deed.action + " by " + call.principal.user + ": " + noted.error().message);
}

HttpResponse Service::Finish(HttpResponse response, bool api) {
  const int group = response.status / 100;
  if (group >= 0 && group < 6) ++counts_.by_class[static_cast<std::size_t>(group)];
  const auto set = [&](std::string_view name, std::string_view value) {
    for (const auto& [known, unused] : response.headers)
      if (known == name) return;
    response.headers.emplace_back(name, value);
  };
  set("X-Content-Type-Options", "nosniff");
  set("Referrer-Policy", "no-referrer");
  set("Cross-Origin-Resource-Policy", "same-origin");
  set("X-Frame-Options", "DENY");
  if (api) {
    // An answer that is opened as a page of its own does nothing.
    set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox");
    set("Cache-Control", "no-store");
  }
  return response;
}

HttpResponse Service::RunHandler(const Route& route, const Call& call) {
  const std::string_view key = call.request.Header("idempotency-key");
  if (route.options.idempotent && !key.empty()) return RunOnce(route, call, std::string(key));
  auto done = route.handler(call);
  return done ? *std::move(done) : ProblemResponse(done.error());
}

std::expected<Service::First, HttpResponse> Service::BeginOnce(const Route& route, const Call& call,
                                                               const std::string& key) {
  if (key.size() > 100)
    return std::unexpected(Refuse(400, "BAD_PARAMETER", "`Idempotency-Key` may have at most 100 characters"));
  First first{.user = call.principal.user, .key = key, .where = route.method + " " + call.request.raw_target};
  {
    const std::lock_guard lock(mutex_);
    if (!creating_.insert(first.all()).second)
      return std::unexpected(Refuse(
          409, "UNDER_WAY", "the first request with this key is still under way; ask again in a moment"));
  }
  auto kept = accounts_.FindAnswer(first.user, key, first.where);
  if (kept && !*kept) return first;
  const std::lock_guard lock(mutex_);
  creating_.erase(first.all());
  if (!kept) return std::unexpected(ProblemResponse(kept.error()));
  return std::unexpected(HttpResponse{.status = static_cast<int>((*kept)->status), .body = (*kept)->body});
}

HttpResponse Service::EndOnce(const First& first, HttpResponse answer) {
  if (answer.status / 100 == 2)
    if (const Status stored =
            accounts_.KeepAnswer(first.user, first.key, first.where, {answer.status, answer.body});
        !stored)
      answer = ProblemResponse(stored.error());
  const std::lock_guard lock(mutex_);
  creating_.erase(first.all());
  return answer;
}

HttpResponse Service::RunOnce(const Route& route, const Call& call, const std::string& key) {
  auto first = BeginOnce(route, call, key);
  if (!first) return std::move(first).error();
  auto done = route.handler(call);
  return EndOnce(*first, done ? *std::move(done) : ProblemResponse(done.error()));
}

void Service::RunLateOnce(const Route& route, const std::shared_ptr<const Call>& call, const std::string& key,
                          Reply reply) {
  auto first = BeginOnce(route, *call, key);
  if (!first) return reply(std::move(first).error());
  route.late(call, [this, first = *std::move(first), reply = std::move(reply)](HttpResponse answer) {
    // The thread that answers may not wait for the disk.
    auto end = [this, first, reply, answer = std::move(answer)]() mutable {
      reply(EndOnce(first, std::move(answer)));
    };
    if (!pool_.Submit(end)) end();
  });
}

void Service::Handle(HttpRequest request, std::function<void(HttpResponse)> reply) {
  const bool api = IsApi(request);
  const Route* route = nullptr;
  const std::string method = request.method;
  // The line is kept for answers that are logged; most servers log none but those that failed.
  if (WillLog(LogLevel::kWarning))
    reply = [line = method + " " + request.raw_target.substr(0, request.raw_target.find('?')),
             began = std::chrono::steady_clock::now(), reply = std::move(reply)](HttpResponse response) {
      const LogLevel level = response.status >= 500 ? LogLevel::kWarning : LogLevel::kInfo;
      if (WillLog(level)) {
        const auto took =
            std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
        Log(level, "http",
            line + " " + std::to_string(response.status) + " " + std::to_string(took.count()) + " ms");
      }
      reply(std::move(response));
    };
  auto call = Admit(std::move(request), method, route);
  if (!call) return reply(Finish(std::move(call).error(), api));
  if (route->late) {
    auto answer = [this, api, route, call = *call, reply = std::move(reply)](HttpResponse response) {
      const bool noted = options_.team != nullptr && !DeedOf(*route, *call).action.empty();
      if (!noted) return reply(Finish(std::move(response), api));
      // Who answers may be a canvas's thread, which must not wait for the disk.
      auto last = std::make_shared<HttpResponse>(std::move(response));
      auto note = [this, api, route, call, reply, last] {
        Note(*route, *call, *last);
        reply(Finish(std::move(*last), api));
      };
      if (!pool_.Submit(note)) note();
    };
    if (const std::string key((*call)->request.Header("idempotency-key"));
        route->options.idempotent && !key.empty()) {
      if (!pool_.Submit([this, route, call = *call, key, answer] { RunLateOnce(*route, call, key, answer); }))
        answer(Refuse(503, "BUSY", "the server has too much to do; try again in a moment"));
      return;
    }
    if (route->options.where == Where::kInline) return route->late(*std::move(call), std::move(answer));
    if (!pool_.Submit([route, call = *call, answer] { route->late(call, answer); }))
      answer(Refuse(503, "BUSY", "the server has too much to do; try again in a moment"));
    return;
  }
  if (route->options.where == Where::kInline) return reply(Finish(RunHandler(*route, **call), api));
  auto shared = std::make_shared<std::function<void(HttpResponse)>>(std::move(reply));
  if (!pool_.Submit([this, api, route, call = *call, shared] {
        HttpResponse response = RunHandler(*route, *call);
        Note(*route, *call, response);
        (*shared)(Finish(std::move(response), api));
      }))
    (*shared)(Finish(Refuse(503, "BUSY", "the server has too much to do; try again in a moment"), api));
}

std::optional<HttpResponse> Service::Open(const HttpRequest& request, std::shared_ptr<WebSocket> socket,
                                          WebSocketEvents& events) {
  const Route* route = nullptr;
  auto call = Admit(request, "WEBSOCKET", route);
  if (!call) return Finish(std::move(call).error(), true);
  const Principal principal = (*call)->principal;
  const OpenSocket open{.socket = socket, .user = principal.user, .canvas = (*call)->canvas};
  if (!principal.credential.empty()) {
    const std::lock_guard lock(mutex_);
    std::erase_if(sockets_, [](const auto& entry) { return entry.second.socket.expired(); });
    sockets_.emplace(principal.credential, open);
  }
  // It may have ended, or the role have changed, between the two.
  if (route->access != Access::kPublic) {
    const Principal now = Authenticate(request);
    if (!now.signed_in()) return Finish(Refuse(401, "NOT_SIGNED_IN", "this session has just ended"), true);
    if (!(*call)->canvas.empty() && now.RoleOn((*call)->canvas) != (*call)->role)
      return Finish(Refuse(409, "ROLE_CHANGED", "your role here has just changed: open it again"), true);
  }
  if (auto refused = route->socket(*call, std::move(socket), events))
    return Finish(*std::move(refused), true);
  if (!principal.credential.empty())
    events.on_message = [over = open.over, clock = &clock_, expires_ms = principal.expires_ms,
                         heard = std::move(events.on_message)](WebSocket& from, std::string message) {
      if (over->load()) return;
      if (clock->UnixMs() >= expires_ms) {
        over->store(true);
        return from.Close(4401, "signed out");
      }
      if (heard) heard(from, std::move(message));
    };
  ++counts_.sockets_open;
  events.on_closed = [this, closed = std::move(events.on_closed)] {
    --counts_.sockets_open;
    if (closed) closed();
  };
  return std::nullopt;
}

}  // namespace easel
