// What every `easel gcp` command that reaches Google is made of: a session with Google, and Ctrl-C that ends requests.
#pragma once

#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "cli/arguments.h"
#include "cli/signals.h"
#include "gcp/provision/options.h"
#include "hosting/google_session.h"

namespace easel {

/// Made once by a command, before other threads. The first Ctrl-C ends requests and pauses (kCancelled), the second the process.
class GcpSession {
 public:
  /// Errors: kUnauthenticated (no credentials: which ones there could be); kInvalidArgument (endpoints); kNotFound (ca bundle).
  static Result<std::unique_ptr<GcpSession>> Open(const Invocation& invocation,
                                                  const ProvisionOptions& options);
  ~GcpSession();
  GcpSession(const GcpSession&) = delete;
  GcpSession& operator=(const GcpSession&) = delete;

  GoogleSession& google() { return *google_; }
  Cloud& cloud() { return google_->cloud(); }
  std::string Who() const { return google_->Who(); }
  OpenCluster Opener() { return google_->Opener(); }

 private:
  GcpSession() = default;

  Signals signals_;  // before any thread
  std::stop_source stop_;
  std::unique_ptr<GoogleSession> google_;
  UniqueFd wake_;
  std::jthread watcher_;
};

}  // namespace easel
