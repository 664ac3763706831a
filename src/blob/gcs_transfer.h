// Content up to and down from Cloud Storage: sessions that are resumed where they broke, ranges that go on where they ended.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "blob/gcs_wire.h"
#include "blob/object_store.h"
#include "gcp/rest_client.h"

namespace easel {

struct GcsTransferOptions {
  std::int64_t multipart_bytes = std::int64_t{8} << 20;  ///< up to this size an object goes up in one request
  std::int64_t piece_bytes = std::int64_t{32} << 20;     ///< of a parallel download
  int threads = 8;                                       ///< of one download
  std::chrono::seconds stall_timeout{30};                ///< a transfer of which nothing comes is broken
};

/// What goes up: `read` fills a buffer from an offset on, as ClientBody::read does, any number of times.
struct UploadSource {
  std::int64_t size_bytes = 0;
  std::uint32_t crc32c = 0;
  std::function<Result<std::size_t>(std::uint64_t offset, std::span<char> to)> read;
};

/// Thread-safe. What it is made of must outlive it.
class GcsTransfer {
 public:
  GcsTransfer(gcp::RestClient& rest, GcsPlace place, GcsTransferOptions options)
      : rest_(rest), place_(std::move(place)), options_(options) {}

  /// Errors: as ObjectStore::Put.
  Result<ObjectInfo> Upload(const CallContext& context, std::string_view key, const UploadSource& source,
                            const PutOptions& options);

  /// Takes bytes in order; an error ends the download.
  using Sink = std::function<Status(std::int64_t offset, std::string_view piece)>;
  /// Read the bytes [begin, end) of an object, as far as it has them. `info.generation`, if not 0, is the only one that is
  /// taken; what the first answer says is put into `info`, and looked at by `look` before the first byte.
  ///
  /// Errors: as ObjectStore::Get.
  Status Read(const CallContext& context, ObjectInfo& info, std::int64_t begin, std::int64_t end,
              const std::function<Status(const ObjectInfo&)>& look, const Sink& sink);

  /// All of an object into `fd`, several ranges at once; returns what it is, and checks the checksum.
  Result<ObjectInfo> Download(const CallContext& context, std::string_view key, Generation generation,
                              int fd);

  Result<ObjectInfo> Stat(const CallContext& context, std::string_view key, Generation generation = 0);

  /// The store's own words for an answer's error.
  Error Explain(Error error, std::string_view key) const;

 private:
  Result<ObjectInfo> UploadAtOnce(const CallContext& context, std::string_view key,
                                  const UploadSource& source, const PutOptions& options);
  Result<ObjectInfo> UploadBySession(const CallContext& context, std::string_view key,
                                     const UploadSource& source, const PutOptions& options);
  Result<std::string> StartSession(const CallContext& context, std::string_view key,
                                   const UploadSource& source, const PutOptions& options,
                                   gcp::Backoff& backoff, bool& retried);
  Result<ClientResponse> AskSession(const CallContext& context, const std::string& session,
                                    std::int64_t size);
  Result<ObjectInfo> Finished(const CallContext& context, std::string_view key, const UploadSource& source,
                              const ClientResponse& answer);
  /// After a retry, 412 may mean that the first try had its effect: then the object is what we sent.
  Result<ObjectInfo> OursAfterAll(const CallContext& context, std::string_view key,
                                  const UploadSource& source, Error error);

  gcp::RestClient& rest_;
  const GcsPlace place_;
  const GcsTransferOptions options_;
};

}  // namespace easel
