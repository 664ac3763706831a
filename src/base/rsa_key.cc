#include "base/rsa_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <utility>

namespace easel {

struct RsaKey::Key {
  EVP_PKEY* key;
  explicit Key(EVP_PKEY* made) : key(made) {}
  Key(const Key&) = delete;
  ~Key() { EVP_PKEY_free(key); }
};

Result<RsaKey> RsaKey::FromPem(std::string_view pem) {
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  // An encrypted key asks for a password: "" is none, and nobody is asked on a terminal.
  const auto no_password = [](char*, int, int, void*) { return 0; };
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, no_password, nullptr);
  BIO_free(bio);
  if (key == nullptr || EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA) {
    EVP_PKEY_free(key);
    return Fail(Code::kInvalidArgument, "KEY_INVALID", "not an unencrypted private RSA key in PEM");
  }
  return RsaKey(std::make_shared<const Key>(key));
}

std::string RsaKey::SignSha256(std::string_view text) const {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  EASEL_CHECK(EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_->key) == 1);
  EASEL_CHECK(EVP_DigestSign(context, nullptr, &size, bytes, text.size()) == 1);
  std::string signature(size, '\0');
  EASEL_CHECK(EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size, bytes,
                             text.size()) == 1);
  EVP_MD_CTX_free(context);
  signature.resize(size);
  return signature;
}

}  // namespace easel
