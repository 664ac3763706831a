#include "gcp/log_reader.h"

#include <gtest/gtest.h>

#include "gcp/fake_rest.h"

namespace easel::gcp {
namespace {

struct Fixture : FakeRest {
  LogReaderOptions options{.project = "p"};
};

constexpr char kOne[] = R"({"entries": [{"timestamp": "2023-11-14T22:13:20Z", "textPayload": "x"}]})";

TEST(LogReaderTest, AQueryIsAFilterWithItsNamesQuoted) {
  Fixture f;
  LogReader reader(f.rest, f.clock, f.sleeper, f.options);
  f.http.Answer(200, kOne);
  const auto page = reader.Read({.labels = {.canvas = "c", .block = "a\"b\\"},
                                 .from_unix_ms = 1'700'000'000'000,
                                 .until_unix_ms = 1'700'000'001'000,
                                 .page_size = 50,
                                 .page = "token"},
                                {});
  ASSERT_TRUE(page) << page.error().message;
  EXPECT_EQ(page->entries.at(0).text, "x");
  const json::value body = f.Body(0);
  EXPECT_EQ(body.at("filter").as_string(),
            R"(logName="projects/p/logs/easel" AND labels.canvas="c" AND labels.block="a\"b\\")"
            R"( AND timestamp>="2023-11-14T22:13:20.000Z" AND timestamp<="2023-11-14T22:13:21.000Z")");
  EXPECT_EQ(json::serialize(body.at("resourceNames")), R"(["projects/p"])");
  EXPECT_EQ(body.at("orderBy").as_string(), "timestamp desc");
  EXPECT_EQ(body.at("pageToken").as_string(), "token");
}

TEST(LogReaderTest, WhatCannotBeLookedForIsRefused) {
  Fixture f;
  LogReader reader(f.rest, f.clock, f.sleeper, f.options);
  EXPECT_EQ(reader.Read({.labels = {.block = "a\nb"}}, {}).error().reason, "BAD_LOG_QUERY");
  EXPECT_EQ(reader.Read({.labels = {.block = std::string(20'000, 'x')}}, {}).error().reason, "BAD_LOG_QUERY");
  EXPECT_EQ(reader.Read({.page_size = 1001}, {}).error().reason, "BAD_LOG_QUERY");
  EXPECT_TRUE(f.http.sent.empty());
}

TEST(LogReaderTest, AnEmptyPageIsPassedOver) {
  Fixture f;
  LogReader reader(f.rest, f.clock, f.sleeper, f.options);
  f.http.Answer(200, R"({"nextPageToken": "2"})");
  f.http.Answer(200, kOne);
  EXPECT_EQ(reader.Read({}, {})->entries.size(), 1U);
  EXPECT_EQ(f.Body(1).at("pageToken").as_string(), "2");
  f.http.handler = [](const FakeHttpClient::Sent&) -> Result<ClientResponse> {
    return ClientResponse{200, {}, R"({"nextPageToken": "more"})"};
  };
  EXPECT_EQ(reader.Read({}, {})->next_page, "more");
  EXPECT_EQ(f.http.sent.size(), 7U);
}

TEST(LogReaderTest, ListsStayInsideTheMinutesQuotaWhateverFails) {
  Fixture f;
  f.options.lists_per_minute = 5;
  LogReader reader(f.rest, f.clock, f.sleeper, f.options);
  f.http.handler = [](const FakeHttpClient::Sent&) -> Result<ClientResponse> {
    return ClientResponse{200, {}, kOne};
  };
  f.http.Answer(503, "");
  f.http.Answer(503, "");
  EXPECT_TRUE(reader.Read({}, {}));
  f.clock.now_ms += 10'000;
  EXPECT_TRUE(reader.Read({}, {}));
  EXPECT_TRUE(reader.Read({}, {}));
  const auto busy = reader.Read({}, {});
  EXPECT_EQ(busy.error().reason, "GCP_LOGS_BUSY");
  EXPECT_TRUE(busy.error().message.ends_with("ask again in 50 s")) << busy.error().message;
  EXPECT_EQ(f.http.sent.size(), 5U);
  f.clock.now_ms += 46'000;  // near enough to be waited for
  EXPECT_TRUE(reader.Read({}, {}));
  EXPECT_EQ(f.sleeper.slept, std::vector{std::chrono::milliseconds(4'000)});
}

TEST(LogReaderTest, AQuotaThatOthersUsedUpIsSaidAndNotAskedAgain) {
  Fixture f;
  LogReader reader(f.rest, f.clock, f.sleeper, f.options);
  f.http.Answer(429, R"({"error": {"message": "Quota exceeded", "status": "RESOURCE_EXHAUSTED"}})");
  EXPECT_EQ(reader.Read({}, {}).error().reason, "GCP_LOGS_BUSY");
  EXPECT_EQ(f.http.sent.size(), 1U);
}

}  // namespace
}  // namespace easel::gcp
