// Attempts on this host: the Backend over the executor's engine channel.
//
// An executor of another build is asked to drain and a new one is started, unless it still has attempts of this canvas:
// then it is used as it is, so that what it finished is published rather than lost. One of another protocol cannot be
// talked to: its attempts of this canvas count as lost.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "executor/client.h"

namespace easel {

struct LocalBackendOptions {
  std::string canvas;  ///< id
  LaunchOptions launch;
  std::string build;                ///< BuildId() of this program; empty: any executor will do
  std::string isolation = "local";  ///< for Warm
  bool network = true;              ///< for Warm
};

class LocalBackend final : public Backend {
 public:
  explicit LocalBackend(LocalBackendOptions options) : options_(std::move(options)) {}

  /// May be called again after on_lost. Errors: as ExecutorClient::ConnectOrStart.
  Result<std::vector<std::string>> Attach(std::function<std::int64_t(const std::string&)> cursor,
                                          Listener listener) override;
  Status Start(const json::object& spec) override;
  Status Cancel(const std::string& attempt, std::int64_t grace_ms) override;
  Status Warm(const json::object& environment, int workers) override;
  void Acknowledge(std::int64_t through) override;

  /// The hello of the executor in use: mode, missing layers, pid.
  json::object hello() const;

 private:
  Result<std::shared_ptr<ExecutorClient>> ConnectToFit(const std::shared_ptr<Listener>& listener);
  Result<std::shared_ptr<ExecutorClient>> client() const;

  const LocalBackendOptions options_;
  mutable std::mutex mutex_;
  std::shared_ptr<ExecutorClient> client_;
};

}  // namespace easel
