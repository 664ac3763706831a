// The server as a whole: its parts, joined.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace easel {

struct AppOptions {
  std::string workspace;              ///< folder
  std::string address = "127.0.0.1";  ///< numeric
  std::uint16_t port = 0;
  std::string
      public_url;  ///< by which browsers reach it, if it is not this address: https://easel.example.org
  std::vector<std::string> hosts;  ///< further names that it answers to
  std::string web_folder;          ///< the web app's files
  std::string version;
};

/// A server that listens from its making to its end. Thread-safe.
class App {
 public:
  /// Errors: those of Workspace, Accounts and HttpServer::Listen; kFailedPrecondition WORKSPACE_SERVED, naming who does.
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

}  // namespace easel
