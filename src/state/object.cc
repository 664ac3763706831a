#include "state/object.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "state/bytes.h"

namespace easel {

namespace {

constexpr std::string_view kObjectMagic = "EASELOBJ";
constexpr std::string_view kComponentMagic = "ECMP";
constexpr std::uint32_t kVersion = 1;
constexpr std::int64_t kObjectHeaderBytes = 16;
constexpr std::int64_t kComponentHeaderBytes = 8;
constexpr std::int64_t kMaxHeadBytes = 64 << 20;

std::unexpected<Error> Damaged(std::string_view where, const std::string& how) {
  return Fail(Code::kDataLoss, "OBJECT_DAMAGED",
              std::string(where) + ": damaged: " + how +
                  "; run the block that made it with --force, or delete .easel to start clean");
}

/// Read up to `size` bytes at `offset`.
Result<std::string> ReadAt(int fd, const std::string& path, std::int64_t offset, std::int64_t size) {
  std::string out(static_cast<std::size_t>(size), '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t n =
        ::pread(fd, out.data() + have, out.size() - have, offset + static_cast<std::int64_t>(have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return FailErrno("read " + path, errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  out.resize(have);
  return out;
}

/// Open an object and check its first bytes; `size` is set to the file's.
Result<UniqueFd> OpenObject(const std::string& path, std::int64_t& size) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0) return FailErrno("stat " + path, errno);
  if (!S_ISREG(info.st_mode)) return Damaged(path, "not an ordinary file");
  size = info.st_size;
  EASEL_TRY(const std::string header, ReadAt(fd.get(), path, 0, kObjectHeaderBytes));
  if (static_cast<std::int64_t>(header.size()) < kObjectHeaderBytes || !header.starts_with(kObjectMagic))
    return Damaged(path, "not a state object");
  if (const auto version = LoadLittle<std::uint32_t>(header.data() + 8); version != kVersion)
    return Damaged(path, "its version is " + std::to_string(version) + ", and this easel reads version 1");
  return fd;
}

/// A range [offset, length] of the head, inside the component and behind the head.
Result<ByteRange> ReadRange(const json::value& value, std::int64_t begin, std::int64_t end,
                            std::string_view where) {
  const json::array* pair = value.if_array();
  const bool two = pair != nullptr && pair->size() == 2 && (*pair)[0].is_int64() && (*pair)[1].is_int64();
  if (!two) return Damaged(where, "its head has a range that is not [offset, length]");
  const ByteRange out{(*pair)[0].get_int64(), (*pair)[1].get_int64()};
  if (out.offset < begin || out.length < 0 || out.offset > end || out.length > end - out.offset)
    return Damaged(where, "its head names bytes " + std::to_string(out.offset) + " + " +
                              std::to_string(out.length) + ", outside of the component");
  return out;
}

}  // namespace

std::string ObjectFileHeader() {
  std::string out(kObjectMagic);
  out.resize(kObjectHeaderBytes, '\0');
  StoreLittle(out.data() + 8, kVersion);
  return out;
}

Result<ComponentHead> ParseComponentHead(std::string_view bytes, std::int64_t component_length,
                                         std::string_view where) {
  if (static_cast<std::int64_t>(bytes.size()) < kComponentHeaderBytes || !bytes.starts_with(kComponentMagic))
    return Damaged(where, "no component begins here");
  const std::int64_t head_length = LoadLittle<std::uint32_t>(bytes.data() + 4);
  const std::int64_t end = kComponentHeaderBytes + head_length;
  if (end > component_length || end > static_cast<std::int64_t>(bytes.size()))
    return Damaged(where, "its head is longer than the component");
  auto document =
      ParseJson(bytes.substr(kComponentHeaderBytes, static_cast<std::size_t>(head_length)), "head");
  if (!document) return Damaged(where, document.error().message);
  JsonReader reader(*document, "head");
  ComponentHead out;
  out.codec = reader.String("codec");
  out.version = reader.Int("version");
  out.members = reader.StringsOr("members");
  const std::int64_t crc = reader.Int("crc32");
  if (crc < 0 || crc > UINT32_MAX) reader.Reject("crc32", "expected 32 bits");
  out.crc32 = static_cast<std::uint32_t>(crc);
  const json::value* stream = reader.Find("stream");
  if (stream == nullptr) reader.Reject("stream", "missing");
  const json::array* buffers = reader.ArrayOr("buffers");
  if (!reader.ok()) return Damaged(where, reader.status().error().message);
  EASEL_TRY(out.stream, ReadRange(*stream, end, component_length, where));
  if (buffers != nullptr)
    for (const json::value& item : *buffers) {
      EASEL_TRY(const ByteRange range, ReadRange(item, end, component_length, where));
      out.buffers.push_back(range);
    }
  return out;
}

Result<ComponentHead> ReadComponentHead(const std::string& path, std::int64_t offset, std::int64_t length) {
  std::int64_t size = 0;
  EASEL_TRY(const UniqueFd fd, OpenObject(path, size));
  const std::string where = path + " at byte " + std::to_string(offset);
  if (offset < kObjectHeaderBytes || length < kComponentHeaderBytes || offset > size ||
      length > size - offset)
    return Damaged(where, "a component of " + std::to_string(length) +
                              " bytes does not fit into the file's " + std::to_string(size));
  EASEL_TRY(std::string bytes, ReadAt(fd.get(), path, offset, std::min<std::int64_t>(length, 4096)));
  if (static_cast<std::int64_t>(bytes.size()) >= kComponentHeaderBytes) {
    const std::int64_t head = kComponentHeaderBytes + LoadLittle<std::uint32_t>(bytes.data() + 4);
    if (head > static_cast<std::int64_t>(bytes.size()) && head <= std::min(length, kMaxHeadBytes)) {
      EASEL_TRY(bytes, ReadAt(fd.get(), path, offset, head));
    }
  }
  EASEL_TRY(ComponentHead head, ParseComponentHead(bytes, length, where));
  uLong crc = ::crc32_z(0, nullptr, 0);
  static constexpr std::int64_t kStep = 1 << 20;
  for (std::int64_t at = 0; at < head.stream.length; at += kStep) {
    EASEL_TRY(const std::string part, ReadAt(fd.get(), path, offset + head.stream.offset + at,
                                             std::min(kStep, head.stream.length - at)));
    crc = ::crc32_z(crc, reinterpret_cast<const unsigned char*>(part.data()), part.size());
  }
  if (static_cast<std::uint32_t>(crc) != head.crc32)
    return Damaged(where, "the checksum of its stream does not match");
  return head;
}

Status VerifyObject(const std::string& path, std::string_view digest) {
  std::int64_t size = 0;
  EASEL_RETURN_IF_ERROR(OpenObject(path, size));
  EASEL_TRY(const std::string found, DigestOfFile(path));
  if (found != digest) return Damaged(path, "its SHA-256 is " + found + ", not " + std::string(digest));
  return {};
}

}  // namespace easel
