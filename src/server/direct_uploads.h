// Files that browsers send straight to the bucket, or, without one, to us in the same way; and download links to what lies there.
//
// An upload: begun (its record is in the database) -> sent (by the browser; we only ask how far) -> finished: size and checksum are
// compared, the object is brought into the canvas's files, and stays in the bucket for downloads as long as the file is the same.
// What nobody goes on with for 12 hours is ended there and forgotten here.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "http/message.h"
#include "server/blocking_pool.h"
#include "server/canvas_files.h"
#include "server/upload_records.h"
#include "server/uploads.h"
#include "server/workspace.h"
#include "store/open_store.h"

namespace easel {

/// Where the bytes go. The URL is a secret.
struct UploadSend {
  bool resumable = false;
  std::string url;  ///< begins with '/': ours
  HttpHeaders headers;
  std::int64_t expires_ms = 0;
};

struct DirectUpload {
  Upload upload;
  std::optional<UploadSend> send;  ///< nullopt: all has been sent
};

struct FileLink {
  std::string url;
  bool direct = false;
  std::int64_t expires_ms = 0;
  std::int64_t bytes = 0;
};

/// A canvas as a request names it.
struct CanvasPlace {
  std::string id;    ///< its folder's name
  std::string root;  ///< absolute
};

/// Up to this size a file goes in one request.
inline constexpr std::int64_t kSingleUpload_bytes = std::int64_t{8} << 20;
/// What pieces are multiples of. Source: Cloud Storage "Resumable uploads", chunked.
inline constexpr std::int64_t kPieceUnit_bytes = std::int64_t{256} << 10;
inline constexpr std::int64_t kAbandonedUpload_ms = std::int64_t{12} * 3600 * 1000;

/// Thread-safe. Workspace, clock and `here` must outlive it.
class DirectUploads {
 public:
  /// `bucket` without `direct`: everything is sent to us.
  DirectUploads(const Workspace& workspace, const Clock& clock, Uploads& here, UploadRecords records,
                OpenedStore bucket);
  ~DirectUploads() { End(); }

  /// `origin`: of the page that will send; empty: a program.
  ///
  /// Errors: those of Uploads::Begin; kInvalidArgument CONTENT_TYPE_INVALID; those of DirectAccess.
  Result<DirectUpload> Begin(const CanvasPlace& canvas, const std::string& path, std::int64_t bytes,
                             bool replace, const std::string& content_type, const std::string& origin);
  /// How far it is, as the store has it, with a fresh address.
  ///
  /// Errors: kNotFound UPLOAD_UNKNOWN.
  Result<DirectUpload> Find(const CanvasPlace& canvas, const std::string& id);
  /// Take what is sent to us: bytes from `first` on; what is there already is passed over.
  ///
  /// Errors: those of Uploads::Add; kInvalidArgument UPLOAD_ELSEWHERE, UPLOAD_SIZE (`total` is not what was announced).
  Result<DirectUpload> Take(const CanvasPlace& canvas, const std::string& id, std::int64_t first,
                            std::int64_t total, std::string_view bytes);
  /// Put it into its place. nullopt: it is being brought; ask again.
  ///
  /// Errors: kAborted UPLOAD_INCOMPLETE; kInvalidArgument UPLOAD_DIFFERS (size or checksum: begin anew); kAlreadyExists
  ///         FILE_EXISTS (the upload waits for another Finish); kUnavailable UPLOADS_BUSY; those of the store.
  Result<std::optional<Upload>> Finish(const CanvasPlace& canvas, const std::string& id,
                                       std::optional<std::uint32_t> crc32c);
  /// One whose Finish goes on.
  Result<Upload> Waiting(const CanvasPlace& canvas, const std::string& id);
  Status Drop(const CanvasPlace& canvas, const std::string& id);

  /// Where a file is downloaded from: the bucket, if it has the same bytes.
  ///
  /// Errors: those of CanvasFiles::Read.
  Result<FileLink> Link(const CanvasPlace& canvas, const std::string& path);

  /// End what was abandoned, and remove objects whose files are others now.
  void Tidy();
  /// Stop bringing files, and take no more.
  void End();

 private:
  /// A file on its way from the bucket.
  struct Job {
    std::mutex mutex;
    std::condition_variable ended_now;
    std::optional<Status> ended;
  };

  Result<DirectUpload> WithSend(const UploadRecord& record, std::int64_t offset);
  Result<DirectUpload> FindInBucket(UploadRecord record);
  Status StartSession(UploadRecord& record);
  /// The object with the bytes of an open file, if the bucket has one: as it was uploaded, or as a block wrote it.
  Result<std::optional<FileInBucket>> Elsewhere(const CanvasPlace& canvas, const std::string& path,
                                                const CanvasFiles::OpenFile& file);
  Status Bring(UploadRecord record, const std::string& canvas_root, std::optional<std::uint32_t> crc32c);
  Status Forget(const UploadRecord& record);
  void TidyUploads();
  void TidyFiles();

  const Workspace& workspace_;
  const Clock& clock_;
  Uploads& here_;
  UploadRecords records_;
  const OpenedStore bucket_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Job>> jobs_;  ///< by upload
  BlockingPool pool_{"uploads", 2, 64};
};

}  // namespace easel
