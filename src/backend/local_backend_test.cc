// An engine's view of the executor: attach, run, come back, and replace an executor of another build.
#include "backend/local_backend.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <condition_variable>
#include <mutex>

#include "backend/fake_backend.h"
#include "executor/executor_harness.h"

namespace easel {
namespace {

class Recorder {
 public:
  Backend::Listener listener() {
    return {.on_event = [this](BackendEvent event) { Add(std::move(event)); },
            .on_lost = [this](std::string) { Add({.body = {{"event", "lost"}}}); }};
  }
  BackendEvent WaitFor(const std::string& name) {
    std::unique_lock lock(mutex_);
    std::size_t seen = 0;
    for (;;) {
      for (; seen < events_.size(); ++seen)
        if (events_[seen].body.at("event") == json::value(name)) return events_[seen];
      if (came_.wait_for(lock, std::chrono::seconds(30)) == std::cv_status::timeout) {
        ADD_FAILURE() << "no event " << name;
        return {};
      }
    }
  }

 private:
  void Add(BackendEvent event) {
    std::lock_guard lock(mutex_);
    events_.push_back(std::move(event));
    came_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<BackendEvent> events_;
};

std::int64_t FromTheStart(const std::string&) { return 0; }

TEST(LocalBackend, RunsAnAttemptAndAcknowledgesIt) {
  ExecutorHarness harness;
  LocalBackend backend({.canvas = harness.canvas, .launch = harness.launch});
  Recorder recorder;
  auto attached = backend.Attach(FromTheStart, recorder.listener());
  ASSERT_TRUE(attached) << attached.error().message;
  EXPECT_TRUE(attached->empty());
  ASSERT_TRUE(backend.Start(harness.Spec("b", "print('hello')")));
  const BackendEvent finished = recorder.WaitFor("finished");
  EXPECT_EQ(finished.body.at("status"), json::value("succeeded"));
  EXPECT_FALSE(finished.executor.empty());
  backend.Acknowledge(finished.number);
  LocalBackend next({.canvas = harness.canvas, .launch = harness.launch});
  Recorder other;
  auto again = next.Attach(
      [&](const std::string& instance) { return instance == finished.executor ? finished.number : 0; },
      other.listener());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->empty());
  EXPECT_EQ(recorder.WaitFor("lost").number, 0);
}

TEST(LocalBackend, SaysWhenTheExecutorWentAwayAndAttachesAnew) {
  ExecutorHarness harness;
  LocalBackend backend({.canvas = harness.canvas, .launch = harness.launch});
  Recorder recorder;
  ASSERT_TRUE(backend.Attach(FromTheStart, recorder.listener()));
  ::kill(static_cast<pid_t>(backend.hello().at("pid").as_int64()), SIGKILL);
  recorder.WaitFor("lost");
  EXPECT_EQ(backend.Start(harness.Spec("b", "pass")).error().code, Code::kUnavailable);
  Recorder second;
  ASSERT_TRUE(backend.Attach(FromTheStart, second.listener()));
  ASSERT_TRUE(backend.Start(harness.Spec("b", "pass")));
  EXPECT_EQ(second.WaitFor("finished").body.at("status"), json::value("succeeded"));
}

TEST(LocalBackend, KeepsAnExecutorOfAnotherBuildWhileItHasAttemptsOfTheCanvas) {
  ExecutorHarness harness;
  std::string old_instance;
  std::int64_t last = 0;
  {
    LocalBackend backend({.canvas = harness.canvas, .launch = harness.launch});
    Recorder recorder;
    ASSERT_TRUE(backend.Attach(FromTheStart, recorder.listener()));
    ASSERT_TRUE(backend.Start(harness.Spec("b", "pass")));
    const BackendEvent finished = recorder.WaitFor("finished");
    old_instance = finished.executor;
    last = finished.number;
  }
  {
    LocalBackend other_build({.canvas = harness.canvas, .launch = harness.launch, .build = "another"});
    Recorder recorder;
    auto attached = other_build.Attach(FromTheStart, recorder.listener());
    ASSERT_TRUE(attached);
    EXPECT_EQ(attached->size(), 1U);
    EXPECT_EQ(recorder.WaitFor("finished").executor, old_instance);
    other_build.Acknowledge(last);
    ASSERT_TRUE(other_build.Cancel("r1/none.1", 0).error().code ==
                Code::kNotFound);  // behind the acknowledgement
  }
  LocalBackend other_build({.canvas = harness.canvas, .launch = harness.launch, .build = "another"});
  Recorder recorder;
  ASSERT_TRUE(other_build.Attach(FromTheStart, recorder.listener()));
  EXPECT_NE(json::value(other_build.hello().at("executor")), json::value(old_instance));
}

TEST(FakeBackend, DeliversWhatATestFeeds) {
  FakeBackend backend;
  std::vector<BackendEvent> events;
  ASSERT_TRUE(backend.Attach(
      FromTheStart,
      {.on_event = [&](BackendEvent event) { events.push_back(std::move(event)); }, .on_lost = {}}));
  ASSERT_TRUE(backend.Start({{"attempt", "r1/b.1"}}));
  backend.Feed("r1/b.1", "started", {{"pid", 1}});
  backend.Feed("r1/b.1", "log", {{"to", 16}});
  backend.Feed("r1/b.1", "finished", {{"status", "succeeded"}});
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].number, 1);
  EXPECT_EQ(events[1].number, 0);
  EXPECT_EQ(events[2].number, 2);
}

}  // namespace
}  // namespace easel

int main(int argc, char** argv) { return easel::ExecutorTestMain(argc, argv); }
