// The checksum of the formats that do without a digest: torn and flipped bytes are noticed, forged ones are not.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string_view>

namespace easel {

inline std::uint32_t Crc32(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

}  // namespace easel
