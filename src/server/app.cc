#include "server/app.h"

#include <algorithm>

#include "base/clock.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/static_files.h"

namespace easel {
namespace {

/// A name without scheme and port, of "https://name:port/".
std::string HostOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find_first_of(":/")));
}

json::array RouteList(const Router& router) {
  json::array out;
  for (const Route& route : router.routes())
    out.push_back(
        json::object{{"method", route.method}, {"path", route.path}, {"access", AccessName(route.access)}});
  return out;
}

class RunningApp final : public App {
 public:
  RunningApp(const AppOptions& options, Workspace workspace, std::unique_ptr<Accounts> accounts)
      : workspace_(std::move(workspace)),
        accounts_(std::move(accounts)),
        files_(options.web_folder),
        parts_{.workspace = workspace_,
               .accounts = *accounts_,
               .clock = clock_,
               .cookie = "easel_session_" + accounts_->workspace_word(),
               .secure = options.public_url.starts_with("https://"),
               .version = options.version},
        pool_("server", 8) {
    AddRoutes();
    ServiceOptions service{.hosts = options.hosts, .secure = parts_.secure};
    if (!options.public_url.empty()) service.hosts.push_back(HostOf(options.public_url));
    service.hosts.push_back(options.address);
    service_ = std::make_unique<Service>(router_, workspace_, *accounts_, pool_, std::move(service));
  }

  ~RunningApp() override { Stop(std::chrono::milliseconds(0)); }

  Status Listen(const AppOptions& options) {
    EASEL_TRY(server_, HttpServer::Listen(options.address, options.port, *service_, {}, 2));
    const std::string host =
        options.address.find(':') == std::string::npos ? options.address : "[" + options.address + "]";
    url_ = options.public_url.empty() ? "http://" + host + ":" + std::to_string(server_->port())
                                      : options.public_url;
    while (url_.ends_with('/')) url_.pop_back();
    return {};
  }

  const std::string& url() const override { return url_; }
  const std::string& workspace() const override { return workspace_.root(); }
  Result<std::string> NewSignInToken() override { return accounts_->NewSignInToken(); }
  void Stop(std::chrono::milliseconds grace) override {
    pool_
        .End();  // who answers later ends before the server; requests that still come are told that it is busy
    if (server_) server_->Stop(grace);
    server_.reset();
  }

 private:
  void AddRoutes() {
    router_.Add<Access::kPublic>(
        "GET", "/healthz",
        [](const Call&) -> Result<HttpResponse> { return JsonResponse(json::object{{"status", "ok"}}); },
        {.where = Where::kInline});
    router_.Add<Access::kPublic>(
        "GET", "/frame", [](const Call&) -> Result<HttpResponse> { return StaticFiles::OutputFrame(); },
        {.where = Where::kInline});
    router_.Add<Access::kOwner>("GET", "/api/v1/routes", [this](const Call&) -> Result<HttpResponse> {
      return PageResponse(RouteList(router_));
    });
    AddSessionRoutes(router_, parts_);
    AddCanvasRoutes(router_, parts_);
    AddTableRoutes(router_);
    router_.SetPages<Access::kPublic>([this](const Call& call) { return files_.Get(call); });
  }

  const SystemClock clock_;
  const Workspace workspace_;
  const std::unique_ptr<Accounts> accounts_;
  const StaticFiles files_;
  const ServerParts parts_;
  Router router_;
  BlockingPool pool_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<HttpServer> server_;
  std::string url_;
};

}  // namespace

Result<std::unique_ptr<App>> App::Start(const AppOptions& options) {
  EASEL_TRY(Workspace workspace, Workspace::Open(options.workspace));
  static const SystemClock clock;
  EASEL_TRY(auto accounts, Accounts::Open(workspace.state_folder(), clock));
  auto app = std::make_unique<RunningApp>(options, std::move(workspace), std::move(accounts));
  EASEL_RETURN_IF_ERROR(app->Listen(options));
  return app;
}

}  // namespace easel
