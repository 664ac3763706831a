// Access tokens: where one comes from, and keeping it until it ends.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace easel::gcp {

inline constexpr std::string_view kCloudPlatformScope = "https://www.googleapis.com/auth/cloud-platform";
/// Without it a cluster sees an account's number instead of its address, which no binding names.
inline constexpr std::string_view kUserInfoEmailScope = "https://www.googleapis.com/auth/userinfo.email";

/// A secret: never logged, never part of an Error.
struct AccessToken {
  std::string value;
  std::int64_t expires_unix_ms = 0;
};

/// Thread-safe.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  /// A token that is good now. Sources ask each time; CachedTokenSource is what callers hold.
  ///
  /// Errors: kUnauthenticated GCP_... naming the credential and what to do; kPermissionDenied (impersonation not granted);
  /// kUnavailable; kCancelled.
  virtual Result<AccessToken> Token(std::stop_token stop) = 0;
  /// A server answered 401 to this token: it must not be given out again.
  virtual void Refused(std::string_view token) { (void)token; }
  /// Whose tokens these are, in words for people: "service account a@b (key /x/key.json)".
  virtual std::string Who() const = 0;
};

/// Keeps the token of another source. When less than 225 s are left, one caller refreshes it while the others go on with the old
/// one; if that fails, the old one is used until it ends. Source: google-auth's REFRESH_THRESHOLD.
class CachedTokenSource final : public TokenSource {
 public:
  /// `clock` must outlive it.
  CachedTokenSource(std::shared_ptr<TokenSource> source, const Clock& clock);

  Result<AccessToken> Token(std::stop_token stop) override;
  void Refused(std::string_view token) override;
  std::string Who() const override { return source_->Who(); }

 private:
  const std::shared_ptr<TokenSource> source_;
  const Clock& clock_;
  std::mutex mutex_;
  std::condition_variable_any fetched_;
  std::optional<AccessToken> token_;
  std::int64_t not_before_ms_ = 0;  ///< after a failure, refreshing ahead waits
  bool fetching_ = false;
};

/// A token that somebody else made: EASEL_GCP_ACCESS_TOKEN, or a file that is read again for each token (`--access-token-file`).
class GivenTokenSource final : public TokenSource {
 public:
  static std::unique_ptr<GivenTokenSource> FromText(std::string token, std::string origin);
  static std::unique_ptr<GivenTokenSource> FromFile(std::string path, const Clock& clock);

  Result<AccessToken> Token(std::stop_token stop) override;
  std::string Who() const override;

 private:
  GivenTokenSource() = default;
  std::string text_, path_, origin_;
  const Clock* clock_ = nullptr;
};

}  // namespace easel::gcp
