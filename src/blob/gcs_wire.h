// What Cloud Storage's JSON API looks like on the wire: paths, resources, headers, batches. Pure: no I/O.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "blob/object_store.h"
#include "http/client.h"

namespace easel {

/// A bucket, and where in it a store's keys begin: "" or "a/b/".
struct GcsPlace {
  std::string bucket;
  std::string prefix;

  /// "gs://bucket/a/b".
  std::string Name() const;
  /// The path of an object below the JSON API, percent-encoded: "/storage/v1/b/bucket/o/a%2Fkey".
  std::string ObjectPath(std::string_view key) const;
  std::string FolderPath(std::string_view key) const;
  std::string BucketPath() const;
};

/// "gs://BUCKET[/PREFIX]".
///
/// Errors: kInvalidArgument STORE_INVALID, saying what is wrong. Source: "Bucket naming guidelines".
Result<GcsPlace> ParseGcsUrl(std::string_view url);

/// An object's resource. Numbers come as text.
///
/// Errors: kInvalidArgument naming the field; kDataLoss for a key that is not below the place.
Result<ObjectInfo> ReadObjectResource(const json::value& resource, const GcsPlace& place);

/// "2026-01-02T03:04:05.678Z" as Unix ms; nullopt for anything else.
std::optional<std::int64_t> ReadRfc3339(std::string_view text);

/// The checksum in `x-goog-hash` ("crc32c=AAAAAA==,md5=…"), if it is there.
std::optional<std::uint32_t> ReadHashHeader(std::string_view text);

/// How many bytes a resumable session has, of a 308's `Range: bytes=0-9`; 0 without one.
///
/// Errors: kInvalidArgument.
Result<std::int64_t> ReadUploadRange(std::string_view text);

/// First and last byte and whole size, of `Content-Range: bytes 2-5/10`; nullopt for anything else.
struct ContentRange {
  std::int64_t first = 0, last = 0, size = 0;
};
std::optional<ContentRange> ReadContentRange(std::string_view text);

/// The `Code` of the XML API's error documents ("SignatureDoesNotMatch"): letters and digits; "" if there is none.
std::string ReadXmlErrorCode(std::string_view body);

struct BatchAnswer {
  int status = 0;
  std::string body;
};

/// One `multipart/mixed` body of deletions, each with its number as Content-ID. Source: Cloud Storage "Batch requests".
std::string WriteBatch(const GcsPlace& place, const std::vector<const Deletion*>& deletions,
                       std::string_view boundary);
/// The answers by number. What cannot be read is left out: whoever asked asks again.
std::map<std::size_t, BatchAnswer> ReadBatch(std::string_view content_type, std::string_view body);

}  // namespace easel
