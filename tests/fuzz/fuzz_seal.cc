// Sealed secrets: no bytes that Seal did not make are unsealed, and what it made, with a purpose of any bytes, comes back whole.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/seal.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const easel::SealingKey key(std::array<unsigned char, easel::SealingKey::kKeyBytes>{1, 2, 3});
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string_view purpose = bytes.substr(0, size == 0 ? 0 : data[0] % size);
  if (key.Unseal(bytes, purpose).has_value()) std::abort();
  std::string sealed = key.Seal(bytes, purpose);
  if (key.Unseal(sealed, purpose).value() != bytes) std::abort();
  if (size == 0) return 0;
  sealed[data[0] % sealed.size()] ^= static_cast<char>(1 << (size % 8));
  if (key.Unseal(sealed, purpose).has_value()) std::abort();
  return 0;
}
