// A private RSA key that signs: what a service account's key file holds.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace easel {

/// Thread-safe; copies share the key.
class RsaKey {
 public:
  /// From PEM: "-----BEGIN PRIVATE KEY-----" (PKCS 8) or "-----BEGIN RSA PRIVATE KEY-----", unencrypted.
  ///
  /// Errors: kInvalidArgument KEY_INVALID; the message holds nothing of the key.
  static Result<RsaKey> FromPem(std::string_view pem);

  /// The signature's bytes, RSASSA-PKCS1-v1_5 with SHA-256. Source: RFC 8017 section 8.2; JWT's RS256.
  std::string SignSha256(std::string_view text) const;

 private:
  struct Key;
  explicit RsaKey(std::shared_ptr<const Key> key) : key_(std::move(key)) {}
  std::shared_ptr<const Key> key_;
};

}  // namespace easel
