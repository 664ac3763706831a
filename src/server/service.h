// The gate of the server: every request passes here before a handler sees it, in this order: host, route, origin,
// credential, canvas, role. What a handler must not forget is done here.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "http/http_server.h"
#include "server/accounts.h"
#include "server/blocking_pool.h"
#include "server/router.h"
#include "server/team.h"
#include "server/workspace.h"

namespace easel {

struct ServiceOptions {
  /// Names by which browsers may reach the server, besides loopback's: against DNS rebinding. Without ports.
  std::vector<std::string> hosts;
  bool secure = false;   ///< browsers come by https: cookies are marked so
  bool proxy = false;    ///< a proxy stands before us: the last X-Forwarded-For says who connected to it
  Team* team = nullptr;  ///< whose log gets what is done; nullptr: there is none
};

/// What was answered since the start, for /metrics.
struct ServiceCounts {
  std::array<std::atomic<std::int64_t>, 6> by_class{};  ///< [2]: 200 to 299, …
  std::atomic<std::int64_t> sockets_open = 0;
};

/// Thread-safe. Router, workspace, accounts, clock, pool and team must outlive it.
class Service final : public HttpHandler {
 public:
  Service(const Router& router, const Workspace& workspace, Accounts& accounts, const Clock& clock,
          BlockingPool& pool, ServiceOptions options);

  void Handle(HttpRequest request, std::function<void(HttpResponse)> reply) override;
  std::optional<HttpResponse> Open(const HttpRequest& request, std::shared_ptr<WebSocket> socket,
                                   WebSocketEvents& events) override;

  std::string CookieName() const { return "easel_session_" + accounts_.workspace_word(); }
  const ServiceCounts& counts() const { return counts_; }

 private:
  /// The call of a request that may pass, or the answer that refuses it.
  std::expected<std::shared_ptr<Call>, HttpResponse> Admit(HttpRequest request, std::string_view method,
                                                           const Route*& route);
  bool IsOurHost(std::string_view host) const;
  bool IsOurOrigin(std::string_view origin, std::string_view host) const;
  Principal Authenticate(const HttpRequest& request);
  std::string PeerOf(const HttpRequest& request) const;
  /// Write down what was done, in a team.
  void Note(const Route& route, const Call& call, const HttpResponse& response);
  HttpResponse Finish(HttpResponse response, bool api);
  HttpResponse RunHandler(const Route& route, const Call& call);
  HttpResponse RunOnce(const Route& route, const Call& call, const std::string& key);
  void RunLateOnce(const Route& route, const std::shared_ptr<const Call>& call, const std::string& key,
                   Reply reply);
  /// What was answered to the same request with this key before; else it is the caller's to answer, until Done().
  struct First {
    std::string user, key, where;
    std::string all() const { return user + "\n" + key + "\n" + where; }
  };
  std::expected<First, HttpResponse> BeginOnce(const Route& route, const Call& call, const std::string& key);
  /// Keep an answer that is worth it, and let the key go.
  HttpResponse EndOnce(const First& first, HttpResponse answer);

  /// An open WebSocket. What comes by it after its end is not heard, however far it has come.
  struct OpenSocket {
    std::weak_ptr<WebSocket> socket;
    std::string user, canvas;
    std::shared_ptr<std::atomic<bool>> over = std::make_shared<std::atomic<bool>>(false);
  };
  using OpenSockets = std::unordered_multimap<std::string, OpenSocket>;
  /// End those that `which` means.
  void EndSockets(const std::function<bool(const OpenSockets::value_type&)>& which, std::uint16_t code,
                  const std::string& reason);

  const Router& router_;
  const Workspace& workspace_;
  Accounts& accounts_;
  const Clock& clock_;
  BlockingPool& pool_;
  const ServiceOptions options_;
  ServiceCounts counts_;
  std::mutex mutex_;
  std::unordered_set<std::string> creating_;  ///< idempotency keys whose first request is under way
  OpenSockets sockets_;                       ///< by credential
};

}  // namespace easel
