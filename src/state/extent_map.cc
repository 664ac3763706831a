#include "state/extent_map.h"

#include <sys/mman.h>

#include <cerrno>
#include <map>
#include <utility>

#include "state/manifest.h"
#include "state/object_file.h"

namespace easel {

namespace {

std::size_t WholePages(std::int64_t bytes) {
  return static_cast<std::size_t>((bytes + kPageBytes - 1) / kPageBytes * kPageBytes);
}

}  // namespace

ExtentMap::ExtentMap(ExtentMap&& other) noexcept { *this = std::move(other); }

ExtentMap& ExtentMap::operator=(ExtentMap&& other) noexcept {
  std::swap(address_, other.address_);
  std::swap(mapped_, other.mapped_);
  std::swap(shift_, other.shift_);
  std::swap(size_, other.size_);
  guard_ = std::move(other.guard_);
  return *this;
}

ExtentMap::~ExtentMap() {
  {
    const MapGuard ends = std::move(guard_);
  }  // before the range is somebody else's
  if (address_ != nullptr) ::munmap(address_, mapped_);
}

Result<ExtentMap> ExtentMap::Map(const std::string& state_root, const std::string& object,
                                 const ComponentHead& head, std::size_t extent) {
  if (extent >= head.extents.size())
    return ObjectDamaged(ObjectPath(state_root, object),
                         "its component has no extent " + std::to_string(extent));
  const Extent& wanted = head.extents[extent];
  ExtentMap out;
  out.size_ = static_cast<std::size_t>(wanted.length);
  // A small extent may begin anywhere in a page; then it is the only run.
  out.shift_ = static_cast<std::size_t>(wanted.runs.front().offset % kPageBytes);
  out.mapped_ = WholePages(wanted.length + static_cast<std::int64_t>(out.shift_));
  void* place = ::mmap(nullptr, out.mapped_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (place == MAP_FAILED)
    return FailErrno("map " + std::to_string(wanted.length) + " bytes of state", errno);
  out.address_ = static_cast<char*>(place);
  std::map<std::size_t, ObjectFile> files;
  std::int64_t done = 0;
  for (const Run& run : wanted.runs) {
    auto file = files.find(run.object);
    if (file == files.end()) {
      const std::string& name = run.object == 0 ? object : head.objects[run.object - 1];
      EASEL_TRY(ObjectFile opened, ObjectFile::Open(ObjectPath(state_root, name)));
      file = files.emplace(run.object, std::move(opened)).first;
    }
    const ObjectFile& from = file->second;
    if (run.offset + run.length > from.layout().meta)
      return ObjectDamaged(from.path(), "a run of another file at byte " + std::to_string(run.offset) +
                                            " reaches out of its data region");
    const std::int64_t shift = done == 0 ? static_cast<std::int64_t>(out.shift_) : 0;
    if (::mmap(out.address_ + out.shift_ + done - shift, WholePages(run.length + shift), PROT_READ,
               MAP_PRIVATE | MAP_FIXED, from.fd(), run.offset - shift) == MAP_FAILED)
      return FailErrno("map " + from.path(), errno);
    done += run.length;
  }
  out.guard_ = MapGuard(out.address_, out.mapped_);
  return out;
}

}  // namespace easel
