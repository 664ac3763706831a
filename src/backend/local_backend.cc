#include "backend/local_backend.h"

#include "base/log.h"
#include "executor/protocol.h"

namespace easel {
namespace {

bool HasAttemptsOf(ExecutorClient& client, const std::string& canvas) {
  auto status = client.Call({{"op", "pending"}, {"canvas", canvas}});
  const json::value* attempts = status ? status->if_contains("attempts") : nullptr;
  return attempts != nullptr && attempts->is_array() && !attempts->get_array().empty();
}

}  // namespace

Result<std::shared_ptr<ExecutorClient>> LocalBackend::ConnectToFit(
    const std::shared_ptr<Listener>& listener) {
  // The handlers need to know which executor speaks; it says so only after they have been given.
  struct Speaker {
    std::mutex mutex;
    std::string instance;
  };
  for (int round = 0;; ++round) {
    auto speaker = std::make_shared<Speaker>();
    ExecutorClient::Handlers handlers{
        .on_event =
            [listener, speaker, canvas = options_.canvas](json::object event) {
              if (event.contains("detached"))
                return listener->on_lost("another engine has taken over this canvas");
              BackendEvent out;
              if (const json::value* n = event.if_contains("n"); n != nullptr && n->is_int64())
                out.number = n->get_int64();
              {
                std::lock_guard lock(speaker->mutex);
                out.executor = speaker->instance;
              }
              out.body = std::move(event);
              listener->on_event(std::move(out));
            },
        .on_closed = [listener](std::string reason) { listener->on_lost(std::move(reason)); }};
    EASEL_TRY(std::shared_ptr<ExecutorClient> client,
              ExecutorClient::ConnectOrStart(options_.launch, std::move(handlers)));
    {
      std::lock_guard lock(speaker->mutex);
      speaker->instance = client->instance();
    }
    const bool speaks = client->protocol() == kProtocolVersion;
    const bool fits = options_.build.empty() || client->build() == options_.build;
    if ((speaks && fits) || round == 3) return client;
    if (speaks && HasAttemptsOf(*client, options_.canvas)) {
      Log(LogLevel::kInfo, "backend", "an executor of another build finishes what it has of this canvas");
      return client;
    }
    if (auto drained = client->Call({{"op", "drain"}}); !drained)
      Log(LogLevel::kInfo, "backend", drained.error().message);
  }
}

Result<std::vector<std::string>> LocalBackend::Attach(std::function<std::int64_t(const std::string&)> cursor,
                                                      Listener listener) {
  EASEL_TRY(const std::shared_ptr<ExecutorClient> client,
            ConnectToFit(std::make_shared<Listener>(std::move(listener))));
  EASEL_TRY(
      const json::object answer,
      client->Call({{"op", "attach"}, {"canvas", options_.canvas}, {"after", cursor(client->instance())}}));
  std::vector<std::string> attempts;
  if (const json::value* listed = answer.if_contains("attempts"); listed != nullptr && listed->is_array())
    for (const json::value& attempt : listed->get_array())
      if (attempt.is_string()) attempts.emplace_back(attempt.get_string());
  std::shared_ptr<ExecutorClient> before;
  {
    std::lock_guard lock(mutex_);
    before = std::exchange(client_, client);
  }
  return attempts;  // an older client ends here, outside the lock, because its thread is waited for
}

Result<std::shared_ptr<ExecutorClient>> LocalBackend::client() const {
  std::lock_guard lock(mutex_);
  if (client_ == nullptr)
    return Fail(Code::kFailedPrecondition, "NOT_ATTACHED", "the executor is not connected");
  return client_;
}

Status LocalBackend::Start(const json::object& spec) {
  EASEL_TRY(const auto executor, client());
  EASEL_TRY(const json::object answer, executor->Call({{"op", "start"}, {"spec", spec}}));
  return {};
}

Status LocalBackend::Cancel(const std::string& attempt, std::int64_t grace_ms) {
  EASEL_TRY(const auto executor, client());
  EASEL_TRY(const json::object answer,
            executor->Call({{"op", "cancel"}, {"attempt", attempt}, {"grace_ms", grace_ms}}));
  return {};
}

Status LocalBackend::Warm(const json::object& environment, int workers) {
  EASEL_TRY(const auto executor, client());
  EASEL_TRY(const json::object answer, executor->Call({{"op", "warm"},
                                                       {"environment", environment},
                                                       {"isolation", options_.isolation},
                                                       {"network", options_.network},
                                                       {"workers", workers}}));
  return {};
}

void LocalBackend::Acknowledge(std::int64_t through) {
  if (auto executor = client())
    (*executor)->Tell({{"op", "ack"}, {"canvas", options_.canvas}, {"through", through}});
}

json::object LocalBackend::hello() const {
  const auto executor = client();
  return executor ? (*executor)->hello() : json::object();
}

}  // namespace easel
