// The server as a whole: its parts, joined.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "base/error.h"
#include "server/settings.h"

namespace easel {

struct AppOptions {
  std::string workspace;  ///< folder
  Settings settings;
  std::string web_folder;  ///< the web app's files; need not be there
  std::string version;
};

/// How somebody comes in.
struct Entrance {
  std::string link;    ///< absolute
  std::string token;   ///< in the link; empty: the link is where members sign in
  bool setup = false;  ///< the form for the first owner of a team
};

/// A server that listens from its making to its end. Thread-safe.
class App {
 public:
  /// Errors: those of Workspace, Accounts, CheckExposure and HttpServer::Listen; kAlreadyExists WORKSPACE_SERVED, naming who
  ///         serves it; kFailedPrecondition TEAM_NEEDS_STRICT, TEAM_WORKSPACE.
  static Result<std::unique_ptr<App>> Start(const AppOptions& options);
  virtual ~App() = default;

  /// Where browsers find it: "http://127.0.0.1:8765".
  virtual const std::string& url() const = 0;
  /// The workspace's folder, absolute.
  virtual const std::string& workspace() const = 0;
  /// A link for one person: to come in, or, of a team without members, to become its first owner.
  virtual Result<Entrance> NewEntrance() = 0;
  /// A link for a member of the team to set a new password, made by who runs the server.
  ///
  /// Errors: kNotFound MEMBER_UNKNOWN.
  virtual Result<std::string> NewPasswordLink(const std::string& email) = 0;
  /// Let requests under way be answered, then end. Attempts of blocks go on in the executor.
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

/// The link of a server that another process runs on this workspace.
struct OtherServer {
  std::int64_t pid = 0;
  std::string url, workspace;
  Entrance entrance;
};
/// Make a link for the server that has the workspace; with `email` one for that member to set a new password.
///
/// Errors: kNotFound if nobody serves it, or MEMBER_UNKNOWN; those of Workspace and Accounts.
Result<OtherServer> FindOtherServer(const AppOptions& options, const std::string& email);

}  // namespace easel
