#include "store/fetching_backend.h"

#include <sys/stat.h>

#include <map>
#include <mutex>
#include <thread>

#include "executor/attempt_spec.h"
#include "state/manifest.h"

namespace easel {
namespace {

class FetchingBackend final : public Backend {
 public:
  FetchingBackend(std::unique_ptr<Backend> inner, std::shared_ptr<CanvasStore> store)
      : inner_(std::move(inner)), store_(std::move(store)) {}

  ~FetchingBackend() override {
    std::map<std::string, std::jthread> threads;
    {
      const std::lock_guard lock(mutex_);
      threads.swap(fetching_);
    }
    for (auto& [attempt, thread] : threads) thread.request_stop();
    threads.clear();
    inner_.reset();
  }

  Result<std::vector<std::string>> Attach(std::function<std::int64_t(const std::string&)> cursor,
                                          Listener listener) override {
    {
      const std::lock_guard lock(mutex_);
      listener_ = listener;
    }
    EASEL_TRY(std::vector<std::string> there, inner_->Attach(std::move(cursor), std::move(listener)));
    const std::lock_guard lock(mutex_);
    for (const std::string& attempt : under_way_) there.push_back(attempt);
    return there;
  }

  Status Start(const json::object& spec) override {
    std::vector<std::string> missing;
    std::string attempt;
    // A spec that cannot be read is refused by the executor, in its own words.
    if (const auto read = ReadAttemptSpec(spec)) {
      attempt = read->attempt;
      struct stat info{};
      for (const NeededObject& object : read->needed)
        if (::lstat(ObjectPath(read->state_root, object.digest).c_str(), &info) != 0 &&
            store_->Has(object.digest))
          missing.push_back(object.digest);
    }
    if (missing.empty()) return inner_->Start(spec);
    const std::lock_guard lock(mutex_);
    under_way_.insert(attempt);
    fetching_[attempt] =
        std::jthread([this, attempt, spec, missing = std::move(missing)](std::stop_token stop) {
          const auto fetched = store_->Fetch({stop}, missing);
          Status started;
          if (!fetched) started = std::unexpected(fetched.error());
          const bool starting = started && !stop.stop_requested();
          if (starting) started = inner_->Start(spec);
          {
            const std::lock_guard guard(mutex_);
            under_way_.erase(attempt);
          }
          // Cancelled while it was being started: what cancels from now on goes to the other backend itself.
          if (starting && started && stop.stop_requested()) return (void)inner_->Cancel(attempt, 0);
          if (stop.stop_requested()) return Tell(attempt, "cancelled", "");
          if (!started) Tell(attempt, "lost", "its inputs could not be fetched: " + started.error().message);
        });
    return {};
  }

  Status Cancel(const std::string& attempt, std::int64_t grace_ms) override {
    {
      const std::lock_guard lock(mutex_);
      if (under_way_.contains(attempt)) {
        fetching_[attempt].request_stop();
        return {};
      }
    }
    return inner_->Cancel(attempt, grace_ms);
  }

  Status Warm(const json::object& environment, int workers) override {
    return inner_->Warm(environment, workers);
  }
  void Acknowledge(std::int64_t through) override {
    if (through > 0) inner_->Acknowledge(through);
  }

 private:
  void Tell(const std::string& attempt, std::string_view status, const std::string& message) {
    std::function<void(BackendEvent)> tell;
    {
      const std::lock_guard lock(mutex_);
      tell = listener_.on_event;
    }
    if (tell)
      tell({.body = {{"event", "finished"}, {"attempt", attempt}, {"status", status}, {"message", message}}});
  }

  std::unique_ptr<Backend> inner_;
  const std::shared_ptr<CanvasStore> store_;
  std::mutex mutex_;
  Listener listener_;
  std::set<std::string> under_way_;  ///< being fetched for
  std::map<std::string, std::jthread> fetching_;
};

}  // namespace

std::unique_ptr<Backend> MakeFetchingBackend(std::unique_ptr<Backend> inner,
                                             std::shared_ptr<CanvasStore> store) {
  return std::make_unique<FetchingBackend>(std::move(inner), std::move(store));
}

}  // namespace easel
