#include "http/message.h"

#include <gtest/gtest.h>

#include "base/json.h"

namespace easel {
namespace {

using Strings = std::vector<std::string>;

TEST(HttpTargets, PathAndQueryAreDecoded) {
  const auto target = ParseHttpTarget("/api/my%20canvas/a+b?limit=5&q=a%3Db+c&empty&=x");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, (Strings{"api", "my canvas", "a+b"}));
  EXPECT_EQ(target->Query("limit"), "5");
  EXPECT_EQ(target->Query("q"), "a=b c");
  EXPECT_EQ(target->Query("empty"), "");
  EXPECT_EQ(target->Query("none"), std::nullopt);
}

TEST(HttpTargets, TheRootHasNoSegments) {
  EXPECT_TRUE(ParseHttpTarget("/")->path.empty());
  EXPECT_EQ(ParseHttpTarget("/canvases/")->path, Strings{"canvases"});
}

TEST(HttpTargets, WhatCouldClimbOrConfuseIsRefused) {
  for (const char* bad : {"", "*", "http://a/b", "a/b", "/..", "/a/../b", "/%2e%2e/b", "/a%2fb", "/a//b",
                          "/a%", "/a%2", "/a%zz", "/a%00b", "/a%0ab", "/a#b", "/a?q=%1", "/."}) {
    const auto refused = ParseHttpTarget(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().reason, "BAD_TARGET");
  }
}

TEST(HttpRequests, ACookieIsFoundAmongOthers) {
  const HttpRequest request{
      .headers = {{"host", "x"}, {"cookie", "a=1; easel=se=cret; b=2"}, {"cookie", "late=3"}}};
  EXPECT_EQ(request.Cookie("easel"), "se=cret");
  EXPECT_EQ(request.Cookie("a"), "1");
  EXPECT_EQ(request.Cookie("late"), "3");
  EXPECT_EQ(request.Cookie("ease"), std::nullopt);
}

TEST(HttpProblems, AnErrorKeepsItsReasonAndItsCodeDecidesTheStatus) {
  const auto response = ProblemResponse(Error{Code::kNotFound, "UNKNOWN_BLOCK", "there is no block `x`"});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const auto body = json::parse(response.body).as_object();
  EXPECT_EQ(body.at("reason"), "UNKNOWN_BLOCK");
  EXPECT_EQ(body.at("detail"), "there is no block `x`");
}

}  // namespace
}  // namespace easel
