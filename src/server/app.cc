#include "server/app.h"

#include <unistd.h>

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "base/processors.h"
#include "canvas/problem.h"
#include "executor/slot_mounts.h"
#include "server/direct_uploads.h"
#include "server/housekeeping.h"
#include "server/routes.h"
#include "server/service.h"
#include "server/serving.h"
#include "server/static_files.h"
#include "store/open_store.h"

namespace easel {
namespace {

constexpr int kPasswordsAtOnce = 2;  // some 20 MiB and a core each
constexpr std::size_t kPasswordsWaiting = 32;

/// A name without scheme and port, of "https://name:port/".
std::string HostOf(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  return std::string(url.substr(0, url.find_first_of(":/")));
}

AccountOptions AccountOptionsOf(const Settings& settings) {
  return {.session_ms = settings.Number("session_days") * 24 * 3600 * 1000,
          .sign_in_ms = settings.Number("sign_in_minutes") * 60 * 1000};
}

/// As many as were asked for, but not more than there are processors for this process: connections of one thread would
/// wait while another has the processor, for milliseconds.
int IoThreads(const Settings& settings) {
  return std::min(static_cast<int>(settings.Number("io_threads")), UsableProcessors());
}

json::array RouteList(const Router& router) {
  json::array out;
  for (const Route& route : router.routes())
    out.push_back(
        json::object{{"method", route.method}, {"path", route.path}, {"access", AccessName(route.access)}});
  return out;
}

/// What blocks of a served canvas may use: all of this machine, within what the settings allow.
SessionOptions SessionOptionsOf(const Settings& settings) {
  SessionOptions options;
  options.isolation = IsolationOf(settings);
  const std::vector<std::string> network = settings.List("network");
  options.network = network == std::vector<std::string>{"on"};
  if (!options.network && network != std::vector<std::string>{"off"}) options.egress = network;
  options.block_memory_bytes = settings.Number("block_memory_mib") << 20;
  options.block_disk_bytes = settings.Number("block_disk_mib") << 20;
  options.cores = UsableProcessors();
  options.memory_bytes = std::int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  return options;
}

/// Whether blocks can be kept as the settings say; a team's members from each other, unless less is accepted by name.
///
/// Errors: kFailedPrecondition TEAM_NEEDS_STRICT; those of CheckIsolation.
Status CheckBlocks(const Settings& settings, const Workspace& workspace) {
  if (settings.Switch("team") && IsolationOf(settings) == "strict")
    if (const Status possible = TryMountForSlot(workspace.root()); !possible)
      return Fail(
          Code::kFailedPrecondition, "TEAM_NEEDS_STRICT",
          "`--team` runs blocks with isolation `strict`, so that a member's code cannot read canvases "
          "and secrets of others, and that is not possible here: " +
              possible.error().message +
              ".\nStart the server as root, with the workspace on such a file system. If all members "
              "trust each other with everything on this machine, say so: "
              "`--accept-members-can-read-each-other`");
  return CheckIsolation(settings);
}

/// What a server's database holds, joined. Members exist in memory only, like sessions; both are read once.
struct People {
  std::unique_ptr<ServerDatabase> database;
  std::unique_ptr<Roster> roster = std::make_unique<Roster>();
  std::unique_ptr<Accounts> accounts;
  std::unique_ptr<Team> team;  ///< nullptr: one person's workspace

  static Result<People> Open(const std::string& folder, const Clock& clock, const Settings& settings,
                             bool team) {
    People out;
    EASEL_TRY(out.database, ServerDatabase::Open(folder));
    EASEL_RETURN_IF_ERROR(
        out.database->Use([&](SqliteConnection& database) { return out.roster->Load(database); }));
    PersonLookup people = FindLocalPerson;
    if (team) people = [roster = out.roster.get()](const std::string& id) { return roster->FindPerson(id); };
    EASEL_TRY(out.accounts,
              Accounts::Open(*out.database, clock, AccountOptionsOf(settings), std::move(people)));
    if (!team) return out;
    out.team = std::make_unique<Team>(*out.database, *out.roster, *out.accounts, clock);
    EASEL_RETURN_IF_ERROR(out.team->Load());
    return out;
  }

  Result<Entrance> NewEntrance(const std::string& url, const Settings& settings) const {
    if (team == nullptr) {
      EASEL_TRY(std::string token, accounts->NewSignInToken());
      return Entrance{.link = url + "/#token=" + token, .token = std::move(token)};
    }
    if (!roster->empty()) return Entrance{.link = url + "/"};
    EASEL_TRY(LinkToken made, team->NewSetupToken(AccountOptionsOf(settings).sign_in_ms));
    return Entrance{
        .link = url + "/setup#token=" + made.token, .token = std::move(made.token), .setup = true};
  }

  Result<std::string> NewPasswordLink(const std::string& url, const std::string& email) const {
    const auto member = roster->FindByEmail(email);
    if (!member || team == nullptr)
      return Fail(Code::kNotFound, "MEMBER_UNKNOWN",
                  "no member of this workspace's team has the e-mail address " + Ticked(email));
    EASEL_TRY(const LinkToken made, team->NewPasswordReset({}, member->id));
    return url + "/reset#token=" + made.token;
  }
};

class RunningApp final : public App {
 public:
  RunningApp(const AppOptions& options, ServingLock lock, Workspace workspace, People people, SealingKey key,
             OpenedStore store)
      : settings_(options.settings),
        lock_(std::move(lock)),
        workspace_(std::move(workspace)),
        people_(std::move(people)),
        limit_(clock_),
        files_(options.web_folder, store.direct ? store.direct->Origin() : ""),
        pool_("server", static_cast<int>(settings_.Number("work_threads"))),
        passwords_("passwords", kPasswordsAtOnce, kPasswordsWaiting),
        canvases_({.session = SessionOptionsOf(settings_), .store = store.store}),
        direct_uploads_(workspace_, clock_, uploads_, UploadRecords(*people_.database, std::move(key)),
                        std::move(store)),
        parts_{.workspace = workspace_,
               .accounts = *people_.accounts,
               .pool = pool_,
               .canvases = canvases_,
               .clock = clock_,
               .team = people_.team.get(),
               .passwords = passwords_,
               .limit = limit_,
               .cookie = "easel_session_" + people_.accounts->workspace_word(),
               .secure = settings_.Text("public_url").starts_with("https://"),
               .public_url = settings_.Text("public_url"),
               .version = options.version},
        self_hosting_(*people_.database, clock_, workspace_.state_folder() + "/secrets.key",
                      people_.team ? &people_.team->audit() : nullptr),
        connection_check_(clock_),
        hosting_{.settings = self_hosting_,
                 .test = connection_check_,
                 .store = settings_.Text("store"),
                 .endpoints = settings_.Pairs("gcp.endpoints")} {
    ServeOpenCanvases(parts_);
    AddRoutes();
    ServiceOptions service{.hosts = settings_.List("hosts"),
                           .secure = parts_.secure,
                           .proxy = settings_.Switch("proxy"),
                           .team = people_.team.get()};
    if (!settings_.Text("public_url").empty()) service.hosts.push_back(HostOf(settings_.Text("public_url")));
    service.hosts.push_back(settings_.Text("host"));
    service_ =
        std::make_unique<Service>(router_, workspace_, *people_.accounts, clock_, pool_, std::move(service));
  }

  ~RunningApp() override { Stop(std::chrono::milliseconds(0)); }

  Status Listen() {
    housekeeping_ = std::make_unique<Housekeeping>(
        workspace_, clock_, HousekeepingOptions{.trash_days = settings_.Number("trash_days"), .also = [this] {
                                                  direct_uploads_.Tidy();
                                                }});
    const std::string& address = settings_.Text("host");
    const HttpLimits limits{.connections = static_cast<std::size_t>(settings_.Number("connections"))};
    auto listening = HttpServer::Listen(address, static_cast<std::uint16_t>(settings_.Number("port")),
                                        *service_, limits, IoThreads(settings_));
    if (!listening && listening.error().reason == "CANNOT_LISTEN")
      listening.error().message += "; `--port 0` picks a free port";
    EASEL_TRY(server_, std::move(listening));
    const std::string host = address.find(':') == std::string::npos ? address : "[" + address + "]";
    url_ = settings_.Text("public_url").empty() ? "http://" + host + ":" + std::to_string(server_->port())
                                                : settings_.Text("public_url");
    while (url_.ends_with('/')) url_.pop_back();
    EASEL_RETURN_IF_ERROR(lock_.Note(url_, people_.team != nullptr));
    Log(LogLevel::kInfo, "server", "serving " + workspace_.root() + " at " + url_);
    return {};
  }

  const std::string& url() const override { return url_; }
  const std::string& workspace() const override { return workspace_.root(); }
  Result<Entrance> NewEntrance() override { return people_.NewEntrance(url_, settings_); }
  Result<std::string> NewPasswordLink(const std::string& email) override {
    return people_.NewPasswordLink(url_, email);
  }
  void Stop(std::chrono::milliseconds grace) override {
    if (!server_) return;
    stopping_ = true;
    direct_uploads_.End();
    housekeeping_.reset();
    pool_
        .End();  // who answers later ends before the server; requests that still come are told that it is busy
    passwords_.End();
    connection_check_.End();
    canvases_.CloseAll();  // pages are told before their sockets go
    server_->Stop(grace);
    server_.reset();
    (void)people_.accounts->Tidy();
  }

 private:
  void AddRoutes() {
    router_.Add<Access::kPublic>(
        "GET", "/healthz",
        [](const Call&) -> Result<HttpResponse> { return JsonResponse(json::object{{"status", "ok"}}); },
        {.where = Where::kInline});
    router_.Add<Access::kPublic>("GET", "/readyz", [this](const Call&) { return Ready(); });
    if (settings_.Switch("metrics"))
      router_.Add<Access::kPublic>("GET", "/metrics",
                                   [this](const Call&) -> Result<HttpResponse> { return Metrics(); },
                                   {.where = Where::kInline});
    router_.Add<Access::kPublic>(
        "GET", "/frame", [](const Call&) -> Result<HttpResponse> { return StaticFiles::OutputFrame(); },
        {.where = Where::kInline});
    router_.Add<Access::kOwner>("GET", "/api/v1/routes", [this](const Call&) -> Result<HttpResponse> {
      return PageResponse(RouteList(router_));
    });
    router_.Add<Access::kAdmin>("GET", "/api/v1/settings", [this](const Call&) -> Result<HttpResponse> {
      return PageResponse(SettingList(settings_));
    });
    AddSessionRoutes(router_, parts_);
    AddTokenRoutes(router_, parts_);
    AddLinkRoutes(router_, parts_);
    AddTeamRoutes(router_, parts_);
    AddCanvasRoutes(router_, parts_);
    AddLiveRoutes(router_, parts_);
    AddTableRoutes(router_, parts_);
    AddReadingRoutes(router_, parts_);
    AddFileRoutes(router_);
    AddUploadRoutes(router_, uploads_, direct_uploads_);
    AddExchangeRoutes(router_, parts_);
    AddSelfHostingRoutes(router_, hosting_);
    router_.SetPages<Access::kPublic>([this](const Call& call) { return files_.Get(call); });
  }

  /// Able to work: the workspace is there, its database takes writes, and it is not ending.
  Result<HttpResponse> Ready() {
    if (stopping_) return ProblemResponse(503, "ENDING", "the server is ending");
    EASEL_RETURN_IF_ERROR(workspace_.Ids());
    if (const Status written = people_.accounts->Tidy(); !written)
      return ProblemResponse(503, "NOT_READY", written.error().message);
    return JsonResponse(json::object{{"status", "ready"}});
  }

  HttpResponse Metrics() const {
    std::string out;
    const auto add = [&](std::string_view name, std::string_view type, std::string_view help,
                         const std::vector<std::pair<std::string, std::int64_t>>& values) {
      out += "# HELP " + std::string(name) + " " + std::string(help) + "\n# TYPE " + std::string(name) + " " +
             std::string(type) + "\n";
      for (const auto& [labels, value] : values)
        out += std::string(name) + labels + " " + std::to_string(value) + "\n";
    };
    const ServiceCounts& counts = service_->counts();
    std::vector<std::pair<std::string, std::int64_t>> classes;
    for (std::size_t i = 2; i < counts.by_class.size(); ++i)
      classes.emplace_back("{class=\"" + std::to_string(i) + "xx\"}", counts.by_class[i].load());
    add("easel_http_answers_total", "counter", "Answers by class of their status.", classes);
    add("easel_http_connections", "gauge", "Open connections.",
        {{"", static_cast<std::int64_t>(server_ ? server_->connections() : 0)}});
    add("easel_websockets", "gauge", "Open WebSockets.", {{"", counts.sockets_open.load()}});
    add("easel_requests_waiting", "gauge", "Requests that wait for a thread.",
        {{"", static_cast<std::int64_t>(pool_.waiting())}});
    add("easel_start_time_seconds", "gauge", "When the server was started, Unix time.",
        {{"", started_ms_ / 1000}});
    return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = std::move(out)};
  }

  const Settings settings_;
  const ServingLock lock_;
  const SystemClock clock_;
  const std::int64_t started_ms_ = clock_.UnixMs();
  const Workspace workspace_;
  const People people_;
  SignInLimit limit_;
  const StaticFiles files_;
  BlockingPool pool_;
  BlockingPool passwords_;
  OpenCanvases canvases_;
  Uploads uploads_;
  DirectUploads direct_uploads_;
  ServerParts parts_;  ///< complete before the server listens
  SelfHostingSettings self_hosting_;
  ConnectionCheck connection_check_;
  const SelfHostingParts hosting_;
  Router router_;
  std::unique_ptr<Service> service_;
  std::unique_ptr<Housekeeping> housekeeping_;
  std::unique_ptr<HttpServer> server_;
  std::atomic<bool> stopping_ = false;
  std::string url_;
};

}  // namespace

Result<std::unique_ptr<App>> App::Start(const AppOptions& options) {
  EASEL_RETURN_IF_ERROR(CheckExposure(options.settings));
  EASEL_TRY(Workspace workspace, Workspace::Open(options.workspace));
  EASEL_TRY(auto lock, ServingLock::TryAcquire(workspace.state_folder()));
  if (!lock) {
    const ServingLock::Holder holder = ServingLock::Read(workspace.state_folder());
    return Fail(
        Code::kAlreadyExists, "WORKSPACE_SERVED",
        workspace.root() + " is served already" +
            (holder.pid == 0 ? "" : " by process " + std::to_string(holder.pid) + " at " + holder.url));
  }
  const bool team = options.settings.Switch("team");
  EASEL_RETURN_IF_ERROR(CheckBlocks(options.settings, workspace));
  static const SystemClock clock;
  EASEL_TRY(People people, People::Open(workspace.state_folder(), clock, options.settings, team));
  if (!team && !people.roster->empty())
    return Fail(Code::kFailedPrecondition, "TEAM_WORKSPACE",
                workspace.root() +
                    " belongs to a team: serve it with `--team`. To make it one person's again, move " +
                    workspace.state_folder() +
                    "/server.db away (members, roles and the audit log are in it)");
  OpenedStore store;
  if (const std::string& address = options.settings.Text("store"); !address.empty()) {
    const StoreOptions google{.endpoints = options.settings.Pairs("gcp.endpoints"),
                              .impersonate = options.settings.Text("gcp.impersonate")};
    EASEL_TRY(store, OpenStore(address, google, {}));
    if (!store.why_not_direct.empty()) Log(LogLevel::kInfo, "server", store.why_not_direct);
  }
  EASEL_TRY(SealingKey key, SealingKey::OpenOrMake(workspace.state_folder() + "/secrets.key"));
  auto app = std::make_unique<RunningApp>(options, *std::move(lock), std::move(workspace), std::move(people),
                                          std::move(key), std::move(store));
  EASEL_RETURN_IF_ERROR(app->Listen());
  return app;
}

Result<OtherServer> FindOtherServer(const AppOptions& options, const std::string& email) {
  EASEL_TRY(const Workspace workspace, Workspace::Open(options.workspace));
  const ServingLock::Holder holder = ServingLock::Read(workspace.state_folder());
  if (holder.url.empty())
    return Fail(Code::kNotFound, "NOT_SERVED",
                workspace.root() + ": nobody serves it, or the server is just starting");
  static const SystemClock clock;
  EASEL_TRY(const People people,
            People::Open(workspace.state_folder(), clock, options.settings, holder.team));
  OtherServer out{.pid = holder.pid, .url = holder.url, .workspace = workspace.root(), .entrance = {}};
  if (email.empty()) {
    EASEL_TRY(out.entrance, people.NewEntrance(holder.url, options.settings));
  } else {
    EASEL_TRY(out.entrance.link, people.NewPasswordLink(holder.url, email));
  }
  return out;
}

}  // namespace easel
