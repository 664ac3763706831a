// Which object files were seen whole, as Git's index does it: a file whose inode, size and times are what they were when
// it was verified is not verified again (docs/formats/stamps.md).
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/digest.h"
#include "base/error.h"
#include "base/file.h"

namespace easel {

/// What tells a file from the same file changed.
struct Stamp {
  std::uint64_t inode = 0;
  std::uint64_t size_bytes = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t ctime_ns = 0;
  bool operator==(const Stamp&) const = default;

  static Stamp Of(const struct stat& info);
};

struct NamedStamp {
  RawDigest name;
  Stamp stamp;
};

/// The stamps in a file's bytes, oldest first. Whatever is wrong (foreign, newer, torn, flipped) is left out: a stamp
/// that is not there costs a verification, nothing else.
std::vector<NamedStamp> ParseStamps(std::string_view bytes);
std::string SerializeStamps(const std::vector<NamedStamp>& stamps);

/// The stamps of one canvas, kept in `.easel/stamps`. Thread-safe. Several processes may use one file: each appends
/// what it verified, and a stamp that another's rewriting loses is made again.
class ObjectStamps {
 public:
  explicit ObjectStamps(std::string state_root) : path_(std::move(state_root) + "/stamps") {}

  /// Was the object `name` verified when its file was as `info` says?
  bool Holds(std::string_view name, const struct stat& info);

  /// Remember that it was. A disk that is full or read-only makes this forget at the process's end.
  void Put(std::string_view name, const struct stat& info);

 private:
  struct NameHash {
    std::size_t operator()(const RawDigest& name) const;
  };
  void Load();
  void Append(const NamedStamp& stamp);
  void Rewrite();

  const std::string path_;
  std::mutex mutex_;
  bool loaded_ = false;
  UniqueFd file_;             ///< for appending; not valid: to be written anew
  std::int64_t records_ = 0;  ///< in the file
  std::uint64_t turn_ = 0;
  struct Kept {
    Stamp stamp;
    std::uint64_t turn = 0;  ///< when it was put: the oldest go first
  };
  std::unordered_map<RawDigest, Kept, NameHash> kept_;
};

}  // namespace easel
