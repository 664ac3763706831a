// Little-endian numbers in files, read and written byte by byte so that alignment and host order do not matter.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

namespace easel {

static_assert(std::endian::native == std::endian::little,
              "the formats are little endian, and so is every host we support");

template <typename T>
T LoadLittle(const char* from) {
  T value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

template <typename T>
void StoreLittle(char* to, T value) {
  std::memcpy(to, &value, sizeof value);
}

}  // namespace easel
