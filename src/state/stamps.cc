#include "state/stamps.h"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "state/bytes.h"

namespace easel {

namespace {

constexpr std::string_view kStampsMagic = "EASELSTM";
constexpr std::uint32_t kStampsVersion = 1;
constexpr std::size_t kHeaderBytes = 16;
constexpr std::size_t kRecordBytes = 72;
constexpr std::size_t kMostStamps = 1 << 16;
constexpr std::int64_t kRoomFactor = 2;  // how many records the file may have for each that counts
constexpr std::int64_t kRoom = 1024;

std::string Header() {
  std::string out(kStampsMagic);
  out.resize(kHeaderBytes, '\0');
  StoreLittle(out.data() + 8, kStampsVersion);
  return out;
}

std::uint32_t RecordCrc(const char* record) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const unsigned char*>(record), kRecordBytes - 8));
}

std::string Record(const NamedStamp& named) {
  std::string out(kRecordBytes, '\0');
  std::memcpy(out.data(), named.name.data(), named.name.size());
  StoreLittle(out.data() + 32, named.stamp.inode);
  StoreLittle(out.data() + 40, named.stamp.size_bytes);
  StoreLittle(out.data() + 48, named.stamp.mtime_ns);
  StoreLittle(out.data() + 56, named.stamp.ctime_ns);
  StoreLittle(out.data() + 64, RecordCrc(out.data()));
  return out;
}

}  // namespace

Stamp Stamp::Of(const struct stat& info) {
  return {info.st_ino, static_cast<std::uint64_t>(info.st_size),
          info.st_mtim.tv_sec * 1'000'000'000LL + info.st_mtim.tv_nsec,
          info.st_ctim.tv_sec * 1'000'000'000LL + info.st_ctim.tv_nsec};
}

std::vector<NamedStamp> ParseStamps(std::string_view bytes) {
  std::vector<NamedStamp> out;
  if (!bytes.starts_with(Header())) return out;
  for (std::size_t at = kHeaderBytes; bytes.size() - at >= kRecordBytes; at += kRecordBytes) {
    const char* record = bytes.data() + at;
    if (LoadLittle<std::uint32_t>(record + 64) != RecordCrc(record) ||
        LoadLittle<std::uint32_t>(record + 68) != 0)
      continue;
    NamedStamp named;
    std::memcpy(named.name.data(), record, named.name.size());
    named.stamp = {LoadLittle<std::uint64_t>(record + 32), LoadLittle<std::uint64_t>(record + 40),
                   LoadLittle<std::int64_t>(record + 48), LoadLittle<std::int64_t>(record + 56)};
    out.push_back(named);
  }
  return out;
}

std::string SerializeStamps(const std::vector<NamedStamp>& stamps) {
  std::string out = Header();
  for (const NamedStamp& named : stamps) out += Record(named);
  return out;
}

std::size_t ObjectStamps::NameHash::operator()(const RawDigest& name) const {
  std::size_t out;
  std::memcpy(&out, name.data(), sizeof out);
  return out;
}

bool ObjectStamps::Holds(std::string_view name, const struct stat& info) {
  if (!IsDigest(name) || !S_ISREG(info.st_mode)) return false;
  const std::lock_guard lock(mutex_);
  Load();
  const auto found = kept_.find(RawFromHex(name));
  return found != kept_.end() && found->second.stamp == Stamp::Of(info);
}

void ObjectStamps::Put(std::string_view name, const struct stat& info) {
  const NamedStamp named{RawFromHex(name), Stamp::Of(info)};
  const std::lock_guard lock(mutex_);
  Load();
  Kept& kept = kept_[named.name];
  const bool known = kept.turn != 0 && kept.stamp == named.stamp;
  kept = {named.stamp, ++turn_};
  if (!known) Append(named);
}

void ObjectStamps::Load() {
  if (loaded_) return;
  loaded_ = true;
  file_.Reset(::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat info{};
  const bool regular = file_.valid() && ::fstat(file_.get(), &info) == 0 && S_ISREG(info.st_mode);
  const std::size_t most = kHeaderBytes + 4 * kMostStamps * kRecordBytes;
  std::string bytes;
  if (regular && info.st_size <= static_cast<std::int64_t>(most)) {
    bytes.resize(static_cast<std::size_t>(info.st_size));
    const ssize_t n = bytes.empty() ? 0 : ::pread(file_.get(), bytes.data(), bytes.size(), 0);
    bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
  }
  for (const NamedStamp& named : ParseStamps(bytes)) kept_[named.name] = {named.stamp, ++turn_};
  const bool whole = bytes.starts_with(Header()) && (bytes.size() - kHeaderBytes) % kRecordBytes == 0;
  records_ = whole ? static_cast<std::int64_t>((bytes.size() - kHeaderBytes) / kRecordBytes) : 0;
  if (!whole) file_.Reset();  // appending to it would never be read
}

void ObjectStamps::Append(const NamedStamp& stamp) {
  struct stat info{};
  const bool there = file_.valid() && ::fstat(file_.get(), &info) == 0 && info.st_nlink > 0;
  const bool room =
      records_ < kRoomFactor * static_cast<std::int64_t>(kept_.size()) + kRoom && kept_.size() <= kMostStamps;
  if (!there || !room) return Rewrite();
  const std::string record = Record(stamp);
  if (::write(file_.get(), record.data(), record.size()) == static_cast<ssize_t>(record.size()))
    ++records_;
  else
    file_.Reset();  // maybe torn: written anew the next time
}

void ObjectStamps::Rewrite() {
  file_.Reset();
  std::vector<std::pair<std::uint64_t, NamedStamp>> by_age;
  by_age.reserve(kept_.size());
  for (const auto& [name, kept] : kept_) by_age.push_back({kept.turn, {name, kept.stamp}});
  std::ranges::sort(by_age, {}, [](const auto& entry) { return entry.first; });
  // A quarter of them at once, so that the next ones are appended again.
  const std::size_t drop = by_age.size() > kMostStamps ? by_age.size() - kMostStamps / 4 * 3 : 0;
  std::vector<NamedStamp> stamps;
  for (std::size_t i = 0; i < by_age.size(); ++i) {
    if (i < drop)
      kept_.erase(by_age[i].second.name);
    else
      stamps.push_back(by_age[i].second);
  }
  // Not synced: what a power cut takes is verified again, and a torn file is recognised.
  if (!WriteFileAtomically(path_, SerializeStamps(stamps))) return;
  file_.Reset(::open(path_.c_str(), O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW));
  records_ = static_cast<std::int64_t>(stamps.size());
}

}  // namespace easel
