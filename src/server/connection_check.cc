#include "server/connection_check.h"

#include "hosting/verification.h"

namespace easel {
namespace {

// A person waits: one request that hangs must not take the whole test's time.
constexpr std::chrono::milliseconds kAttempt{15'000}, kRequest{20'000};

Result<std::vector<Check>> RunAll(const ConnectionCheckRequest& request, const std::stop_token& stop,
                                  const std::function<void(const std::vector<Check>&)>& told) {
  EASEL_TRY(const auto session, GoogleSession::Open({.endpoints = request.endpoints,
                                                     .cluster_ca = request.secrets.authority,
                                                     .attempt_timeout = kAttempt,
                                                     .retry_deadline = kRequest,
                                                     .stop = stop}));
  VerificationRequest verification{.options = OptionsOf(request.settings),
                                   .cluster_token = request.secrets.token,
                                   .deadline_s = request.deadline_s,
                                   .wait_for_app = true,
                                   .control_plane = true,
                                   .told = told};
  if (request.settings.kubernetes) verification.endpoint = request.settings.kubernetes->endpoint;
  return RunVerification(*session, std::move(verification));
}

/// Said of the server, not of a command.
std::string ProblemOf(const Error& error) {
  if (error.reason != "GCP_NO_CREDENTIALS") return error.message;
  return "The server has no credentials for Google Cloud. On its machine, as the user that runs it: `gcloud "
         "auth application-default login`; or start it with GOOGLE_APPLICATION_CREDENTIALS set to a "
         "credential file. On a machine of Google's it finds the machine's own account. Then test again.";
}

json::value OrNull(std::int64_t ms) { return ms == 0 ? json::value() : json::value(ms); }
json::value OrNull(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

}  // namespace

Status ConnectionCheck::Begin(ConnectionCheckRequest request) {
  const std::lock_guard starting(starting_);
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kRunning)
      return Fail(Code::kAlreadyExists, "TEST_RUNNING",
                  "a test is running already, begun by " + by_ + ": wait for its end, or stop it");
    state_ = State::kRunning;
    began_ms_ = clock_.UnixMs();
    ended_ms_ = 0;
    settings_ms_ = request.settings_ms;
    by_ = request.by;
    problem_.clear();
    checks_.clear();
  }
  // The thread before has ended but for its last lines.
  thread_ =
      std::jthread([this, request = std::move(request)](const std::stop_token& stop) { Run(request, stop); });
  return {};
}

void ConnectionCheck::Run(const ConnectionCheckRequest& request, const std::stop_token& stop) {
  const auto checks = RunAll(request, stop, [this](const std::vector<Check>& known) {
    const std::lock_guard lock(mutex_);
    checks_ = known;
  });
  const std::lock_guard lock(mutex_);
  state_ = stop.stop_requested() ? State::kStopped : State::kEnded;
  ended_ms_ = clock_.UnixMs();
  if (checks) checks_ = *checks;
  if (!checks && !stop.stop_requested()) problem_ = ProblemOf(checks.error());
}

void ConnectionCheck::Stop() {
  const std::lock_guard starting(starting_);
  thread_.request_stop();
}

void ConnectionCheck::End() {
  const std::lock_guard starting(starting_);
  thread_ = {};
}

json::object ConnectionCheck::Document() const {
  const std::lock_guard lock(mutex_);
  constexpr const char* kStates[] = {"none", "running", "ended", "stopped"};
  json::object out = VerifyJson(checks_);
  out["state"] = kStates[static_cast<int>(state_)];
  out["began_ms"] = OrNull(began_ms_);
  out["ended_ms"] = OrNull(ended_ms_);
  out["settings_ms"] = OrNull(settings_ms_);
  out["by"] = OrNull(by_);
  out["problem"] = OrNull(problem_);
  return out;
}

}  // namespace easel
