// The wire of the executor protocol: splitting, and the vectors that the Python side reads, too.
#include "executor/protocol.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "executor/attempt_spec.h"
#include "executor/worker_message.h"

namespace easel {
namespace {

json::value Vectors(const std::string& name) {
  auto text = ReadFile(EASEL_SOURCE_DIR "/contracts/vectors/executor_protocol/" + name);
  EXPECT_TRUE(text) << text.error().message;
  auto value = ParseJson(text.value_or("null"), name);
  EXPECT_TRUE(value) << value.error().message;
  return value.value_or(json::value());
}

TEST(LineSplitter, LinesInPiecesComeOutWhole) {
  LineSplitter splitter(100);
  std::vector<std::string> lines;
  for (const char byte : std::string("{\"a\":1}\n\nsecond\nthird"))
    ASSERT_TRUE(splitter.Feed({&byte, 1}, lines));
  EXPECT_EQ(lines, (std::vector<std::string>{"{\"a\":1}", "second"}));
  ASSERT_TRUE(splitter.Feed(" line\n", lines));
  EXPECT_EQ(lines.back(), "third line");
}

TEST(LineSplitter, ALineWithoutEndIsRefusedBeforeItFillsMemory) {
  LineSplitter splitter(10);
  std::vector<std::string> lines;
  EXPECT_TRUE(splitter.Feed("0123456789", lines));
  EXPECT_EQ(splitter.Feed("x", lines).error().reason, "FRAME_TOO_LARGE");
}

TEST(FrameSplitter, FramesInPiecesComeOutWhole) {
  const std::string stream = EncodeFrame("first") + EncodeFrame("") + EncodeFrame(std::string(300, 'x'));
  for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{7}, stream.size()}) {
    FrameSplitter splitter(1000);
    std::vector<std::string> frames;
    for (std::size_t at = 0; at < stream.size(); at += step)
      ASSERT_TRUE(splitter.Feed(std::string_view(stream).substr(at, step), frames));
    EXPECT_EQ(frames, (std::vector<std::string>{"first", "", std::string(300, 'x')}));
  }
}

TEST(FrameSplitter, AnAnnouncedLengthBeyondTheLimitIsRefused) {
  FrameSplitter splitter(1000);
  std::vector<std::string> frames;
  EXPECT_EQ(splitter.Feed("\xff\xff\xff\x7f", frames).error().reason, "FRAME_TOO_LARGE");
}

TEST(Request, NeedsAnIdAndAnOperation) {
  EXPECT_EQ(ParseRequest(R"({"id": 7, "op": "status"})").value().op, "status");
  EXPECT_FALSE(ParseRequest(R"({"op": "status"})"));
  EXPECT_FALSE(ParseRequest(R"({"id": 1})"));
  EXPECT_FALSE(ParseRequest("[]"));
  EXPECT_FALSE(ParseRequest(R"({"id": 1, "op": "status"} x)"));
}

TEST(Request, ErrorsSurviveTheWire) {
  const Error error{Code::kFailedPrecondition, "ATTEMPTS_RUNNING", "2 blocks are running"};
  auto line = ParseJson(ErrorLine(3, error), "answer");
  ASSERT_TRUE(line);
  const Error back = ErrorFromJson(line->at("error").as_object());
  EXPECT_EQ(back.code, error.code);
  EXPECT_EQ(back.reason, error.reason);
  EXPECT_EQ(back.message, error.message);
}

TEST(WorkerMessage, Vectors) {
  const json::value vectors = Vectors("worker_messages.json");
  for (const json::value& item : vectors.at("accepted").as_array()) {
    const std::string frame = json::serialize(item.at("frame"));
    EXPECT_TRUE(ParseWorkerMessage(frame)) << frame;
  }
  for (const json::value& item : vectors.at("refused").as_array()) {
    const std::string frame = json::serialize(item.at("frame"));
    EXPECT_FALSE(ParseWorkerMessage(frame)) << frame << ": " << item.at("why").as_string();
  }
}

json::value WithDigests(const json::value& value) {
  std::string text = json::serialize(value);
  for (const auto& [name, letter] : {std::pair{"\"digest\"", 'a'}, std::pair{"\"inherited\"", 'b'}})
    for (std::size_t at = text.find(name); at != std::string::npos; at = text.find(name, at))
      text.replace(at, std::string_view(name).size(), "\"" + std::string(64, letter) + "\"");
  return ParseJson(text, "vector").value();
}

TEST(AttemptResult, Vectors) {
  const json::value vectors = Vectors("results.json");
  AttemptSpec spec;
  spec.inherited_objects.insert(std::string(64, 'b'));
  for (const json::value& item : vectors.at("accepted").as_array()) {
    auto result = ReadAttemptResult(WithDigests(item).as_object(), spec);
    EXPECT_TRUE(result) << json::serialize(item) << ": " << result.error().message;
  }
  for (const json::value& item : vectors.at("refused").as_array())
    EXPECT_FALSE(ReadAttemptResult(WithDigests(item).as_object(), spec)) << json::serialize(item);
}

TEST(AttemptSpec, Vectors) {
  const json::value vectors = Vectors("specs.json");
  const json::object good = vectors.at("spec").as_object();
  auto accepted = ReadAttemptSpec(good);
  ASSERT_TRUE(accepted) << accepted.error().message;
  EXPECT_EQ(accepted->limits.timeout_ms, 1'800'000);
  for (const json::value& item : vectors.at("refused").as_array()) {
    json::object changed = good;
    for (const auto& [field, value] : item.at("change").as_object())
      if (value.is_null()) {
        changed.erase(field);
      } else {
        changed[field] = value;
      }
    auto refused = ReadAttemptSpec(changed);
    ASSERT_FALSE(refused) << json::serialize(item);
    EXPECT_NE(refused.error().message.find(std::string(item.at("names").as_string())), std::string::npos)
        << json::serialize(item) << ": " << refused.error().message;
  }
}

TEST(AttemptSpec, NeedsTheObjectsOfWhatItLoadsAndWhatThatRefersTo) {
  json::object document = Vectors("specs.json").at("spec").as_object();
  const auto slot = [](char letter, json::array refs) {
    return json::object{{"object", std::string(64, letter)}, {"refs", std::move(refs)}};
  };
  document["state"] = {{"variables", {{"x", {{"slot", "r0/a.1#0"}}}, {"y", {{"slot", "r0/b.1#0"}}}}},
                       {"slots",
                        {{"r0/a.1#0", slot('a', {"r0/model.2#4"})},
                         {"r0/model.2#4", slot('c', {"r0/a.1#0"})},
                         {"r0/b.1#0", slot('b', {})}}}};
  document["load"] = {"x", "unknown"};
  auto spec = ReadAttemptSpec(document);
  ASSERT_TRUE(spec) << spec.error().message;
  EXPECT_EQ(spec->needed,
            (std::set<NeededObject>{{std::string(64, 'a'), "a"}, {std::string(64, 'c'), "model"}}));
  EXPECT_EQ(spec->inherited_objects.size(), 3U);
}

}  // namespace
}  // namespace easel
