// Signed URLs of Cloud Storage, version 4: who has one may do one thing with one object until it ends. A secret: never logged.
//
// Source: Cloud Storage "V4 signing process with your own program", "Canonical requests"; Google's conformance vectors.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/rsa_key.h"
#include "gcp/rest_client.h"
#include "http/message.h"

namespace easel::gcp {

enum class UrlStyle {
  kPath,           ///< HOST/BUCKET/OBJECT
  kVirtualHosted,  ///< BUCKET.HOST/OBJECT
  kBucketBound,    ///< HOST/OBJECT: a host of the bucket's own
};

struct UrlToSign {
  std::string method = "GET";
  std::string bucket;
  std::string object;  ///< plain; empty: the bucket itself
  std::int64_t expires_s = 3600;
  HttpHeaders headers;  ///< that the request must have, to the letter; names in any case
  Query query;          ///< further parameters, plain
  UrlStyle style = UrlStyle::kPath;
  std::string base = "https://storage.googleapis.com";  ///< scheme://host[:port]
};

/// Google keeps the keys of `signBlob` so long that a signature is good for 12 hours for sure; a local key's for 7 days.
inline constexpr std::int64_t kLongestBySignBlob_s = 12 * 3600;
inline constexpr std::int64_t kLongestByKey_s = 7 * 86'400;

struct PreparedUrl {
  std::string canonical_request;
  std::string string_to_sign;
  std::string url;  ///< lacks only "&X-Goog-Signature=" and the signature in hexadecimal
};

/// All but the signature. `signer` is the account's address, `unix_ms` the time of signing.
///
/// The host is signed without its port, as Google compares it.
///
/// Errors: kInvalidArgument SIGNED_URL_INVALID (no bucket, a time that is not 1 s to 7 days, a line break in a header).
Result<PreparedUrl> PrepareUrl(const UrlToSign& to_sign, std::string_view signer, std::int64_t unix_ms);

/// Signs as one account. Thread-safe.
class UrlSigner {
 public:
  virtual ~UrlSigner() = default;
  virtual const std::string& account() const = 0;
  virtual std::int64_t longest_s() const = 0;
  /// The signature's bytes.
  virtual Result<std::string> Sign(std::string_view text, std::stop_token stop) = 0;
};

/// With the key of a service account's file.
std::unique_ptr<UrlSigner> MakeKeySigner(std::string account, RsaKey key);

/// By `signBlob` of `account`, one call per signature. `caller` asks with the caller's *own* token: the account itself has no right
/// to sign as itself. `caller` must outlive it.
///
/// Errors of Sign: kPermissionDenied GCP_SIGN_DENIED, naming the role to grant.
std::unique_ptr<UrlSigner> MakeIamSigner(RestClient& caller, std::string account);

/// A whole signed URL.
///
/// Errors: PrepareUrl's, also beyond `signer.longest_s()`; the signer's.
Result<std::string> SignUrl(UrlSigner& signer, const UrlToSign& to_sign, std::int64_t unix_ms,
                            std::stop_token stop);

}  // namespace easel::gcp
