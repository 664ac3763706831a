#include "hub/peers.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

struct FakeLink final : PeerLink {
  void Send(std::shared_ptr<const std::string> message) override { messages.push_back(std::move(message)); }
  void End(std::string reason, std::string) override { ended = std::move(reason); }
  json::object Last() const { return ParseJson(*messages.back(), "message")->get_object(); }
  std::vector<std::shared_ptr<const std::string>> messages;
  std::string ended;
};

json::object Output(const std::string& text) {
  return {{"event", "block.output"}, {"block", "a"}, {"stream", "stdout"}, {"text", text}};
}

TEST(Peers, WhatIsTheSameIsWrittenOnce) {
  Peers peers;
  std::vector<std::shared_ptr<FakeLink>> links;
  for (int i = 0; i < 2000; ++i) peers.Add(links.emplace_back(std::make_shared<FakeLink>()), 0);
  peers.now().SetState("a", R"({"block":"a","state":"running","reason":""})");
  EXPECT_EQ(peers.Flush(100), 60'100);
  for (const auto& link : links) {
    ASSERT_EQ(link->messages.size(), 1u);
    EXPECT_EQ(link->messages[0], links[0]->messages[0]);  // the very same
  }
  EXPECT_EQ(*links[0]->messages[0],
            R"({"type":"batch","batch":1,"states":[{"block":"a","state":"running","reason":""}]})");
  EXPECT_EQ(peers.kept_ticks(), 0u);
}

TEST(Peers, AtMostOneBatchIn16Milliseconds) {
  Peers peers;
  auto link = std::make_shared<FakeLink>();
  peers.Add(link, 0);
  peers.now().AddEvent(Output("a"));
  peers.Flush(100);
  peers.now().AddEvent(Output("b"));
  EXPECT_EQ(peers.Flush(105), 116);
  EXPECT_EQ(link->messages.size(), 1u);
  peers.Flush(116);
  EXPECT_EQ(link->messages.size(), 2u);
}

TEST(Peers, ABatchDoesNotOvertakeTheLastOnesDelivery) {
  Peers peers;
  std::vector<std::shared_ptr<FakeLink>> links;
  for (int i = 0; i < 2000; ++i) peers.Add(links.emplace_back(std::make_shared<FakeLink>()), 0);
  peers.now().AddEvent(Output("a"));
  peers.Flush(100);
  peers.now().AddEvent(Output("b"));
  EXPECT_EQ(peers.Flush(120), 166);
  EXPECT_EQ(links[0]->messages.size(), 1u);
  peers.Flush(166);
  EXPECT_EQ(links[0]->messages.size(), 2u);
}

TEST(Peers, WhoDoesNotAcknowledgeGetsAllOfItLaterAndDisturbsNobody) {
  Peers peers;
  auto slow = std::make_shared<FakeLink>(), quick = std::make_shared<FakeLink>();
  const PeerId slow_id = peers.Add(slow, 0), quick_id = peers.Add(quick, 0);
  for (int i = 1; i <= 1000; ++i) {
    peers.now().AddOperation("{\"seq\":" + std::to_string(i) + "}");
    peers.now().SetState("a", "{\"n\":" + std::to_string(i) + "}");
    peers.now().AddEvent(Output(std::string(1000, 'x') + std::to_string(i) + "\n"));
    peers.Flush(100 + i * 16);
    peers.Acknowledge(quick_id, quick->Last().at("batch").to_number<std::int64_t>(), 100 + i * 16);
  }
  EXPECT_EQ(quick->messages.size(), 1000u);
  EXPECT_EQ(slow->messages.size(), 4u);
  EXPECT_LE(peers.kept_ticks(), 20u);  // folded, not copied
  peers.Acknowledge(slow_id, 4, 100 + 1000 * 16);
  peers.Flush(100 + 1001 * 16);
  ASSERT_EQ(slow->messages.size(), 5u);
  const json::object batch = slow->Last();
  EXPECT_EQ(batch.at("operations").get_array().size(), 996u);
  EXPECT_EQ(batch.at("operations").get_array()[0].at("seq"), 5);
  EXPECT_EQ(batch.at("states").get_array().size(), 1u);
  EXPECT_EQ(batch.at("states").get_array()[0].at("n"), 1000);
  const json::object& event = batch.at("events").get_array()[0].get_object();
  EXPECT_LE(event.at("text").get_string().size(), Tick::kMaxText);
  EXPECT_TRUE(event.at("text").get_string().ends_with("1000\n"));
  EXPECT_GT(event.at("cut_bytes").to_number<std::int64_t>(), 900'000);
  EXPECT_EQ(quick->messages.size(), 1000u);
  EXPECT_EQ(peers.kept_ticks(), 0u);
}

TEST(Peers, SilenceEndsAConnection) {
  Peers peers;
  auto link = std::make_shared<FakeLink>();
  const PeerId id = peers.Add(link, 0);
  peers.Flush(100'000);  // nothing was sent, so nothing was to be acknowledged
  EXPECT_EQ(link->ended, "");
  peers.now().AddEvent(Output("a"));
  EXPECT_EQ(peers.Flush(100'100), 160'100);
  peers.Flush(160'100);
  EXPECT_EQ(link->ended, "PEER_SILENT");
  EXPECT_EQ(peers.TakeEnded(), std::vector<PeerId>{id});
  EXPECT_TRUE(peers.empty());
}

TEST(Peers, RefusalsAreTheirOwnersAlone) {
  Peers peers;
  auto one = std::make_shared<FakeLink>(), other = std::make_shared<FakeLink>();
  const PeerId id = peers.Add(one, 0);
  peers.Add(other, 0);
  peers.Refuse(id, R"({"token":"t"})");
  peers.Flush(100);
  EXPECT_EQ(*one->messages.at(0), R"({"type":"batch","batch":1,"refused":[{"token":"t"}]})");
  EXPECT_TRUE(other->messages.empty());
}

TEST(Peers, WhoComesIsNotToldWhatWasBefore) {
  Peers peers;
  auto one = std::make_shared<FakeLink>(), other = std::make_shared<FakeLink>();
  peers.Add(one, 0);
  peers.now().AddOperation("{\"seq\":1}");
  peers.Add(other, 0);
  peers.now().AddOperation("{\"seq\":2}");
  peers.Flush(100);
  EXPECT_EQ(one->Last().at("operations").get_array().size(), 2u);
  EXPECT_EQ(other->Last().at("operations").get_array().size(), 1u);
}

TEST(Peers, WhatHappenedJustBeforeSomebodyCameReachesTheOthers) {
  Peers peers;
  auto one = std::make_shared<FakeLink>(), other = std::make_shared<FakeLink>();
  peers.Add(one, 0);
  EXPECT_EQ(peers.Flush(50), -1);
  peers.now().AddOperation("{\"seq\":1}");
  peers.Add(other, 100);
  peers.Flush(100);
  ASSERT_EQ(one->messages.size(), 1u);
  EXPECT_EQ(one->Last().at("operations").get_array().size(), 1u);
  EXPECT_TRUE(other->messages.empty());
}

TEST(Peers, AnAcknowledgementThatChangesNothingAsksForNothing) {
  Peers peers;
  auto link = std::make_shared<FakeLink>();
  const PeerId id = peers.Add(link, 0);
  peers.now().AddOperation("{\"seq\":1}");
  EXPECT_EQ(peers.Flush(100), 60'100);
  peers.Acknowledge(id, 1, 200);
  EXPECT_EQ(peers.Flush(200), 60'100);  // looks once more then, and finds that nobody is silent
  EXPECT_EQ(peers.Flush(60'100), -1);
  EXPECT_EQ(link->ended, "");
  EXPECT_EQ(link->messages.size(), 1u);
}

TEST(Tick, ATextThatBeginsAnewIsNotTheOneBefore) {
  Tick tick, later;
  tick.AddText("a", 5, "{}");
  later.BeginText("a");
  later.AddText("a", 1, "{\"new\":1}");
  tick.Append(later);
  EXPECT_EQ(tick.Members(), R"("texts":[{"block":"a","version":1,"updates":[{"new":1}]}])");
}

}  // namespace
}  // namespace easel
