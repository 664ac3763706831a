#include "gcp/log_writer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>

#include "gcp/fake_rest.h"

namespace easel::gcp {
namespace {

constexpr std::chrono::seconds kPatience{20};
const LogLabels kLabels{.canvas = "c", .block = "load", .run = "r", .attempt = "r/load.1"};

struct Fixture : FakeRest {
  LogWriterOptions options{.project = "p", .interval = std::chrono::milliseconds(0)};

  Fixture() {
    http.handler = [](const FakeHttpClient::Sent&) -> Result<ClientResponse> {
      return ClientResponse{200, {}, "{}"};
    };
  }
  std::size_t Entries() {
    std::size_t count = 0;
    for (std::size_t i = 0; i < http.sent.size(); ++i) count += Body(i).at("entries").as_array().size();
    return count;
  }
};

TEST(LogWriterTest, AnEntrySaysWhereItComesFrom) {
  Fixture f;
  LogWriter writer(f.rest, f.options);
  EXPECT_EQ(writer.Append(kLabels, 7, 1'700'000'000'123, Severity::kInfo, "hello\n"), 8U);
  EXPECT_TRUE(writer.Flush(kPatience));
  EXPECT_EQ(f.http.sent[0].url, "https://logging.googleapis.com/v2/entries:write");
  const json::value body = f.Body(0);
  EXPECT_EQ(body.at("logName").as_string(), "projects/p/logs/easel");
  EXPECT_EQ(json::serialize(body.at("resource")), R"({"type":"global","labels":{"project_id":"p"}})");
  EXPECT_EQ(
      json::serialize(body.at("entries")),
      R"([{"insertId":"r-load.1-0000000007","timestamp":"2023-11-14T22:13:20.123Z","severity":"INFO",)"
      R"("labels":{"canvas":"c","block":"load","run":"r","attempt":"r/load.1"},"textPayload":"hello\n"}])");
}

TEST(LogWriterTest, EntriesGoTogetherUpToALimit) {
  Fixture f;
  f.options.interval = std::chrono::hours(1);  // only Flush sends
  f.options.batch_entries = 10;
  LogWriter writer(f.rest, f.options);
  for (int i = 0; i < 25; ++i) writer.Append(kLabels, i, 1000 + i, Severity::kInfo, "x");
  EXPECT_TRUE(writer.Flush(kPatience));
  EXPECT_EQ(f.http.sent.size(), 3U);
  EXPECT_EQ(f.Entries(), 25U);
}

TEST(LogWriterTest, AFullBatchDoesNotWaitForTheClock) {
  Fixture f;
  f.options.interval = std::chrono::hours(1);
  f.options.batch_bytes = 10'000;
  std::binary_semaphore came{0};
  f.http.handler = [&](const FakeHttpClient::Sent&) -> Result<ClientResponse> {
    came.release();
    return ClientResponse{200, {}, "{}"};
  };
  LogWriter writer(f.rest, f.options);
  writer.Append(kLabels, 0, 1, Severity::kInfo, std::string(12'000, 'x'));
  EXPECT_TRUE(came.try_acquire_for(kPatience));
}

TEST(LogWriterTest, WhatIsTooMuchIsDroppedFromTheOldEndAndSaid) {
  Fixture f;
  f.options.interval = std::chrono::hours(1);
  f.options.waiting_bytes = 10 * 513;
  LogWriter writer(f.rest, f.options);
  for (int i = 0; i < 25; ++i) writer.Append(kLabels, i, 1000 + i, Severity::kInfo, "x");
  EXPECT_EQ(writer.lost(), 15U);
  EXPECT_TRUE(writer.Flush(kPatience));
  const json::value body = f.Body(0);
  const auto& entries = body.at("entries").as_array();
  ASSERT_EQ(entries.size(), 11U);
  EXPECT_TRUE(
      entries[0].at("textPayload").as_string().starts_with("15 entries before this one were not written"));
  EXPECT_EQ(entries[0].at("severity").as_string(), "WARNING");
  EXPECT_EQ(entries[1].at("insertId").as_string(), "r-load.1-0000000015");
}

TEST(LogWriterTest, APassingFailureIsRetriedAndALastingOneCounted) {
  Fixture f;
  std::atomic<int> failures = 2, status = 503;
  f.http.handler = [&](const FakeHttpClient::Sent&) -> Result<ClientResponse> {
    if (failures-- > 0) return ClientResponse{.status = status};
    return ClientResponse{200, {}, "{}"};
  };
  LogWriter writer(f.rest, f.options);
  writer.Append(kLabels, 0, 1, Severity::kInfo, "x");
  EXPECT_TRUE(writer.Flush(kPatience));
  EXPECT_EQ(f.http.sent.size(), 3U);
  EXPECT_EQ(f.http.sent[0].body, f.http.sent[2].body);  // the same insert ids: one entry
  failures = 1;
  status = 403;
  writer.Append(kLabels, 1, 2, Severity::kInfo, "y");
  EXPECT_FALSE(writer.Flush(kPatience));
  EXPECT_EQ(writer.lost(), 1U);
  EXPECT_EQ(f.http.sent.size(), 4U);
  failures = 1'000;
  status = 500;
  writer.Append(kLabels, 2, 3, Severity::kInfo, "z");
  EXPECT_FALSE(writer.Flush(kPatience));
  failures = 0;
  writer.Append(kLabels, 3, 4, Severity::kInfo, "again");
  EXPECT_TRUE(writer.Flush(kPatience));
  EXPECT_TRUE(f.http.sent.back().body.contains("1 entries before this one")) << f.http.sent.back().body;
}

TEST(LogWriterTest, AWriterEndsAtOnceWhileARequestHangs) {
  Fixture f;
  std::binary_semaphore came{0};
  f.http.handler = [&](const FakeHttpClient::Sent&) -> Result<ClientResponse> {
    came.release();
    return ClientResponse{.status = 503};  // and so on, until it is stopped
  };
  LogWriter writer(f.rest, f.options);
  writer.Append(kLabels, 0, 1, Severity::kInfo, "x");
  EXPECT_TRUE(came.try_acquire_for(kPatience));
}

}  // namespace
}  // namespace easel::gcp
