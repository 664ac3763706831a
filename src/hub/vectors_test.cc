// contracts/vectors: what web/src/model and CodeMirror say, too.
#include <gtest/gtest.h>

#include "base/file.h"
#include "hub/canvas_model.h"
#include "hub/text_change.h"

namespace easel {
namespace {

json::value Vectors(const std::string& name) {
  const auto text = ReadFile(std::string(EASEL_SOURCE_DIR) + "/contracts/vectors/" + name);
  EXPECT_TRUE(text);
  return *ParseJson(*text, name);
}

std::string Shown(const CanvasModel& model) {
  std::map<std::string, std::string> out;
  for (const LiveBlock* block : model.Blocks()) {
    std::string& one = out[block->id];
    one = json::serialize(ToJson(*block));
    for (const std::string& parent : model.ParentsOf(block->id)) one += " " + parent;
  }
  std::string all;
  for (const auto& [id, one] : out) all += one + "\n";
  return all;
}

CanvasModel Start(const json::value& vectors) {
  CanvasModel model;
  for (const json::value& block : vectors.at("start").at("blocks").get_array())
    EXPECT_TRUE(model.Apply({AddBlocks{{*LiveBlockFromJson(block)}, {}}}));
  for (const json::value& edge : vectors.at("start").at("edges").get_array())
    EXPECT_TRUE(model.Apply({ConnectBlocks{
        {{std::string(edge.at("parent").get_string()), std::string(edge.at("child").get_string())}, {}}}}));
  return model;
}

TEST(Vectors, Changes) {
  const json::value vectors = Vectors("changes/cases.json");
  for (const json::value& one : vectors.at("cases").get_array()) {
    SCOPED_TRACE(one.at("name").get_string());
    CanvasModel model = Start(vectors);
    const std::string before = Shown(model);
    const auto change = ChangeFromJson(one.at("change"));
    ASSERT_TRUE(change) << change.error().message;
    const auto applied = model.Apply(*change);
    if (const json::value* refused = one.as_object().if_contains("refused")) {
      ASSERT_FALSE(applied);
      EXPECT_EQ(applied.error().reason, refused->get_string());
      if (const json::value* path = one.as_object().if_contains("path")) {
        EXPECT_EQ(json::value(json::array(applied.error().path.begin(), applied.error().path.end())), *path);
      }
      EXPECT_EQ(Shown(model), before);
      continue;
    }
    ASSERT_TRUE(applied) << applied.error().message;
    const json::object& then = one.at("then").get_object();
    const auto each = [&](const char* what, auto&& check) {
      if (const json::value* of = then.if_contains(what))
        for (const auto& member : of->get_object()) check(model.Find(member.key()), member.value());
    };
    each("names", [](const LiveBlock* block, const json::value& name) {
      EXPECT_EQ(block == nullptr, name.is_null());
      if (block != nullptr) {
        EXPECT_EQ(block->name, name.get_string());
      }
    });
    each("code",
         [](const LiveBlock* block, const json::value& code) { EXPECT_EQ(block->code, code.get_string()); });
    each("at", [](const LiveBlock* block, const json::value& at) {
      EXPECT_EQ(block->x, at.at("x").to_number<double>());
      EXPECT_EQ(block->y, at.at("y").to_number<double>());
    });
    each("parents", [&](const LiveBlock* block, const json::value& parents) {
      const auto& have = model.ParentsOf(block->id);
      EXPECT_EQ(json::value(json::array(have.begin(), have.end())), parents);
    });
    // What goes by the wire is the same change.
    const auto again = ChangeFromJson(ToJson(*change));
    ASSERT_TRUE(again);
    EXPECT_EQ(ToJson(*again), ToJson(*change));
    ASSERT_TRUE(model.Apply(*applied));
    EXPECT_EQ(Shown(model), before);
  }
}

TEST(Vectors, Texts) {
  const json::value vectors = Vectors("text/cases.json");
  for (const json::value& one : vectors.get_array()) {
    SCOPED_TRACE(one.at("name").get_string());
    const auto change = TextChange::FromJson(one.at("changes"));
    const auto after =
        change ? change->Apply(one.at("before").get_string()) : std::unexpected(change.error());
    EXPECT_EQ(after.has_value(), !one.at("after").is_null());
    if (after) {
      EXPECT_EQ(*after, one.at("after").get_string());
    }
  }
}

}  // namespace
}  // namespace easel
