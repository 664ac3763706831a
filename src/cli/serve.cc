// easel serve: the server and its web app, until a signal ends it.

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <ostream>
#include <thread>

#include "base/json.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/signals.h"
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

Status Serve(const Invocation& invocation, Signals& signals, std::ostream& out, std::ostream& err) {
  EASEL_TRY(const std::int64_t port, invocation.Number("port", 8765, 0));
  if (port > 65535) return Fail(Code::kInvalidArgument, "USAGE", "--port: a port is at most 65535");
  AppOptions options{.workspace = invocation.Word("WORKSPACE"),
                     .address = invocation.Value("host", "127.0.0.1"),
                     .port = static_cast<std::uint16_t>(port),
                     .web_folder = WebFolder(),
                     .version = EASEL_VERSION};
  EASEL_TRY(const auto app, App::Start(options));
  EASEL_TRY(const std::string token, app->NewSignInToken());
  const std::string link = app->url() + "/#token=" + token;
  if (invocation.Has("json")) {
    out << json::serialize(json::object{
               {"url", app->url()}, {"token", token}, {"pid", ::getpid()}, {"workspace", app->workspace()}})
        << std::endl;
  } else {
    out << "Serving " << EscapeValue(app->workspace()) << "\n\n  " << link
        << "\n\nThe link signs one browser in, within an hour. Ctrl-C ends the server; blocks that run go "
           "on.\n"
        << std::flush;
    if (!invocation.Has("no-open")) OpenBrowser(link);
  }
  pollfd wait{signals.fd(), POLLIN, 0};
  while (::poll(&wait, 1, -1) < 0) {
  }
  signals.Take();
  if (!invocation.Has("json")) err << "Ending; what blocks do goes on and is taken up by the next start.\n";
  app->Stop(kGrace);
  return {};
}

}  // namespace

int RunServe(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  Signals signals;  // before any thread
  const Status served = Serve(invocation, signals, out, err);
  return served ? kExitGood : ReportError(served.error(), err);
}

}  // namespace easel
