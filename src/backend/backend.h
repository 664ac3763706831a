// Where attempts run, as the engine sees it: start, cancel, and a numbered stream of events.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"

namespace easel {

struct BackendEvent {
  std::int64_t number = 0;  ///< per executor and canvas, without gaps
  std::string executor;     ///< instance that numbered it
  json::object body;        ///< as contracts/executor_protocol.md has it: event, attempt, …
};

/// One backend serves one canvas. Thread-safe; all callbacks come from one thread of the backend's own.
class Backend {
 public:
  struct Listener {
    std::function<void(BackendEvent)> on_event;
    /// The executor went away; attempts it had are lost unless a later Attach lists them.
    std::function<void(std::string reason)> on_lost;
  };

  virtual ~Backend() = default;
  /// Connect (starting an executor if there is none) and receive events after `cursor(executor instance)`; returns the
  /// ids of attempts that it still has.
  virtual Result<std::vector<std::string>> Attach(std::function<std::int64_t(const std::string&)> cursor,
                                                  Listener listener) = 0;
  /// Blocking until accepted. Idempotent per attempt id.
  virtual Status Start(const json::object& spec) = 0;
  virtual Status Cancel(const std::string& attempt, std::int64_t grace_ms) = 0;
  virtual Status Warm(const json::object& environment, int workers) = 0;
  virtual void Acknowledge(std::int64_t through) = 0;
};

}  // namespace easel
