// One attempt from `start` to `finished`, and everything that can happen on the way, with fake zygotes.
#include "executor/executor.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/digest.h"
#include "base/file.h"
#include "executor/executor_harness.h"

namespace easel {
namespace {

std::string Text(const json::object& object, std::string_view field) {
  const json::value* found = object.if_contains(field);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

std::string FailureField(const json::object& finished, std::string_view field) {
  const json::value* failure = finished.if_contains("failure");
  return failure != nullptr && failure->is_object() ? Text(failure->get_object(), field) : "";
}

TEST(Executor, SuccessLeavesObjectsManifestAndJournal) {
  ExecutorHarness harness;
  TestEngine engine(harness.launch, harness.canvas);
  const json::object finished = engine.Run(harness.Spec("load", "print('hello')\nkeep('x', b'content of x')"));
  ASSERT_EQ(Text(finished, "status"), "succeeded") << json::serialize(finished);
  auto manifest = ReadFile(harness.AttemptPath("r1/load.1", "manifest.json"));
  ASSERT_TRUE(manifest) << manifest.error().message;
  EXPECT_EQ(DigestOf(*manifest), Text(finished, "manifest"));
  const std::string digest = DigestOf("content of x");
  const std::string object = harness.state_root + "/objects/" + digest.substr(0, 2) + "/" + digest;
  EXPECT_EQ(ReadFile(object).value_or(""), "content of x");
  EXPECT_EQ(std::filesystem::status(object).permissions(), std::filesystem::perms{0444});
  EXPECT_EQ(harness.Shown("r1/load.1", 1), "hello\n");
  EXPECT_EQ(engine.numbers(), (std::vector<std::int64_t>{1, 2, 3, 4}));
}

}  // namespace
}  // namespace easel

int main(int argc, char** argv) { return easel::ExecutorTestMain(argc, argv); }
