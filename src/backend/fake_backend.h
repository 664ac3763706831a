// A Backend for tests of engines: remembers what it was asked, and delivers the events that the test feeds.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backend/backend.h"

namespace easel {

/// Thread-safe. Events are delivered on the thread that feeds them.
class FakeBackend final : public Backend {
 public:
  Result<std::vector<std::string>> Attach(std::function<std::int64_t(const std::string&)> cursor,
                                          Listener listener) override {
    std::lock_guard lock(mutex_);
    if (attach_error) return std::unexpected(*attach_error);
    after = cursor(instance);
    listener_ = std::move(listener);
    return attempts;
  }
  Status Start(const json::object& spec) override {
    std::lock_guard lock(mutex_);
    if (start_error) return std::unexpected(*start_error);
    started.push_back(spec);
    return {};
  }
  Status Cancel(const std::string& attempt, std::int64_t grace_ms) override {
    std::lock_guard lock(mutex_);
    cancelled.emplace_back(attempt, grace_ms);
    return {};
  }
  Status Warm(const json::object&, int workers) override {
    std::lock_guard lock(mutex_);
    warmed = workers;
    return {};
  }
  void Acknowledge(std::int64_t through) override {
    std::lock_guard lock(mutex_);
    acknowledged = through;
  }

  /// Deliver an event about `attempt` with the next number (none for `log`).
  void Feed(const std::string& attempt, const std::string& event, json::object fields = {}) {
    BackendEvent out;
    Listener listener;
    {
      std::lock_guard lock(mutex_);
      if (event != "log") out.number = ++last_number;
      out.executor = instance;
      listener = listener_;
    }
    fields["event"] = event;
    fields["attempt"] = attempt;
    if (out.number > 0) fields["n"] = out.number;
    out.body = std::move(fields);
    listener.on_event(std::move(out));
  }
  /// Say that the executor went away.
  void Lose(const std::string& reason) {
    Listener listener;
    {
      std::lock_guard lock(mutex_);
      listener = listener_;
    }
    listener.on_lost(reason);
  }

  // For the test to set and read; not while another thread uses the backend.
  std::string instance = "fake1";
  std::vector<std::string> attempts;  ///< what Attach returns
  std::optional<Error> attach_error, start_error;
  std::vector<json::object> started;
  std::vector<std::pair<std::string, std::int64_t>> cancelled;
  std::int64_t acknowledged = 0, after = 0, last_number = 0;
  int warmed = 0;

 private:
  std::mutex mutex_;
  Listener listener_;
};

}  // namespace easel
