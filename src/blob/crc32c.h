// CRC32C (Castagnoli), the checksum that Cloud Storage keeps of every object.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace easel {

/// The checksum of what `crc` stands for (0: nothing), followed by `bytes`. By the processor's instruction where there is
/// one: 10 to 20 GB/s, else 1. Source: RFC 3720, appendix B.4.
std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc = 0);

/// The checksum of two pieces after each other, from theirs, `second_bytes` being the second's length.
std::uint32_t JoinCrc32c(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes);

/// As Google writes it: 4 bytes, big endian, in base64. Source: Cloud Storage "Hashes and ETags".
std::string EncodeCrc32c(std::uint32_t crc);
/// Errors: kInvalidArgument CHECKSUM_MALFORMED.
Result<std::uint32_t> DecodeCrc32c(std::string_view text);

}  // namespace easel
