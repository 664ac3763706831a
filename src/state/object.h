// State objects as everyone but a worker sees them: heads of components, bounds, and whether a file is what its name
// says (docs/formats/object.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

/// A range of bytes, relative to its component.
struct ByteRange {
  std::int64_t offset = 0;
  std::int64_t length = 0;
};

struct ComponentHead {
  std::string codec;
  std::int64_t version = 0;
  std::vector<std::string> members;
  ByteRange stream;
  std::vector<ByteRange> buffers;
  std::uint32_t crc32 = 0;
};

/// Parse the head of the component that begins at `bytes`; `component_length` is what the manifest says. Checks that
/// every range is inside the component and behind the head.
///
/// Errors: kDataLoss OBJECT_DAMAGED, the message naming `where`.
Result<ComponentHead> ParseComponentHead(std::string_view bytes, std::int64_t component_length,
                                         std::string_view where);

/// Read the head of the component at `offset` of the object file `path`, and check the stream's checksum.
///
/// Errors: kNotFound; kDataLoss OBJECT_DAMAGED naming the file.
Result<ComponentHead> ReadComponentHead(const std::string& path, std::int64_t offset, std::int64_t length);

/// Check that `path` is an object file and that the SHA-256 of its content is `digest`.
///
/// Errors: kNotFound; kDataLoss OBJECT_DAMAGED naming the file.
Status VerifyObject(const std::string& path, std::string_view digest);

/// "EASELOBJ", version 1: the first 16 bytes of every object.
std::string ObjectFileHeader();

}  // namespace easel
