#include "blob/gcs_wire.h"

#include <gtest/gtest.h>

namespace easel {
namespace {

const GcsPlace kPlace{.bucket = "acme", .prefix = "team/easel/"};

TEST(GcsWire, ABucketsAddressIsRead) {
  const auto plain = ParseGcsUrl("gs://acme-data_1.x");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->bucket, "acme-data_1.x");
  EXPECT_EQ(plain->prefix, "");
  EXPECT_EQ(plain->Name(), "gs://acme-data_1.x");
  const auto below = ParseGcsUrl("gs://acme/team/easel/");
  ASSERT_TRUE(below);
  EXPECT_EQ(below->prefix, "team/easel/");
  EXPECT_EQ(below->Name(), "gs://acme/team/easel");
  EXPECT_EQ(below->ObjectPath("canvases/a b"), "/storage/v1/b/acme/o/team%2Feasel%2Fcanvases%2Fa%20b");
  for (const char* wrong : {"", "gs://", "gs://a", "gs://Acme", "gs://acme-", "s3://acme", "acme",
                            "gs://ac me", "gs://acme/a//b", "gs://acme/../b", "gs:///acme"}) {
    const auto read = ParseGcsUrl(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_NE(read.error().message.find("gs://BUCKET"), std::string::npos) << "says what is possible";
  }
}

TEST(GcsWire, AResourceBecomesAnInfo) {
  const auto info = ReadObjectResource(json::object{{"name", "team/easel/a/b"},
                                                    {"size", "12"},
                                                    {"generation", "1700000000000001"},
                                                    {"metageneration", "2"},
                                                    {"crc32c", "4waSgw=="},
                                                    {"updated", "2026-01-02T03:04:05.678Z"}},
                                       kPlace);
  ASSERT_TRUE(info) << info.error().message;
  EXPECT_EQ(info->key, "a/b");
  EXPECT_EQ(info->size_bytes, 12);
  EXPECT_EQ(info->generation, 1700000000000001);
  EXPECT_EQ(info->crc32c, 0xE3069283u);
  EXPECT_EQ(info->updated_ms, 1767323045678);
}

TEST(GcsWire, AResourceThatIsWrongIsRefused) {
  const json::object good{
      {"name", "team/easel/a"}, {"size", "1"}, {"generation", "2"}, {"metageneration", "3"}};
  ASSERT_TRUE(ReadObjectResource(good, kPlace));
  const auto with = [&](std::string_view field, json::value value) {
    json::object out = good;
    out[field] = std::move(value);
    return ReadObjectResource(out, kPlace);
  };
  EXPECT_FALSE(with("size", 1));
  EXPECT_FALSE(with("size", "-1"));
  EXPECT_FALSE(with("size", "1x"));
  EXPECT_FALSE(with("generation", ""));
  EXPECT_FALSE(with("crc32c", "?"));
  EXPECT_FALSE(with("name", "other/a"));
  EXPECT_FALSE(with("name", "team/easel/"));
  EXPECT_FALSE(ReadObjectResource(json::array{}, kPlace));
}

TEST(GcsWire, TimesAreRead) {
  EXPECT_EQ(ReadRfc3339("1970-01-01T00:00:00Z"), 0);
  EXPECT_EQ(ReadRfc3339("1970-01-01T00:00:01.5Z"), 1500);
  EXPECT_EQ(ReadRfc3339("1970-01-01T00:00:01.123456789Z"), 1123);
  for (const char* wrong :
       {"", "1970-01-01", "1970-13-01T00:00:00Z", "1970-02-30T00:00:00Z", "1970-01-01T00:00:00",
        "1970-01-01T00:00:00.Z", "1970-01-01T00:00:00.12345678901Z", "1970-01-01T99:00:00Z"})
    EXPECT_EQ(ReadRfc3339(wrong), std::nullopt) << wrong;
}

TEST(GcsWire, AnErrorInXmlIsKnownByItsCode) {
  EXPECT_EQ(
      ReadXmlErrorCode("<?xml version='1.0'?><Error><Code>ExpiredToken</Code><Message>x</Message></Error>"),
      "ExpiredToken");
  for (const char* none :
       {"", "<html>", "<Code>", "<Code></Code>", "<Code>a b</Code>", "<Code>X-Goog-Signature=1</Code>"})
    EXPECT_EQ(ReadXmlErrorCode(none), "") << none;
}

TEST(GcsWire, HeadersAreRead) {
  EXPECT_EQ(ReadHashHeader("crc32c=4waSgw==, md5=abc"), 0xE3069283u);
  EXPECT_EQ(ReadHashHeader("md5=abc,crc32c=AAAAAA=="), 0u);
  EXPECT_EQ(ReadHashHeader("md5=abc"), std::nullopt);
  EXPECT_EQ(ReadHashHeader("crc32c=x"), std::nullopt);
  EXPECT_EQ(*ReadUploadRange(""), 0);
  EXPECT_EQ(*ReadUploadRange("bytes=0-99"), 100);
  EXPECT_FALSE(ReadUploadRange("bytes=1-99"));
  EXPECT_FALSE(ReadUploadRange("bytes=0-9223372036854775807"));
  EXPECT_FALSE(ReadUploadRange("bytes=0-x"));
  const auto range = ReadContentRange("bytes 2-5/10");
  ASSERT_TRUE(range);
  EXPECT_EQ(range->first, 2);
  EXPECT_EQ(range->size, 10);
  for (const char* wrong : {"", "bytes */10", "bytes 5-2/10", "bytes 2-10/10", "bytes 2/5-10", "2-5/10"})
    EXPECT_FALSE(ReadContentRange(wrong)) << wrong;
}

TEST(GcsWire, ABatchIsWrittenAndItsAnswersFindTheirCalls) {
  const Deletion first{.key = "a/b", .if_generation = 7, .if_metageneration = 8}, second{.key = "c"};
  const std::string body = WriteBatch(kPlace, {&first, &second}, "XX");
  EXPECT_NE(
      body.find(
          "Content-ID: <0>\r\n\r\nDELETE "
          "/storage/v1/b/acme/o/team%2Feasel%2Fa%2Fb?ifGenerationMatch=7&ifMetagenerationMatch=8 HTTP/1.1"),
      std::string::npos)
      << body;
  EXPECT_TRUE(body.ends_with("--XX--\r\n"));
  const auto answers =
      ReadBatch("multipart/mixed; boundary=\"YY\"",
                "--YY\r\nContent-Type: application/http\r\nContent-ID: <response-1>\r\n\r\n"
                "HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\n\r\n{\"error\":{}}\r\n"
                "--YY\ncontent-id: <response-0>\n\nHTTP/1.1 204 No Content\n\n\n--YY--\n");
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers.at(0).status, 204);
  EXPECT_EQ(answers.at(1).status, 404);
  EXPECT_EQ(answers.at(1).body, "{\"error\":{}}");
  EXPECT_TRUE(ReadBatch("multipart/mixed", "--YY\r\n").empty());
  EXPECT_TRUE(
      ReadBatch("multipart/mixed; boundary=YY", "--YY\r\nContent-ID: <x>\r\n\r\nHTTP/1.1 204\r\n").empty());
}

}  // namespace
}  // namespace easel
