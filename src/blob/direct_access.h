// Ways for a browser to send one object to a store and to fetch one from it, past us: addresses that are good for whoever has
// them, for a while. They are secrets: no log, message or file of ours holds one in the clear.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "blob/gcs_wire.h"
#include "blob/object_store.h"
#include "gcp/signed_url.h"

namespace easel {

/// What shall be sent: exactly so many bytes, to a key at which nothing is.
struct DirectPut {
  std::string key;
  std::int64_t bytes = 0;
  std::string content_type = "application/octet-stream";
};

/// What shall be fetched: this generation, and as what a browser is to take it.
struct DirectGet {
  std::string key;
  Generation generation = 0;
  std::string content_type = "application/octet-stream";
  std::string disposition;  ///< of Content-Disposition
};

struct DirectLink {
  std::string url;
  HttpHeaders headers;  ///< that the request must have, to the letter
  std::int64_t expires_ms = 0;
};

/// How far an upload by session is.
struct SessionState {
  enum class Kind { kOpen, kWhole, kGone };
  Kind kind = Kind::kOpen;
  std::int64_t offset = 0;  ///< of an open one: how many bytes the store has
};

/// Thread-safe; calls block.
///
/// Errors of all: kPermissionDenied GCP_SIGN_DENIED, naming the role; kUnavailable and others as the store gives them. No message
/// holds an address.
class DirectAccess {
 public:
  virtual ~DirectAccess() = default;

  /// Where all the addresses begin, scheme://host[:port]: what a page has to be let to.
  virtual std::string Origin() const = 0;
  /// One PUT with all the bytes. Size, type, and that nothing is replaced are part of the signature.
  virtual Result<DirectLink> Put(const CallContext& context, const DirectPut& put) = 0;
  /// Begin an upload in pieces, for pages of `origin` ("": for no browser), and return where they go: its session, good for
  /// a week.
  virtual Result<std::string> StartSession(const CallContext& context, const DirectPut& put,
                                           std::string_view origin) = 0;
  virtual Result<SessionState> AskSession(const CallContext& context, const std::string& session,
                                          std::int64_t bytes) = 0;
  /// End an upload in pieces; one that is gone already is no error.
  virtual Status CancelSession(const CallContext& context, const std::string& session) = 0;
  virtual Result<DirectLink> Get(const CallContext& context, const DirectGet& get) = 0;
};

/// A bucket's, by signed URLs. `http` sends what needs no token, `rest` says where the bucket is and how long to try; both, and
/// `clock`, must outlive it.
/// Source: Cloud Storage "Signed URLs", "Resumable uploads" (XML API), "x-goog-content-length-range".
std::unique_ptr<DirectAccess> MakeGcsDirectAccess(gcp::RestClient& rest, HttpClient& http, const Clock& clock,
                                                  GcsPlace place, std::unique_ptr<gcp::UrlSigner> signer);

}  // namespace easel
