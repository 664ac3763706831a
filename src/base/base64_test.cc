#include "base/base64.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

TEST(Base64Test, VectorsOfTheStandardGoBothWays) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(Base64(plain), encoded);
    EXPECT_EQ(FromBase64(encoded), plain);
    EXPECT_EQ(FromBase64(Base64Url(plain)), plain);
  }
}

TEST(Base64Test, AllBytesInBothAlphabets) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(FromBase64(Base64(all)), all);
  EXPECT_EQ(FromBase64(Base64Url(all)), all);
  EXPECT_EQ(Base64("\xfb\xff"), "+/8=");
  EXPECT_EQ(Base64Url("\xfb\xff"), "-_8");
}

TEST(Base64Test, WhatIsNotIsRefused) {
  for (const char* text : {"a", "abcde", "ab c", "ab\n", "=", "a===", "ab=c", "é"})
    EXPECT_EQ(FromBase64(text), std::nullopt) << text;
}

}  // namespace
}  // namespace easel
