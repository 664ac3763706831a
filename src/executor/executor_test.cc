// The executor and those around it: engines that come, go and die, interpreters that fail, its start and its end.
#include "executor/executor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <optional>

#include "base/file.h"
#include "executor/client.h"
#include "executor/executor_harness.h"
#include "state/journal.h"

namespace easel {
namespace {

TEST(Executor, StartIsIdempotentUntilAcknowledged) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object spec = harness.Spec("b", "print('once')");
  engine.Start(spec);
  engine.Start(spec);
  engine.WaitFor("finished");
  engine.Start(spec);
  EXPECT_EQ(Text(engine.Run(harness.Spec("c", "pass")), "status"), "succeeded");
  EXPECT_EQ(harness.Shown("r1/b.1", 1), "once\n");
}

TEST(Executor, KeptEventsAreReplayedUntilAcknowledged) {
  ExecutorHarness harness;
  std::int64_t last = 0;
  {
    TestEngine engine(harness.launch, harness.canvas);
    last = engine.Run(harness.Spec("b", "pass")).at("n").as_int64();
  }
  {
    TestEngine again(harness.launch, harness.canvas, 1);
    EXPECT_EQ(again.attached(), std::vector<std::string>{"r1/b.1"});
    again.WaitFor("finished", "r1/b.1");
    EXPECT_EQ(again.numbers().front(), 2);
    ASSERT_TRUE(again.client().Call({{"op", "ack"}, {"canvas", harness.canvas}, {"through", last}}));
  }
  TestEngine third(harness.launch, harness.canvas);
  EXPECT_TRUE(third.attached().empty());
  EXPECT_EQ(third.Run(harness.Spec("c", "pass")).at("n").as_int64(), 2 * last);
  EXPECT_EQ(third.numbers().front(), last + 1);
}

TEST(Executor, AttemptsOfAnEngineThatDiedFinish) {
  ExecutorHarness harness;
  {
    TestEngine(harness.launch, harness.canvas).Start(harness.Spec("b", "print('on my own')"));
  }
  TestEngine next(harness.launch, harness.canvas);
  EXPECT_EQ(Text(next.WaitFor("finished", "r1/b.1"), "status"), "succeeded");
}

TEST(Executor, ASecondEngineTakesTheStreamOver) {
  ExecutorHarness harness;
  TestEngine first(harness.launch, harness.canvas);
  TestEngine second(harness.launch, harness.canvas);
  EXPECT_EQ(Text(first.WaitFor("detached"), "detached"), harness.canvas);
  EXPECT_EQ(Text(second.Run(harness.Spec("b", "pass")), "status"), "succeeded");
  EXPECT_TRUE(first.numbers().empty());
}

TEST(Executor, AStreamingReaderIsToldHowFarTheJournalReaches) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Start(harness.Spec("b", "import time\nprint('now', flush=True)\ntime.sleep(600)"));
  const json::object log = engine.WaitFor("log", "r1/b.1");
  EXPECT_EQ(log.at("from").as_int64(), 0);
  EXPECT_FALSE(log.contains("n"));
  EXPECT_GE(log.at("to").as_int64(), 16 + 20 + 4);
  TestEngine late(harness.launch, harness.canvas);
  EXPECT_EQ(late.WaitFor("log", "r1/b.1").at("to").as_int64(), log.at("to").as_int64());
}

TEST(Executor, AKilledZygoteLosesItsAttemptsAndTheNextOneRuns) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Start(harness.Spec("b", "import time\ntime.sleep(600)"));
  engine.WaitFor("started", "r1/b.1");
  auto status = ExecutorStatus(harness.launch.folder);
  ASSERT_TRUE(status);
  ::kill(static_cast<pid_t>(status->at("zygotes").at(0).at("pid").as_int64()), SIGKILL);
  EXPECT_EQ(Text(engine.WaitFor("finished", "r1/b.1"), "status"), "lost");
  EXPECT_EQ(Text(engine.Run(harness.Spec("c", "pass")), "status"), "succeeded");
}

TEST(Executor, AMissingInterpreterIsSaid) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  json::object spec = harness.Spec("b", "pass");
  spec["environment"].as_object()["python"] = "/nowhere/bin/python";
  const json::object finished = engine.Run(spec);
  EXPECT_EQ(FailureField(finished, "kind"), "sandbox");
  EXPECT_NE(FailureField(finished, "message").find("/nowhere/bin/python"), std::string::npos);
}

TEST(Executor, AnEnvironmentThatCannotImportIsSaidWithItsOwnWords) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  json::object spec = harness.Spec("b", "pass");
  spec["environment"].as_object()["preload"] = json::array({"broken"});
  const json::object finished = engine.Run(spec);
  EXPECT_EQ(FailureField(finished, "kind"), "sandbox");
  EXPECT_NE(FailureField(finished, "message").find("no module named broken"), std::string::npos);
}

TEST(Executor, AWorkerThatCannotBeIsolatedIsSaid) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  json::object spec = harness.Spec("b", "pass");
  spec["environment"].as_object()["preload"] = json::array({"unparkable"});
  EXPECT_EQ(FailureField(engine.Run(spec), "message"), "no namespaces left");
}

TEST(Executor, AWorkerThatIsEndedWhileItParksDoesNotCostABlockItsZygote) {
  ExecutorHarness harness(ExecutorHarness::Settings{{"EASEL_LINGER_S", "0.2"}});
  TestEngine engine(harness.launch, harness.canvas);
  json::object spec = harness.Spec("b", "import time\ntime.sleep(1)");
  spec["environment"].as_object()["preload"] = json::array({"babbles"});
  EXPECT_EQ(Text(engine.Run(spec), "status"), "succeeded");
}

TEST(Executor, AnUnforkableEnvironmentGetsAFreshInterpreterPerBlock) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  for (const char* block : {"a", "b", "c"}) {
    json::object spec = harness.Spec(block, "print('fresh')");
    spec["environment"].as_object()["preload"] = json::array({"unsafe"});
    EXPECT_EQ(Text(engine.Run(spec), "status"), "succeeded");
  }
  auto status = ExecutorStatus(harness.launch.folder);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->at("zygotes").at(0).at("fork_safe"), json::value(false));
}

TEST(Executor, BlocksRunAtTheSameTime) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  // Each waits for the other's file.
  const auto code = [](const std::string& mine, const std::string& other) {
    return "import os, time\nopen(os.path.join(spec['files'], '" + mine +
           "'), 'w').close()\nwhile not os.path.exists(os.path.join(spec['files'], '" + other +
           "')): time.sleep(0.01)";
  };
  engine.Start(harness.Spec("a", code("a", "b")));
  engine.Start(harness.Spec("b", code("b", "a")));
  EXPECT_EQ(Text(engine.WaitFor("finished"), "status"), "succeeded");
  EXPECT_EQ(Text(engine.WaitFor("finished"), "status"), "succeeded");
}

TEST(Executor, NothingSurvivesAKilledExecutor) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Start(harness.Spec("b", "import time\ntime.sleep(600)"));
  const auto worker = static_cast<pid_t>(engine.WaitFor("started", "r1/b.1").at("pid").as_int64());
  auto status = ExecutorStatus(harness.launch.folder);
  ASSERT_TRUE(status);
  const auto zygote = static_cast<pid_t>(status->at("zygotes").at(0).at("pid").as_int64());
  ::kill(static_cast<pid_t>(status->at("pid").as_int64()), SIGKILL);
  engine.WaitFor("closed");
  EXPECT_TRUE(Eventually([zygote] { return !IsAlive(zygote); }));
  // The fake worker has no parent-death signal of its own; the real one's is tested with the runtime.
  ::kill(worker, SIGKILL);
  TestEngine next(harness.launch, harness.canvas);
  EXPECT_TRUE(next.attached().empty());
  EXPECT_EQ(Text(next.Run(harness.Spec("c", "pass")), "status"), "succeeded");
}

TEST(Executor, DrainLetsAttemptsFinishWhileASuccessorServes) {
  ExecutorHarness harness;
  std::optional<TestEngine> old;
  old.emplace(harness.launch, harness.canvas);
  old->Start(harness.Spec(
      "b", "import os, time\nwhile not os.path.exists(os.path.join(spec['files'], 'go')): time.sleep(0.01)"));
  old->WaitFor("started", "r1/b.1");
  auto before = ExecutorStatus(harness.launch.folder);
  ASSERT_TRUE(before);
  auto stranger = ExecutorClient::Connect(harness.launch.folder, {});
  ASSERT_TRUE(stranger);
  ASSERT_TRUE((*stranger)->Call({{"op", "drain"}}));
  auto refused = (*stranger)->Call({{"op", "start"}, {"spec", harness.Spec("late", "pass")}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "EXECUTOR_DRAINING");
  TestEngine young(harness.launch, harness.canvas);
  EXPECT_NE(young.client().instance(), old->client().instance());
  EXPECT_EQ(Text(young.Run(harness.Spec("c", "pass")), "status"), "succeeded");
  ASSERT_TRUE(WriteFileAtomically(harness.canvas_root + "/files/go", ""));
  const json::object finished = old->WaitFor("finished", "r1/b.1");
  EXPECT_EQ(Text(finished, "status"), "succeeded");
  // Whoever was attached goes on to the end of its run.
  EXPECT_EQ(Text(old->Run(harness.Spec("below", "pass")), "status"), "succeeded");
  const std::int64_t all = 1 << 20;
  old->client().Tell({{"op", "ack"}, {"canvas", harness.canvas}, {"through", all}});
  old.reset();
  EXPECT_TRUE(Eventually([&] { return !IsAlive(static_cast<pid_t>(before->at("pid").as_int64())); }));
}

TEST(Executor, StopIsRefusedWhileBlocksRunUnlessForced) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Start(harness.Spec("b", "import time\ntime.sleep(600)"));
  const auto worker = static_cast<pid_t>(engine.WaitFor("started", "r1/b.1").at("pid").as_int64());
  const Status refused = StopExecutor(false, harness.launch.folder);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "ATTEMPTS_RUNNING");
  EXPECT_TRUE(StopExecutor(true, harness.launch.folder));
  EXPECT_EQ(Text(engine.WaitFor("finished", "r1/b.1"), "status"), "lost");
  EXPECT_TRUE(Eventually([worker] { return !IsAlive(worker); }));
}

TEST(Executor, EndsByItselfAfterItsLingerTime) {
  ExecutorHarness harness(ExecutorHarness::Settings{{"EASEL_LINGER_S", "0.2"}});
  pid_t pid = 0;
  {
    TestEngine engine(harness.launch, harness.canvas);
    EXPECT_EQ(Text(engine.Run(harness.Spec("b", "pass")), "status"), "succeeded");
    auto status = engine.client().Call({{"op", "status"}});
    ASSERT_TRUE(status);
    pid = static_cast<pid_t>(status->at("pid").as_int64());
  }
  EXPECT_TRUE(Eventually([pid] { return !IsAlive(pid); }));
  EXPECT_EQ(ExecutorStatus(harness.launch.folder).error().reason, "EXECUTOR_NOT_RUNNING");
}

TEST(Executor, TwoStartersEndUpWithOneExecutor) {
  ExecutorHarness harness;
  ASSERT_TRUE(StartExecutor(harness.launch));
  ASSERT_TRUE(StartExecutor(harness.launch));
  TestEngine a(harness.launch, "a");
  TestEngine b(harness.launch, "b");
  EXPECT_EQ(a.client().instance(), b.client().instance());
}

TEST(Executor, HoldsNoneOfItsStartersDescriptors) {
  ExecutorHarness harness;
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  TestEngine engine(harness.launch, harness.canvas);
  ::close(ends[1]);
  char byte = 0;
  EXPECT_EQ(::read(ends[0], &byte, 1), 0);
  ::close(ends[0]);
}

TEST(Executor, ListensInFoldersWithLongNames) {
  ExecutorHarness harness;
  harness.launch.folder += "/" + std::string(200, 'x');
  std::filesystem::create_directories(harness.launch.folder);
  TestEngine engine(harness.launch, harness.canvas);
  EXPECT_EQ(Text(engine.Run(harness.Spec("b", "pass")), "status"), "succeeded");
}

TEST(Executor, WarmParksWorkersAndABlockUsesOne) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object spec = harness.Spec("b", "pass");
  ASSERT_TRUE(engine.client().Call(
      {{"op", "warm"}, {"environment", spec.at("environment")}, {"isolation", "none"}, {"workers", 3}}));
  EXPECT_TRUE(Eventually([&] {
    auto status = ExecutorStatus(harness.launch.folder);
    return status && status->at("zygotes").at(0).at("parked").as_int64() == 3;
  }));
  engine.Start(spec);
  EXPECT_EQ(engine.WaitFor("started").at("warm"), json::value(true));
}

}  // namespace
}  // namespace easel

int main(int argc, char** argv) { return easel::ExecutorTestMain(argc, argv); }
