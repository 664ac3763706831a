// For tests: an executor of its own in a temporary folder, with fake zygotes, and an engine that remembers its events.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "executor/client.h"

namespace easel {

/// One engine's connection, attached to one canvas.
class TestEngine {
 public:
  TestEngine(const LaunchOptions& launch, std::string canvas, std::int64_t after = 0);

  ExecutorClient& client() { return *client_; }
  const std::vector<std::string>& attached() const { return attached_; }
  /// The next event named `name` (of `attempt`, unless empty); others before it are passed over. Fails the test after
  /// 30 s, which no healthy run comes near.
  json::object WaitFor(const std::string& name, const std::string& attempt = "");
  json::object Start(json::object spec);
  /// Start and wait for its `finished`.
  json::object Run(json::object spec);
  /// Numbers of all numbered events so far.
  std::vector<std::int64_t> numbers();

 private:
  std::vector<std::string> attached_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<json::object> events_;
  std::size_t seen_ = 0;
  std::unique_ptr<ExecutorClient> client_;  ///< last: its thread adds to `events_` until it ends
};

/// Folders, an executor's launch options, and specs for attempts in them. The executor is killed with this object.
class ExecutorHarness {
 public:
  /// Environment variables of the executor, e.g. {"EASEL_LINGER_S", "0.3"}.
  using Settings = std::vector<std::pair<std::string, std::string>>;
  explicit ExecutorHarness(const Settings& settings = {});
  ~ExecutorHarness();

  json::object Spec(const std::string& block, const std::string& code, json::object more = {});
  /// All bytes of one stream in the attempt's journal.
  std::string Shown(const std::string& attempt, int stream);
  std::string AttemptPath(const std::string& attempt, const std::string& file) const;

  std::string root;  ///< temporary folder
  std::string canvas_root, state_root;
  LaunchOptions launch;
  std::string canvas = "canvas1";
};

/// A field that is text, or "".
std::string Text(const json::object& object, std::string_view field);
/// A field of a `finished` event's failure, or "".
std::string FailureField(const json::object& finished, std::string_view field);
/// The path of the object of the only slot in a manifest; fails the test when there are others.
std::string OnlyObject(const ExecutorHarness& harness, const std::string& manifest);

/// Wait until `condition` holds; false after 20 s.
bool Eventually(const std::function<bool()>& condition);

/// False for a process that ended, reaped or not: whose child it is now does not matter to a test.
bool IsAlive(pid_t pid);

/// main() of test programs that start executors: serves as `<test> executor serve`, otherwise runs the tests.
int ExecutorTestMain(int argc, char** argv);

}  // namespace easel
