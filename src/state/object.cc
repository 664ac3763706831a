#include "state/object.h"

#include <algorithm>

#include "base/digest.h"
#include "base/json.h"
#include "state/bytes.h"
#include "state/crc.h"

namespace easel {

namespace {

constexpr std::string_view kObjectMagic = "EASELOBJ", kEndMagic = "EASELEND", kComponentMagic = "ECMP";
constexpr std::uint32_t kObjectVersion = 2;
constexpr std::int64_t kReadExtentBytes = 1 << 16;  // up to here an extent is read, not mapped
constexpr std::size_t kMostRuns = 256;
// Sums of a few such numbers stay far below 2^63.
constexpr std::int64_t kMaxObjectBytes = std::int64_t{1} << 54;

/// Reads the parts of one head; the first thing that is wrong is remembered.
class HeadReader {
 public:
  HeadReader(std::int64_t begin, std::int64_t end) : begin_(begin), end_(end) {}

  const std::string& problem() const { return problem_; }
  std::int64_t furthest() const { return furthest_; }

  void Reject(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  /// The numbers of an array of `count` of them, each from 0 to 2^54; zeros if it is not that.
  std::vector<std::int64_t> Numbers(const json::value* value, std::size_t count, std::string_view what) {
    std::vector<std::int64_t> out(count);
    const json::array* array = value == nullptr ? nullptr : value->if_array();
    bool good = array != nullptr && array->size() == count;
    for (std::size_t i = 0; good && i < count; ++i) {
      const std::int64_t* number = (*array)[i].if_int64();
      good = number != nullptr && *number >= 0 && *number <= kMaxObjectBytes;
      if (good) out[i] = *number;
    }
    if (!good)
      Reject("its head has no " + std::to_string(count) + " numbers for " + std::string(what) +
             " between 0 and 2^54");
    return out;
  }

  /// Check that [offset, length] is inside the component and behind the head.
  ByteRange Inside(std::int64_t offset, std::int64_t length) {
    if (offset < begin_ || length < 0 || offset > end_ || length > end_ - offset)
      Reject("its head names bytes " + std::to_string(offset) + " + " + std::to_string(length) +
             ", outside of the component");
    else
      furthest_ = std::max(furthest_, offset + length);
    return {offset, length};
  }

  std::optional<CheckedRange> Checked(const json::value* value, std::string_view what) {
    if (value == nullptr || value->is_null()) return std::nullopt;
    const auto numbers = Numbers(value, 3, what);
    if (numbers[2] > UINT32_MAX) Reject("its checksum of " + std::string(what) + " has more than 32 bits");
    return CheckedRange{Inside(numbers[0], numbers[1]), static_cast<std::uint32_t>(numbers[2])};
  }

  Extent ReadExtent(const json::value& value, std::vector<bool>& used) {
    Extent out;
    JsonReader reader(value, "head: extents");
    out.length = reader.Int("length");
    out.chunks = reader.Int("chunks");
    const json::array* runs = reader.ArrayOr("runs");
    if (!reader.ok()) {
      Reject(reader.status().error().message);
      return out;
    }
    if (out.length <= 0 || out.length > kMaxObjectBytes || runs == nullptr || runs->empty() ||
        runs->size() > kMostRuns) {
      Reject("an extent of its head has no length or not 1 to 256 runs");
      return out;
    }
    Inside(out.chunks, out.chunk_count() * 32);
    std::int64_t sum = 0;
    for (const json::value& item : *runs) {
      const auto numbers = Numbers(&item, 3, "a run");
      const Run run{static_cast<std::size_t>(numbers[0]), numbers[1], numbers[2]};
      const bool last = out.runs.size() + 1 == runs->size();
      const std::int64_t grain =
          runs->size() == 1 && out.length <= kReadExtentBytes ? kPackedBytes : kPageBytes;
      if (run.object > used.size() || run.length <= 0 || run.offset < kObjectHeaderBytes ||
          run.offset % grain != 0 || (!last && run.length % kChunkBytes != 0))
        Reject("an extent of its head has a run [" + std::to_string(numbers[0]) + ", " +
               std::to_string(run.offset) + ", " + std::to_string(run.length) + "], which cannot be");
      else if (run.object > 0)
        used[run.object - 1] = true;
      if (!problem_.empty()) return out;
      sum += run.length;  // at most 256 x 2^54
      out.runs.push_back(run);
    }
    if (sum != out.length) Reject("the runs of an extent of its head do not add up to its length");
    return out;
  }

 private:
  const std::int64_t begin_, end_;
  std::int64_t furthest_ = 0;
  std::string problem_;
};

}  // namespace

std::unexpected<Error> ObjectDamaged(std::string_view where, std::string_view how) {
  return Fail(Code::kDataLoss, "OBJECT_DAMAGED",
              std::string(where) + ": damaged: " + std::string(how) +
                  "; run the block that made it with --force, or delete .easel to start clean");
}

Result<ObjectLayout> ParseObjectEnds(std::string_view first, std::string_view last, std::int64_t size,
                                     std::string_view where) {
  if (first.size() < kObjectHeaderBytes || !first.starts_with(kObjectMagic))
    return ObjectDamaged(where, "not a state object");
  if (const auto version = LoadLittle<std::uint32_t>(first.data() + 8); version != kObjectVersion)
    return ObjectDamaged(where, "its version is " + std::to_string(version) +
                                    ", and this easel reads version " + std::to_string(kObjectVersion));
  if (last.size() < kObjectTrailerBytes || !last.ends_with(kEndMagic) ||
      LoadLittle<std::uint32_t>(last.data() + 16) != Crc32(last.substr(0, 16)))
    return ObjectDamaged(where, "its end is missing or torn");
  ObjectLayout out{.meta = LoadLittle<std::int64_t>(last.data()), .trailer = size - kObjectTrailerBytes};
  const auto length = LoadLittle<std::int64_t>(last.data() + 8);
  if (out.meta < kObjectHeaderBytes || out.meta % kPackedBytes != 0 || out.meta > out.trailer ||
      length != out.trailer - out.meta)
    return ObjectDamaged(where, "its end does not fit its " + std::to_string(size) + " bytes");
  return out;
}

Result<std::int64_t> ParseHeadLength(std::string_view first, std::int64_t component_length,
                                     std::string_view where) {
  if (first.size() < kComponentHeaderBytes || !first.starts_with(kComponentMagic))
    return ObjectDamaged(where, "no component begins here");
  const std::int64_t end = kComponentHeaderBytes + LoadLittle<std::uint32_t>(first.data() + 4);
  if (end > component_length || end > kMaxHeadBytes)
    return ObjectDamaged(where, "its head is longer than the component");
  return end;
}

Result<ComponentHead> ParseComponentHead(std::string_view bytes, std::int64_t component_length,
                                         std::string_view where) {
  EASEL_TRY(const std::int64_t end, ParseHeadLength(bytes, component_length, where));
  if (end > static_cast<std::int64_t>(bytes.size())) return ObjectDamaged(where, "its head is torn");
  const std::string_view text = bytes.substr(0, static_cast<std::size_t>(end)).substr(kComponentHeaderBytes);
  if (LoadLittle<std::uint32_t>(bytes.data() + 8) != Crc32(text))
    return ObjectDamaged(where, "the checksum of its head does not match");
  auto document = ParseJson(text, "head");
  if (!document) return ObjectDamaged(where, document.error().message);
  JsonReader reader(*document, "head");
  ComponentHead out;
  out.codec = reader.String("codec");
  if (reader.Int("version") != kObjectVersion) reader.Reject("version", "expected 2");
  if (out.codec != "pickle5" && out.codec != "arrow")
    reader.Reject("codec", "this easel knows pickle5 and arrow");
  out.members = reader.StringsOr("members");
  out.objects = reader.StringsOr("objects");
  const std::int64_t crc = reader.Int("crc32");
  if (crc < 0 || crc > UINT32_MAX) reader.Reject("crc32", "expected 32 bits");
  out.crc32 = static_cast<std::uint32_t>(crc);
  const json::array* extents = reader.ArrayOr("extents");
  const json::array* buffers = reader.ArrayOr("buffers");
  if (!std::ranges::all_of(out.objects, [](const std::string& name) { return IsDigest(name); }))
    reader.Reject("objects", "expected SHA-256 digests");
  if (!reader.ok()) return ObjectDamaged(where, reader.status().error().message);

  HeadReader head(end, component_length);
  const auto stream = head.Numbers(reader.Find("stream"), 2, "stream");
  out.stream = head.Inside(stream[0], stream[1]);
  std::vector<bool> used(out.objects.size());
  if (extents != nullptr)
    for (const json::value& item : *extents) out.extents.push_back(head.ReadExtent(item, used));
  if (std::ranges::find(used, false) != used.end()) head.Reject("no run uses one of its objects");
  if (buffers != nullptr)
    for (const json::value& item : *buffers) {
      const auto numbers = head.Numbers(&item, 3, "a buffer");
      const auto extent = static_cast<std::size_t>(numbers[0]);
      if (extent >= out.extents.size() || numbers[1] + numbers[2] > out.extents[extent].length)
        head.Reject("a buffer of its head is outside of its extent");
      out.buffers.push_back({extent, numbers[1], numbers[2]});
    }
  out.debug = head.Checked(reader.Find("debug"), "debug");
  out.table = head.Checked(reader.Find("table"), "table");
  if (out.codec == "arrow" && (out.extents.empty() || out.members.size() != 1 || !out.buffers.empty()))
    head.Reject("an arrow component has one member, its table as an extent, and no buffers");
  if (!head.problem().empty()) return ObjectDamaged(where, head.problem());
  out.end = std::max(end, head.furthest());
  return out;
}

Status CheckOwnRuns(const ComponentHead& head, const ObjectLayout& layout, std::string_view where) {
  for (const Extent& extent : head.extents)
    for (const Run& run : extent.runs)
      if (run.object == 0 && run.offset + run.length > layout.meta)
        return ObjectDamaged(
            where, "a run at byte " + std::to_string(run.offset) + " reaches out of the file's data region");
  return {};
}

}  // namespace easel
