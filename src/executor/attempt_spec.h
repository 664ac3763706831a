// The AttemptSpec of contracts/executor_protocol.md, section 2, as a value: what to run, where, and within what limits.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "executor/reachable.h"

namespace easel {

struct EnvironmentSpec {
  std::string name;
  std::string digest;
  std::string python;  ///< absolute path of the interpreter
  std::vector<std::string> preload;
};

/// Zero means "no limit", except journal_bytes: 1 GiB when it is not given.
struct AttemptLimits {
  double cpu = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t timeout_ms = 0;
  std::int64_t disk_bytes = 0;  ///< what the canvas's files and what the block leaves may take together
  std::int64_t journal_bytes = std::int64_t{1} << 30;
};

/// An object file that the attempt's inputs need, and who made it, for the message when it is missing.
struct NeededObject {
  std::string digest;
  std::string origin;  ///< block
  auto operator<=>(const NeededObject&) const = default;
};

struct AttemptSpec {
  std::string attempt, canvas, canvas_root, state_root, block, run, key;
  std::int64_t epoch = 0;
  EnvironmentSpec environment;
  std::string isolation = "local";  ///< local, strict, pod or none
  bool network = true;
  std::vector<Reachable>
      egress;  ///< with isolation `strict` and no network: hosts that are reached all the same
  AttemptLimits limits;
  std::set<NeededObject> needed;            ///< objects of the slots that `load` reaches
  std::set<std::string> inherited_objects;  ///< digests of all objects in `state`
  json::object document;                    ///< the spec as it came, for the worker and the manifest
};

/// Check and read a spec. Paths are absolute, names are safe as file names, `attempt` is `<run>/<block>.<epoch>`.
///
/// Errors: kInvalidArgument, naming the field.
Result<AttemptSpec> ReadAttemptSpec(json::object document);

/// Errors: kInvalidArgument, naming the field.
Result<EnvironmentSpec> ReadEnvironmentSpec(const json::value& value, const std::string& where);

/// True for "local", "strict", "pod" and "none".
bool IsIsolationMode(std::string_view name);

}  // namespace easel
