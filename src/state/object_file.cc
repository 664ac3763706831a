#include "state/object_file.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/digest.h"

namespace easel {

namespace {

constexpr std::int64_t kMostOverlap =
    16;  // how often a byte may be hashed: a writer's joke must not keep us busy

/// A chunk of the data region and the digest that it must have.
struct Chunk {
  std::int64_t offset = 0, length = 0;
  RawDigest digest;
  auto operator<=>(const Chunk&) const = default;
};

/// A device that cannot give the bytes is damage like any other.
std::unexpected<Error> Unreadable(const std::string& path, int error_number) {
  if (error_number == EIO) return ObjectDamaged(path, "the disk cannot read it");
  return FailErrno("read " + path, error_number);
}

std::unexpected<Error> Stopped(const std::string& path) {
  return Fail(Code::kCancelled, "CANCELLED", path + ": not verified to its end");
}

}  // namespace

Result<ObjectFile> ObjectFile::Open(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW));
  if (!fd.valid() && errno == ELOOP) return ObjectDamaged(path, "not an ordinary file");
  if (!fd.valid()) return FailErrno("open " + path, errno);
  return Adopt(std::move(fd), path);
}

Result<ObjectFile> ObjectFile::Adopt(UniqueFd fd, const std::string& path) {
  ObjectFile out;
  out.path_ = path;
  out.fd_ = std::move(fd);
  if (::fstat(out.fd_.get(), &out.info_) != 0) return FailErrno("stat " + path, errno);
  if (!S_ISREG(out.info_.st_mode)) return ObjectDamaged(path, "not an ordinary file");
  const std::int64_t size = out.info_.st_size;
  EASEL_TRY(const std::string first, out.ReadAt(0, kObjectHeaderBytes));
  EASEL_TRY(const std::string last, out.ReadAt(std::max<std::int64_t>(0, size - kObjectTrailerBytes),
                                               std::min(size, kObjectTrailerBytes)));
  EASEL_TRY(out.layout_, ParseObjectEnds(first, last, size, path));
  return out;
}

std::string ObjectFile::At(std::int64_t offset) const { return path_ + " at byte " + std::to_string(offset); }

Result<std::string> ObjectFile::ReadAt(std::int64_t offset, std::int64_t size) const {
  std::string out(static_cast<std::size_t>(size), '\0');
  std::size_t have = 0;
  while (have < out.size()) {
    const ssize_t n =
        ::pread(fd_.get(), out.data() + have, out.size() - have, offset + static_cast<std::int64_t>(have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Unreadable(path_, errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  out.resize(have);
  return out;
}

Status ObjectFile::ReadInto(std::int64_t offset, char* to, std::int64_t size) const {
  while (size > 0) {
    const ssize_t n = ::pread(fd_.get(), to, static_cast<std::size_t>(size), offset);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Unreadable(path_, errno);
    if (n == 0) return ObjectDamaged(path_, "it was cut short while it was read");
    offset += n;
    to += n;
    size -= n;
  }
  return {};
}

Result<ComponentHead> ObjectFile::ReadHead(std::int64_t offset, std::int64_t length) const {
  const std::string where = At(offset);
  if (offset < layout_.meta || length < kComponentHeaderBytes || offset > layout_.trailer ||
      length > layout_.trailer - offset || offset % kPackedBytes != 0)
    return ObjectDamaged(where, "a component of " + std::to_string(length) +
                                    " bytes does not fit into the file's meta region, bytes " +
                                    std::to_string(layout_.meta) + " to " + std::to_string(layout_.trailer));
  EASEL_TRY(std::string bytes, ReadAt(offset, std::min<std::int64_t>(length, 4096)));
  EASEL_TRY(const std::int64_t head_length, ParseHeadLength(bytes, length, where));
  if (head_length > static_cast<std::int64_t>(bytes.size())) {
    EASEL_TRY(bytes, ReadAt(offset, head_length));
  }
  EASEL_TRY(ComponentHead head, ParseComponentHead(bytes, length, where));
  EASEL_RETURN_IF_ERROR(CheckOwnRuns(head, layout_, where));
  return head;
}

Result<std::string> ObjectFile::ReadChecked(std::int64_t offset, const CheckedRange& range) const {
  EASEL_TRY(std::string bytes, ReadAt(offset + range.range.offset, range.range.length));
  const uLong crc = ::crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  if (static_cast<std::int64_t>(bytes.size()) != range.range.length ||
      static_cast<std::uint32_t>(crc) != range.crc32)
    return ObjectDamaged(At(offset + range.range.offset), "the checksum of these bytes does not match");
  return bytes;
}

Status ObjectFile::CheckStream(std::int64_t offset, const ComponentHead& head) const {
  uLong crc = ::crc32_z(0, nullptr, 0);
  for (std::int64_t at = 0; at < head.stream.length; at += kChunkBytes) {
    EASEL_TRY(const std::string part,
              ReadAt(offset + head.stream.offset + at, std::min(kChunkBytes, head.stream.length - at)));
    crc = ::crc32_z(crc, reinterpret_cast<const unsigned char*>(part.data()), part.size());
  }
  if (static_cast<std::uint32_t>(crc) == head.crc32) return {};
  return ObjectDamaged(At(offset), "the checksum of its stream does not match");
}

Result<std::string> ObjectFile::ReadChunkTable(std::int64_t offset, const Extent& extent) const {
  std::string table(static_cast<std::size_t>(extent.chunk_count() * 32), '\0');
  EASEL_RETURN_IF_ERROR(
      ReadInto(offset + extent.chunks, table.data(), static_cast<std::int64_t>(table.size())));
  return table;
}

Result<std::vector<PlacedComponent>> ObjectFile::Components() const {
  std::vector<PlacedComponent> out;
  for (std::int64_t at = layout_.meta; at < layout_.trailer;) {
    EASEL_TRY(const std::string begin, ReadAt(at, std::min(kPackedBytes, layout_.trailer - at)));
    if (begin.find_first_not_of('\0') == std::string::npos) {
      at += kPackedBytes;  // nothing but room
      continue;
    }
    EASEL_TRY(ComponentHead head, ReadHead(at, layout_.trailer - at));
    const std::int64_t end = at + head.end;
    out.push_back({at, std::move(head)});
    at = (end + kPackedBytes - 1) / kPackedBytes * kPackedBytes;
  }
  return out;
}

Status ObjectFile::VerifyName(std::string_view name) const {
  Sha256 hash;
  EASEL_TRY(const std::string first, ReadAt(0, kObjectHeaderBytes));
  hash.Update(first);
  std::string buffer(static_cast<std::size_t>(std::min(kChunkBytes, info_.st_size - layout_.meta)), '\0');
  for (std::int64_t at = layout_.meta; at < info_.st_size;) {
    const std::int64_t step =
        std::min<std::int64_t>(static_cast<std::int64_t>(buffer.size()), info_.st_size - at);
    EASEL_RETURN_IF_ERROR(ReadInto(at, buffer.data(), step));
    hash.Update({buffer.data(), static_cast<std::size_t>(step)});
    at += step;
  }
  const std::string found = hash.Finish();
  if (found == name) return {};
  return ObjectDamaged(path_, "its description (bytes from " + std::to_string(layout_.meta) +
                                  ") has the SHA-256 " + found + ", not " + std::string(name));
}

Status ObjectFile::VerifyZeros(std::int64_t begin, std::int64_t end, std::string& buffer,
                               const std::atomic<bool>* stop) const {
  for (std::int64_t at = begin; at < end;) {
    if (stop != nullptr && *stop) return Stopped(path_);
    const std::int64_t step = std::min(kChunkBytes, end - at);
    EASEL_RETURN_IF_ERROR(ReadInto(at, buffer.data(), step));
    const std::string_view bytes(buffer.data(), static_cast<std::size_t>(step));
    if (const std::size_t odd = bytes.find_first_not_of('\0'); odd != std::string_view::npos)
      return ObjectDamaged(At(at + static_cast<std::int64_t>(odd)), "nothing should be here");
    at += step;
  }
  return {};
}

Status ObjectFile::VerifyData(const std::vector<PlacedComponent>& components,
                              const std::atomic<bool>* stop) const {
  std::vector<Chunk> chunks;
  for (const PlacedComponent& component : components)
    for (const Extent& extent : component.head.extents) {
      if (std::ranges::none_of(extent.runs, [](const Run& run) { return run.object == 0; })) continue;
      EASEL_TRY(const std::string table, ReadChunkTable(component.offset, extent));
      std::int64_t done = 0;  // bytes of the extent before the run
      for (const Run& run : extent.runs) {
        if (run.object == 0)
          for (std::int64_t at = 0; at < run.length; at += kChunkBytes) {
            Chunk chunk{.offset = run.offset + at, .length = std::min(kChunkBytes, run.length - at)};
            std::memcpy(chunk.digest.data(), table.data() + (done + at) / kChunkBytes * 32, 32);
            chunks.push_back(chunk);
          }
        done += run.length;
      }
    }
  // Bytes that several extents share are there once.
  std::ranges::sort(chunks);
  chunks.erase(std::ranges::unique(chunks).begin(), chunks.end());
  std::int64_t total = 0;
  for (const Chunk& chunk : chunks)
    if ((total += chunk.length) > kMostOverlap * layout_.meta)
      return ObjectDamaged(path_, "its runs overlap");
  std::string buffer(static_cast<std::size_t>(std::min(kChunkBytes, layout_.meta)), '\0');
  std::int64_t at = kObjectHeaderBytes;
  for (const Chunk& chunk : chunks) {
    if (stop != nullptr && *stop) return Stopped(path_);
    EASEL_RETURN_IF_ERROR(VerifyZeros(at, chunk.offset, buffer, stop));
    EASEL_RETURN_IF_ERROR(ReadInto(chunk.offset, buffer.data(), chunk.length));
    if (RawDigestOf({buffer.data(), static_cast<std::size_t>(chunk.length)}) != chunk.digest)
      return ObjectDamaged(At(chunk.offset),
                           "the digest of these " + std::to_string(chunk.length) + " bytes does not match");
    at = std::max(at, chunk.offset + chunk.length);
  }
  return VerifyZeros(at, layout_.meta, buffer, stop);
}

Status ObjectFile::Verify(std::string_view name, const VerifyOptions& options) const {
  EASEL_RETURN_IF_ERROR(VerifyName(name));
  EASEL_TRY(const std::vector<PlacedComponent> components, Components());
  if (layout_.meta > options.max_data_bytes) return {};
  return VerifyData(components, options.stop);
}

}  // namespace easel
