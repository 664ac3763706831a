#include "canvas/values.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

TEST(Durations, UnitsAndSums) {
  EXPECT_EQ(ParseDurationMs("250ms"), 250);
  EXPECT_EQ(ParseDurationMs("30m"), 1'800'000);
  EXPECT_EQ(ParseDurationMs("1.5h"), 5'400'000);
  EXPECT_EQ(ParseDurationMs("1h 30m"), 5'400'000);
  EXPECT_EQ(ParseDurationMs("2d"), 172'800'000);
}

TEST(Durations, ANumberWithoutUnitIsRefusedWithAnExample) {
  for (const char* text :
       {"30", "", "m", "-1h", "1 year", "1e3s", "inf", "nan", "1h-", "99999999999999999999999999d", "0s"})
    EXPECT_FALSE(ParseDurationMs(text)) << text;
  EXPECT_NE(ParseDurationMs("30").error().find("30m"), std::string::npos);
}

TEST(Sizes, BinaryAndDecimal) {
  EXPECT_EQ(ParseMemoryBytes("8Gi"), 8LL << 30);
  EXPECT_EQ(ParseMemoryBytes("8 GiB"), 8LL << 30);
  EXPECT_EQ(ParseMemoryBytes("1.5G"), 1'500'000'000);
  EXPECT_EQ(ParseMemoryBytes("1048576"), 1 << 20);
}

TEST(Sizes, ABareSmallNumberLacksItsUnit) {
  EXPECT_EQ(ParseMemoryBytes("8").error(), "`8` is less than 1 MiB: write the unit, for example 8Gi");
  for (const char* text : {"", "Gi", "8Q", "-8Gi", "8Gii", "1e9Ti", "8Gi 2", "9999999Ti"})
    EXPECT_FALSE(ParseMemoryBytes(text)) << text;
}

TEST(Numbers, AreWrittenAsAPersonWould) {
  EXPECT_EQ(FormatNumber(420), "420");
  EXPECT_EQ(FormatNumber(-0.0), "0");
  EXPECT_EQ(FormatNumber(0.5), "0.5");
  EXPECT_EQ(FormatNumber(1e-300), "0");
  EXPECT_EQ(*ParseNumber("-1.5e2"), -150);
  for (const char* text : {"", "x", "1x", "inf", "nan", "1e999", "0x10", "--1"})
    EXPECT_FALSE(ParseNumber(text)) << text;
}

}  // namespace
}  // namespace easel
