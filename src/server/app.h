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

/// A server that listens from its making to its end. Thread-safe.
class App {
 public:
  /// Errors: those of Workspace, Accounts, CheckExposure and HttpServer::Listen; kAlreadyExists WORKSPACE_SERVED, naming who
  ///         serves it.
  static Result<std::unique_ptr<App>> Start(const AppOptions& options);
  virtual ~App() = default;

  /// Where browsers find it: "http://127.0.0.1:8765".
  virtual const std::string& url() const = 0;
  /// The workspace's folder, absolute.
  virtual const std::string& workspace() const = 0;
  /// A one-time token for `url()/#token=…`.
  virtual Result<std::string> NewSignInToken() = 0;
  /// Let requests under way be answered, then end. Attempts of blocks go on in the executor.
  virtual void Stop(std::chrono::milliseconds grace) = 0;
};

/// The link of a server that another process runs on this workspace.
struct OtherServer {
  std::int64_t pid = 0;
  std::string url, token, workspace;
};
/// Make a sign-in token for the server that has the workspace.
///
/// Errors: kNotFound if nobody serves it; those of Workspace and Accounts.
Result<OtherServer> FindOtherServer(const AppOptions& options);

}  // namespace easel
