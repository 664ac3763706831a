// Unpacks .zip archives that strangers made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

/// What an archive may ask of this machine.
struct ZipLimits {
  std::int64_t entries = 50'000;
  std::int64_t bytes = std::int64_t{64} << 30;  ///< of everything, unpacked
  /// An archive may unpack to so many times its own size, and always to `free_bytes`.
  std::int64_t growth = 200;
  std::int64_t free_bytes = std::int64_t{256} << 20;
};

struct ZipEntry {
  std::string path;  ///< parts joined by '/', none of them empty, "." or ".."
  bool folder = false;
  bool executable = false;
  std::int64_t bytes = 0;  ///< unpacked
};

/// An archive whose listing has been read and found harmless: relative UTF-8 paths that do not climb, ordinary files and
/// folders only, none twice, no file where a folder is needed, within the limits. Not thread-safe.
class ZipReader {
 public:
  /// Errors: kInvalidArgument ZIP_INVALID (it is no whole archive), ZIP_UNSAFE (names, links, passwords, duplicates: the
  ///         message names the entry), ZIP_TOO_LARGE; those of opening the file.
  static Result<std::unique_ptr<ZipReader>> Open(const std::string& file, const ZipLimits& limits = {});
  virtual ~ZipReader() = default;

  virtual const std::vector<ZipEntry>& entries() const = 0;

  /// Unpack the entries for which `place` gives a path, to there below `folder`, which is there and empty. Checks lengths and
  /// check sums; what was unpacked before an error stays.
  ///
  /// Errors: kInvalidArgument ZIP_INVALID; those of writing.
  using Place = std::function<std::string(const ZipEntry& entry)>;
  virtual Status Unpack(const std::string& folder, const Place& place) = 0;
};

}  // namespace easel
