#include "engine/session.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <set>

#include "base/digest.h"
#include "base/file.h"
#include "canvas/reader.h"
#include "engine/owner.h"

namespace easel {
namespace {

/// Makes environments of nothing; waits at `gate` while that is a named pipe.
constexpr std::string_view kFakeUv = R"(#!/bin/bash
root=$(dirname "$0")
[ -p "$root/gate" ] && read -r < "$root/gate"
case "$1 $2" in
  "pip compile")
    while [ $# -gt 1 ]; do [ "$1" = --output-file ] && out=$2; shift; done
    grep -v '^#' "$1" | while read -r name; do echo "$name==1.0 --hash=sha256:aa"; done > "$out" ;;
  "venv --quiet")
    for last; do :; done
    mkdir -p "$last/bin" && ln -s /usr/bin/python3 "$last/bin/python" ;;
esac
)";

/// What both threads know of the attempts that were started; outlives the session.
struct Started {
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, json::object> specs;  ///< by attempt
  std::vector<std::string> stopped;
  std::vector<std::string> had;  ///< what Attach says that it has
  Backend::Listener listener;
};

class StandInBackend final : public Backend {
 public:
  explicit StandInBackend(std::shared_ptr<Started> started) : started_(std::move(started)) {}
  Result<std::vector<std::string>> Attach(std::function<std::int64_t(const std::string&)>,
                                          Listener listener) override {
    const std::lock_guard lock(started_->mutex);
    started_->listener = std::move(listener);
    return started_->had;
  }
  Status Start(const json::object& spec) override {
    const std::lock_guard lock(started_->mutex);
    started_->specs[std::string(spec.at("attempt").get_string())] = spec;
    started_->changed.notify_all();
    return {};
  }
  Status Cancel(const std::string& attempt, std::int64_t) override {
    const std::lock_guard lock(started_->mutex);
    started_->stopped.push_back(attempt);
    started_->changed.notify_all();
    return {};
  }
  Status Warm(const json::object&, int) override { return {}; }
  void Acknowledge(std::int64_t) override {}

 private:
  std::shared_ptr<Started> started_;
};

class SessionTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/easel_session_XXXXXX";
    root_ = ::mkdtemp(name);
    Write("uv", kFakeUv);
    ::chmod((root_ + "/uv").c_str(), 0755);
    Write("shipped/default/requirements.in", "numpy\n");
    Write("shipped/default/requirements.txt", "");
    ASSERT_TRUE(MakeDirectories(root_ + "/canvas/files"));
    SetCanvas({{"a", "x = 1"}, {"b", "y = x"}}, "a -> b");
  }
  void TearDown() override {
    session_.reset();
    world_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  void Write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(MakeDirectories(ParentOf(root_ + "/" + name)));
    ASSERT_TRUE(WriteFileAtomically(root_ + "/" + name, text));
  }
  /// The folder as a person leaves it.
  void SetCanvas(const std::vector<std::pair<std::string, std::string>>& blocks, const std::string& edge,
                 const std::string& environment = "default") {
    std::string text = "easel: 1\nname: Test\nenvironment: " + environment + "\nblocks:\n";
    for (const auto& [name, code] : blocks) {
      text += "  " + name + ": {kind: python, file: blocks/" + name + ".py, at: [0, 0]}\n";
      Write("canvas/blocks/" + name + ".py", code + "\n");
    }
    if (!edge.empty()) text += "edges:\n  - " + edge + "\n";
    Write("canvas/canvas.yaml", text);
  }
  void Open() {
    session_.reset();
    world_.reset();
    auto world = World::Load({.folder = root_ + "/canvas",
                              .runtime_folder = EASEL_SOURCE_DIR "/runtime/python",
                              .environments = {.cache_folder = root_ + "/cache",
                                               .uv = root_ + "/uv",
                                               .shipped_folder = root_ + "/shipped",
                                               .python = "/usr/bin/python3"},
                              .lenient = true,
                              .analyzers = analyzers_});
    ASSERT_TRUE(world) << world.error().message;
    world_ = *std::move(world);
    auto session = Session::Open(
        *world_, std::make_unique<StandInBackend>(started_), {.cores = 1000},
        {.on_event =
             [this](const RunId&, const json::object& event, const Canvas&) {
               const std::lock_guard lock(started_->mutex);
               events_.push_back(event);
               started_->changed.notify_all();
             },
         .on_standings =
             [this](const std::vector<StandingReport>& changed, const Canvas& canvas) {
               const std::lock_guard lock(started_->mutex);
               for (const StandingReport& report : changed)
                 standings_[canvas.blocks[static_cast<std::size_t>(report.block)].name] = report;
               started_->changed.notify_all();
             }});
    ASSERT_TRUE(session) << session.error().message;
    session_ = *std::move(session);
    Look();
  }
  /// Take all standings, as a page that is opened does.
  void Look() {
    const auto all = session_->Standings();
    const std::lock_guard lock(started_->mutex);
    for (const StandingReport& report : all)
      standings_[world_->canvas()->blocks[static_cast<std::size_t>(report.block)].name] = report;
  }
  Status Edit(const std::vector<std::pair<std::string, std::string>>& renames = {}) {
    auto canvas = ReadCanvas(root_ + "/canvas");
    if (!canvas) return std::unexpected(canvas.error());
    const auto edited = session_->Edit(*std::move(canvas), renames);
    return edited ? Status() : Status(std::unexpected(edited.error()));
  }
  template <typename Condition>
  void Await(const char* what, Condition condition) {
    std::unique_lock lock(started_->mutex);
    ASSERT_TRUE(started_->changed.wait_for(lock, std::chrono::seconds(20), condition)) << what;
  }
  void AwaitStanding(const std::string& block, Standing standing) {
    Await(block.c_str(), [&] { return standings_[block].standing.standing == standing; });
  }
  std::string Reason(const std::string& block) {
    const std::lock_guard lock(started_->mutex);
    return standings_[block].standing.reason;
  }
  json::object Spec(const std::string& block) {
    json::object out;
    Await(block.c_str(), [&] {
      for (const auto& [attempt, spec] : started_->specs)
        if (spec.at("block") == json::value(block)) out = spec;
      return !out.empty();
    });
    return out;
  }
  /// The attempt that `spec` is of succeeds, and leaves one variable.
  void Finish(const json::object& spec, const std::string& variable) {
    const std::string attempt(spec.at("attempt").get_string()), block(spec.at("block").get_string());
    Manifest manifest{.canvas = std::string(spec.at("canvas").get_string()),
                      .attempt = attempt,
                      .run = std::string(spec.at("run").get_string()),
                      .block = block,
                      .epoch = spec.at("epoch").to_number<std::int64_t>(),
                      .key = std::string(spec.at("key").get_string()),
                      .environment = DigestOf("e"),
                      .python = "3.11",
                      .platform = "linux-x86_64",
                      .started_ms = 1,
                      .finished_ms = 2};
    manifest.state = *ReadState(spec.at("state"), "spec");
    manifest.state.variables[variable] = {
        .origin = block, .type = "lock", .not_carried = NotCarried{"it is a lock", "make it here"}};
    const std::string text = SerializeManifest(manifest);
    const auto readable = ParseManifest(text, "manifest");
    ASSERT_TRUE(readable) << readable.error().message;
    const std::string path = ManifestPath(root_ + "/canvas/.easel", attempt);
    ASSERT_TRUE(MakeDirectories(ParentOf(path)));
    ASSERT_TRUE(WriteFileAtomically(path, text));
    Backend::Listener listener;
    {
      const std::lock_guard lock(started_->mutex);
      started_->specs.erase(attempt);
      listener = started_->listener;
    }
    listener.on_event({.number = ++number_,
                       .executor = "x",
                       .body = {{"event", "finished"},
                                {"attempt", attempt},
                                {"status", "succeeded"},
                                {"manifest", DigestOf(text)},
                                {"phases_ms", {{"run", 7.5}}}}});
  }
  void RunAll() {
    const auto run = session_->Start({}, {});
    ASSERT_TRUE(run) << run.error().message;
  }

  std::string root_;
  std::shared_ptr<Started> started_ = std::make_shared<Started>();
  std::shared_ptr<SharedAnalyzers> analyzers_ = std::make_shared<SharedAnalyzers>();
  std::vector<json::object> events_;                 ///< under started_->mutex
  std::map<std::string, StandingReport> standings_;  ///< likewise, as told
  std::unique_ptr<World> world_;
  std::unique_ptr<Session> session_;
  std::int64_t number_ = 0;
};

TEST_F(SessionTest, AnEditIsInTheNextPlanAndItsStandingsAreTold) {
  Open();
  RunAll();
  AwaitStanding("a", Standing::kRunning);
  AwaitStanding("b", Standing::kQueued);
  Finish(Spec("a"), "x");
  AwaitStanding("a", Standing::kUpToDate);
  Finish(Spec("b"), "y");
  AwaitStanding("b", Standing::kUpToDate);
  {
    const std::lock_guard lock(started_->mutex);
    EXPECT_EQ(standings_["b"].attempt.finished_ms, 2);
  }

  SetCanvas({{"a", "x = 1"}, {"b", "y = x + 1"}, {"c", "z = 1"}}, "a -> b -> c");
  ASSERT_TRUE(Edit());
  EXPECT_EQ(Reason("b"), "code changed");
  EXPECT_EQ(Reason("c"), "never run");
  const auto plan = session_->Plan({});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->size(), 3u);
  EXPECT_EQ((*plan)[0].action, "up_to_date");
  EXPECT_EQ((*plan)[1].action, "run");

  SetCanvas({{"a", "x = 1"}, {"b", "y = x"}}, "a -> b");
  ASSERT_TRUE(Edit());
  EXPECT_EQ(standings_["b"].standing.standing, Standing::kUpToDate);
  EXPECT_EQ(world_->canvas()->blocks.size(), 3u) << "what was deleted keeps its place";
}

TEST_F(SessionTest, AnAttemptIsStartedWithWhatItWasDecidedWith) {
  Open();
  RunAll();
  const json::object spec = Spec("a");
  EXPECT_EQ(spec.at("code"), "x = 1\n");
  SetCanvas({{"a", "x = 2"}, {"b", "y = x + 2"}}, "a -> b");
  ASSERT_TRUE(Edit());
  Finish(spec, "x");
  AwaitStanding("a", Standing::kStale);
  EXPECT_EQ(Reason("a"), "code changed");
  EXPECT_EQ(Spec("b").at("code"), "y = x + 2\n");
  EXPECT_EQ(std::string(Spec("b").at("environment").at("python").get_string()).substr(0, root_.size()),
            root_);
}

TEST_F(SessionTest, ADeletedBlockIsStopped) {
  Open();
  RunAll();
  const std::string attempt(Spec("a").at("attempt").get_string());
  SetCanvas({{"b", "y = x"}}, "");
  ASSERT_TRUE(Edit());
  Await("stop", [&] { return std::ranges::count(started_->stopped, attempt) == 1; });
  Spec("b");
}

TEST_F(SessionTest, ARenamedBlockKeepsItsResultsAlsoInTheNextSession) {
  Open();
  RunAll();
  Finish(Spec("a"), "x");
  Finish(Spec("b"), "y");
  AwaitStanding("b", Standing::kUpToDate);
  std::filesystem::remove(root_ + "/canvas/blocks/a.py");
  SetCanvas({{"first", "x = 1"}, {"b", "y = x"}}, "first -> b");
  ASSERT_TRUE(Edit({{"a", "first"}}));
  Look();
  for (const bool again : {false, true}) {
    if (again) Open();
    EXPECT_EQ(standings_["first"].standing.standing, Standing::kUpToDate) << again;
    EXPECT_EQ(standings_["b"].standing.standing, Standing::kUpToDate) << again;
    const auto record = *world_->store()->FindBlock("b");
    const auto manifest = world_->Manifest(record->published_attempt, record->published_manifest);
    ASSERT_TRUE(manifest) << manifest.error().message;
    EXPECT_EQ((*manifest)->state.variables.at("x").origin, "first") << again;
    EXPECT_EQ((*manifest)->parents.size(), 0u);
  }
}

TEST_F(SessionTest, ANameThatADeletedBlockHadCanBeTakenAndGivenBack) {
  SetCanvas({{"a", "x = 1"}, {"b", "y = 2"}}, "");
  Open();
  RunAll();
  Finish(Spec("a"), "x");
  Finish(Spec("b"), "y");
  AwaitStanding("a", Standing::kUpToDate);
  AwaitStanding("b", Standing::kUpToDate);
  SetCanvas({{"a", "x = 1"}}, "");
  ASSERT_TRUE(Edit());
  SetCanvas({{"b", "x = 1"}}, "");
  ASSERT_TRUE(Edit({{"a", "b"}}));
  Look();
  EXPECT_EQ(standings_["b"].standing.standing, Standing::kUpToDate);
  EXPECT_TRUE(standings_["b"].attempt.attempt.ends_with("/a.1")) << standings_["b"].attempt.attempt;
  SetCanvas({{"a", "x = 1"}}, "");
  ASSERT_TRUE(Edit({{"b", "a"}}));
  SetCanvas({{"a", "x = 1"}, {"b", "y = 2"}}, "");
  ASSERT_TRUE(Edit());
  for (const bool again : {false, true}) {
    if (again) Open();
    Look();
    EXPECT_EQ(standings_["a"].standing.standing, Standing::kUpToDate) << again;
    EXPECT_EQ(standings_["b"].standing.standing, Standing::kUpToDate) << again;
    EXPECT_TRUE(standings_["b"].attempt.attempt.ends_with("/b.1")) << standings_["b"].attempt.attempt;
  }
}

TEST_F(SessionTest, TheSessionServesOthersWhileAnEnvironmentIsMade) {
  Open();
  ASSERT_EQ(::mkfifo((root_ + "/gate").c_str(), 0600), 0);
  auto run = std::async(std::launch::async, [this] { return session_->Start({}, {}); });
  // uv has begun when somebody reads the gate; it goes on when a line comes.
  const UniqueFd gate(::open((root_ + "/gate").c_str(), O_WRONLY | O_CLOEXEC));
  EXPECT_EQ(session_->Standings().size(), 2u);
  SetCanvas({{"a", "x = 3"}, {"b", "y = x"}}, "a -> b");
  ASSERT_TRUE(Edit());
  std::filesystem::remove(root_ + "/gate");
  ASSERT_EQ(::write(gate.get(), "\n", 1), 1);
  const auto started = run.get();
  ASSERT_TRUE(started) << started.error().message;
  EXPECT_EQ(Spec("a").at("code"), "x = 3\n");
}

TEST_F(SessionTest, WhatCannotRunIsSaidOfTheBlockAndNotOfTheCanvas) {
  Open();
  SetCanvas({{"a", "x = 1"}, {"b", "y = x"}}, "a -> b", "nowhere");
  ASSERT_TRUE(Edit());
  EXPECT_TRUE(Reason("a").starts_with("there is no environment `nowhere`")) << Reason("a");
  const auto plan = session_->Plan({});
  ASSERT_TRUE(plan);
  EXPECT_EQ((*plan)[0].action, "skip");
  RunAll();
  Await("end", [&] { return !events_.empty() && events_.back().at("event") == "run.finished"; });
  EXPECT_EQ(events_.back().at("status"), "failed");
  SetCanvas({{"a", "x = 1"}, {"b", "y = x"}}, "a -> b");
  ASSERT_TRUE(Edit());
  EXPECT_EQ(Reason("a"), "never run");
  Open();
}

TEST_F(SessionTest, WhoAskedForARunIsRecorded) {
  Open();
  ASSERT_TRUE(session_->Start({}, {}, {.by = "ada", .progress = {}, .stop = {}}));
  Spec("a");
  const auto runs = world_->store()->Runs(1);
  ASSERT_EQ(runs->size(), 1u);
  EXPECT_EQ(StartedBy(runs->front().request), "ada");
}

TEST_F(SessionTest, TwoHundredAttemptsOfAServerThatWasKilledAreAdopted) {
  constexpr int kMany = 200;
  std::vector<std::pair<std::string, std::string>> blocks;
  for (int i = 0; i < kMany; ++i)
    blocks.emplace_back("b" + std::to_string(i), "v" + std::to_string(i) + " = 1");
  SetCanvas(blocks, "");
  Open();
  RunAll();
  Await("all run", [&] { return started_->specs.size() == kMany; });
  const auto specs = started_->specs;
  for (const auto& [attempt, spec] : specs) started_->had.push_back(attempt);
  const auto before = std::chrono::steady_clock::now();
  Open();
  const auto seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - before).count();
  RecordProperty("adoption_seconds", std::to_string(seconds));
  EXPECT_EQ(
      std::ranges::count_if(
          standings_, [](const auto& entry) { return entry.second.standing.standing == Standing::kRunning; }),
      kMany);
  EXPECT_TRUE(started_->stopped.empty());
  for (const auto& [attempt, spec] : specs) Finish(spec, "v");
  Await("all published", [&] {
    return std::ranges::count_if(standings_, [](const auto& entry) {
             return entry.second.standing.standing == Standing::kUpToDate;
           }) == kMany;
  });
  EXPECT_EQ(world_->store()->History("", 1000)->size(), static_cast<std::size_t>(kMany)) << "none ran twice";
}

TEST_F(SessionTest, AGuestOfAServedCanvasRunsWhatTheFolderSaysNow) {
  Open();
  auto server = EngineServer::Serve(world_->state_root(), *session_, [this] { return Edit(); });
  ASSERT_TRUE(server) << server.error().message;
  const auto answer = [](EngineGuest& guest) {
    for (bool gone = false; !gone;) {
      pollfd wait{guest.fd(), POLLIN, 0};
      if (::poll(&wait, 1, 60'000) <= 0) return std::string("nothing");
      for (const std::string& line : guest.Read(gone)) return line;
    }
    return std::string("gone");
  };
  SetCanvas({{"a", "x = 1"}, {"fresh", "z = 1"}}, "");
  auto guest =
      EngineGuest::Connect(world_->state_root(), {.mode = RunMode::kOnly, .blocks = {"fresh"}}, "old");
  ASSERT_TRUE(guest);
  EXPECT_TRUE(answer(**guest).contains("run.started"));
  Finish(Spec("fresh"), "z");
  AwaitStanding("fresh", Standing::kUpToDate);
  EXPECT_FALSE(StartedBy(world_->store()->Runs(1)->front().request).empty());

  auto older = EngineGuest::Connect(world_->state_root(), {}, "old", true);
  ASSERT_TRUE(older);
  EXPECT_TRUE(answer(**older).contains("CANVAS_SERVED"));
  Write("canvas/canvas.yaml", "easel: 1\nblocks: 3\n");
  auto broken = EngineGuest::Connect(world_->state_root(), {});
  ASSERT_TRUE(broken);
  EXPECT_TRUE(answer(**broken).contains("CANVAS_INVALID"));
}

}  // namespace
}  // namespace easel
