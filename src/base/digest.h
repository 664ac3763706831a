// Content digests: SHA-256 in lower-case hexadecimal, the one digest of manifests, objects and keys.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace easel {

using RawDigest = std::array<unsigned char, 32>;

/// A streaming SHA-256. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& Update(std::string_view bytes);
  /// Update with the length (8 bytes, little endian) first, so that two fields never run together.
  Sha256& UpdateField(std::string_view bytes);
  /// The digest as 64 hexadecimal digits; the object may not be used after.
  std::string Finish();
  /// The digest as its 32 bytes; the object may not be used after.
  RawDigest FinishRaw();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string DigestOf(std::string_view bytes);
RawDigest RawDigestOf(std::string_view bytes);

/// 64 hexadecimal digits, and back; `text` must be a digest (IsDigest).
std::string HexDigest(const RawDigest& raw);
RawDigest RawFromHex(std::string_view text);

/// The digest of a file's content.
///
/// Errors: as open and read give them.
Result<std::string> DigestOfFile(const std::string& path);

bool IsDigest(std::string_view text);

}  // namespace easel
