#include "base/seal.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sys/random.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/digest.h"
#include "base/file.h"

namespace easel {
namespace {

constexpr std::string_view kMagic = "ESL1";
constexpr std::size_t kNonceBytes = 12, kTagBytes = 16;
constexpr std::size_t kDigits = 2 * SealingKey::kKeyBytes;
static_assert(kMagic.size() + kNonceBytes + kTagBytes == SealingKey::kOverheadBytes);

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

unsigned char* Bytes(std::string& text, std::size_t at) {
  return reinterpret_cast<unsigned char*>(text.data() + at);
}

void Random(unsigned char* out, std::size_t size) {
  EASEL_CHECK(::getrandom(out, size, 0) == static_cast<ssize_t>(size));
}

std::unexpected<Error> Broken() {
  return Fail(Code::kDataLoss, "SEAL_BROKEN",
              "a stored secret cannot be read: it was sealed with another key file, or was changed");
}

Result<SealingKey> ReadKey(const std::string& path) {
  struct stat about = {};
  if (::stat(path.c_str(), &about) != 0) return FailErrno("open " + path, errno);
  if ((about.st_mode & 077) != 0)
    return Fail(Code::kFailedPrecondition, "KEY_EXPOSED",
                path + ": others can use this key file: `chmod 600 " + path +
                    "`, and set anew what is stored encrypted (or accept that they may have read it)");
  EASEL_TRY(std::string text, ReadFile(path, 4096));
  const std::string_view digits = std::string_view(text).substr(0, kDigits);
  const bool good = text.size() == kDigits + 1 && text.back() == '\n' && IsDigest(digits);
  RawDigest key = good ? RawFromHex(digits) : RawDigest{};
  OPENSSL_cleanse(text.data(), text.size());
  if (!good)
    return Fail(Code::kDataLoss, "KEY_FILE_INVALID",
                path +
                    ": is not 64 hexadecimal digits and a newline. Put the file of a backup there; if there "
                    "is none, remove it: a new one is made, and what is stored encrypted has to be set anew");
  SealingKey made(key);
  OPENSSL_cleanse(key.data(), key.size());
  return made;
}

}  // namespace

struct SealingKey::Key {
  std::array<unsigned char, kKeyBytes> bytes;
  explicit Key(const std::array<unsigned char, kKeyBytes>& from) : bytes(from) {}
  Key(const Key&) = delete;
  ~Key() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
};

SealingKey::SealingKey(const std::array<unsigned char, kKeyBytes>& key)
    : key_(std::make_shared<const Key>(key)) {}

Result<SealingKey> SealingKey::OpenOrMake(const std::string& path) {
  auto found = ReadKey(path);
  if (found || found.error().code != Code::kNotFound) return found;
  RawDigest key;
  Random(key.data(), key.size());
  std::string text = HexDigest(key) + "\n";
  const Status written = WriteFileAtomically(path, text, {.sync = true, .create_only = true, .mode = 0600});
  OPENSSL_cleanse(text.data(), text.size());
  OPENSSL_cleanse(key.data(), key.size());
  // Another one may have been faster: what lies there now is the key.
  if (!written && written.error().code != Code::kAlreadyExists) return std::unexpected(written.error());
  return ReadKey(path);
}

std::string SealingKey::Seal(std::string_view plain, std::string_view purpose) const {
  std::string sealed(kMagic);
  sealed.resize(kOverheadBytes + plain.size());
  unsigned char* nonce = Bytes(sealed, kMagic.size());
  Random(nonce, kNonceBytes);
  unsigned char* text = Bytes(sealed, kMagic.size() + kNonceBytes);
  unsigned char* tag = Bytes(sealed, sealed.size() - kTagBytes);
  const CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  EVP_CIPHER_CTX* cipher = context.get();
  int size = 0;
  EASEL_CHECK(EVP_EncryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, key_->bytes.data(), nonce) == 1);
  for (const std::string_view part : {kMagic, purpose})
    EASEL_CHECK(EVP_EncryptUpdate(cipher, nullptr, &size, Bytes(part), static_cast<int>(part.size())) == 1);
  EASEL_CHECK(EVP_EncryptUpdate(cipher, text, &size, Bytes(plain), static_cast<int>(plain.size())) == 1);
  EASEL_CHECK(EVP_EncryptFinal_ex(cipher, text + plain.size(), &size) == 1 && size == 0);
  EASEL_CHECK(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_GET_TAG, kTagBytes, tag) == 1);
  return sealed;
}

Result<std::string> SealingKey::Unseal(std::string_view sealed, std::string_view purpose) const {
  if (sealed.size() < kOverheadBytes || !sealed.starts_with(kMagic)) return Broken();
  const std::string_view nonce = sealed.substr(kMagic.size(), kNonceBytes);
  const std::string_view text = sealed.substr(kMagic.size() + kNonceBytes, sealed.size() - kOverheadBytes);
  std::string tag(sealed.substr(sealed.size() - kTagBytes));
  std::string plain(text.size(), '\0');
  const CipherContext context(EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free);
  EVP_CIPHER_CTX* cipher = context.get();
  int size = 0;
  EASEL_CHECK(EVP_DecryptInit_ex(cipher, EVP_aes_256_gcm(), nullptr, key_->bytes.data(), Bytes(nonce)) == 1);
  for (const std::string_view part : {kMagic, purpose})
    EASEL_CHECK(EVP_DecryptUpdate(cipher, nullptr, &size, Bytes(part), static_cast<int>(part.size())) == 1);
  EASEL_CHECK(EVP_DecryptUpdate(cipher, Bytes(plain, 0), &size, Bytes(text), static_cast<int>(text.size())) ==
              1);
  EASEL_CHECK(EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_GCM_SET_TAG, kTagBytes, tag.data()) == 1);
  if (EVP_DecryptFinal_ex(cipher, Bytes(plain, plain.size()), &size) == 1) return plain;
  OPENSSL_cleanse(plain.data(), plain.size());
  return Broken();
}

}  // namespace easel
