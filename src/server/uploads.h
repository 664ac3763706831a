// Files on their way in, piece by piece: what has arrived is in `.easel/uploads/`, so that an upload goes on where it was cut,
// also after the server was killed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "server/pieces.h"

namespace easel {

struct Upload {
  std::string id;
  std::string path;         ///< where it shall be, below `files`
  std::int64_t bytes = 0;   ///< when it is whole
  std::int64_t offset = 0;  ///< what has arrived
  bool replace = false;
  bool done = false;
};

/// Thread-safe; one piece of an upload at a time.
class Uploads {
 public:
  /// Errors: kInvalidArgument BAD_PATH; kAlreadyExists FILE_EXISTS; kResourceExhausted DISK_FULL.
  Result<Upload> Begin(const std::string& canvas_root, const std::string& path, std::int64_t bytes,
                       bool replace);
  /// The same for bytes that Finish puts into their place, and not the last piece.
  Result<Upload> BeginDirect(const std::string& canvas_root, const std::string& path, std::int64_t bytes,
                             bool replace);
  Result<Upload> Find(const std::string& canvas_root, const std::string& id);
  /// Add a piece that begins at `offset`; with the last one the file is put into its place.
  ///
  /// Errors: kNotFound UPLOAD_UNKNOWN; kAborted UPLOAD_OFFSET (`offset` is not what has arrived: ask, and go on from
  /// there), UPLOAD_BUSY; those of CanvasFiles::Take: the upload then waits for another Finish.
  Result<Upload> Add(const std::string& canvas_root, const std::string& id, std::int64_t offset,
                     std::string_view piece);
  /// Errors: kAborted UPLOAD_INCOMPLETE; kInvalidArgument UPLOAD_DIFFERS; those of CanvasFiles::Take.
  Status Finish(const std::string& canvas_root, const std::string& id, std::optional<std::uint32_t> crc32c);
  Status Drop(const std::string& canvas_root, const std::string& id);

  /// Can a file of that name and size be taken?
  ///
  /// Errors: those of Begin.
  static Status CheckTarget(const std::string& canvas_root, const std::string& path, std::int64_t bytes,
                            bool replace);
  /// Errors: kResourceExhausted DISK_FULL.
  static Status CheckRoom(const std::string& canvas_root, std::int64_t bytes);

 private:
  Pieces pieces_;
};

}  // namespace easel
