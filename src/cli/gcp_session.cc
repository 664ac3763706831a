#include "cli/gcp_session.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cli/cli.h"

namespace easel {

Result<std::unique_ptr<GcpSession>> GcpSession::Open(const Invocation& invocation,
                                                     const ProvisionOptions& options) {
  std::unique_ptr<GcpSession> session(new GcpSession);
  EASEL_TRY(session->google_, GoogleSession::Open({.endpoints = options.endpoints,
                                                   .quota_project = options.quota_project,
                                                   .access_token_file = invocation.Value("access-token-file"),
                                                   .ca_bundle = invocation.Value("ca-bundle"),
                                                   .stop = session->stop_.get_token()}));
  session->wake_.Reset(::eventfd(0, EFD_CLOEXEC));
  session->watcher_ = std::jthread([raw = session.get()](std::stop_token ended) {
    for (int seen = 0; !ended.stop_requested();) {
      pollfd waits[] = {{raw->signals_.fd(), POLLIN, 0}, {raw->wake_.get(), POLLIN, 0}};
      if (::poll(waits, 2, -1) < 0 || (waits[0].revents & POLLIN) == 0) continue;
      seen += raw->signals_.Take();
      raw->stop_.request_stop();
      if (seen > 1) ::_exit(kExitCancelled);
    }
  });
  return session;
}

GcpSession::~GcpSession() {
  if (!watcher_.joinable()) return;
  watcher_.request_stop();
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
  watcher_.join();
}

}  // namespace easel
