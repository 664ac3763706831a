#include "state/journal.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "state/test_vectors.h"

namespace easel {
namespace {

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) out += {kDigits[static_cast<unsigned char>(c) >> 4], kDigits[c & 15]};
  return out;
}

TEST(Journal, VectorsGiveTheirRecordsAndThenEndOrDamage) {
  for (const Vector& vector : ReadVectors("journal")) {
    const json::object& expected = vector.document.get_object();
    const json::value* damaged = expected.if_contains("damaged_at");
    auto reader = JournalReader::Open(vector.bytes_path);
    if (damaged != nullptr && damaged->get_int64() == 0) {
      ASSERT_FALSE(reader) << vector.name;
      EXPECT_EQ(reader.error().reason, "JOURNAL_DAMAGED");
      continue;
    }
    ASSERT_TRUE(reader) << vector.name << ": " << reader.error().message;
    for (const json::value& item : expected.at("records").get_array()) {
      const auto record = reader->Next();
      ASSERT_TRUE(record && *record) << vector.name;
      EXPECT_EQ(static_cast<int>((*record)->stream), item.at("stream").get_int64());
      EXPECT_EQ((*record)->unix_us, item.at("unix_us").get_int64());
      EXPECT_EQ(Hex((*record)->payload), item.at("payload_hex").get_string().c_str());
    }
    const auto after = reader->Next();
    if (damaged != nullptr) {
      ASSERT_FALSE(after) << vector.name;
      EXPECT_EQ(after.error().reason, "JOURNAL_DAMAGED");
      EXPECT_NE(after.error().message.find(vector.bytes_path + ": damaged at byte " +
                                           std::to_string(damaged->get_int64())),
                std::string::npos)
          << after.error().message;
    } else {
      ASSERT_TRUE(after) << vector.name;
      EXPECT_FALSE(*after) << vector.name;
      const json::value* end = expected.if_contains("end");
      EXPECT_TRUE(end == nullptr || reader->offset() == end->get_int64()) << vector.name;
    }
  }
}

TEST(Journal, AReaderFollowsAWriter) {
  TemporaryFolder folder;
  const std::string path = folder.path() + "/journal";
  auto writer = JournalWriter::Create(path);
  ASSERT_TRUE(writer);
  auto reader = JournalReader::Open(path);
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader->Next()->has_value());
  const std::string big(700'000, 'x');
  std::int64_t middle = 0;
  for (int i = 0; i < 50; ++i) {
    if (i == 25) middle = writer->offset();
    ASSERT_TRUE(writer->Append(JournalStream::kStdout, i,
                               i % 10 == 0 ? std::string_view(big) : std::string_view("line\n")));
    auto record = reader->Next();
    ASSERT_TRUE(record && *record) << i;
    EXPECT_EQ((*record)->unix_us, i);
    EXPECT_EQ((*record)->payload.size(), i % 10 == 0 ? big.size() : 5u);
    EXPECT_EQ(reader->offset(), writer->offset());
    EXPECT_FALSE(reader->Next()->has_value());
  }
  auto later = JournalReader::Open(path, middle);
  ASSERT_TRUE(later);
  EXPECT_EQ((*later->Next())->unix_us, 25);
  EXPECT_TRUE(writer->Sync());
}

TEST(Journal, IsNeverWrittenOver) {
  TemporaryFolder folder;
  ASSERT_TRUE(JournalWriter::Create(folder.path() + "/journal"));
  EXPECT_EQ(JournalWriter::Create(folder.path() + "/journal").error().code, Code::kAlreadyExists);
  EXPECT_EQ(JournalReader::Open(folder.path() + "/gone").error().code, Code::kNotFound);
}

TEST(Journal, ARecordThatDidNotFitIsTakenBackAndTheNextOneFollows) {
  TemporaryFolder folder;
  auto writer = JournalWriter::Create(folder.path() + "/journal");
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->Append(JournalStream::kStdout, 1, "before"));
  const auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old_limit{};
  ::getrlimit(RLIMIT_FSIZE, &old_limit);
  const rlimit small{1000, old_limit.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const Status failed = writer->Append(JournalStream::kStdout, 2, std::string(5000, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &old_limit);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_FALSE(failed);
  ASSERT_TRUE(writer->Append(JournalStream::kNotice, 3, "after"));
  auto reader = JournalReader::Open(folder.path() + "/journal");
  ASSERT_TRUE(reader);
  EXPECT_EQ((*reader->Next())->payload, "before");
  EXPECT_EQ((*reader->Next())->payload, "after");
  EXPECT_FALSE(reader->Next()->has_value());
}

}  // namespace
}  // namespace easel
