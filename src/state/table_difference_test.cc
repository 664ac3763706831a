#include "state/table_difference.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <random>

#include "state/test_tables.h"

namespace easel {
namespace {

std::shared_ptr<arrow::Array> Categories(const std::string& indices, const std::string& values) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  return *arrow::DictionaryArray::FromArrays(type, Values(arrow::int8(), indices),
                                             Values(arrow::utf8(), values));
}

/// "+name type", "-name type", "name type -> type", "name 3", "name categories"; blank between.
std::string Said(const TableDifference& difference) {
  std::string out;
  for (const auto& column : difference.columns) {
    using Change = TableDifference::Change;
    out += out.empty() ? "" : " | ";
    switch (column.change) {
      case Change::kAdded: out += "+" + column.name + " " + column.type_after; break;
      case Change::kRemoved: out += "-" + column.name + " " + column.type_before; break;
      case Change::kRetyped:
        out += column.name + " " + column.type_before + " -> " + column.type_after;
        break;
      case Change::kValues: out += column.name + " " + std::to_string(column.rows); break;
      case Change::kCategories: out += column.name + " categories"; break;
    }
  }
  return out;
}

TableDifference Compared(const Columns& before, const Columns& after) {
  auto difference = CompareTables(IpcFile(before), IpcFile(after), "test");
  EXPECT_TRUE(difference) << difference.error().message;
  return difference ? *difference : TableDifference{};
}

TEST(TableDifference, ColumnsThatCameWentAndChangedTheirType) {
  const auto ints = Values(arrow::int64(), "[1, 2, 3]");
  const auto difference = Compared({{"a", ints}, {"b", ints}, {"c", ints}},
                                   {{"c", Values(arrow::float64(), "[1, 2, 3]")}, {"a", ints}, {"d", ints}});
  EXPECT_EQ(Said(difference), "-b int64 | c int64 -> double | +d int64");
  EXPECT_TRUE(difference.reordered);
  EXPECT_EQ(difference.differing_rows, 0);
}

TEST(TableDifference, RowsAreCountedForEachColumnAndForTheTable) {
  const auto difference = Compared({{"x", Values(arrow::float64(), "[1, NaN, 0.0, null, 5]")},
                                    {"s", Values(arrow::utf8(), R"(["a", "b", null, "d", "e"])")},
                                    {"same", Values(arrow::boolean(), "[true, false, null, true, true]")}},
                                   {{"x", Values(arrow::float64(), "[1, NaN, -0.0, null, 6]")},
                                    {"s", Values(arrow::utf8(), R"(["a", "", null, null, "E"])")},
                                    {"same", Values(arrow::boolean(), "[true, false, null, true, true]")}});
  EXPECT_EQ(Said(difference), "x 2 | s 3") << "a NaN is itself, -0.0 is not 0.0, null is not empty";
  EXPECT_EQ(difference.differing_rows, 4) << "rows 2, 3, 4 and 5";
  EXPECT_FALSE(difference.reordered);
}

TEST(TableDifference, TheShorterTableSaysHowManyRowsAreCompared) {
  const auto difference = Compared({{"x", Values(arrow::int32(), "[1, 2, 3]")}},
                                   {{"x", Values(arrow::int32(), "[1, 9, 3, 4, 5]")}});
  EXPECT_EQ(Said(difference), "x 1");
  EXPECT_EQ(difference.rows_before, 3);
  EXPECT_EQ(difference.rows_after, 5);
  EXPECT_EQ(difference.compared_rows, 3);
  EXPECT_EQ(Said(Compared({{"x", Values(arrow::int32(), "[]")}}, {{"x", Values(arrow::int32(), "[1]")}})),
            "");
}

TEST(TableDifference, CategoriesCountByWhatTheyStandFor) {
  const auto before = Categories("[0, 1, 0, null]", R"(["a", "b"])");
  EXPECT_EQ(Said(Compared({{"c", before}}, {{"c", Categories("[1, 0, 1, null]", R"(["b", "a"])")}})),
            "c categories");
  EXPECT_EQ(Said(Compared({{"c", before}}, {{"c", Categories("[0, 1, 1, 0]", R"(["a", "c"])")}})), "c 3");
  EXPECT_EQ(Said(Compared({{"c", before}}, {{"c", Values(arrow::utf8(), R"(["a", "b", "a", null])")}})),
            "c dictionary<string> -> string");
}

TEST(TableDifference, NamesThatOccurTwiceAreToldApartByTheirOrder) {
  const auto one = Values(arrow::int8(), "[1]"), two = Values(arrow::int8(), "[2]");
  EXPECT_EQ(Said(Compared({{"x", one}, {"x", two}}, {{"x", one}, {"x", one}, {"x", two}})), "x 1 | +x int8");
}

TEST(TableDifference, NestedValuesAreCompared) {
  const auto type = arrow::list(arrow::int64());
  EXPECT_EQ(
      Said(Compared({{"l", Values(type, "[[1], [2, 3], null]")}}, {{"l", Values(type, "[[1], [2], []]")}})),
      "l 2");
}

TEST(TableDifference, AgreesWithComparingEachRowByItself) {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    const int rows = static_cast<int>(random() % 300);
    arrow::Int64Builder before, after;
    std::int64_t expected = 0;
    for (int i = 0; i < rows; ++i) {
      const bool differs = random() % 20 == 0;
      expected += differs;
      EXPECT_TRUE(before.Append(i).ok());
      EXPECT_TRUE((differs && i % 2 == 0 ? after.AppendNull() : after.Append(differs ? -1 : i)).ok());
    }
    const auto difference = Compared({{"x", *before.Finish()}}, {{"x", *after.Finish()}});
    EXPECT_EQ(difference.differing_rows, expected);
    EXPECT_EQ(Said(difference), expected == 0 ? "" : "x " + std::to_string(expected));
  }
}

TEST(TableDifference, DamageIsAnErrorAndNeverACrash) {
  const std::string good = IpcFile(
      {{"x", Values(arrow::int64(), "[1, 2, 3]")}, {"s", Values(arrow::utf8(), R"(["a", "b", "c"])")}});
  for (const std::string& bad : {std::string(), std::string("x"), good.substr(0, good.size() / 2)}) {
    const auto difference = CompareTables(good, bad, "here");
    ASSERT_FALSE(difference);
    EXPECT_EQ(difference.error().reason, "TABLE_DAMAGED");
    EXPECT_TRUE(difference.error().message.starts_with("here: ")) << difference.error().message;
  }
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::string changed = good;
    for (int i = 0; i < 3; ++i) changed[random() % changed.size()] ^= static_cast<char>(1 << random() % 8);
    (void)CompareTables(changed, good, "here");
    (void)CompareTables(good, changed, "here");
  }
}

}  // namespace
}  // namespace easel
