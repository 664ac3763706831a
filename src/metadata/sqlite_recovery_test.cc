// kill -9 of a process that commits: everything that it was told is durable must be there, whole batches only.

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "metadata/metadata_store.h"

namespace easel {
namespace {

/// Commit for ever, several batches under way at a time, and write each acknowledged number to `out`.
[[noreturn]] void CommitUntilKilled(const std::string& path, int out) {
  auto store = OpenSqliteMetadata(path);
  if (!store) ::_exit(1);
  for (std::int64_t i = (*store)->Load()->cursors["a"] + 1;; ++i) {
    Batch batch{SetCursor{"a", i}, PutRun{{.run = "r" + std::to_string(i), .summary = std::string(300, 'x')}},
                SetCursor{"b", i}};
    auto told = [out, i](Status status) {
      if (!status || ::write(out, &i, sizeof i) != sizeof i) ::_exit(1);
    };
    if (i % 8 != 0)
      (*store)->Commit(std::move(batch), told);
    else
      told((*store)->CommitNow(std::move(batch)));
  }
}

TEST(SqliteRecovery, WhatWasAcknowledgedSurvivesAKill) {
  char name[] = "/tmp/easel_recovery_test.XXXXXX";
  const std::string folder = ::mkdtemp(name);
  const std::string path = folder + "/metadata.db";
  std::int64_t acknowledged = 0;
  for (int round = 0; round < 10; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      CommitUntilKilled(path, ends[1]);
    }
    ::close(ends[1]);
    // Kill after a number of acknowledgements that differs from round to round, wherever the writer then is.
    const std::int64_t target = acknowledged + 20 + 37 * round;
    std::int64_t number = 0;
    while (acknowledged < target && ::read(ends[0], &number, sizeof number) == sizeof number)
      acknowledged = number;
    ASSERT_GE(acknowledged, target) << "the child ended by itself";
    ASSERT_EQ(::kill(child, SIGKILL), 0);
    while (::read(ends[0], &number, sizeof number) == sizeof number) acknowledged = number;
    ::close(ends[0]);
    ASSERT_EQ(::waitpid(child, nullptr, 0), child);

    const auto reader = OpenSqliteMetadata(path, true);
    ASSERT_TRUE(reader) << reader.error().message;
    const auto snapshot = (*reader)->Load();
    ASSERT_TRUE(snapshot) << snapshot.error().message;
    EXPECT_GE(snapshot->cursors.at("a"), acknowledged);
    EXPECT_EQ(snapshot->cursors.at("a"), snapshot->cursors.at("b")) << "half a batch";
    EXPECT_EQ(std::ssize(*(*reader)->Runs(1'000'000)), snapshot->cursors.at("a"));
  }
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace easel
