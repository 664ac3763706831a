// What a worker says, read from hostile bytes: one frame -> one checked message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "executor/attempt_spec.h"

namespace easel {

enum class WorkerEvent { kParked, kStarted, kPhase, kDisplay, kError, kNotice, kResult };

struct WorkerMessage {
  WorkerEvent event = WorkerEvent::kParked;
  json::object body;
};

/// Errors: kInvalidArgument (not JSON, no known "event", or a field of the wrong shape).
Result<WorkerMessage> ParseWorkerMessage(std::string_view frame);

struct Failure {
  std::string kind;  ///< docs of failure.kind in the contract
  std::string ename, evalue;
  std::int64_t line = 0;  ///< 0: unknown
  std::string message;

  json::object ToJson() const;
};

/// A `result` message, checked against its spec. `objects` are distinct digests; every slot of `state` lies in one of
/// them or in an object that the attempt inherited.
struct AttemptResult {
  bool succeeded = false;
  Failure failure;  ///< when not succeeded
  std::vector<std::string> objects;
  json::object body;
};

/// Errors: kInvalidArgument, naming what is wrong; the attempt then failed with kind `capture`.
Result<AttemptResult> ReadAttemptResult(json::object body, const AttemptSpec& spec);

}  // namespace easel
