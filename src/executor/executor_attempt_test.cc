// One attempt from `start` to `finished`, and everything that can happen on the way, with fake zygotes.
#include "executor/executor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "base/digest.h"
#include "base/file.h"
#include "executor/executor_harness.h"
#include "state/journal.h"
#include "state/manifest.h"
#include "state/stamps.h"

namespace easel {
namespace {

TEST(Executor, SuccessLeavesObjectsManifestAndJournal) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished =
      engine.Run(harness.Spec("load", "print('hello')\nkeep('x', b'content of x')"));
  ASSERT_EQ(Text(finished, "status"), "succeeded") << json::serialize(finished);
  auto manifest = ReadFile(harness.AttemptPath("r1/load.1", "manifest.json"));
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(DigestOf(*manifest), Text(finished, "manifest"));
  const std::string object = OnlyObject(harness, *manifest);
  EXPECT_NE(ReadFile(object).value_or("").find("content of x"), std::string::npos);
  EXPECT_EQ(std::filesystem::status(object).permissions(), std::filesystem::perms{0444});
  EXPECT_EQ(harness.Shown("r1/load.1", 1), "hello\n");
  EXPECT_EQ(engine.numbers(), (std::vector<std::int64_t>{1, 2, 3, 4}));
}

TEST(Executor, ExceptionFailsTheBlockAndIsShownInOrder) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished = engine.Run(harness.Spec("bad", "print('before')\n1/0"));
  EXPECT_EQ(Text(finished, "status"), "failed");
  EXPECT_EQ(FailureField(finished, "kind"), "exception");
  EXPECT_EQ(FailureField(finished, "ename"), "ZeroDivisionError");
  EXPECT_NE(harness.Shown("r1/bad.1", 4).find("ZeroDivisionError"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(harness.AttemptPath("r1/bad.1", "manifest.json")));
  EXPECT_TRUE(Eventually([&] { return std::filesystem::is_empty(harness.state_root + "/staging"); }));
}

TEST(Executor, APhaseBeginsWhenTheWorkerSaysSoWithinWhatWasSeenOfIt) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object late = engine.Run(harness.Spec("late", R"(
import time
began = time.monotonic_ns() // 1000
while time.monotonic_ns() // 1000 < began + 30_000: pass
emit('phase', phase='load', at_us=began)
)"));
  EXPECT_GE(late.at("phases_ms").at("load").to_number<double>(), 30);
  const json::object wrong = engine.Run(harness.Spec("wrong", "emit('phase', phase='load', at_us=0)"));
  EXPECT_EQ(wrong.at("phases_ms").at("run").to_number<double>(), 0) << "not before it began";
  EXPECT_GE(wrong.at("phases_ms").at("load").to_number<double>(), 0);
}

TEST(Executor, SignalIsACrashWithItsName) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished = engine.Run(
      harness.Spec("b", "import os, signal\nprint('x', flush=True)\nos.kill(os.getpid(), signal.SIGSEGV)"));
  EXPECT_EQ(FailureField(finished, "kind"), "crash");
  EXPECT_NE(FailureField(finished, "message").find("SIGSEGV"), std::string::npos);
  EXPECT_EQ(harness.Shown("r1/b.1", 1), "x\n");
}

TEST(Executor, ExitWithoutResultNamesTheStatus) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished = engine.Run(harness.Spec("b", "import os\nos._exit(7)"));
  EXPECT_EQ(FailureField(finished, "kind"), "exit");
  EXPECT_NE(FailureField(finished, "message").find("status 7"), std::string::npos);
  EXPECT_EQ(FailureField(engine.Run(harness.Spec("c", "import os\nos._exit(0)")), "kind"), "exit");
}

TEST(Executor, ClosedChannelIsSaidAndTheProcessEnded) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished =
      engine.Run(harness.Spec("b", "import os, time\nos.closerange(3, 100)\ntime.sleep(600)"));
  EXPECT_EQ(FailureField(finished, "kind"), "crash");
  EXPECT_NE(FailureField(finished, "message").find("closed"), std::string::npos);
}

TEST(Executor, TimeoutEndsTheBlock) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished =
      engine.Run(harness.Spec("b", "import time\ntime.sleep(600)", {{"limits", {{"timeout_ms", 300}}}}));
  EXPECT_EQ(FailureField(finished, "kind"), "timeout");
}

TEST(Executor, MemoryLimitCountsTheWholeTreeAndNamesThePeak) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished = engine.Run(harness.Spec("b", R"(
import os, time
if os.fork() == 0:
    hog = bytearray(b'x' * (200 << 20))
time.sleep(600)
)",
                                                        {{"limits", {{"memory_bytes", 100 << 20}}}}));
  EXPECT_EQ(FailureField(finished, "kind"), "memory");
  EXPECT_GT(finished.at("peak_memory_bytes").as_int64(), 100 << 20);
}

TEST(Executor, CancelInterruptsTheBlock) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Start(harness.Spec("b",
                            "import time\ntry:\n    print('busy', flush=True)\n    time.sleep(600)\nexcept "
                            "KeyboardInterrupt:\n    print('tidied')\n    raise"));
  engine.WaitFor("log", "r1/b.1");
  ASSERT_TRUE(engine.client().Call({{"op", "cancel"}, {"attempt", "r1/b.1"}, {"grace_ms", 20'000}}));
  EXPECT_EQ(Text(engine.WaitFor("finished", "r1/b.1"), "status"), "cancelled");
  EXPECT_EQ(harness.Shown("r1/b.1", 1), "busy\ntidied\n");
}

TEST(Executor, CancelKillsABlockThatIgnoresInterrupts) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Start(harness.Spec("b", R"(
import os, signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
pid = os.fork()
if pid == 0:
    os.setsid()
    while True: time.sleep(1)
print(pid, flush=True)
while True: time.sleep(1)
)"));
  EXPECT_TRUE(Eventually([&] {
    return std::filesystem::exists(harness.AttemptPath("r1/b.1", "journal")) &&
           !harness.Shown("r1/b.1", 1).empty();
  }));
  const pid_t child = std::stoi(harness.Shown("r1/b.1", 1));
  ASSERT_TRUE(engine.client().Call({{"op", "cancel"}, {"attempt", "r1/b.1"}, {"grace_ms", 100}}));
  EXPECT_EQ(Text(engine.WaitFor("finished", "r1/b.1"), "status"), "cancelled");
  EXPECT_TRUE(Eventually([child] { return !IsAlive(child); }));
}

TEST(Executor, CancelBeforeAWorkerIsThere) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Start(harness.Spec("b", "import time\ntime.sleep(600)"));
  ASSERT_TRUE(engine.client().Call({{"op", "cancel"}, {"attempt", "r1/b.1"}, {"grace_ms", 0}}));
  EXPECT_EQ(Text(engine.WaitFor("finished", "r1/b.1"), "status"), "cancelled");
  EXPECT_EQ(Text(engine.Run(harness.Spec("next", "pass")), "status"), "succeeded");
}

TEST(Executor, ClosedStdoutDoesNotEndTheBlock) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished =
      engine.Run(harness.Spec("b",
                              "import os, sys\nprint('seen', flush=True)\nos.close(1)\nsys.stdout = "
                              "sys.stderr\nprint('still here', flush=True)"));
  EXPECT_EQ(Text(finished, "status"), "succeeded") << json::serialize(finished);
  EXPECT_EQ(harness.Shown("r1/b.1", 1), "seen\n");
  EXPECT_EQ(harness.Shown("r1/b.1", 2), "still here\n");
}

TEST(Executor, ManyLinesArriveWholeAndInOrder) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished = engine.Run(harness.Spec("b", "for i in range(100_000): print(i)"));
  EXPECT_EQ(Text(finished, "status"), "succeeded");
  std::string expected;
  for (int i = 0; i < 100'000; ++i) expected += std::to_string(i) + "\n";
  EXPECT_TRUE(harness.Shown("r1/b.1", 1) == expected);
  EXPECT_EQ(finished.at("journal_bytes").as_int64(),
            static_cast<std::int64_t>(std::filesystem::file_size(harness.AttemptPath("r1/b.1", "journal"))));
}

TEST(Executor, OutputBeyondTheLimitIsDroppedAndCounted) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished =
      engine.Run(harness.Spec("b", "print('x' * 1_000_000)", {{"limits", {{"journal_bytes", 100'000}}}}));
  EXPECT_EQ(Text(finished, "status"), "succeeded");
  EXPECT_LT(finished.at("journal_bytes").as_int64(), 102'000);
  EXPECT_NE(harness.Shown("r1/b.1", 5).find("log_truncated"), std::string::npos);
}

TEST(Executor, DisplaysKeepTheirPlaceBetweenLines) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Run(harness.Spec(
      "b", "print('one', flush=True)\nemit('display', data={'text/plain': 'two'})\nprint('three')"));
  auto reader = JournalReader::Open(harness.AttemptPath("r1/b.1", "journal"));
  ASSERT_TRUE(reader);
  std::vector<JournalStream> order;
  for (;;) {
    auto record = reader->Next();
    if (!record || !*record) break;
    order.push_back((*record)->stream);
  }
  EXPECT_EQ(order, (std::vector{JournalStream::kStdout, JournalStream::kDisplay, JournalStream::kStdout,
                                JournalStream::kEnd}));
}

TEST(Executor, AnAttemptThatRanBeforeIsRefused) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object first = engine.Run(harness.Spec("b", "print('once')"));
  ASSERT_TRUE(engine.client().Call(
      {{"op", "ack"}, {"canvas", harness.canvas}, {"through", first.at("n").as_int64()}}));
  EXPECT_EQ(Text(engine.Run(harness.Spec("b", "print('twice')")), "status"), "failed");
  EXPECT_EQ(harness.Shown("r1/b.1", 1), "once\n");
}

TEST(Executor, AKilledWorkerIsACrash) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Start(harness.Spec("b", "import time\ntime.sleep(600)"));
  const json::object started = engine.WaitFor("started", "r1/b.1");
  ::kill(static_cast<pid_t>(started.at("pid").as_int64()), SIGKILL);
  EXPECT_NE(FailureField(engine.WaitFor("finished", "r1/b.1"), "message").find("SIGKILL"), std::string::npos);
}

TEST(Executor, ADamagedInputIsNamedWithTheBlockThatMakesItAnew) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Run(harness.Spec("load", "keep('x', b'content of x')"));
  auto manifest = ReadFile(harness.AttemptPath("r1/load.1", "manifest.json"));
  ASSERT_TRUE(manifest);
  auto parsed = ParseJson(*manifest, "manifest");
  ASSERT_TRUE(parsed);
  const json::value state = parsed->at("state");
  const std::string object = OnlyObject(harness, *manifest);
  EXPECT_EQ(Text(engine.Run(harness.Spec("fine", "pass", {{"state", state}, {"load", {"x"}}})), "status"),
            "succeeded");

  std::filesystem::permissions(object, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  ASSERT_TRUE(WriteFileAtomically(object, "content of y"));
  const json::object damaged = engine.Run(harness.Spec("torn", "pass", {{"state", state}, {"load", {"x"}}}));
  EXPECT_EQ(FailureField(damaged, "kind"), "damaged");
  EXPECT_NE(FailureField(damaged, "message").find(object), std::string::npos);
  EXPECT_NE(FailureField(damaged, "message").find("`load`"), std::string::npos);
  EXPECT_EQ(Text(engine.Run(harness.Spec("unused", "pass", {{"state", state}})), "status"), "succeeded");

  std::filesystem::remove(object);
  EXPECT_EQ(
      FailureField(engine.Run(harness.Spec("gone", "pass", {{"state", state}, {"load", {"x"}}})), "kind"),
      "damaged");
  // The block that made it makes it again.
  json::object again =
      harness.Spec("load", "keep('x', b'content of x')", {{"attempt", "r1/load.2"}, {"epoch", 2}});
  EXPECT_EQ(Text(engine.Run(again), "status"), "succeeded");
  EXPECT_EQ(Text(engine.Run(harness.Spec("healed", "pass", {{"state", state}, {"load", {"x"}}})), "status"),
            "succeeded");
}

TEST(Executor, WhatWasStoredOrVerifiedIsNotReadAgain) {
  ExecutorHarness harness;
  std::string object;
  json::value state;
  {
    TestEngine engine(harness.launch, harness.canvas);
    engine.Run(harness.Spec("load", "keep('x', b'content of x')"));
    const auto manifest = ReadFile(harness.AttemptPath("r1/load.1", "manifest.json"));
    ASSERT_TRUE(manifest);
    state = ParseJson(*manifest, "manifest")->at("state");
    object = OnlyObject(harness, *manifest);
  }
  struct stat info{};
  ASSERT_EQ(::stat(object.c_str(), &info), 0);
  const std::string name = object.substr(object.rfind('/') + 1);
  EXPECT_TRUE(ObjectStamps(harness.state_root).Holds(name, info)) << "stamped when it was stored";
  // Lost stamps are made anew by whoever needs the object.
  std::filesystem::remove(harness.state_root + "/stamps");
  ASSERT_EQ(::utimensat(AT_FDCWD, object.c_str(), nullptr, 0), 0);
  TestEngine engine(harness.launch, harness.canvas);
  EXPECT_EQ(Text(engine.Run(harness.Spec("next", "pass", {{"state", state}, {"load", {"x"}}})), "status"),
            "succeeded");
  ASSERT_EQ(::stat(object.c_str(), &info), 0);
  EXPECT_TRUE(ObjectStamps(harness.state_root).Holds(name, info));
}

TEST(Executor, AnObjectThatIsStoredAgainIsYoung) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  engine.Run(harness.Spec("load", "keep('x', b'content of x')"));
  const std::string object =
      OnlyObject(harness, *ReadFile(harness.AttemptPath("r1/load.1", "manifest.json")));
  const timespec old[2] = {{1, 0}, {1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, object.c_str(), old, 0), 0);
  engine.Run(harness.Spec("same", "keep('x', b'content of x')"));
  struct stat info{};
  ASSERT_EQ(::stat(object.c_str(), &info), 0);
  EXPECT_GT(info.st_mtim.tv_sec, 1'000'000) << "the collection must see that it is used";
}

TEST(Executor, AnObjectThatIsNotWhatItsNameSaysIsNotStored) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished =
      engine.Run(harness.Spec("b", "store(b'other', '" + DigestOf("content") + "')"));
  EXPECT_EQ(FailureField(finished, "kind"), "capture");
  const json::object linked = engine.Run(harness.Spec(
      "c", "import os\nd = '" + DigestOf("content") +
               "'\nos.symlink('/etc/passwd', os.path.join(spec['staging'], d))\nresult(objects=[d])"));
  EXPECT_EQ(FailureField(linked, "kind"), "capture");
}

TEST(Executor, AWorkerThatBreaksTheProtocolFailsItsBlockOnly) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  EXPECT_EQ(FailureField(engine.Run(harness.Spec(
                             "a", "channel.sendall(b'\\xff\\xff\\xff\\xff')\nimport time; time.sleep(600)")),
                         "kind"),
            "sandbox");
  EXPECT_EQ(FailureField(engine.Run(harness.Spec(
                             "b", "channel.sendall(b'\\3\\0\\0\\0abc')\nimport time; time.sleep(600)")),
                         "kind"),
            "sandbox");
  EXPECT_EQ(FailureField(engine.Run(harness.Spec("c", "result(status='great')")), "kind"), "capture");
  EXPECT_EQ(
      FailureField(engine.Run(harness.Spec(
                       "d", "result(state={'variables': {}, 'slots': {'r1/x.1#0': {'object': 'nothing'}}})")),
                   "kind"),
      "capture");
  EXPECT_EQ(
      FailureField(engine.Run(harness.Spec("e", "result(status='failed', failure={'kind': 'timeout'})")),
                   "kind"),
      "capture");
  EXPECT_EQ(Text(engine.Run(harness.Spec("f", "pass")), "status"), "succeeded");
}

TEST(Executor, AFullDiskFailsTheBlockAndNothingElse) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  // The executor's own limit on file sizes stands in for a full disk: writes fail for it as they would there.
  auto status = ExecutorStatus(harness.launch.folder);
  ASSERT_TRUE(status);
  const auto pid = static_cast<pid_t>(status->at("pid").as_int64());
  rlimit old{}, small{.rlim_cur = 100'000, .rlim_max = RLIM_INFINITY};
  ASSERT_EQ(::prlimit(pid, RLIMIT_FSIZE, nullptr, &old), 0);
  small.rlim_max = old.rlim_max;
  ASSERT_EQ(::prlimit(pid, RLIMIT_FSIZE, &small, nullptr), 0);
  const json::object finished =
      engine.Run(harness.Spec("b", "print('x' * 1_000_000)\nimport time\ntime.sleep(600)"));
  EXPECT_EQ(FailureField(finished, "kind"), "disk_full") << json::serialize(finished);
  ASSERT_EQ(::prlimit(pid, RLIMIT_FSIZE, &old, nullptr), 0);
  EXPECT_EQ(Text(engine.Run(harness.Spec("c", "pass")), "status"), "succeeded");
  EXPECT_TRUE(Eventually([&] { return std::filesystem::is_empty(harness.state_root + "/staging"); }));
}

}  // namespace
}  // namespace easel
