// What the server's database knows of direct uploads: where each one's bytes go, the sealed session of those in pieces, and
// which files of canvases lie in the bucket as they are. docs/formats/server_database.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/seal.h"
#include "server/server_database.h"

namespace easel {

struct UploadRecord {
  std::string id;
  std::string canvas;  ///< by its folder's name
  std::string path;    ///< below `files`
  std::int64_t bytes = 0;
  bool replace = false;
  std::string content_type;
  bool in_bucket = false;    ///< else it is sent to this server
  std::string session;       ///< of an upload in pieces to the bucket; a secret, sealed in the database
  std::string origin;        ///< of the page that began it
  std::int64_t offset = 0;   ///< how far it was when it was last looked at
  std::int64_t used_ms = 0;  ///< when it was begun, or got on
  bool done = false;         ///< the file is in its place

  /// Of its object in the store.
  std::string key() const { return "uploads/" + id; }
};

/// A file of a canvas that the bucket has, too, as long as the file is the one of `tag`.
struct FileInBucket {
  std::string canvas, path;
  std::string tag;  ///< size, time and inode
  std::string key;
  std::int64_t generation = 0;
};

/// Thread-safe.
class UploadRecords {
 public:
  UploadRecords(ServerDatabase& database, SealingKey key) : database_(database), key_(std::move(key)) {}

  Status Put(const UploadRecord& record);
  /// Errors: kNotFound UPLOAD_UNKNOWN, also for one of another canvas. A session that cannot be unsealed any more is "".
  Result<UploadRecord> Find(const std::string& canvas, const std::string& id);
  /// Those that nobody has gone on with since.
  Result<std::vector<UploadRecord>> UnusedSince(std::int64_t unix_ms);
  Status Remove(const std::string& id);

  /// The upload is done and its file in its place: both at once.
  Status Finish(const UploadRecord& record, const FileInBucket& file);
  Result<std::optional<FileInBucket>> FindFile(const std::string& canvas, const std::string& path);
  Result<std::vector<FileInBucket>> Files();
  Status RemoveFile(const std::string& key);

 private:
  Status Write(SqliteConnection& database, const UploadRecord& record);
  UploadRecord Read(Query& row) const;

  ServerDatabase& database_;
  const SealingKey key_;
};

}  // namespace easel
