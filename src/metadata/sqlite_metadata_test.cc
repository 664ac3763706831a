// What the SQLite store does besides the conformance suite: formats, damage, a full disk, readers of other processes.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "base/file.h"
#include "metadata/metadata_store.h"
#include "metadata/sqlite_connection.h"
#include "metadata/sqlite_rows.h"
#include "metadata/sqlite_schema.h"

namespace easel {
namespace {

class SqliteMetadataTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/easel_sqlite_test.XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/metadata.db";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Make a database with some rows, closed again.
  void Fill(int runs = 50) {
    auto store = OpenSqliteMetadata(path_);
    ASSERT_TRUE(store) << store.error().message;
    for (int i = 0; i < runs; ++i)
      ASSERT_TRUE((*store)->CommitNow(
          {PutRun{{.run = "run" + std::to_string(i), .summary = std::string(200, 's')}}}));
  }
  void Overwrite(std::size_t at, std::string_view bytes) {
    const UniqueFd fd(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
    ASSERT_EQ(::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(at)),
              static_cast<ssize_t>(bytes.size()));
  }
  void ExpectDamaged(const Error& error) {
    EXPECT_EQ(error.code, Code::kDataLoss);
    EXPECT_EQ(error.reason, "DATABASE_DAMAGED");
    EXPECT_NE(error.message.find(path_), std::string::npos) << error.message;
    EXPECT_NE(error.message.find(".easel/"), std::string::npos) << error.message;
  }

  std::string folder_, path_;
};

TEST_F(SqliteMetadataTest, WhatWasCommittedIsThereAfterReopening) {
  Fill();
  const auto again = OpenSqliteMetadata(path_);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->Runs(100)->size(), 50u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 3)
      << "the file, its log and index only";
}

TEST_F(SqliteMetadataTest, EverythingQueuedIsCommittedBeforeClosing) {
  int told = 0;
  {
    auto store = OpenSqliteMetadata(path_);
    for (int i = 0; i < 200; ++i)
      (*store)->Commit({SetCursor{"x", i}}, [&told](Status status) { told += status.has_value(); });
  }
  EXPECT_EQ(told, 200);
  EXPECT_EQ((*OpenSqliteMetadata(path_))->Load()->cursors.at("x"), 199);
}

TEST_F(SqliteMetadataTest, ANewerFormatIsRefusedWithItsNumber) {
  Fill(1);
  ASSERT_TRUE((*SqliteConnection::Open(path_, SqliteConnection::Access::kReadWrite))
                  ->Execute("PRAGMA user_version=99"));
  for (const bool read_only : {false, true}) {
    const auto opened = OpenSqliteMetadata(path_, read_only);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::kFailedPrecondition);
    EXPECT_EQ(opened.error().reason, "DATABASE_NEWER");
    EXPECT_NE(opened.error().message.find("format 99"), std::string::npos) << opened.error().message;
  }
}

TEST_F(SqliteMetadataTest, AnOlderFormatIsMigratedStepByStepOrNotAtAll) {
  Fill(1);
  auto database = *SqliteConnection::Open(path_, SqliteConnection::Access::kReadWrite);
  const Migration good[] = {{3, ""}, {4, "CREATE TABLE tags(tag)"}, {5, "ALTER TABLE tags ADD COLUMN color"}};
  const Status reader = BringUpToDate(*database, good, true);
  ASSERT_FALSE(reader);
  EXPECT_EQ(reader.error().reason, "DATABASE_OLDER");
  ASSERT_TRUE(BringUpToDate(*database, good, false));
  EXPECT_EQ(database->Number("PRAGMA user_version"), 5);
  EXPECT_TRUE(database->Execute("INSERT INTO tags(tag, color) VALUES('a', 'red')"));

  const Migration bad[] = {{3, ""}, {6, "CREATE TABLE marks(mark)"}, {7, "this is not SQL"}};
  EXPECT_FALSE(BringUpToDate(*database, bad, false));
  EXPECT_EQ(database->Number("PRAGMA user_version"), 5);
  EXPECT_FALSE(database->Execute("SELECT * FROM marks"));
}

TEST_F(SqliteMetadataTest, ADatabaseOfTheFirstReleaseIsBroughtUpToDateWithItsRows) {
  {
    auto database = *SqliteConnection::Open(path_, SqliteConnection::Access::kCreate);
    ASSERT_TRUE(database->Execute("PRAGMA application_id=" + std::to_string(0x4541534c)));
    ASSERT_TRUE(BringUpToDate(*database, Migrations().first(1), false));
    ASSERT_TRUE(WriteAttempt(
        *database, AttemptRecord{.attempt = "r1/load.1", .run = "r1", .block = "load", .epoch = 1}));
    ASSERT_TRUE(WriteBlock(*database, BlockRecord{.block = "load", .epoch = 1}));
  }
  auto store = OpenSqliteMetadata(path_);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->History("load", 10)->size(), 1u);
  ASSERT_TRUE((*store)->CommitNow({RenameBlocks{{{"load", "fetch"}}}}));
  EXPECT_EQ((*store)->History("fetch", 10)->size(), 1u);
}

TEST_F(SqliteMetadataTest, AFormatFromBeforeTheOldestKnownOneIsRefusedWithAWayOut) {
  Fill(1);
  ASSERT_TRUE((*SqliteConnection::Open(path_, SqliteConnection::Access::kReadWrite))
                  ->Execute("PRAGMA user_version=1"));
  for (const bool read_only : {false, true}) {
    const auto opened = OpenSqliteMetadata(path_, read_only);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().reason, "DATABASE_TOO_OLD");
    EXPECT_NE(opened.error().message.find("Delete the folder `.easel/`"), std::string::npos);
  }
}

TEST_F(SqliteMetadataTest, AForeignFileIsNamed) {
  ASSERT_TRUE(WriteFileAtomically(path_, "name,age\nAda,36\n"));
  ExpectDamaged(OpenSqliteMetadata(path_).error());
  ASSERT_TRUE(WriteFileAtomically(path_, ""));
  ExpectDamaged(OpenSqliteMetadata(path_).error());
  ExpectDamaged(OpenSqliteMetadata(path_, true).error());
  std::filesystem::remove(path_);
  ASSERT_TRUE((*SqliteConnection::Open(path_, SqliteConnection::Access::kCreate))
                  ->Execute("CREATE TABLE their(data)"));
  ExpectDamaged(OpenSqliteMetadata(path_).error());
}

TEST_F(SqliteMetadataTest, ATruncatedFileIsNamed) {
  Fill();
  const auto size = std::filesystem::file_size(path_);
  for (const auto keep : {size / 2, size - 4096, std::uintmax_t{4096}, std::uintmax_t{100}}) {
    std::filesystem::resize_file(path_, keep);
    const auto opened = OpenSqliteMetadata(path_);
    ASSERT_FALSE(opened) << keep;
    ExpectDamaged(opened.error());
  }
}

TEST_F(SqliteMetadataTest, AFlippedBitInAValueIsNoticed) {
  Fill();
  std::string content = *ReadFile(path_);
  const std::size_t at = content.find("run7sss");
  ASSERT_NE(at, std::string::npos);
  Overwrite(at + 20, std::string(1, static_cast<char>(content[at + 20] ^ 4)));
  const auto store = OpenSqliteMetadata(path_);
  ASSERT_TRUE(store) << store.error().message;
  const auto runs = (*store)->Runs(100);
  ASSERT_FALSE(runs);
  ExpectDamaged(runs.error());
}

TEST_F(SqliteMetadataTest, GarbageInAnyPageIsAnErrorAndNeverASilentLoss) {
  Fill();
  const std::string content = *ReadFile(path_);
  for (std::size_t page = 0; page < content.size() / 4096; ++page) {
    Overwrite(page * 4096, std::string(512, '\xa5'));
    const auto store = OpenSqliteMetadata(path_);
    ASSERT_FALSE(store) << "page " << page;
    ExpectDamaged(store.error());
    ASSERT_TRUE(WriteFileAtomically(path_, content));
  }
}

TEST_F(SqliteMetadataTest, TheLogOfADeletedDatabaseIsNotReplayed) {
  {
    auto store = *OpenSqliteMetadata(path_);
    ASSERT_TRUE(store->CommitNow({SetCursor{"old", 1}}));
    std::filesystem::copy_file(path_ + "-wal", folder_ + "/kept");
  }
  std::filesystem::remove(path_);
  std::filesystem::rename(folder_ + "/kept", path_ + "-wal");
  const auto store = OpenSqliteMetadata(path_);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_TRUE((*store)->Load()->cursors.empty());
}

TEST_F(SqliteMetadataTest, AReaderNeedsADatabaseAndMayNotWrite) {
  const auto absent = OpenSqliteMetadata(path_, true);
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, Code::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(path_));
  Fill();
  const auto store = OpenSqliteMetadata(path_, true);
  ASSERT_TRUE(store) << store.error().message;
  EXPECT_EQ((*store)->Runs(100)->size(), 50u);
  const Status written = (*store)->CommitNow({SetCursor{"x", 1}});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().reason, "READ_ONLY");
}

TEST_F(SqliteMetadataTest, ReadersDoNotHoldUpTheWriterAndSeeWholeBatches) {
  auto store = *OpenSqliteMetadata(path_);
  ASSERT_TRUE(store->CommitNow({SetCursor{"a", 0}, SetCursor{"b", 0}}));
  std::atomic<bool> over = false;
  int torn = 0, failed = 0, rounds = 0;
  std::thread reader([&] {
    while (!over || rounds == 0) {
      const auto other = OpenSqliteMetadata(path_, true);
      const auto snapshot = other ? (*other)->Load() : std::unexpected(other.error());
      ++rounds;
      if (!snapshot)
        ++failed;
      else if (snapshot->cursors.at("a") != snapshot->cursors.at("b"))
        ++torn;
    }
  });
  for (int i = 1; i <= 300; ++i) ASSERT_TRUE(store->CommitNow({SetCursor{"a", i}, SetCursor{"b", i}}));
  over = true;
  reader.join();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(failed, 0);
}

TEST_F(SqliteMetadataTest, ASecondProcessReadsWhileTheFirstHasItOpen) {
  auto store = *OpenSqliteMetadata(path_);
  ASSERT_TRUE(store->CommitNow({SetCursor{"x", 17}}));
  const pid_t child = ::fork();
  if (child == 0) {
    const auto other = OpenSqliteMetadata(path_, true);
    const auto snapshot = other ? (*other)->Load() : std::unexpected(other.error());
    ::_exit(snapshot ? static_cast<int>(snapshot->cursors.at("x")) : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 17);
}

TEST_F(SqliteMetadataTest, AFullDiskRefusesTheChangeAndKeepsTheRest) {
  ::signal(SIGXFSZ, SIG_IGN);
  auto store = *OpenSqliteMetadata(path_);
  ASSERT_TRUE(store->CommitNow({PutAnalysis{"before", "p", std::string(100'000, 'x')}}));
  rlimit old{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &old), 0);
  const rlimit small{.rlim_cur = std::filesystem::file_size(path_ + "-wal") + 1000, .rlim_max = old.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const Status full = store->CommitNow({PutAnalysis{"during", "p", std::string(100'000, 'y')}});
  const auto during = store->FindAnalysis("during", "p");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &old), 0);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, Code::kResourceExhausted) << full.error().message;
  EXPECT_EQ(full.error().reason, "DISK_FULL");
  EXPECT_EQ(during, std::nullopt);
  EXPECT_TRUE(store->CommitNow({PutAnalysis{"after", "p", "z"}})) << "room again";
  EXPECT_EQ(store->FindAnalysis("before", "p")->value().size(), 100'000u);
  EXPECT_EQ(store->FindAnalysis("after", "p"), "z");
}

}  // namespace
}  // namespace easel
