#include "base/seal.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>
#include <vector>

#include "base/file.h"

namespace easel {
namespace {

SealingKey KeyOf(unsigned char byte) {
  std::array<unsigned char, SealingKey::kKeyBytes> key;
  key.fill(byte);
  return SealingKey(key);
}

/// Sealed by another implementation (Python's cryptography: AESGCM(b"\x07" * 32), nonce bytes 0 to 11, data
/// b"ESL1" + b"test/vector").
constexpr unsigned char kVector[] = {0x45, 0x53, 0x4c, 0x31, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05,
                                     0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x79, 0xa1, 0x9a, 0x15,
                                     0x7e, 0x7b, 0xbc, 0x3d, 0x00, 0xf0, 0x94, 0x59, 0xa6, 0x2a,
                                     0x21, 0x51, 0xd1, 0xc0, 0x7b, 0xfe, 0x3a, 0x20, 0xf3, 0xc3};

class SealFileTest : public ::testing::Test {
 protected:
  SealFileTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "easel_seal_XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~SealFileTest() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST(SealTest, WhatWasSealedComesBack) {
  const SealingKey key = KeyOf(1);
  for (const std::size_t size : {0, 1, 15, 16, 17, 4096, 1 << 20}) {
    const std::string plain(size, 'x');
    const std::string sealed = key.Seal(plain, "a/b");
    EXPECT_EQ(sealed.size(), size + SealingKey::kOverheadBytes);
    EXPECT_EQ(key.Unseal(sealed, "a/b").value(), plain);
  }
}

TEST(SealTest, TheFormatStaysReadable) {
  const std::string_view vector(reinterpret_cast<const char*>(kVector), sizeof kVector);
  EXPECT_EQ(KeyOf(7).Unseal(vector, "test/vector").value(), "a secret");
}

TEST(SealTest, NothingOfTheSecretIsSeenAndNoTwoSealingsAreAlike) {
  const SealingKey key = KeyOf(1);
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const std::string sealed = key.Seal("the same secret", "a");
    EXPECT_EQ(sealed.find("secret"), std::string::npos);
    EXPECT_TRUE(seen.insert(sealed).second);
  }
}

TEST(SealTest, AnotherKeyOrPurposeGivesNothing) {
  const std::string sealed = KeyOf(1).Seal("secret", "a");
  EXPECT_EQ(KeyOf(2).Unseal(sealed, "a").error().reason, "SEAL_BROKEN");
  EXPECT_EQ(KeyOf(1).Unseal(sealed, "b").error().reason, "SEAL_BROKEN");
  EXPECT_EQ(KeyOf(1).Unseal(sealed, "").error().reason, "SEAL_BROKEN");
}

TEST(SealTest, EveryFlippedBitAndEveryCutIsFound) {
  const SealingKey key = KeyOf(1);
  const std::string sealed = key.Seal("secret", "a");
  for (std::size_t bit = 0; bit < 8 * sealed.size(); ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(key.Unseal(changed, "a")) << bit;
  }
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(key.Unseal(std::string_view(sealed).substr(0, size), "a")) << size;
  EXPECT_FALSE(key.Unseal(sealed + "x", "a"));
}

TEST_F(SealFileTest, TheFirstUseMakesAKeyThatOnlyItsOwnerCanRead) {
  const std::string path = folder_ + "/seal.key";
  const std::string sealed = SealingKey::OpenOrMake(path).value().Seal("secret", "a");
  struct stat about = {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
  EXPECT_EQ(SealingKey::OpenOrMake(path).value().Unseal(sealed, "a").value(), "secret");
}

TEST_F(SealFileTest, SeveralThatMakeItAtOnceGetTheSameKey) {
  const std::string path = folder_ + "/seal.key";
  std::vector<std::string> sealed(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& each : sealed)
      threads.emplace_back([&] { each = SealingKey::OpenOrMake(path).value().Seal("secret", "a"); });
  }
  for (const std::string& each : sealed)
    EXPECT_EQ(SealingKey::OpenOrMake(path).value().Unseal(each, "a").value(), "secret");
}

TEST_F(SealFileTest, AKeyFileThatOthersCanReadIsRefused) {
  const std::string path = folder_ + "/seal.key";
  ASSERT_TRUE(SealingKey::OpenOrMake(path));
  ::chmod(path.c_str(), 0640);
  const auto opened = SealingKey::OpenOrMake(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().reason, "KEY_EXPOSED");
  EXPECT_NE(opened.error().message.find("chmod 600"), std::string::npos);
}

TEST_F(SealFileTest, ADamagedKeyFileIsNeverReplaced) {
  const std::string path = folder_ + "/seal.key";
  for (const std::string& content :
       {std::string(), std::string("12ab\n"), std::string(64, 'g') + "\n", std::string(64, 'a')}) {
    ASSERT_TRUE(WriteFileAtomically(path, content, {.mode = 0600}));
    const auto opened = SealingKey::OpenOrMake(path);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().reason, "KEY_FILE_INVALID");
    EXPECT_EQ(ReadFile(path).value(), content);
  }
}

}  // namespace
}  // namespace easel
