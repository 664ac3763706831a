// *Test connection* of the settings page: `easel gcp verify`'s checks, in the background, with what is known so far at any time.
//
//   none --Begin--> running --all checks ended--> ended --Begin--> running
//                      |-----Stop, server's end--> stopped --Begin--> running
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "gcp/provision/self_hosting.h"
#include "gcp/provision/verify.h"
#include "server/self_hosting_settings.h"

namespace easel {

struct ConnectionCheckRequest {
  SelfHosting settings;
  std::int64_t settings_ms = 0;  ///< when they were changed
  ClusterSecrets secrets;
  std::string endpoints;        ///< other addresses of Google's services
  std::int64_t deadline_s = 0;  ///< what fails is tried again so long
  std::string by;               ///< name of who asked
};

/// One test at a time, in memory only. Thread-safe.
class ConnectionCheck {
 public:
  static constexpr std::int64_t kMostSeconds = 420;  ///< a grant may take 7 minutes to act

  explicit ConnectionCheck(const Clock& clock) : clock_(clock) {}
  ~ConnectionCheck() { End(); }

  /// Errors: kAlreadyExists TEST_RUNNING.
  Status Begin(ConnectionCheckRequest request);
  /// Ask the test that runs, if one does, to end; it is soon `stopped`.
  void Stop();
  /// Stop, and wait.
  void End();
  /// `ConnectionTest` of contracts/openapi.yaml.
  json::object Document() const;

 private:
  enum class State { kNone, kRunning, kEnded, kStopped };
  void Run(const ConnectionCheckRequest& request, const std::stop_token& stop);

  const Clock& clock_;
  std::mutex starting_;  ///< taken before mutex_
  mutable std::mutex mutex_;
  State state_ = State::kNone;
  std::int64_t began_ms_ = 0, ended_ms_ = 0, settings_ms_ = 0;
  std::string by_, problem_;
  std::vector<Check> checks_;
  std::jthread thread_;
};

}  // namespace easel
