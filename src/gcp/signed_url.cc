#include "gcp/signed_url.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <map>

#include "base/base64.h"
#include "base/digest.h"

namespace easel::gcp {
namespace {

constexpr std::string_view kAlgorithm = "GOOG4-RSA-SHA256";

std::string Lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](unsigned char c) { return std::tolower(c); });
  return out;
}

/// Without spaces at the ends, and one for many inside.
std::string Collapsed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    const bool space = c == ' ' || c == '\t';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string Hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(2 * bytes.size());
  for (const char c : bytes) {
    out += kDigits[static_cast<unsigned char>(c) >> 4];
    out += kDigits[c & 15];
  }
  return out;
}

/// "20190201T090000Z".
std::string Stamp(std::int64_t unix_ms) {
  const std::time_t seconds = unix_ms / 1000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

struct Place {
  std::string scheme, host;  ///< "https://", "storage.googleapis.com:443"
  std::string path;
};

Place PlaceOf(const UrlToSign& to_sign) {
  const auto end = to_sign.base.find("://");
  const std::size_t scheme = end == std::string::npos ? 0 : end + 3;
  Place place{to_sign.base.substr(0, scheme), to_sign.base.substr(scheme), {}};
  if (to_sign.style == UrlStyle::kVirtualHosted) place.host = to_sign.bucket + "." + place.host;
  if (to_sign.style == UrlStyle::kPath) place.path = "/" + PercentEncode(to_sign.bucket);
  if (!to_sign.object.empty() || to_sign.style != UrlStyle::kPath)
    place.path += "/" + PercentEncode(to_sign.object, "/");
  return place;
}

std::string WithoutPort(const std::string& host) {
  const auto colon = host.rfind(':');
  return colon == host.npos || host.ends_with(']') ? host : host.substr(0, colon);
}

std::unexpected<Error> Invalid(std::string_view what) {
  return Fail(Code::kInvalidArgument, "SIGNED_URL_INVALID", "signed URL: " + std::string(what));
}

Status Check(const UrlToSign& to_sign) {
  if (to_sign.bucket.empty()) return Invalid("it names no bucket");
  if (to_sign.expires_s < 1 || to_sign.expires_s > kLongestByKey_s)
    return Invalid("it is good for 1 s to 7 days, not for " + std::to_string(to_sign.expires_s) + " s");
  for (const auto& [name, value] : to_sign.headers)
    if (name.empty() || name.find_first_of("\r\n:;") != name.npos ||
        value.find_first_of("\r\n") != value.npos)
      return Invalid("the header `" + name + "` cannot be signed");
  return {};
}

class KeySigner final : public UrlSigner {
 public:
  KeySigner(std::string account, RsaKey key) : account_(std::move(account)), key_(std::move(key)) {}
  const std::string& account() const override { return account_; }
  std::int64_t longest_s() const override { return kLongestByKey_s; }
  Result<std::string> Sign(std::string_view text, std::stop_token) override { return key_.SignSha256(text); }

 private:
  const std::string account_;
  const RsaKey key_;
};

class IamSigner final : public UrlSigner {
 public:
  IamSigner(RestClient& caller, std::string account) : caller_(caller), account_(std::move(account)) {}
  const std::string& account() const override { return account_; }
  std::int64_t longest_s() const override { return kLongestBySignBlob_s; }

  Result<std::string> Sign(std::string_view text, std::stop_token stop) override {
    auto answer =
        caller_.Call({.service = Service::kIamCredentials,
                      .method = "POST",
                      .path = "/v1/projects/-/serviceAccounts/" + PercentEncode(account_, "@") + ":signBlob",
                      .body = json::value{{"payload", Base64(text)}},
                      .idempotency = Idempotency::kIdempotent,
                      .stop = std::move(stop)});
    if (!answer) {
      if (answer.error().code != Code::kPermissionDenied) return std::unexpected(std::move(answer).error());
      return Fail(Code::kPermissionDenied, "GCP_SIGN_DENIED",
                  caller_.tokens().Who() + " may not sign as " + account_ +
                      "; grant it roles/iam.serviceAccountTokenCreator on that account (a new grant needs a "
                      "few minutes): " +
                      answer.error().message);
    }
    JsonReader reader(*answer, "the answer of signBlob");
    const auto signature = FromBase64(reader.String("signedBlob"));
    EASEL_RETURN_IF_ERROR(reader.status());
    if (!signature || signature->empty())
      return Fail(Code::kUnavailable, "GCP_NOT_JSON", "the answer of signBlob holds no signature in base 64");
    return *signature;
  }

 private:
  RestClient& caller_;
  const std::string account_;
};

}  // namespace

Result<PreparedUrl> PrepareUrl(const UrlToSign& to_sign, std::string_view signer, std::int64_t unix_ms) {
  EASEL_RETURN_IF_ERROR(Check(to_sign));
  const Place place = PlaceOf(to_sign);
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : to_sign.headers) {
    std::string& held = headers[Lower(name)];
    held += (held.empty() ? "" : ",") + Collapsed(value);
  }
  headers["host"] = WithoutPort(place.host);
  std::string lines, names;
  for (const auto& [name, value] : headers) {
    lines += name + ":" + value + "\n";
    names += (names.empty() ? "" : ";") + name;
  }
  const std::string stamp = Stamp(unix_ms);
  const std::string scope = stamp.substr(0, 8) + "/auto/storage/goog4_request";
  Query query = to_sign.query;
  query.insert(query.end(), {{"X-Goog-Algorithm", std::string(kAlgorithm)},
                             {"X-Goog-Credential", std::string(signer) + "/" + scope},
                             {"X-Goog-Date", stamp},
                             {"X-Goog-Expires", std::to_string(to_sign.expires_s)},
                             {"X-Goog-SignedHeaders", names}});
  for (auto& [name, value] : query) {
    name = PercentEncode(name);
    value = PercentEncode(value);
  }
  std::ranges::sort(query);
  std::string parameters;
  for (const auto& [name, value] : query) parameters += (parameters.empty() ? "" : "&") + name + "=" + value;
  const auto payload = headers.find("x-goog-content-sha256");
  PreparedUrl made;
  made.canonical_request = to_sign.method + "\n" + place.path + "\n" + parameters + "\n" + lines + "\n" +
                           names + "\n" + (payload == headers.end() ? "UNSIGNED-PAYLOAD" : payload->second);
  made.string_to_sign =
      std::string(kAlgorithm) + "\n" + stamp + "\n" + scope + "\n" + DigestOf(made.canonical_request);
  made.url = place.scheme + place.host + place.path + "?" + parameters;
  return made;
}

std::unique_ptr<UrlSigner> MakeKeySigner(std::string account, RsaKey key) {
  return std::make_unique<KeySigner>(std::move(account), std::move(key));
}

std::unique_ptr<UrlSigner> MakeIamSigner(RestClient& caller, std::string account) {
  return std::make_unique<IamSigner>(caller, std::move(account));
}

Result<std::string> SignUrl(UrlSigner& signer, const UrlToSign& to_sign, std::int64_t unix_ms,
                            std::stop_token stop) {
  if (to_sign.expires_s > signer.longest_s())
    return Invalid("a signature of this kind is good for " + std::to_string(signer.longest_s() / 3600) +
                   " hours at most");
  EASEL_TRY(const PreparedUrl prepared, PrepareUrl(to_sign, signer.account(), unix_ms));
  EASEL_TRY(const std::string signature, signer.Sign(prepared.string_to_sign, std::move(stop)));
  return prepared.url + "&X-Goog-Signature=" + Hex(signature);
}

}  // namespace easel::gcp
