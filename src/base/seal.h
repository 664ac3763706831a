// Secrets at rest: what the server must keep and hand on later (a cluster's token, an upload's session) lies in its database
// sealed by a key that lies in a file of its own, so that a copy of the database alone gives nothing away.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace easel {

/// Seals and unseals with AES-256-GCM. Thread-safe; copies share the key, which is wiped with the last of them.
///
/// Sealed: "ESL1", 12 random bytes (nonce), the ciphertext, 16 bytes (tag). The first four bytes and `purpose` are authenticated
/// with it. Random nonces are good for 2^32 sealings under one key.
/// Source: NIST SP 800-38D, section 8.2.2 and 8.3.
class SealingKey {
 public:
  static constexpr std::size_t kKeyBytes = 32;
  /// What sealing adds.
  static constexpr std::size_t kOverheadBytes = 32;

  /// The key of a file: 64 hexadecimal digits and a newline. Makes the file with a new key (mode 0600) if it is not there;
  /// of several that make it at once all get the same key.
  ///
  /// Errors: kFailedPrecondition KEY_EXPOSED (others than its owner can use the file); kDataLoss KEY_FILE_INVALID; as reading and
  ///         writing files give them. No message holds anything of the key.
  static Result<SealingKey> OpenOrMake(const std::string& path);
  explicit SealingKey(const std::array<unsigned char, kKeyBytes>& key);

  /// `plain` for the disk. Only Unseal with the same `purpose` gives it back, so that what was sealed for one place (one column,
  /// one row) is worth nothing in another: "self_hosting/cluster_token".
  std::string Seal(std::string_view plain, std::string_view purpose) const;

  /// Errors: kDataLoss SEAL_BROKEN: another key, another purpose, or other bytes than Seal made; which one cannot be told.
  Result<std::string> Unseal(std::string_view sealed, std::string_view purpose) const;

 private:
  struct Key;
  std::shared_ptr<const Key> key_;
};

}  // namespace easel
