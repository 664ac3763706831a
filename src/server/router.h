// The routes and WebSocket topics of the server, each with the access that it asks for.
//
// The access is a template argument without a default: a route that does not declare it does not compile, and neither
// does one whose path names a `{canvas}` for which no role is asked.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_server.h"
#include "server/access.h"
#include "server/call.h"

namespace easel {

/// The path of a route that asks for `access`: `/api/v1/canvases/{canvas}/plan`. A literal, checked while compiling.
template <Access access>
class RoutePath {
 public:
  consteval RoutePath(const char* text)
      : text_(text) {  // NOLINT(google-explicit-constructor): literals convert
    if (text_.empty() || text_[0] != '/') throw "a path begins with `/`";
    if (text_.find("{canvas}") != std::string_view::npos && !RoleFor(access))
      throw "a route below a canvas asks for a role on it";
  }
  std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

enum class Where {
  kPool,    ///< on a thread of the blocking pool
  kInline,  ///< on an I/O thread: must not block
};

struct RouteOptions {
  Where where = Where::kPool;
  /// A repetition with the same Idempotency-Key gets the first answer again.
  bool idempotent = false;
};

/// Answers by its result.
using Handler = std::function<Result<HttpResponse>(const Call& call)>;
/// Answers when it likes to, by `reply`.
using LateHandler = std::function<void(std::shared_ptr<const Call> call, Reply reply)>;
/// Takes a WebSocket or refuses it, on an I/O thread: must not block. See HttpHandler::Open.
using SocketHandler = std::function<std::optional<HttpResponse>(
    const std::shared_ptr<const Call>& call, std::shared_ptr<WebSocket> socket, WebSocketEvents& events)>;

struct Route {
  std::string method;  ///< "GET"; "WEBSOCKET" for a topic
  std::string path;
  Access access = Access::kOwner;
  RouteOptions options;
  Handler handler;
  LateHandler late;
  SocketHandler socket;
  std::vector<std::string> segments;
};

/// Filled before the server listens; then read-only, so that all threads may use it.
class Router {
 public:
  template <Access access>
  void Add(std::string_view method, RoutePath<access> path, Handler handler, RouteOptions options = {}) {
    Put({.method = std::string(method),
         .path = std::string(path.text()),
         .access = access,
         .options = options,
         .handler = std::move(handler)});
  }
  template <Access access>
  void AddLate(std::string_view method, RoutePath<access> path, LateHandler handler,
               RouteOptions options = {}) {
    Put({.method = std::string(method),
         .path = std::string(path.text()),
         .access = access,
         .options = options,
         .late = std::move(handler)});
  }
  template <Access access>
  void AddSocket(RoutePath<access> path, SocketHandler handler) {
    Put({.method = "WEBSOCKET",
         .path = std::string(path.text()),
         .access = access,
         .options = {},
         .socket = std::move(handler)});
  }

  /// What answers GET for every path outside /api that no route has: the web app's files and pages.
  template <Access access>
  void SetPages(Handler handler) {
    pages_ = {.method = "GET", .path = "/", .access = access, .options = {}, .handler = std::move(handler)};
  }

  struct Match {
    const Route* route = nullptr;
    std::vector<std::pair<std::string, std::string>> parameters;
    std::vector<std::string> methods;  ///< that the path has, when there is no route for this one
  };
  /// `head` requests find the route of GET.
  Match Find(std::string_view method, const std::vector<std::string>& path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  void Put(Route route);
  std::vector<Route> routes_;
  std::optional<Route> pages_;
};

}  // namespace easel
