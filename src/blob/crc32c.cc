#include "blob/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace easel {
namespace {

constexpr std::uint32_t kPolynomial = 0x82F63B78;  // reflected

/// Eight tables: the checksum of a byte followed by 0 to 7 zero bytes.
constexpr std::array<std::array<std::uint32_t, 256>, 8> MakeTables() {
  std::array<std::array<std::uint32_t, 256>, 8> out{};
  for (std::uint32_t i = 0; i < 256; ++i) {
    std::uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? kPolynomial : 0);
    out[0][i] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t i = 0; i < 256; ++i) out[k][i] = (out[k - 1][i] >> 8) ^ out[0][out[k - 1][i] & 0xFF];
  return out;
}
constexpr auto kTables = MakeTables();

std::uint32_t BySlices(std::uint32_t crc, const char* at, std::size_t size) {
  for (; size >= 8; at += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, 8);
    word ^= crc;
    crc = 0;
    for (std::size_t k = 0; k < 8; ++k) crc ^= kTables[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; size > 0; ++at, --size)
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<unsigned char>(*at)) & 0xFF];
  return crc;
}

/// A linear map on 32 bits, as the images of single bits.
using Matrix = std::array<std::uint32_t, 32>;

constexpr std::uint32_t Times(const Matrix& matrix, std::uint32_t vector) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; vector != 0; vector >>= 1, ++i)
    if ((vector & 1) != 0) out ^= matrix[i];
  return out;
}

constexpr Matrix Squared(const Matrix& matrix) {
  Matrix out{};
  for (std::size_t i = 0; i < 32; ++i) out[i] = Times(matrix, matrix[i]);
  return out;
}

/// What appending 2^k zero bytes does to a checksum (without its final inversion). Source: zlib's crc32_combine.
constexpr std::array<Matrix, 64> MakePowers() {
  Matrix one{};  // one zero bit
  one[0] = kPolynomial;
  for (std::size_t i = 1; i < 32; ++i) one[i] = std::uint32_t{1} << (i - 1);
  std::array<Matrix, 64> out{};
  out[0] = Squared(Squared(Squared(one)));
  for (std::size_t k = 1; k < 64; ++k) out[k] = Squared(out[k - 1]);
  return out;
}
const std::array<Matrix, 64>& Powers() {
  static const auto powers = MakePowers();
  return powers;
}

std::uint32_t AppendZeros(std::uint32_t crc, std::uint64_t zeros) {
  for (std::size_t k = 0; zeros != 0; zeros >>= 1, ++k)
    if ((zeros & 1) != 0) crc = Times(Powers()[k], crc);
  return crc;
}

#if defined(__x86_64__)
/// The instruction takes three cycles and can begin each cycle: three streams at once, joined at the end of a stripe.
constexpr std::size_t kStripe = 8192;

/// AppendZeros of one stripe, as tables: joining must cost less than what three streams gain.
const std::array<std::array<std::uint32_t, 256>, 4>& StripeTables() {
  static const auto tables = [] {
    std::array<std::array<std::uint32_t, 256>, 4> out{};
    for (std::size_t k = 0; k < 4; ++k)
      for (std::uint32_t i = 0; i < 256; ++i) out[k][i] = AppendZeros(i << (8 * k), kStripe);
    return out;
  }();
  return tables;
}

std::uint32_t SkipStripe(std::uint32_t crc) {
  const auto& t = StripeTables();
  return t[0][crc & 0xFF] ^ t[1][(crc >> 8) & 0xFF] ^ t[2][(crc >> 16) & 0xFF] ^ t[3][crc >> 24];
}

std::uint64_t WordAt(const char* at) {
  std::uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t ByInstruction(std::uint32_t crc, const char* at,
                                                              std::size_t size) {
  for (; size >= 3 * kStripe; at += 3 * kStripe, size -= 3 * kStripe) {
    std::uint64_t a = crc, b = 0, c = 0;
    for (std::size_t i = 0; i < kStripe; i += 8) {
      a = _mm_crc32_u64(a, WordAt(at + i));
      b = _mm_crc32_u64(b, WordAt(at + kStripe + i));
      c = _mm_crc32_u64(c, WordAt(at + 2 * kStripe + i));
    }
    crc = SkipStripe(SkipStripe(static_cast<std::uint32_t>(a)) ^ static_cast<std::uint32_t>(b)) ^
          static_cast<std::uint32_t>(c);
  }
  std::uint64_t rest = crc;
  for (; size >= 8; at += 8, size -= 8) rest = _mm_crc32_u64(rest, WordAt(at));
  crc = static_cast<std::uint32_t>(rest);
  for (; size > 0; ++at, --size) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(*at));
  return crc;
}
#endif

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::uint32_t Crc32c(std::string_view bytes, std::uint32_t crc) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
  if (has_instruction) return ~ByInstruction(~crc, bytes.data(), bytes.size());
#endif
  return ~BySlices(~crc, bytes.data(), bytes.size());
}

std::uint32_t JoinCrc32c(std::uint32_t first, std::uint32_t second, std::uint64_t second_bytes) {
  return AppendZeros(first, second_bytes) ^ second;
}

std::string EncodeCrc32c(std::uint32_t crc) {
  std::string out;
  for (int i = 0; i < 6; ++i) {
    const int shift = 26 - 6 * i;
    out += kBase64[(shift >= 0 ? crc >> shift : crc << -shift) & 0x3F];
  }
  return out + "==";
}

Result<std::uint32_t> DecodeCrc32c(std::string_view text) {
  const auto malformed = [&] {
    return Fail(Code::kInvalidArgument, "CHECKSUM_MALFORMED",
                "`" + std::string(text.substr(0, 40)) + "` is not a checksum as Cloud Storage writes them");
  };
  if (text.size() != 8 || !text.ends_with("==")) return malformed();
  std::uint64_t bits = 0;
  for (const char c : text.substr(0, 6)) {
    const auto value = kBase64.find(c);
    if (value == std::string_view::npos) return malformed();
    bits = bits << 6 | value;
  }
  if ((bits & 0xF) != 0) return malformed();
  return static_cast<std::uint32_t>(bits >> 4);
}

}  // namespace easel
