// Provisioning's requests over Google's REST services.
#pragma once

#include <mutex>
#include <stop_token>

#include "gcp/provision/cloud.h"
#include "gcp/rest_client.h"

namespace easel {

/// Cloud on a RestClient. What it is made of must outlive it.
class RestCloud final : public Cloud {
 public:
  /// `stop` ends calls and pauses: kCancelled.
  RestCloud(gcp::RestClient& rest, Sleeper& sleeper, std::stop_token stop)
      : rest_(rest), sleeper_(sleeper), stop_(std::move(stop)) {}

  Result<json::value> Call(const CloudCall& call) override;
  Status Pause(int attempt) override;

 private:
  gcp::RestClient& rest_;
  Sleeper& sleeper_;
  const std::stop_token stop_;
};

}  // namespace easel
