// State objects as values: the ends of a file, heads of components, extents and their runs (docs/formats/object.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

inline constexpr std::int64_t kChunkBytes = 1 << 20;
inline constexpr std::int64_t kPageBytes = 4096;
inline constexpr std::int64_t kPackedBytes = 64;  ///< where small extents and components begin
inline constexpr std::int64_t kObjectHeaderBytes = 16;
inline constexpr std::int64_t kObjectTrailerBytes = 32;
inline constexpr std::int64_t kComponentHeaderBytes = 16;
inline constexpr std::int64_t kMaxHeadBytes = 64 << 20;

/// A range of bytes, relative to its component.
struct ByteRange {
  std::int64_t offset = 0;
  std::int64_t length = 0;
  bool operator==(const ByteRange&) const = default;
};

/// A range that has a checksum of its own.
struct CheckedRange {
  ByteRange range;
  std::uint32_t crc32 = 0;
};

/// Consecutive bytes of an extent, where a file has them.
struct Run {
  std::size_t object = 0;   ///< 0: the component's own file; n: `objects[n-1]`
  std::int64_t offset = 0;  ///< in that file
  std::int64_t length = 0;
};

/// A contiguous range of bytes as a program sees it: its runs, one behind the other.
struct Extent {
  std::int64_t length = 0;
  std::int64_t chunks = 0;  ///< offset of the chunk table in the component
  std::vector<Run> runs;

  std::int64_t chunk_count() const { return (length + kChunkBytes - 1) / kChunkBytes; }
};

/// A buffer that the stream takes out of band.
struct BufferRange {
  std::size_t extent = 0;
  std::int64_t offset = 0;
  std::int64_t length = 0;
};

struct ComponentHead {
  std::string codec;  ///< pickle5 or arrow
  std::vector<std::string> members;
  ByteRange stream;
  std::uint32_t crc32 = 0;           ///< of the stream
  std::vector<std::string> objects;  ///< names of the other files that its runs use
  std::vector<Extent> extents;
  std::vector<BufferRange> buffers;
  std::optional<CheckedRange> debug, table;
  std::int64_t end = 0;  ///< of the last range that it names: how long the component is at least
};

/// Where the parts of an object file are.
struct ObjectLayout {
  std::int64_t meta = 0;     ///< begin of the meta region; the data region is [16, meta)
  std::int64_t trailer = 0;  ///< its end
};

std::unexpected<Error> ObjectDamaged(std::string_view where, std::string_view how);

/// Read the first 16 and the last 32 bytes of a file of `size` bytes.
///
/// Errors: kDataLoss OBJECT_DAMAGED, the message naming `where`.
Result<ObjectLayout> ParseObjectEnds(std::string_view first, std::string_view last, std::int64_t size,
                                     std::string_view where);

/// Length of the component's head as its first 16 bytes say it, those included.
///
/// Errors: kDataLoss OBJECT_DAMAGED.
Result<std::int64_t> ParseHeadLength(std::string_view first, std::int64_t component_length,
                                     std::string_view where);

/// Parse the head of the component that begins at `bytes`; `component_length` is what the manifest says. Everything
/// that the component alone tells is checked: the head's checksum, that ranges are inside the component and behind the
/// head, that runs make up their extents, that buffers are inside of theirs. Sums of what is accepted do not overflow.
///
/// Errors: kDataLoss OBJECT_DAMAGED, the message naming `where`.
Result<ComponentHead> ParseComponentHead(std::string_view bytes, std::int64_t component_length,
                                         std::string_view where);

/// Check that runs in the component's own file lie in that file's data region.
///
/// Errors: kDataLoss OBJECT_DAMAGED.
Status CheckOwnRuns(const ComponentHead& head, const ObjectLayout& layout, std::string_view where);

}  // namespace easel
