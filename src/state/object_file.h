// One state object file, opened for reading: its heads, its ranges, and whether it is what its name says.
#pragma once

#include <sys/stat.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "state/object.h"

namespace easel {

struct PlacedComponent {
  std::int64_t offset = 0;  ///< of the component in the file
  ComponentHead head;
};

/// How much of an object to verify, and who may stop it.
struct VerifyOptions {
  /// Data regions larger than this are left unread (their description is verified all the same).
  std::int64_t max_data_bytes = INT64_MAX;
  const std::atomic<bool>* stop = nullptr;  ///< looked at once a chunk
};

/// Reads with pread, not through a mapping: a file that somebody cuts short meanwhile is an error, not a SIGBUS.
/// Not thread-safe.
class ObjectFile {
 public:
  /// Open `path`, without following a link, and check its ends.
  ///
  /// Errors: kNotFound; kDataLoss OBJECT_DAMAGED naming the file.
  static Result<ObjectFile> Open(const std::string& path);
  /// The same for a file that is open already; `path` is for messages.
  static Result<ObjectFile> Adopt(UniqueFd fd, const std::string& path);

  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }
  UniqueFd TakeFd() { return std::move(fd_); }
  const struct stat& info() const { return info_; }  ///< as it was when it was opened
  const ObjectLayout& layout() const { return layout_; }

  /// The head of the component at `offset`, of `length` bytes, with every check that head and file allow.
  Result<ComponentHead> ReadHead(std::int64_t offset, std::int64_t length) const;

  /// Bytes of the component at `offset`, with the checksum checked.
  Result<std::string> ReadChecked(std::int64_t offset, const CheckedRange& range) const;

  /// Check the stream's checksum.
  Status CheckStream(std::int64_t offset, const ComponentHead& head) const;

  /// Every component of the file, in order, with their streams unread.
  Result<std::vector<PlacedComponent>> Components() const;

  /// The chunk table of an extent of the component at `offset`: 32 bytes a chunk.
  Result<std::string> ReadChunkTable(std::int64_t offset, const Extent& extent) const;

  /// Check that the file is what `name` says: its meta region, each chunk of its own runs, and zeros where nothing is.
  ///
  /// Errors: kDataLoss OBJECT_DAMAGED naming the file and the first byte of what is wrong; kCancelled if stopped.
  Status Verify(std::string_view name, const VerifyOptions& options = {}) const;

  /// Up to `size` bytes at `offset`; less at the end of the file.
  Result<std::string> ReadAt(std::int64_t offset, std::int64_t size) const;

 private:
  ObjectFile() = default;
  Status ReadInto(std::int64_t offset, char* to, std::int64_t size) const;
  std::string At(std::int64_t offset) const;
  Status VerifyName(std::string_view name) const;
  Status VerifyData(const std::vector<PlacedComponent>& components, const std::atomic<bool>* stop) const;
  Status VerifyZeros(std::int64_t begin, std::int64_t end, std::string& buffer,
                     const std::atomic<bool>* stop) const;

  std::string path_;
  UniqueFd fd_;
  struct stat info_{};
  ObjectLayout layout_;
};

}  // namespace easel
