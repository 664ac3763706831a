#include "executor/executor_harness.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>

#include "base/file.h"
#include "executor/executor.h"
#include "executor/runtime_folder.h"
#include "state/journal.h"
#include "state/manifest.h"

namespace easel {

TestEngine::TestEngine(const LaunchOptions& launch, std::string canvas, std::int64_t after) {
  auto client = ExecutorClient::ConnectOrStart(launch, {.on_event =
                                                            [this](json::object event) {
                                                              std::lock_guard lock(mutex_);
                                                              events_.push_back(std::move(event));
                                                              came_.notify_all();
                                                            },
                                                        .on_closed =
                                                            [this](const std::string&) {
                                                              std::lock_guard lock(mutex_);
                                                              events_.push_back({{"event", "closed"}});
                                                              came_.notify_all();
                                                            }});
  EXPECT_TRUE(client) << client.error().message;
  if (!client) ::abort();
  client_ = std::move(*client);
  auto answer = client_->Call({{"op", "attach"}, {"canvas", canvas}, {"after", after}});
  EXPECT_TRUE(answer) << answer.error().message;
  if (answer)
    for (const json::value& attempt : answer->at("attempts").as_array())
      attached_.emplace_back(attempt.as_string());
}

json::object TestEngine::WaitFor(const std::string& name, const std::string& attempt) {
  std::unique_lock lock(mutex_);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  for (;;) {
    while (seen_ < events_.size()) {
      const json::object& event = events_[seen_++];
      const json::value* found = event.if_contains("event");
      if (name == "detached" && event.contains("detached")) return event;
      if (found != nullptr && *found == json::value(name) &&
          (attempt.empty() || event.at("attempt") == json::value(attempt)))
        return event;
    }
    if (came_.wait_until(lock, deadline) == std::cv_status::timeout && seen_ == events_.size()) {
      ADD_FAILURE() << "no event " << name << " " << attempt << " came";
      return {};
    }
  }
}

json::object TestEngine::Start(json::object spec) {
  auto answer = client_->Call({{"op", "start"}, {"spec", std::move(spec)}});
  EXPECT_TRUE(answer) << answer.error().message;
  return answer ? *answer : json::object();
}

json::object TestEngine::Run(json::object spec) {
  const std::string attempt(spec.at("attempt").as_string());
  Start(std::move(spec));
  return WaitFor("finished", attempt);
}

std::vector<std::int64_t> TestEngine::numbers() {
  std::lock_guard lock(mutex_);
  std::vector<std::int64_t> out;
  for (const json::object& event : events_)
    if (const json::value* n = event.if_contains("n")) out.push_back(n->as_int64());
  return out;
}

ExecutorHarness::ExecutorHarness(const Settings& settings) {
  std::string pattern = "/tmp/easel-executor-test-XXXXXX";
  root = ::mkdtemp(pattern.data());
  canvas_root = root + "/canvas";
  state_root = canvas_root + "/.easel";
  launch.folder = root + "/run";
  std::filesystem::create_directories(root + "/runtime/easel_runtime");
  std::filesystem::create_directories(canvas_root);
  std::filesystem::create_directory(launch.folder);
  std::filesystem::copy_file(EASEL_SOURCE_DIR "/src/executor/testdata/fake_zygote.py",
                             root + "/runtime/easel_runtime/zygote.py");
  const std::string self = std::filesystem::read_symlink("/proc/self/exe").string();
  launch.command = {"/usr/bin/env", "EASEL_RUNTIME=" + root + "/runtime", "EASEL_LOG=info",
                    "XDG_CACHE_HOME=" + root + "/cache"};
  for (const auto& [name, value] : settings) launch.command.push_back(name + "=" + value);
  launch.command.insert(launch.command.end(), {self, "executor", "serve"});
}

ExecutorHarness::~ExecutorHarness() {
  auto status = ExecutorStatus(launch.folder);
  if (status) {
    const auto pid = static_cast<pid_t>(status->at("pid").as_int64());
    [[maybe_unused]] auto stopped = StopExecutor(true, launch.folder);
    Eventually([pid] { return !IsAlive(pid); });
  }
  if (::testing::Test::HasFailure())
    if (auto log = ReadFile(ExecutorLogPath(launch.folder)))
      fprintf(stderr, "---- executor.log\n%s----\n", log->c_str());
  std::error_code ignored;
  std::filesystem::remove_all(root, ignored);
}

json::object ExecutorHarness::Spec(const std::string& block, const std::string& code, json::object more) {
  json::object spec{
      {"attempt", "r1/" + block + ".1"},
      {"canvas", canvas},
      {"canvas_root", canvas_root},
      {"state_root", state_root},
      {"block", block},
      {"kind", "python"},
      {"run", "r1"},
      {"epoch", 1},
      {"code", code},
      {"filename", "blocks/" + block + ".py"},
      {"environment",
       {{"name", "default"}, {"digest", "d"}, {"python", "/usr/bin/python3"}, {"preload", json::array()}}},
      {"isolation", "none"},
      {"network", true},
      {"limits", json::object()},
      {"key", "k"},
      {"state", {{"variables", json::object()}, {"slots", json::object()}, {"settings", json::object()}}},
      {"load", json::array()},
      {"parents", json::array()}};
  for (auto& [name, value] : more) spec[name] = value;
  return spec;
}

std::string ExecutorHarness::AttemptPath(const std::string& attempt, const std::string& file) const {
  return state_root + "/attempts/" + attempt + "/" + file;
}

std::string ExecutorHarness::Shown(const std::string& attempt, int stream) {
  auto reader = JournalReader::Open(AttemptPath(attempt, "journal"));
  EXPECT_TRUE(reader) << reader.error().message;
  std::string out;
  while (reader) {
    auto record = reader->Next();
    EXPECT_TRUE(record) << record.error().message;
    if (!record || !*record) break;
    if (static_cast<int>((*record)->stream) == stream) out.append((*record)->payload);
  }
  return out;
}

bool IsAlive(pid_t pid) {
  auto stat = ReadFile("/proc/" + std::to_string(pid) + "/stat");
  if (!stat) return false;
  const std::size_t end = stat->rfind(')');
  return end != std::string::npos && end + 2 < stat->size() && (*stat)[end + 2] != 'Z' &&
         (*stat)[end + 2] != 'X';
}

std::string Text(const json::object& object, std::string_view field) {
  const json::value* found = object.if_contains(field);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

std::string FailureField(const json::object& finished, std::string_view field) {
  const json::value* failure = finished.if_contains("failure");
  return failure != nullptr && failure->is_object() ? Text(failure->get_object(), field) : "";
}

std::string OnlyObject(const ExecutorHarness& harness, const std::string& manifest) {
  const auto parsed = ParseJson(manifest, "manifest");
  EXPECT_TRUE(parsed);
  const json::object& slots = parsed->at("state").at("slots").get_object();
  EXPECT_EQ(slots.size(), 1u);
  return ObjectPath(harness.state_root, std::string(slots.begin()->value().at("object").get_string()));
}

bool Eventually(const std::function<bool()>& condition) {
  for (int i = 0; i < 4000; ++i) {
    if (condition()) return true;
    timespec pause{0, 5'000'000};
    ::nanosleep(&pause, nullptr);
  }
  return false;
}

int ExecutorTestMain(int argc, char** argv) {
  if (argc == 3 && std::string_view(argv[1]) == "executor" && std::string_view(argv[2]) == "serve")
    return RunExecutor(ExecutorOptionsFromEnvironment());
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}

}  // namespace easel
