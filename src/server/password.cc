#include "server/password.h"

#include <argon2.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>

namespace easel {
namespace {

constexpr std::uint32_t kMemoryKib = 19 << 10, kPasses = 2, kLanes = 1;
constexpr std::size_t kSaltBytes = 16, kHashBytes = 32;
constexpr unsigned kMostMemoryKib = 256 << 10, kMostPasses = 16, kMostLanes = 4;
constexpr std::size_t kLeastCharacters = 10, kMostBytes = 1000;

/// Of nobody: its password was never known.
constexpr char kNobody[] =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

bool IsWithinBounds(const std::string& stored) {
  unsigned memory = 0, passes = 0, lanes = 0;
  return std::sscanf(stored.c_str(), "$argon2id$v=19$m=%9u,t=%9u,p=%9u$", &memory, &passes, &lanes) == 3 &&
         memory <= kMostMemoryKib && passes <= kMostPasses && lanes <= kMostLanes;
}

bool Fits(std::string_view password, const char* stored) {
  return ::argon2id_verify(stored, password.data(), password.size()) == ARGON2_OK;
}

}  // namespace

Result<std::string> HashPassword(std::string_view password) {
  std::array<unsigned char, kSaltBytes> salt{};
  if (::getrandom(salt.data(), salt.size(), 0) != static_cast<ssize_t>(salt.size()))
    return FailErrno("read random numbers", errno);
  std::array<char, 256> out{};
  const int done = ::argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, password.data(), password.size(),
                                           salt.data(), salt.size(), kHashBytes, out.data(), out.size());
  if (done != ARGON2_OK)
    return Fail(done == ARGON2_MEMORY_ALLOCATION_ERROR ? Code::kResourceExhausted : Code::kInternal,
                done == ARGON2_MEMORY_ALLOCATION_ERROR ? "OUT_OF_MEMORY" : "PASSWORD_HASH",
                std::string("the password could not be hashed: ") + ::argon2_error_message(done));
  return std::string(out.data());
}

bool PasswordFits(std::string_view password, const std::string& stored) {
  if (password.size() > kMostBytes) return false;
  if (!stored.empty()) return IsWithinBounds(stored) && Fits(password, stored.c_str());
  (void)Fits(password, kNobody);
  return false;
}

Status CheckNewPassword(std::string_view password, std::string_view email) {
  std::size_t characters = 0;
  for (const char c : password) characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
  if (characters < kLeastCharacters || password.size() > kMostBytes)
    return Fail(
        Code::kInvalidArgument, "PASSWORD_WEAK",
        "a password has at least 10 characters and at most 1000 bytes; a few words in a row are easy to "
        "keep in mind");
  if (password == email || password.find_first_not_of(password[0]) == std::string_view::npos)
    return Fail(Code::kInvalidArgument, "PASSWORD_WEAK",
                "choose a password that is neither the e-mail address nor one character again and again");
  return {};
}

}  // namespace easel
