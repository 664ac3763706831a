#include "state/table_view.h"

#include <arrow/api.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

#include "base/json.h"
#include "state/test_tables.h"

namespace easel {
namespace {

std::shared_ptr<TableView> Opened(const Columns& columns, int batches = 1) {
  auto view = TableView::Open(IpcFile(columns, batches), "object");
  EXPECT_TRUE(view) << view.error().message;
  return *view;
}

std::vector<std::int64_t> Rows(TableSelection& selection, std::int64_t offset, std::int64_t limit) {
  TableProgress progress;
  const auto page = selection.Page({.offset = offset, .limit = limit}, progress);
  EXPECT_TRUE(page) << page.error().message;
  if (!page) return {};
  std::vector<std::int64_t> rows;
  const json::value document = json::parse(*page);
  for (const json::value& row : document.at("rows").as_array()) rows.push_back(row.as_int64());
  return rows;
}

/// The rows that a query selects, in order; what is wrong with it as one negative number.
std::vector<std::int64_t> Selected(TableView& view, const TableQuery& query) {
  TableProgress progress{.threads = 2};
  const auto selection = view.Select(query, progress);
  EXPECT_TRUE(selection) << selection.error().message;
  if (!selection) return {-1};
  return Rows(**selection, 0, 1000);
}

using RowsOf = std::vector<std::int64_t>;

RowsOf Where(TableView& view, int column, EaselTableOperation operation, std::vector<std::string> values,
             bool match_case = false) {
  return Selected(view, {.conditions = {{column, operation, std::move(values), match_case}}});
}

std::string Refused(TableView& view, const TableQuery& query) {
  TableProgress progress;
  const auto selection = view.Select(query, progress);
  EXPECT_FALSE(selection);
  if (selection) return "";
  EXPECT_EQ(selection.error().reason, "TABLE_QUERY");
  return selection.error().message;
}

std::string Cells(const std::shared_ptr<arrow::DataType>& type, const std::string& text) {
  const auto view = Opened({{"c", Values(type, text)}});
  TableProgress progress;
  const auto selection = view->Select({}, progress);
  const auto page = (*selection)->Page({.limit = 100, .columns = {0}}, progress);
  return page ? json::serialize(json::parse(*page).at("columns").at(0)) : page.error().message;
}

TEST(TablePage, ValuesSayExactlyWhatTheyAre) {
  EXPECT_EQ(Cells(arrow::int64(), "[1, null, -9007199254740992, 9007199254740993]"),
            R"([1,null,-9007199254740992,"9007199254740993"])");
  EXPECT_EQ(Cells(arrow::uint64(), "[18446744073709551615]"), R"(["18446744073709551615"])");
  EXPECT_EQ(Cells(arrow::float64(), "[0.5, NaN, Inf, -Inf, null]"),
            R"([5E-1,{"is":"NaN"},{"is":"Infinity"},{"is":"-Infinity"},null])");
  EXPECT_EQ(Cells(arrow::boolean(), "[true, false, null]"), "[true,false,null]");
  EXPECT_EQ(Cells(arrow::decimal128(20, 2), R"(["123456789012345678.25"])"), R"(["123456789012345678.25"])");
  EXPECT_EQ(Cells(arrow::timestamp(arrow::TimeUnit::SECOND, "UTC"), "[0]"), R"(["1970-01-01T00:00:00Z"])");
  EXPECT_EQ(Cells(arrow::utf8(), R"(["a\n\"b", "", null])"), R"(["a\n\"b","",null])");
  EXPECT_EQ(Cells(arrow::list(arrow::int8()), "[[1, 2], null]"), R"(["[1, 2]",null])");
  EXPECT_EQ(Cells(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x", null])"), R"(["x",null])");
  const std::string cut = Cells(arrow::utf8(), "[\"" + std::string(5000, 'x') + "\"]");
  EXPECT_NE(cut.find("\"bytes\":5000"), std::string::npos);
}

TEST(TablePage, NotATimeIsToldFromNull) {
  const std::int64_t values[] = {0, INT64_MIN, 7};
  const std::uint8_t bitmap = 0b001;
  const auto type = arrow::timestamp(arrow::TimeUnit::NANO);
  const auto array = arrow::MakeArray(
      arrow::ArrayData::Make(type, 3, {arrow::Buffer::Wrap(&bitmap, 1), arrow::Buffer::Wrap(values, 3)}, 2));
  const auto view = Opened({{"t", array}});
  TableProgress progress;
  const auto page = (*view->Select({}, progress))->Page({.limit = 3, .columns = {0}}, progress);
  EXPECT_EQ(json::serialize(json::parse(*page).at("columns").at(0)),
            R"(["1970-01-01T00:00:00",{"is":"NaT"},null])");
}

TEST(TablePage, SaysWhatColumnsAre) {
  const auto view =
      Opened({{"id", Values(arrow::int64(), "[1, 2]")}, {"s", Values(arrow::utf8(), R"(["a", "b"])")}}, 2);
  const json::value about = json::parse(*view->Describe());
  EXPECT_EQ(about.at("rows").as_int64(), 4);
  EXPECT_EQ(about.at("columns").at(0).at("kind").as_string(), "integer");
  EXPECT_EQ(about.at("columns").at(1).at("type").as_string(), "string");
}

TEST(TablePage, BeyondTheEndIsEmptyAndTooLargeIsRefused) {
  const auto view = Opened({{"id", Values(arrow::int64(), "[1, 2]")}});
  TableProgress progress;
  const auto selection = *view->Select({}, progress);
  EXPECT_EQ(Rows(*selection, 2, 10), RowsOf{});
  EXPECT_EQ(Rows(*selection, INT64_MAX, 10), RowsOf{});
  EXPECT_EQ(Rows(*selection, 1, 10), RowsOf{1});
  EXPECT_FALSE(selection->Page({.limit = 1'000'000}, progress));
  EXPECT_FALSE(selection->Page({.offset = -1, .limit = 1}, progress));
  EXPECT_FALSE(selection->Page({.limit = 1, .columns = {1}}, progress));
}

TEST(TableFilter, NumbersByEveryOperation) {
  const auto view = Opened({{"n", Values(arrow::int32(), "[5, -3, null, 7, 5, 0]")},
                            {"x", Values(arrow::float64(), "[0.5, NaN, -0.0, 1e300, null, 0]")}});
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_EQUAL, {"5"}), (RowsOf{0, 4}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_NOT_EQUAL, {"5"}), (RowsOf{1, 3, 5}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_LESS, {"0.5"}), (RowsOf{1, 5}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_LESS, {"5"}), (RowsOf{1, 5}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_LESS_EQUAL, {"5"}), (RowsOf{0, 1, 4, 5}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_GREATER, {"-3.5"}), (RowsOf{0, 1, 3, 4, 5}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_GREATER_EQUAL, {"5.01"}), (RowsOf{3}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_EQUAL, {"5.5"}), RowsOf{});
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_EQUAL, {"99999999999999999999"}), RowsOf{});
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_LESS, {"1e30"}), (RowsOf{0, 1, 3, 4, 5}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_BETWEEN, {"0", "5"}), (RowsOf{0, 4, 5}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_IN, {"7", "0", "100"}), (RowsOf{3, 5}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_MISSING, {}), (RowsOf{2}));
  EXPECT_EQ(Where(*view, 1, EASEL_TABLE_MISSING, {}), (RowsOf{1, 4}));
  EXPECT_EQ(Where(*view, 1, EASEL_TABLE_NOT_MISSING, {}), (RowsOf{0, 2, 3, 5}));
  EXPECT_EQ(Where(*view, 1, EASEL_TABLE_EQUAL, {"0"}), (RowsOf{2, 5}));
  EXPECT_EQ(Where(*view, 1, EASEL_TABLE_GREATER, {"0"}), (RowsOf{0, 3}));
  EXPECT_EQ(Where(*view, 1, EASEL_TABLE_NOT_EQUAL, {"0"}), (RowsOf{0, 3}));
}

TEST(TableFilter, WhatTypesAreWide) {
  const auto view =
      Opened({{"d", Values(arrow::decimal128(38, 2), R"(["1.50", "-2.25", "99999999999999999999.01"])")},
              {"e", Values(arrow::decimal128(9, 2), R"(["1.50", "-2.25", "3.00"])")},
              {"u", Values(arrow::uint64(), "[18446744073709551615, 0, 5]")},
              {"i", Values(arrow::int64(), "[9223372036854775807, -9223372036854775808, null]")}});
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_GREATER, {"99999999999999999999"}), (RowsOf{2}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_LESS, {"1.501"}), (RowsOf{0, 1}));
  EXPECT_EQ(Where(*view, 1, EASEL_TABLE_EQUAL, {"1.5"}), (RowsOf{0}));
  EXPECT_EQ(Where(*view, 2, EASEL_TABLE_EQUAL, {"18446744073709551615"}), (RowsOf{0}));
  EXPECT_EQ(Where(*view, 2, EASEL_TABLE_GREATER, {"-1"}), (RowsOf{0, 1, 2}));
  EXPECT_EQ(Where(*view, 3, EASEL_TABLE_GREATER_EQUAL, {"9223372036854775807"}), (RowsOf{0}));
  EXPECT_EQ(Where(*view, 3, EASEL_TABLE_LESS, {"0"}), (RowsOf{1}));
  EXPECT_EQ(Selected(*view, {.sorts = {{3, false}}}), (RowsOf{1, 0, 2}));
  EXPECT_EQ(Selected(*view, {.sorts = {{3, true}}}), (RowsOf{0, 1, 2}));
  EXPECT_EQ(Selected(*view, {.sorts = {{0, true}}}), (RowsOf{2, 0, 1}));
}

TEST(TableFilter, TextsAndCategories) {
  for (const auto& type :
       {arrow::utf8(), arrow::large_utf8(), arrow::utf8_view(),
        std::shared_ptr<arrow::DataType>(arrow::dictionary(arrow::int16(), arrow::utf8()))}) {
    const auto view = Opened({{"s", Values(type, R"(["Straße", "apple", null, "ÄPFEL", "Apple pie", ""])")}});
    EXPECT_EQ(Where(*view, 0, EASEL_TABLE_CONTAINS, {"APPLE"}), (RowsOf{1, 4})) << type->ToString();
    EXPECT_EQ(Where(*view, 0, EASEL_TABLE_CONTAINS, {"apple"}, true), (RowsOf{1}));
    EXPECT_EQ(Where(*view, 0, EASEL_TABLE_STARTS_WITH, {"äpf"}), (RowsOf{3}));
    EXPECT_EQ(Where(*view, 0, EASEL_TABLE_EQUAL, {""}), (RowsOf{5}));
    EXPECT_EQ(Where(*view, 0, EASEL_TABLE_NOT_EQUAL, {"apple"}), (RowsOf{0, 3, 4, 5}));
    EXPECT_EQ(Where(*view, 0, EASEL_TABLE_IN, {"apple", "Straße"}), (RowsOf{0, 1}));
    EXPECT_EQ(Where(*view, 0, EASEL_TABLE_LESS, {"Apple pie"}), (RowsOf{5}));
    EXPECT_EQ(Where(*view, 0, EASEL_TABLE_MISSING, {}), (RowsOf{2}));
    EXPECT_EQ(Selected(*view, {.sorts = {{0, false}}}), (RowsOf{5, 4, 0, 1, 3, 2}));
    EXPECT_EQ(Selected(*view, {.sorts = {{0, true}}}), (RowsOf{3, 1, 0, 4, 5, 2}));
    EXPECT_EQ(Selected(*view, {.search = "STRASSE"}), RowsOf{});
    EXPECT_EQ(Selected(*view, {.search = "straße"}), (RowsOf{0}));
  }
}

TEST(TableFilter, TimesInTheirOwnWords) {
  const auto view = Opened({{"t", Values(arrow::timestamp(arrow::TimeUnit::MILLI, "Europe/Berlin"),
                                         "[0, 1709213820250, -1, null]")},
                            {"d", Values(arrow::date32(), "[0, 19782, -1, null]")},
                            {"c", Values(arrow::time64(arrow::TimeUnit::MICRO), "[49020000001, 0, 1, null]")},
                            {"p", Values(arrow::duration(arrow::TimeUnit::SECOND), "[93784, -1, 0, null]")}});
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_GREATER_EQUAL, {"2024-02-29T13:37:00.25Z"}), (RowsOf{1}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_GREATER, {"2024-02-29T14:37:00.2499+01:00"}), (RowsOf{1}));
  EXPECT_EQ(Where(*view, 0, EASEL_TABLE_LESS, {"1970-01-01"}), (RowsOf{2}));
  EXPECT_EQ(Where(*view, 1, EASEL_TABLE_EQUAL, {"2024-02-29"}), (RowsOf{1}));
  EXPECT_EQ(Where(*view, 1, EASEL_TABLE_LESS, {"1970-01-01T12:00"}), (RowsOf{0, 2}));
  EXPECT_EQ(Where(*view, 2, EASEL_TABLE_LESS, {"13:37"}), (RowsOf{1, 2}));
  EXPECT_EQ(Where(*view, 3, EASEL_TABLE_EQUAL, {"1d 02:03:04"}), (RowsOf{0}));
  EXPECT_EQ(Where(*view, 3, EASEL_TABLE_LESS, {"-00:00:00.5"}), (RowsOf{1}));
}

TEST(TableFilter, AllConditionsHoldAndTheSearchToo) {
  const auto view = Opened({{"n", Values(arrow::int8(), "[1, 2, 3, 4]")},
                            {"a", Values(arrow::utf8(), R"(["x", "yes", "no", "yes"])")},
                            {"b", Values(arrow::utf8(), R"(["yes", "", "YES", null])")}});
  EXPECT_EQ(Selected(*view, {.search = "yes"}), (RowsOf{0, 1, 2, 3}));
  EXPECT_EQ(Selected(*view, {.conditions = {{0, EASEL_TABLE_GREATER, {"1"}}, {0, EASEL_TABLE_LESS, {"4"}}},
                             .search = "yes"}),
            (RowsOf{1, 2}));
  EXPECT_EQ(
      Selected(*view, {.conditions = {{0, EASEL_TABLE_GREATER, {"1"}}}, .sorts = {{1, true}, {0, true}}}),
      (RowsOf{3, 1, 2}));
}

TEST(TableFilter, ARefusedQuerySaysWhatTheColumnTakes) {
  const auto view = Opened({{"price", Values(arrow::float64(), "[1]")},
                            {"when", Values(arrow::date32(), "[1]")},
                            {"tags", Values(arrow::list(arrow::int8()), "[[1]]")}});
  EXPECT_EQ(Refused(*view, {.conditions = {{0, EASEL_TABLE_EQUAL, {"cheap"}}}}),
            "`cheap` is no value of column `price` (double): write a number such as 12 or -0.5");
  EXPECT_NE(Refused(*view, {.conditions = {{1, EASEL_TABLE_LESS, {"12"}}}}).find("2024-02-29"),
            std::string::npos);
  EXPECT_NE(Refused(*view, {.conditions = {{0, EASEL_TABLE_CONTAINS, {"1"}}}}).find("no texts"),
            std::string::npos);
  EXPECT_NE(Refused(*view, {.conditions = {{2, EASEL_TABLE_EQUAL, {"1"}}}}).find("missing"),
            std::string::npos);
  EXPECT_NE(Refused(*view, {.conditions = {{0, EASEL_TABLE_BETWEEN, {"1"}}}}).find("2 values"),
            std::string::npos);
  EXPECT_NE(Refused(*view, {.sorts = {{2, false}}}).find("cannot be sorted"), std::string::npos);
  EXPECT_NE(Refused(*view, {.sorts = {{3, false}}}).find("no column 3"), std::string::npos);
}

TEST(TableSort, MissingLastAndTiesInTheirOrder) {
  const auto view =
      Opened({{"x", Values(arrow::float32(), "[2, NaN, 1, null, 2, -Inf, 0, -0.0]")},
              {"k", Values(arrow::boolean(), "[true, false, true, false, null, true, false, false]")}});
  EXPECT_EQ(Selected(*view, {.sorts = {{0, false}}}), (RowsOf{5, 6, 7, 2, 0, 4, 1, 3}));
  EXPECT_EQ(Selected(*view, {.sorts = {{0, true}}}), (RowsOf{0, 4, 2, 6, 7, 5, 1, 3}));
  EXPECT_EQ(Selected(*view, {.sorts = {{1, false}, {0, true}}}), (RowsOf{6, 7, 1, 3, 0, 2, 5, 4}));
}

/// More rows than a window, so that bins, ties and further parts are all used.
class LargeSort : public testing::Test {
 protected:
  static constexpr std::int64_t kRows = 1'300'000;

  /// Every stretch of the order equals the one that a stable sort gives.
  template <typename Less>
  void Expect(TableView& view, const TableQuery& query, Less less,
              const std::function<bool(std::int64_t)>& keep = {}) {
    RowsOf expected;
    for (std::int64_t row = 0; row < kRows; ++row)
      if (!keep || keep(row)) expected.push_back(row);
    std::ranges::stable_sort(expected, less);
    TableProgress progress{.threads = 2};
    const auto selection = view.Select(query, progress);
    ASSERT_TRUE(selection) << selection.error().message;
    ASSERT_EQ((*selection)->rows(), static_cast<std::int64_t>(expected.size()));
    const auto last = static_cast<std::int64_t>(expected.size()) - 500;
    for (std::int64_t offset = last; offset >= 0; offset -= 1 + last / 3) {
      const RowsOf rows = Rows(**selection, offset, 500);
      ASSERT_TRUE(
          std::equal(rows.begin(), rows.end(), expected.begin() + offset, expected.begin() + offset + 500))
          << "at " << offset;
    }
    EXPECT_LT((*selection)->bytes(), 100 << 20);
  }
};

TEST_F(LargeSort, NumbersWithHeavyTiesAndMissingOnes) {
  std::mt19937_64 random(3);
  arrow::Int64Builder wide, few;
  arrow::DoubleBuilder real;
  std::vector<double> x;
  RowsOf n, k;
  for (std::int64_t i = 0; i < kRows; ++i) {
    x.push_back(i % 11 == 0 ? std::nan("") : std::ldexp(static_cast<double>(random() >> 11), -60) - 0.1);
    n.push_back(i % 10 != 0 ? INT64_MAX : static_cast<std::int64_t>(random()));
    k.push_back(random() % 20 == 0 ? static_cast<std::int64_t>(random() % 3) : 7);
    ASSERT_TRUE(real.Append(x.back()).ok());
    ASSERT_TRUE((i % 3 == 0 ? wide.AppendNull() : wide.Append(n.back())).ok());
    ASSERT_TRUE(few.Append(k.back()).ok());
  }
  const auto view = Opened({{"x", *real.Finish()}, {"n", *wide.Finish()}, {"k", *few.Finish()}});
  const auto at = [](const auto& values, std::int64_t i) { return values[static_cast<std::size_t>(i)]; };
  const auto by_x = [&](std::int64_t a, std::int64_t b) {
    return std::isnan(at(x, b)) ? !std::isnan(at(x, a)) : at(x, a) < at(x, b);
  };
  Expect(*view, {.sorts = {{0, false}}}, by_x);
  Expect(*view, {.sorts = {{0, true}}}, [&](std::int64_t a, std::int64_t b) {
    return std::isnan(at(x, b)) ? !std::isnan(at(x, a)) : at(x, a) > at(x, b);
  });
  Expect(*view, {.sorts = {{2, false}}}, [&](std::int64_t a, std::int64_t b) { return at(k, a) < at(k, b); });
  Expect(*view, {.sorts = {{2, true}, {0, false}}}, [&](std::int64_t a, std::int64_t b) {
    return at(k, a) != at(k, b) ? at(k, a) > at(k, b) : by_x(a, b);
  });
  // The highest number and a missing one have the same first key.
  Expect(*view, {.sorts = {{1, false}}}, [&](std::int64_t a, std::int64_t b) {
    const bool no_a = a % 3 == 0, no_b = b % 3 == 0;
    return no_a != no_b ? no_b : !no_a && at(n, a) < at(n, b);
  });
  Expect(*view, {.conditions = {{2, EASEL_TABLE_NOT_EQUAL, {"1"}}}, .sorts = {{0, false}}}, by_x,
         [&](std::int64_t row) { return at(k, row) != 1; });
}

TEST_F(LargeSort, TextsThatBeginAlike) {
  std::mt19937_64 random(5);
  arrow::StringBuilder builder;
  std::vector<std::string> texts;
  for (std::int64_t i = 0; i < kRows; ++i) {
    // All begin alike, most are equal, some are the beginning of others.
    std::string text = "customer-number-the-usual-one";
    if (i % 9 == 0) text = "customer-number-" + std::to_string(random() % 1'000'000);
    if (i % 50 == 0) text = "customer";
    if (i % 70 == 0) text = std::string("customer\0", 9);
    texts.push_back(text);
    ASSERT_TRUE(builder.Append(text).ok());
  }
  const auto view = Opened({{"s", *builder.Finish()}});
  const auto less = [&](std::int64_t a, std::int64_t b) {
    return texts[static_cast<std::size_t>(a)] < texts[static_cast<std::size_t>(b)];
  };
  Expect(*view, {.sorts = {{0, false}}}, less);
  Expect(*view, {.sorts = {{0, true}}}, [&](std::int64_t a, std::int64_t b) { return less(b, a); });
}

json::value Summary(TableView& view, int column) {
  TableProgress progress{.threads = 2};
  const auto summary = (*view.Select({}, progress))->Summary(column, progress);
  EXPECT_TRUE(summary) << summary.error().message;
  return summary ? json::parse(*summary) : json::value();
}

TEST(TableSummary, NumbersTextsAndTimes) {
  const auto view =
      Opened({{"x", Values(arrow::float64(), "[0, 1, 2, 3, 4, NaN, null, Inf]")},
              {"s", Values(arrow::utf8(), R"(["b", "a", "b", null, "c", "b", "a", "b"])")},
              {"t", Values(arrow::date32(), "[0, 1, 2, 3, 4, 5, 6, 20]")},
              {"b", Values(arrow::boolean(), "[true, false, true, null, true, true, true, true]")},
              {"d", Values(arrow::dictionary(arrow::int8(), arrow::utf8()),
                           R"(["q", "p", "q", null, "q", "p", "r", "q"])")}});
  const json::value x = Summary(*view, 0);
  EXPECT_EQ(x.at("missing").as_int64(), 2);
  EXPECT_EQ(x.at("nan").as_int64(), 1);
  EXPECT_EQ(x.at("min").as_string(), "0");
  EXPECT_EQ(x.at("max").as_string(), "inf");
  EXPECT_EQ(x.at("mean").to_number<double>(), 2.0);
  EXPECT_EQ(x.at("distinct").as_int64(), 6);
  EXPECT_EQ(x.at("bins").at("edges").as_array().size(), 21u);
  EXPECT_EQ(x.at("bins").at("edges").at(20).as_string(), "4");
  EXPECT_EQ(x.at("bins").at("counts").at(0).as_int64(), 1);
  EXPECT_EQ(x.at("bins").at("counts").at(19).as_int64(), 1);
  const json::value s = Summary(*view, 1);
  EXPECT_EQ(json::serialize(s.at("top")),
            R"([{"value":"b","count":4},{"value":"a","count":2},{"value":"c","count":1}])");
  EXPECT_EQ(Summary(*view, 2).at("bins").at("edges").at(20).as_string(), "1970-01-21");
  EXPECT_EQ(Summary(*view, 2).at("mean").as_string(), "1970-01-06");
  EXPECT_EQ(json::serialize(Summary(*view, 3).at("top")),
            R"([{"value":true,"count":6},{"value":false,"count":1}])");
  EXPECT_EQ(json::serialize(Summary(*view, 4).at("top")),
            R"([{"value":"q","count":4},{"value":"p","count":2},{"value":"r","count":1}])");
}

TEST(TableSummary, ManyDifferentValuesAreEstimated) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < 300'000; ++i) ASSERT_TRUE(builder.Append(i * 7919).ok());
  const auto view = Opened({{"n", *builder.Finish()}});
  const json::value n = Summary(*view, 0);
  EXPECT_FALSE(n.at("distinct_exact").as_bool());
  EXPECT_NEAR(static_cast<double>(n.at("distinct").as_int64()), 300'000, 9'000);
}

TEST(TableSummary, ARectangleOfCells) {
  const auto view = Opened({{"a", Values(arrow::int8(), "[1, 2, null, 4]")},
                            {"s", Values(arrow::utf8(), R"(["x", null, "y", "z"])")},
                            {"d", Values(arrow::decimal128(10, 1), R"(["0.5", "1.5", "2.5", "3.5"])")}});
  TableProgress progress;
  const auto cells =
      (*view->Select({}, progress))->Aggregate({.offset = 1, .limit = 3, .columns = {0, 1, 2}}, progress);
  ASSERT_TRUE(cells) << cells.error().message;
  const json::value out = json::parse(*cells);
  EXPECT_EQ(out.at("count").as_int64(), 7);
  EXPECT_EQ(out.at("missing").as_int64(), 2);
  EXPECT_EQ(out.at("numbers").as_int64(), 5);
  EXPECT_EQ(out.at("sum").to_number<double>(), 13.5);
}

TEST(TableExport, CsvQuotesWhatNeedsIt) {
  const auto view = Opened(
      {{"a,b", Values(arrow::utf8(), R"(["x", "say \"hi\"", "two\nlines", "", null])")},
       {"x", Values(arrow::float64(), "[0.1, NaN, null, 1e300, -2]")},
       {"c", Values(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["p,q", "r", null, "r", "r"])")}});
  TableProgress progress;
  std::string out;
  const auto done =
      (*view->Select({}, progress))
          ->Csv({.limit = INT64_MAX, .columns = {0, 1, 2}}, progress, [&](std::string_view piece) {
            out += piece;
            return true;
          });
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(out,
            "\"a,b\",x,c\r\nx,0.1,\"p,q\"\r\n\"say "
            "\"\"hi\"\"\",,r\r\n\"two\nlines\",,\r\n\"\",1e+300,r\r\n,-2,r\r\n");
}

TEST(TableExport, ParquetKeepsTypes) {
  const auto when = arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
  const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>> columns{
      {"whole", Values(arrow::int16(), "[1, null, -3, 4]")},
      {"real", Values(arrow::float64(), "[0.5, NaN, null, 2]")},
      {"yes", Values(arrow::boolean(), "[true, false, null, true]")},
      {"text", Values(arrow::utf8(), R"(["a", "", null, "d"])")},
      {"bytes", Values(arrow::binary(), R"(["a", "", null, "d"])")},
      {"at", Values(when, "[0, 1, null, 1700000000000000000]")},
      {"took", Values(arrow::duration(arrow::TimeUnit::MILLI), "[0, 1, null, -2]")},
      {"money", Values(arrow::decimal128(9, 2), R"(["1.25", "0.00", null, "-3.50"])")},
      {"kind", Values(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["p", "q", null, "p"])")},
      {"list", Values(arrow::list(arrow::int32()), "[[1, 2], [], null, [3]]")}};
  const auto view = Opened(columns);
  TableProgress progress;
  std::string out;
  const auto done = (*view->Select({.sorts = {{0, true}}}, progress))
                        ->Parquet({.limit = INT64_MAX, .columns = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}}, progress,
                                  [&](std::string_view piece) {
                                    out += piece;
                                    return true;
                                  });
  ASSERT_TRUE(done) << done.error().message;
  auto reader =
      parquet::arrow::OpenFile(std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(out)),
                               arrow::default_memory_pool());
  ASSERT_TRUE(reader.ok()) << reader.status().message();
  const auto table = (*reader)->ReadTable();
  ASSERT_TRUE(table.ok()) << table.status().message();
  ASSERT_TRUE((*table)->ValidateFull().ok());
  EXPECT_TRUE((*table)->schema()->field(5)->type()->Equals(when));
  const auto expect = [&](int column, const std::shared_ptr<arrow::DataType>& type,
                          const std::string& values) {
    const arrow::ChunkedArray& there = *(*table)->column(column);
    EXPECT_TRUE(there.Equals(arrow::ChunkedArray(Values(type, values)),
                             arrow::EqualOptions::Defaults().nans_equal(true)))
        << there.ToString();
  };
  expect(0, arrow::int16(), "[4, 1, -3, null]");  // as sorted, missing last
  expect(1, arrow::float64(), "[2, 0.5, null, NaN]");
  expect(2, arrow::boolean(), "[true, true, null, false]");
  expect(3, arrow::large_utf8(), R"(["d", "a", null, ""])");
  expect(4, arrow::large_binary(), R"(["d", "a", null, ""])");
  expect(5, when, "[1700000000000000000, 0, null, 1]");
  expect(6, arrow::duration(arrow::TimeUnit::MILLI), "[-2, 0, null, 1]");
  expect(7, arrow::decimal128(9, 2), R"(["-3.50", "1.25", null, "0.00"])");
  expect(8, arrow::large_utf8(), R"(["p", "p", null, "q"])");
  expect(9, arrow::large_utf8(), R"(["[3]", "[1, 2]", null, "[]"])");
}

TEST(TableWork, CanBeStopped) {
  arrow::Int64Builder builder;
  for (std::int64_t i = 0; i < 600'000; ++i) ASSERT_TRUE(builder.Append(i).ok());
  const auto view = Opened({{"n", *builder.Finish()}});
  TableProgress progress;
  progress.stop = true;
  const auto selection = view->Select({.conditions = {{0, EASEL_TABLE_GREATER, {"5"}}}}, progress);
  ASSERT_FALSE(selection);
  EXPECT_EQ(selection.error().code, Code::kCancelled);
  progress.stop = false;
  EXPECT_TRUE(view->Select({.conditions = {{0, EASEL_TABLE_GREATER, {"5"}}}}, progress));
  EXPECT_EQ(progress.done, 1.0);
}

TEST(TableView, DamageIsFoundBeforeValuesAreUsed) {
  const std::string good =
      IpcFile({{"s", Values(arrow::utf8(), R"(["abc", null, "defgh"])")},
               {"n", Values(arrow::int64(), "[1, 2, 3]")},
               {"l", Values(arrow::list(arrow::int16()), "[[1, 2], [], [3]]")},
               {"d", Values(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["x", "y", "x"])")},
               {"m", Values(arrow::decimal128(20, 2), R"(["1.00", "2.00", null])")},
               {"t", Values(arrow::timestamp(arrow::TimeUnit::MICRO), "[1, 2, 3]")},
               {"x", Values(arrow::float64(), "[0.5, NaN, null]")}});
  std::mt19937 random(11);
  for (int round = 0; round < 1500; ++round) {
    std::string bad = good;
    for (int k = 0; k < 1 + round % 4; ++k) bad[random() % bad.size()] = static_cast<char>(random());
    const auto view = TableView::Open(bad, "object");
    if (!view) continue;
    (void)(*view)->Describe();
    TableProgress progress;
    for (int c = 0; c < 7; ++c) {
      for (const TableQuery& query :
           {TableQuery{}, TableQuery{.sorts = {{c, c % 2 == 0}}},
            TableQuery{.conditions = {{c, EASEL_TABLE_NOT_EQUAL, {"2"}}}},
            TableQuery{
                .conditions = {{c, EASEL_TABLE_CONTAINS, {"e"}}}, .sorts = {{0, true}}, .search = "x"}}) {
        const auto selection = (*view)->Select(query, progress);
        if (!selection) continue;
        (void)(*selection)->Page({.limit = 10, .columns = {0, c, 3}}, progress);
        (void)(*selection)->Summary(c, progress);
        (void)(*selection)->Aggregate({.limit = 10, .columns = {c}}, progress);
        const TableSelection::Write ignore = [](std::string_view) { return true; };
        (void)(*selection)->Csv({.limit = 10, .columns = {c}}, progress, ignore);
        (void)(*selection)->Parquet({.limit = 10, .columns = {c}}, progress, ignore);
      }
    }
  }
}

}  // namespace
}  // namespace easel
