// Named bytes outside of a canvas's folder: a bucket, a directory, or memory in tests (architecture: layout of the object store).
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

/// What every call may be given: a way to end it early. A stopped call is kCancelled; a write may still have happened.
struct CallContext {
  std::stop_token stop;
};

/// One write of an object; another one after each write. 0 stands for "no object" in conditions.
using Generation = std::int64_t;

/// What a store says of an object.
struct ObjectInfo {
  std::string key;
  std::int64_t size_bytes = 0;
  Generation generation = 0;
  std::int64_t metageneration = 0;      ///< changes with Touch; only equality means something
  std::int64_t updated_ms = 0;          ///< Unix time of the last write or Touch, by the store's clock
  std::optional<std::uint32_t> crc32c;  ///< of the content, where the store keeps it

  bool operator==(const ObjectInfo&) const = default;
};

struct PutOptions {
  std::optional<Generation> if_generation;  ///< write only over this one; 0: only if there is none
  std::string content_type = "application/octet-stream";
};

struct GetOptions {
  Generation generation = 0;          ///< only this one; 0: the one of now
  std::int64_t offset = 0;            ///< from this byte on
  std::int64_t length = INT64_MAX;    ///< at most so many
  std::int64_t max_bytes = 64 << 20;  ///< more is refused, before it is read
};

struct ObjectContent {
  ObjectInfo info;
  std::string bytes;
};

struct ListOptions {
  std::string prefix;
  bool shallow = false;    ///< stop at the next '/': what lies below is one of `folders`
  std::string page_token;  ///< of the listing before
  std::int32_t page_size = 1000;
};

struct Listing {
  std::vector<ObjectInfo> objects;   ///< by key, bytewise
  std::vector<std::string> folders;  ///< of a shallow listing: keys that end in '/'
  std::string next_page_token;       ///< empty: that was all
};

/// An object to delete; with conditions only as it was then.
struct Deletion {
  std::string key;
  std::optional<Generation> if_generation;
  std::optional<std::int64_t> if_metageneration;
};

/// Thread-safe; every call blocks until it is done.
///
/// A key is 1 to 1024 bytes of UTF-8: segments divided by '/', none of them empty, "." or "..", none longer than 255 bytes,
/// no control characters. A wrong one is kInvalidArgument KEY_INVALID before any I/O.
///
/// Transient failures are tried again by the store itself wherever the call is then the same as made once: reading always,
/// writing with a condition. What is left in the end is kUnavailable (or kDeadlineExceeded): a write may have happened.
///
/// Errors of all calls: kNotFound OBJECT_ABSENT; kFailedPrecondition GENERATION_MISMATCH; kPermissionDenied, naming what is
///         needed; kCancelled.
class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  /// For messages: "gs://bucket/prefix", "/a/folder".
  virtual std::string name() const = 0;

  /// Store `bytes` under `key`. A reader sees the old content or all of the new.
  virtual Result<ObjectInfo> Put(const CallContext& context, std::string_view key, std::string_view bytes,
                                 const PutOptions& options) = 0;
  /// The same with the content of a file, which must not change meanwhile.
  ///
  /// Errors: kAborted FILE_CHANGED (its size or checksum is not what was sent); as open gives them.
  virtual Result<ObjectInfo> PutFile(const CallContext& context, std::string_view key,
                                     const std::string& path, const PutOptions& options) = 0;

  /// Errors: kDataLoss OBJECT_CORRUPT (not what the store's checksum says); kResourceExhausted OBJECT_TOO_LARGE;
  ///         kOutOfRange (offset beyond the end).
  virtual Result<ObjectContent> Get(const CallContext& context, std::string_view key,
                                    const GetOptions& options) = 0;
  /// Write all of the object into the file `path`, which must not be there. All of it is of one generation, and what the
  /// store's checksum says. An error leaves no file. Nothing is synced.
  virtual Result<ObjectInfo> GetFile(const CallContext& context, std::string_view key,
                                     const std::string& path, Generation generation = 0) = 0;

  virtual Result<ObjectInfo> Stat(const CallContext& context, std::string_view key) = 0;
  /// Make the object look new to whoever deletes what is old: `updated_ms` and `metageneration` change.
  virtual Result<ObjectInfo> Touch(const CallContext& context, std::string_view key) = 0;
  virtual Result<Listing> List(const CallContext& context, const ListOptions& options) = 0;

  virtual Status Delete(const CallContext& context, const Deletion& deletion) = 0;
  /// Delete many; the answers are in their order. One that is not there is OBJECT_ABSENT, as with Delete.
  virtual std::vector<Status> DeleteAll(const CallContext& context,
                                        const std::vector<Deletion>& deletions) = 0;

  /// Folders as things of their own (a bucket with a hierarchical namespace, a directory). Keys end in '/'. Writing an
  /// object makes its folders; deleting it leaves them.
  ///
  /// Errors: kUnimplemented FOLDERS_UNSUPPORTED; kAlreadyExists FOLDER_EXISTS; kNotFound FOLDER_ABSENT;
  ///         kFailedPrecondition FOLDER_NOT_EMPTY.
  virtual Status CreateFolder(const CallContext& context, std::string_view key) = 0;
  virtual Status DeleteFolder(const CallContext& context, std::string_view key) = 0;
  /// With all that is in it, at once. The target must not be there; its parent must.
  virtual Status RenameFolder(const CallContext& context, std::string_view from, std::string_view to) = 0;
};

/// Errors: kInvalidArgument KEY_INVALID, saying what is wrong with it.
Status CheckKey(std::string_view key);
/// The same for a folder's: a key and a '/'.
Status CheckFolderKey(std::string_view key);

/// All pages of a listing.
Result<Listing> ListAll(ObjectStore& store, const CallContext& context, ListOptions options);

// The errors that all stores have in common; `name` is the store's.
std::unexpected<Error> FailAbsent(std::string_view name, std::string_view key);
std::unexpected<Error> FailMismatch(std::string_view name, std::string_view key);

}  // namespace easel
