#include "gcp/token_source.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <semaphore>
#include <thread>
#include <vector>

#include "base/file.h"

namespace easel::gcp {
namespace {

class CountingSource final : public TokenSource {
 public:
  explicit CountingSource(const FakeClock& clock) : clock_(clock) {}
  Result<AccessToken> Token(std::stop_token) override {
    const int number = ++asked;
    if (blocked) {
      entered.release();
      go_on.acquire();
    }
    if (failing) return Fail(Code::kUnavailable, "HTTP_503", "not now");
    return AccessToken{"token" + std::to_string(number), clock_.now_ms + 3'600'000};
  }
  std::string Who() const override { return "the test"; }

  std::atomic<int> asked = 0;
  std::atomic<bool> failing = false, blocked = false;
  std::binary_semaphore entered{0}, go_on{0};

 private:
  const FakeClock& clock_;
};

struct Fixture {
  FakeClock clock;
  std::shared_ptr<CountingSource> source = std::make_shared<CountingSource>(clock);
  CachedTokenSource cache{source, clock};

  std::string Get() {
    auto token = cache.Token({});
    return token ? token->value : token.error().reason;
  }
};

TEST(CachedTokenSourceTest, ATokenIsKeptUntilShortlyBeforeItsEnd) {
  Fixture f;
  EXPECT_EQ(f.Get(), "token1");
  f.clock.now_ms += 3'600'000 - 225'001;
  EXPECT_EQ(f.Get(), "token1");
  f.clock.now_ms += 2;
  EXPECT_EQ(f.Get(), "token2");
}

TEST(CachedTokenSourceTest, TheOldOneIsUsedWhileANewOneCannotBeHad) {
  Fixture f;
  EXPECT_EQ(f.Get(), "token1");
  f.source->failing = true;
  f.clock.now_ms += 3'600'000 - 200'000;
  EXPECT_EQ(f.Get(), "token1");
  EXPECT_EQ(f.Get(), "token1");
  EXPECT_EQ(f.source->asked, 2);  // and not again at once
  f.clock.now_ms += 10'000;
  EXPECT_EQ(f.Get(), "token1");
  EXPECT_EQ(f.source->asked, 3);
  f.clock.now_ms += 190'000;
  EXPECT_EQ(f.Get(), "HTTP_503");
}

TEST(CachedTokenSourceTest, OneCallerRefreshesAheadWhileOthersGoOn) {
  Fixture f;
  EXPECT_EQ(f.Get(), "token1");
  f.clock.now_ms += 3'600'000 - 200'000;
  f.source->blocked = true;
  std::string refreshed;
  std::jthread first([&] { refreshed = f.Get(); });
  f.source->entered.acquire();
  EXPECT_EQ(f.Get(), "token1");
  EXPECT_EQ(f.source->asked, 2);
  f.source->go_on.release();
  first.join();
  EXPECT_EQ(refreshed, "token2");
}

TEST(CachedTokenSourceTest, WithoutATokenAllWaitForOneFlight) {
  Fixture f;
  f.source->blocked = true;
  std::vector<std::string> got(4);
  {
    std::vector<std::jthread> threads;
    for (auto& text : got) threads.emplace_back([&] { text = f.Get(); });
    f.source->entered.acquire();
    std::stop_source stop;
    stop.request_stop();
    EXPECT_EQ(f.cache.Token(stop.get_token()).error().reason, "REQUEST_STOPPED");
    f.source->go_on.release();
  }
  EXPECT_EQ(got, std::vector<std::string>(4, "token1"));
  EXPECT_EQ(f.source->asked, 1);
}

TEST(CachedTokenSourceTest, ARefusedTokenIsNotGivenOutAgain) {
  Fixture f;
  EXPECT_EQ(f.Get(), "token1");
  f.cache.Refused("another");
  EXPECT_EQ(f.Get(), "token1");
  f.cache.Refused("token1");
  EXPECT_EQ(f.Get(), "token2");
}

TEST(GivenTokenSourceTest, AFileIsReadAgain) {
  FakeClock clock;
  const std::string path = testing::TempDir() + "token" + std::to_string(::getpid());
  CachedTokenSource cache(GivenTokenSource::FromFile(path, clock), clock);
  EXPECT_EQ(cache.Token({}).error().reason, "GCP_TOKEN_FILE");
  ASSERT_TRUE(WriteFileAtomically(path, "ya29.one\n"));
  EXPECT_EQ(cache.Token({})->value, "ya29.one");
  ASSERT_TRUE(WriteFileAtomically(path, "ya29.two\r\n"));
  EXPECT_EQ(cache.Token({})->value, "ya29.one");
  clock.now_ms += 61'000;
  EXPECT_EQ(cache.Token({})->value, "ya29.two");
  ASSERT_TRUE(WriteFileAtomically(path, "two\nlines"));
  cache.Refused("ya29.two");
  EXPECT_EQ(cache.Token({}).error().reason, "GCP_TOKEN_INVALID");
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace easel::gcp
