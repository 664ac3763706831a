#include "state/map_guard.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "base/file.h"

namespace easel {
namespace {

constexpr std::size_t kBytes = 64 << 10;

/// A file of `kBytes` letters, mapped.
struct Mapped {
  Mapped() {
    char name[] = "/tmp/easel_guard.XXXXXX";
    fd.Reset(::mkostemp(name, O_CLOEXEC));
    ::unlink(name);
    EXPECT_TRUE(WriteAll(fd.get(), std::string(kBytes, 'a')));
    bytes = static_cast<const volatile char*>(::mmap(nullptr, kBytes, PROT_READ, MAP_PRIVATE, fd.get(), 0));
  }
  ~Mapped() { ::munmap(const_cast<char*>(bytes), kBytes); }
  UniqueFd fd;
  const volatile char* bytes = nullptr;
};

TEST(MapGuardTest, AFileThatIsCutShortReadsAsZerosAndIsKnown) {
  const Mapped file;
  const MapGuard guard(const_cast<const char*>(file.bytes), kBytes);
  EXPECT_EQ(file.bytes[kBytes - 1], 'a');
  EXPECT_FALSE(guard.cut());
  ASSERT_EQ(::ftruncate(file.fd.get(), 8192), 0);
  EXPECT_EQ(file.bytes[100], 'a');
  EXPECT_FALSE(guard.cut());
  EXPECT_EQ(file.bytes[kBytes - 1], 0);
  EXPECT_EQ(file.bytes[8192], 0);
  EXPECT_TRUE(guard.cut());
}

TEST(MapGuardTest, ManyThreadsMeetTheEndAtOnce) {
  const Mapped file, whole;
  const MapGuard guard(const_cast<const char*>(file.bytes), kBytes),
      other(const_cast<const char*>(whole.bytes), kBytes);
  ASSERT_EQ(::ftruncate(file.fd.get(), 0), 0);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::size_t i = 0; i < kBytes; i += 512) EXPECT_EQ(file.bytes[i], 0);
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(guard.cut());
  EXPECT_FALSE(other.cut());
}

TEST(MapGuardTest, AGuardThatMovedGuardsOn) {
  const Mapped file;
  MapGuard first(const_cast<const char*>(file.bytes), kBytes);
  MapGuard second;
  second = std::move(first);
  ASSERT_EQ(::ftruncate(file.fd.get(), 0), 0);
  EXPECT_EQ(file.bytes[0], 0);
  EXPECT_TRUE(second.cut());
}

TEST(MapGuardDeathTest, WhatNobodyGuardsEndsTheProcessAsBefore) {
  const Mapped file, unguarded;
  const MapGuard guard(const_cast<const char*>(file.bytes), kBytes);
  EXPECT_DEATH(
      {
        (void)!::ftruncate(unguarded.fd.get(), 0);
        (void)unguarded.bytes[0];
      },
      "");
}

}  // namespace
}  // namespace easel
