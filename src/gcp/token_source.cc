#include "gcp/token_source.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/file.h"
#include "base/log.h"

namespace easel::gcp {
namespace {

constexpr std::int64_t kRefreshAheadMs = 225'000;
constexpr std::int64_t kAfterFailureMs = 10'000;
/// A clock's step and the request's own way: a token is not given out in its last seconds.
constexpr std::int64_t kLastSecondsMs = 2'000;
/// A file's token is read again after such a time.
constexpr std::int64_t kFileForMs = 60'000;

}  // namespace

CachedTokenSource::CachedTokenSource(std::shared_ptr<TokenSource> source, const Clock& clock)
    : source_(std::move(source)), clock_(clock) {}

Result<AccessToken> CachedTokenSource::Token(std::stop_token stop) {
  std::unique_lock lock(mutex_);
  for (;;) {
    const std::int64_t now = clock_.UnixMs();
    if (token_ && token_->expires_unix_ms - kLastSecondsMs <= now) token_.reset();
    if (token_ && (token_->expires_unix_ms - now > kRefreshAheadMs || fetching_ || now < not_before_ms_))
      return *token_;
    if (!fetching_) break;
    if (!fetched_.wait(lock, stop, [&] { return !fetching_; }))
      return Fail(Code::kCancelled, "REQUEST_STOPPED", "stopped while waiting for an access token");
  }
  fetching_ = true;
  lock.unlock();
  auto fetched = source_->Token(stop);
  lock.lock();
  fetching_ = false;
  fetched_.notify_all();
  if (fetched) {
    token_ = *fetched;
    not_before_ms_ = 0;
    return fetched;
  }
  const std::int64_t now = clock_.UnixMs();
  if (token_ && token_->expires_unix_ms - kLastSecondsMs > now) {
    not_before_ms_ = now + kAfterFailureMs;
    Log(LogLevel::kWarning, "gcp",
        "the access token was not refreshed, the old one is used until it ends: " + fetched.error().message);
    return *token_;
  }
  return fetched;
}

void CachedTokenSource::Refused(std::string_view token) {
  {
    const std::lock_guard lock(mutex_);
    if (token_ && token_->value == token) token_.reset();
  }
  source_->Refused(token);
}

std::unique_ptr<GivenTokenSource> GivenTokenSource::FromText(std::string token, std::string origin) {
  std::unique_ptr<GivenTokenSource> made(new GivenTokenSource);
  made->text_ = std::move(token);
  made->origin_ = std::move(origin);
  return made;
}

std::unique_ptr<GivenTokenSource> GivenTokenSource::FromFile(std::string path, const Clock& clock) {
  std::unique_ptr<GivenTokenSource> made(new GivenTokenSource);
  made->path_ = std::move(path);
  made->clock_ = &clock;
  return made;
}

Result<AccessToken> GivenTokenSource::Token(std::stop_token) {
  std::string text = text_;
  if (!path_.empty()) {
    auto read = ReadFile(path_, 1 << 16);
    if (!read)
      return Fail(Code::kUnauthenticated, "GCP_TOKEN_FILE",
                  "the access token file cannot be read: " + read.error().message);
    text = std::move(*read);
  }
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; }))
    return Fail(Code::kUnauthenticated, "GCP_TOKEN_INVALID",
                (path_.empty() ? origin_ : path_) +
                    ": not an access token; it is one line, as `gcloud auth print-access-token` prints it");
  const std::int64_t ends = path_.empty() ? std::numeric_limits<std::int64_t>::max()
                                          : clock_->UnixMs() + kFileForMs + kRefreshAheadMs;
  return AccessToken{std::move(text), ends};
}

std::string GivenTokenSource::Who() const {
  return "the bearer of the access token in " + (path_.empty() ? origin_ : path_);
}

}  // namespace easel::gcp
