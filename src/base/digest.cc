#include "base/digest.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/file.h"

namespace easel {

struct Sha256::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() {
    // Looked up once: what EVP_sha256() gives is looked up by each start, which costs more than a short digest.
    static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    EASEL_CHECK(EVP_DigestInit_ex(context, kSha256, nullptr) == 1);
  }
  ~State() { EVP_MD_CTX_free(context); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

Sha256& Sha256::Update(std::string_view bytes) {
  EASEL_CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
  return *this;
}

Sha256& Sha256::UpdateField(std::string_view bytes) {
  std::uint64_t size = bytes.size();
  char length[8];
  for (int i = 0; i < 8; ++i) length[i] = static_cast<char>(size >> (8 * i));
  return Update({length, 8}).Update(bytes);
}

RawDigest Sha256::FinishRaw() {
  RawDigest raw;
  unsigned int size = 0;
  EASEL_CHECK(EVP_DigestFinal_ex(state_->context, raw.data(), &size) == 1 && size == raw.size());
  return raw;
}

std::string Sha256::Finish() { return HexDigest(FinishRaw()); }

std::string HexDigest(const RawDigest& raw) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out(2 * raw.size(), '0');
  for (std::size_t i = 0; i < raw.size(); ++i) {
    out[2 * i] = kHex[raw[i] >> 4];
    out[2 * i + 1] = kHex[raw[i] & 15];
  }
  return out;
}

RawDigest RawFromHex(std::string_view text) {
  EASEL_CHECK(IsDigest(text));
  const auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  RawDigest raw;
  for (std::size_t i = 0; i < raw.size(); ++i)
    raw[i] = static_cast<unsigned char>(value(text[2 * i]) << 4 | value(text[2 * i + 1]));
  return raw;
}

std::string DigestOf(std::string_view bytes) { return Sha256().Update(bytes).Finish(); }

RawDigest RawDigestOf(std::string_view bytes) {
  RawDigest raw;
  unsigned int size = 0;
  EASEL_CHECK(EVP_Digest(bytes.data(), bytes.size(), raw.data(), &size, EVP_sha256(), nullptr) == 1 &&
              size == raw.size());
  return raw;
}

Result<std::string> DigestOfFile(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  Sha256 hash;
  std::vector<char> buffer(1 << 18);
  for (;;) {
    ssize_t n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno("read " + path, errno);
    if (n == 0) return hash.Finish();
    hash.Update({buffer.data(), static_cast<std::size_t>(n)});
  }
}

bool IsDigest(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace easel
