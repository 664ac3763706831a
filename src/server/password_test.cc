#include "server/password.h"

#include <gtest/gtest.h>

#include "server/sign_in_limit.h"

namespace easel {
namespace {

using Outcome = SignInLimit::Outcome;

TEST(APassword, FitsItsOwnHashOnly) {
  const auto hash = HashPassword("correct horse battery");
  ASSERT_TRUE(hash);
  EXPECT_TRUE(hash->starts_with("$argon2id$v=19$m=19456,t=2,p=1$")) << *hash;
  EXPECT_TRUE(PasswordFits("correct horse battery", *hash));
  EXPECT_FALSE(PasswordFits("correct horse batterY", *hash));
  EXPECT_FALSE(PasswordFits("", *hash));
  EXPECT_FALSE(PasswordFits("correct horse battery", ""));
  EXPECT_NE(*hash, *HashPassword("correct horse battery"));
}

TEST(APassword, OfAHashThatWouldCostTooMuchFitsNothingAndCostsNothing) {
  // 4 TiB of memory: a check that began would end the process.
  EXPECT_FALSE(PasswordFits("x", "$argon2id$v=19$m=4294967295,t=2,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"));
  EXPECT_FALSE(PasswordFits("x", "$argon2id$v=19$m=19456,t=99999,p=1$c2FsdHNhbHQ$AAAAAAAAAAAAAAAAAAAAAA"));
  EXPECT_FALSE(PasswordFits("x", "not a hash"));
}

TEST(ANewPassword, IsLongEnoughAndNotWhatEverybodyWouldTry) {
  EXPECT_TRUE(CheckNewPassword("correct horse", "ada@example.org"));
  EXPECT_TRUE(CheckNewPassword("ääääöööößß", "ada@example.org"));
  for (const char* weak : {"", "short", "äöüäöü", "aaaaaaaaaaaaaaa", "ada@example.org"})
    EXPECT_FALSE(CheckNewPassword(weak, "ada@example.org")) << weak;
  EXPECT_FALSE(CheckNewPassword(std::string(1001, 'x') + "y", "ada@example.org"));
}

TEST(AnAccount, IsClosedAfterTenFailuresAndOpensByTimeOrByALink) {
  FakeClock clock;
  SignInLimit limit(clock);
  const auto fail = [&](int i) {
    const std::string address = "10.0.0." + std::to_string(i);
    ASSERT_EQ(limit.Begin(address, "ada"), 0) << i;
    limit.End(address, "ada", Outcome::kFailed);
  };
  for (int i = 0; i < 10; ++i) fail(i);
  EXPECT_EQ(limit.Begin("10.0.1.1", "ada"), SignInLimit::kAccountMs / 1000 + 1);
  EXPECT_EQ(limit.Begin("10.0.1.1", "bob"), 0);
  clock.now_ms += SignInLimit::kAccountMs + 1;
  EXPECT_EQ(limit.Begin("10.0.1.1", "ada"), 0);
  limit.End("10.0.1.1", "ada", Outcome::kNeither);
  for (int i = 0; i < 10; ++i) fail(i);
  EXPECT_NE(limit.Begin("10.0.1.1", "ada"), 0);
  limit.Reopen("ada");
  EXPECT_EQ(limit.Begin("10.0.1.1", "ada"), 0);
}

TEST(AnAccount, ForgetsFailuresWhenItsOwnerComesIn) {
  FakeClock clock;
  SignInLimit limit(clock);
  for (int round = 0; round < 5; ++round) {
    for (int i = 0; i < 9; ++i) {
      ASSERT_EQ(limit.Begin(std::to_string(i), "ada"), 0);
      limit.End(std::to_string(i), "ada", Outcome::kFailed);
    }
    ASSERT_EQ(limit.Begin("home", "ada"), 0);
    limit.End("home", "ada", Outcome::kSucceeded);
    clock.now_ms += 61'000;  // less than the account's ten minutes, more than an address's one
  }
}

TEST(TriesAtOnce, CountAsIfTheyHadFailed) {
  FakeClock clock;
  SignInLimit limit(clock);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(limit.Begin(std::to_string(i), "ada"), 0);
  EXPECT_EQ(limit.Begin("another", "ada"), 1);
  limit.End("0", "ada", Outcome::kNeither);
  EXPECT_EQ(limit.Begin("another", "ada"), 0);
}

}  // namespace
}  // namespace easel
