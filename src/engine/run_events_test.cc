#include "engine/run_events.h"

#include <gtest/gtest.h>

#include "canvas/graph.h"

namespace easel {
namespace {

JournalRecord Out(std::string bytes) {
  return {.stream = JournalStream::kStdout, .payload = std::move(bytes)};
}

std::string All(const std::vector<std::string>& pieces) {
  std::string carry, out;
  for (const std::string& piece : pieces) out += ToUtf8(piece, carry);
  return out;
}

TEST(Utf8, ACharacterSplitAnywhereComesOutWhole) {
  const std::string text = "aé€😀z";
  for (std::size_t cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(All({text.substr(0, cut), text.substr(cut)}), text) << cut;
  std::vector<std::string> bytes;
  for (const char c : text) bytes.emplace_back(1, c);
  EXPECT_EQ(All(bytes), text);
}

TEST(Utf8, HostileBytesBecomeReplacementCharacters) {
  const std::string r = "\xef\xbf\xbd";
  EXPECT_EQ(All({"a\xff\xfe"
                 "b"}),
            "a" + r + r + "b");
  EXPECT_EQ(All({"\xc0\xaf"}), r + r);                  // overlong '/'
  EXPECT_EQ(All({"\xed\xa0\x80"}), r + r + r);          // a surrogate
  EXPECT_EQ(All({"\xf4\x90\x80\x80"}), r + r + r + r);  // beyond U+10FFFF
  EXPECT_EQ(All({"\xe2\x82", "x"}), r + r + "x");       // cut off for good
  EXPECT_EQ(All({std::string("a\0b", 3)}), std::string("a\0b", 3));
}

TEST(Utf8, AllPairsOfBytesGiveTextThatJsonTakes) {
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      const std::string text = All({{static_cast<char>(a), static_cast<char>(b)}, "."});
      EXPECT_TRUE(ParseJson(json::serialize(json::string(text)), "text")) << a << " " << b;
      EXPECT_EQ(text.back(), '.');
    }
}

TEST(JournalEvents, TextOfOneStreamIsJoinedAndStreamsStayInOrder) {
  JournalEvents events("load");
  std::vector<json::object> out;
  events.Add(Out("a"), out);
  events.Add(Out("b"), out);
  events.Add({.stream = JournalStream::kStderr, .payload = "e"}, out);
  events.Add(Out("c"), out);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(json::serialize(out[0]),
            R"({"event":"block.output","block":"load","stream":"stdout","text":"ab","end":2})");
  EXPECT_EQ(out[1].at("stream"), "stderr");
  EXPECT_EQ(out[2].at("text"), "c");
}

TEST(JournalEvents, EachStreamKeepsItsOwnHalfCharacter) {
  JournalEvents events("load");
  std::vector<json::object> out;
  events.Add(Out("\xe2\x82"), out);
  EXPECT_TRUE(out.empty());
  events.Add({.stream = JournalStream::kStderr, .payload = "e"}, out);
  events.Add(Out("\xac"), out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].at("text"), "e");
  EXPECT_EQ(out[1].at("text"), "€");
}

TEST(JournalEvents, EachEventSaysHowFarItReaches) {
  JournalEvents events("load");
  std::vector<json::object> out;
  const auto add = [&](JournalStream stream, std::string payload) {
    events.Add({.stream = stream, .payload = std::move(payload)}, out);
  };
  add(JournalStream::kStdout, "a\xf0\x9f");
  EXPECT_EQ(out.back().at("end"), 1);
  add(JournalStream::kStdout,
      "\x98\x80\xff");  // the rest of an emoji, which browsers count as two; and no character
  EXPECT_EQ(out.back().at("end"), 4);
  add(JournalStream::kStderr, "é");
  EXPECT_EQ(out.back().at("end"), 1);
  add(JournalStream::kDisplay, R"({"data": {}})");
  EXPECT_EQ(out.back().at("end"), 1);
  add(JournalStream::kNotice, "not JSON: nothing is told of it, but it counts");
  add(JournalStream::kError, R"({"ename": "E", "end": 99})");
  EXPECT_EQ(out.back().at("end"), 3);

  // Begun in the middle, with what was left of a character there.
  JournalPlace half;
  (void)half.Pass(Out("ab\xe2\x82"));
  JournalEvents rest("load", half);
  std::vector<json::object> later;
  rest.Add(Out("\xac"), later);
  EXPECT_EQ(later.at(0).at("text"), "€");
  EXPECT_EQ(later.at(0).at("end"), 3);
}

TEST(JournalEvents, FramesTakeTheirNameFromTheStreamNotFromTheWorker) {
  JournalEvents events("load");
  std::vector<json::object> out;
  events.Add({.stream = JournalStream::kDisplay,
              .payload = R"({"event": "run.finished", "block": "other", "data": {"text/plain": "1"}})"},
             out);
  events.Add({.stream = JournalStream::kError, .payload = R"({"ename": "ValueError"})"}, out);
  events.Add({.stream = JournalStream::kDisplay, .payload = "not JSON"}, out);
  events.Add({.stream = JournalStream::kDisplay, .payload = "[1]"}, out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[0].at("event"), "block.display");
  EXPECT_EQ(out[0].at("block"), "load");
  EXPECT_EQ(out[1].at("event"), "block.error");
}

TEST(RunEvents, HaveTheNamesOfTheContract) {
  const Canvas canvas = *MakeCanvas({{.name = "load"}, {.name = "clean"}}, {{"load", "clean"}});
  const RunId run{"r1"};
  EXPECT_EQ(ToEvent(RunStarted{RunMode::kTo}, run, canvas).at("mode"), "to");
  const json::object finished =
      ToEvent(BlockFinished{.block = 0, .outcome = Outcome::kUpToDate, .reason = "same"}, run, canvas);
  EXPECT_EQ(finished.at("event"), "block.finished");
  EXPECT_EQ(finished.at("block"), "load");
  EXPECT_EQ(finished.at("status"), "up_to_date");
  EXPECT_FALSE(finished.contains("attempt"));
  RunFinished end{.status = "failed"};
  end.failed = {0};
  end.skipped = {1};
  const json::object over = ToEvent(end, run, canvas);
  EXPECT_EQ(json::serialize(over.at("failed")), R"(["load"])");
  EXPECT_EQ(json::serialize(over.at("skipped")), R"(["clean"])");
  for (const char* field :
       {"run", "status", "ran", "up_to_date", "restored", "failed", "skipped", "cancelled", "seconds"})
    EXPECT_TRUE(over.contains(field)) << field;
}

}  // namespace
}  // namespace easel
