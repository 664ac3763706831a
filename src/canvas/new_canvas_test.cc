#include "canvas/new_canvas.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/file.h"
#include "canvas/reader.h"

namespace easel {
namespace {

class NewCanvasTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/easel_new_XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    root_ = path;
  }
  void TearDown() override { std::filesystem::remove_all(root_); }
  std::string root_;
};

TEST_F(NewCanvasTest, IsAValidCanvasWithAnEdge) {
  const auto made = NewCanvas(root_ + "/deep/churn/");
  ASSERT_TRUE(made) << made.error().message;
  const auto canvas = ReadCanvas(*made);
  ASSERT_TRUE(canvas) << canvas.error().message;
  EXPECT_EQ(canvas->name, "churn");
  EXPECT_EQ(canvas->blocks.size(), 2u);
  EXPECT_EQ(canvas->parents[1], std::vector<std::int32_t>{0});
  EXPECT_EQ(*ReadFile(*made + "/.gitignore"), ".easel/\n");
  EXPECT_TRUE(std::filesystem::exists(*made + "/files/measurements.csv"));
}

TEST_F(NewCanvasTest, AStrangeNameIsQuoted) {
  for (const char* name : {"yes: no # \"x\"", "größe", "[1]", "'", "1", "null", "tab\there"}) {
    std::filesystem::remove_all(root_);
    ASSERT_TRUE(NewCanvas(root_, name));
    const auto canvas = ReadCanvas(root_);
    ASSERT_TRUE(canvas) << canvas.error().message;
    EXPECT_EQ(canvas->name, name);
  }
}

TEST_F(NewCanvasTest, AFolderWithThingsInItIsRefused) {
  ASSERT_TRUE(NewCanvas(root_));
  EXPECT_EQ(NewCanvas(root_).error().message,
            root_ + " is a canvas already: run it with `easel run " + root_ + "`");
  EXPECT_EQ(NewCanvas(root_ + "/blocks").error().message,
            root_ + "/blocks is not empty: give the name of a new folder");
  EXPECT_EQ(NewCanvas(root_ + "/canvas.yaml").error().reason, "FOLDER_NOT_EMPTY");
  EXPECT_EQ(NewCanvas(root_ + "/x", "a\nb").error().reason, "CANVAS_NAME");
}

}  // namespace
}  // namespace easel
