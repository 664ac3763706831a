// Files that arrive in pieces, kept in one folder until they are whole: `ID.part` with what has arrived, and `ID.json` with what
// they are to become. Both survive the server's end; what nobody goes on with for a week is removed.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json.h"

namespace easel {

/// A file on its way.
struct Arriving {
  std::string id;
  json::object about;       ///< what Begin was given
  std::int64_t bytes = 0;   ///< as announced
  std::int64_t offset = 0;  ///< what has arrived
};

/// Thread-safe. One piece of a file is taken at a time.
///
/// Errors of all but Begin: kNotFound UPLOAD_UNKNOWN.
class Pieces {
 public:
  /// Errors: kResourceExhausted DISK_FULL.
  Result<Arriving> Begin(const std::string& folder, json::object about, std::int64_t bytes);
  Result<Arriving> Find(const std::string& folder, const std::string& id) const;
  /// Take the piece that begins at `offset`. Once all is there (also when the last piece comes again, empty), `finish` is
  /// called, and decides what goes; after an error of it the file stays as it is.
  ///
  /// Errors: kAborted UPLOAD_BUSY, UPLOAD_OFFSET (the message says where to go on); kInvalidArgument UPLOAD_TOO_LONG.
  using Finish = std::function<Status(const Arriving& whole)>;
  Result<Arriving> Add(const std::string& folder, const std::string& id, std::int64_t offset,
                       std::string_view piece, const Finish& finish);
  Status Drop(const std::string& folder, const std::string& id);

  /// Is there room for so much on the disk of `folder`, which is made if it is missing?
  ///
  /// Errors: kResourceExhausted DISK_FULL.
  static Status CheckRoom(const std::string& folder, std::int64_t bytes);
  /// Write down anew what a file is to become.
  static Status Note(const std::string& folder, const std::string& id, const json::object& about,
                     std::int64_t bytes);
  static std::string PartOf(const std::string& folder, const std::string& id);
  static std::string NoteOf(const std::string& folder, const std::string& id);

 private:
  std::mutex mutex_;
  std::set<std::string> busy_;
};

}  // namespace easel
