// easel serve: the server and its web app, until a signal ends it.

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <ostream>
#include <thread>

#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/signals.h"
#include "cli/table.h"
#include "server/app.h"

extern char** environ;

namespace easel {
namespace {

constexpr std::chrono::seconds kGrace{5};

/// The web app's files: EASEL_WEB, or where an installation or a checkout has them, looking upwards from the program.
std::string WebFolder() {
  if (const char* given = std::getenv("EASEL_WEB"); given != nullptr) return given;
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  for (auto at = program.parent_path(); at.has_relative_path(); at = at.parent_path())
    for (const char* place : {"share/easel/web", "web/dist"})
      if (std::filesystem::is_regular_file(at / place / "index.html", error)) return (at / place).string();
  return "";
}

/// Ask the desktop to open `url`; without one nothing happens. The address with its token is visible to processes of this
/// user only for the moment that xdg-open runs.
void OpenBrowser(const std::string& url) {
  if (std::getenv("DISPLAY") == nullptr && std::getenv("WAYLAND_DISPLAY") == nullptr) return;
  std::string program = "xdg-open", argument = url;
  char* words[] = {program.data(), argument.data(), nullptr};
  posix_spawn_file_actions_t quiet;
  ::posix_spawn_file_actions_init(&quiet);
  ::posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0);
  sigset_t none;
  ::sigemptyset(&none);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  pid_t child = 0;
  if (::posix_spawnp(&child, program.c_str(), &quiet, &attributes, words, environ) == 0)
    std::thread([child] { ::waitpid(child, nullptr, 0); }).detach();
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&quiet);
}

Result<Settings> SettingsOf(const Invocation& invocation) {
  std::string folder = invocation.Word("WORKSPACE");
  if (folder.empty()) folder = ".";
  const std::string file = invocation.Value("config", folder + "/.easel/settings.yaml");
  return Settings::Read(file, invocation.Has("config"),
                        [&](const SettingSpec& spec) -> std::optional<std::string> {
                          const auto given = [&](const std::string& name) {
                            return invocation.spec().HasFlag(name) && invocation.Has(name);
                          };
                          if (spec.name == "open_browser")
                            return given("no-open") ? std::optional("no") : std::nullopt;
                          const std::string flag = SettingFlag(spec.name);
                          if (!given(flag)) return std::nullopt;
                          return spec.type == SettingType::kSwitch ? "yes" : invocation.Value(flag);
                        });
}

void SayReady(const Invocation& invocation, const OtherServer& server, const Settings& settings, bool already,
              std::ostream& out) {
  const auto& [pid, url, workspace, entrance] = server;
  const std::string& link = entrance.link;
  if (invocation.Has("json")) {
    json::object line{{"url", url}, {"token", entrance.token}, {"pid", pid}, {"workspace", workspace}};
    if (entrance.setup || entrance.token.empty()) line["link"] = link;
    if (already) line["already"] = true;
    out << json::serialize(line) << std::endl;
    return;
  }
  out << (already ? "Process " + std::to_string(pid) + " serves " : "Serving ") << EscapeValue(workspace)
      << (already ? " already:" : "") << "\n\n  " << link << "\n\n";
  const std::string minutes = std::to_string(settings.Number("sign_in_minutes")) + " minutes.";
  if (invocation.Has("password-link"))
    out << "The link lets " << EscapeValue(invocation.Value("password-link"))
        << " set a new password, once, within a day.";
  else if (entrance.setup)
    out << "The team has no members yet: the link leads to the form for its first owner, within " << minutes;
  else if (entrance.token.empty())
    out << "Members sign in there; admins invite others in the app's settings.";
  else
    out << "The link signs one browser in, within " << minutes;
  out << (already ? "\n" : " Ctrl-C ends the server; blocks that run go on.\n") << std::flush;
  if (settings.Switch("open_browser") && !invocation.Has("password-link")) OpenBrowser(link);
}

Status Serve(const Invocation& invocation, Signals& signals, std::ostream& out, std::ostream& err) {
  EASEL_TRY(Settings settings, SettingsOf(invocation));
  const std::string& level = settings.Text("log_level");
  SetLogTarget(STDERR_FILENO, level == "debug"     ? LogLevel::kDebug
                              : level == "info"    ? LogLevel::kInfo
                              : level == "warning" ? LogLevel::kWarning
                                                   : LogLevel::kError);
  SetLogJson();
  const AppOptions options{.workspace = invocation.Word("WORKSPACE"),
                           .settings = settings,
                           .web_folder = WebFolder(),
                           .version = EASEL_VERSION};
  auto app = App::Start(options);
  const std::string email = invocation.Value("password-link");
  if (!app && app.error().reason == "WORKSPACE_SERVED") {
    const auto other = FindOtherServer(options, email);
    if (!other && other.error().reason == "MEMBER_UNKNOWN") return std::unexpected(other.error());
    if (other) {
      SayReady(invocation, *other, settings, true, out);
      return {};
    }
  }
  if (!app) return std::unexpected(app.error());
  OtherServer own{.pid = ::getpid(), .url = (*app)->url(), .workspace = (*app)->workspace(), .entrance = {}};
  if (email.empty()) {
    EASEL_TRY(own.entrance, (*app)->NewEntrance());
  } else {
    EASEL_TRY(own.entrance.link, (*app)->NewPasswordLink(email));
  }
  SayReady(invocation, own, settings, false, out);
  pollfd wait{signals.fd(), POLLIN, 0};
  while (::poll(&wait, 1, -1) < 0) {
  }
  signals.Take();
  if (!invocation.Has("json")) err << "Ending; what blocks do goes on and is taken up by the next start.\n";
  (*app)->Stop(kGrace);
  return {};
}

Status ShowSettings(const Invocation& invocation, std::ostream& out) {
  if (invocation.Has("docs")) {
    out << SettingsPage();
    return {};
  }
  EASEL_TRY(const Settings settings, SettingsOf(invocation));
  Table table({{.header = "SETTING", .style = Style::kBold},
               {.header = "VALUE"},
               {.header = "FROM"},
               {.header = "", .shrinks = true}});
  for (const SettingSpec& spec : SettingTable()) {
    const std::string name(spec.name);
    std::string text;
    switch (spec.type) {
      case SettingType::kText: text = settings.Text(name); break;
      case SettingType::kPairs: text = settings.Pairs(name); break;
      case SettingType::kNumber: text = std::to_string(settings.Number(name)); break;
      case SettingType::kSwitch: text = settings.Switch(name) ? "yes" : "no"; break;
      case SettingType::kList: text = JoinWords(settings.List(name)); break;
    }
    table.Add(
        {name,
         EscapeValue(text) + (spec.unit.empty() || spec.unit == name ? "" : " " + std::string(spec.unit)),
         EscapeValue(settings.Origin(name)), std::string(spec.doc)});
  }
  if (invocation.Has("json"))
    out << json::serialize(json::object{{"settings", SettingList(settings)}}) << '\n';
  else
    out << table.Render(invocation.terminal);
  return {};
}

}  // namespace

int RunServe(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  Signals signals;  // before any thread
  const Status served = Serve(invocation, signals, out, err);
  return served ? kExitGood : ReportError(served.error(), err);
}

int RunSettings(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const Status shown = ShowSettings(invocation, out);
  return shown ? kExitGood : ReportError(shown.error(), err);
}

}  // namespace easel
