#include "server/pieces.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>

#include "base/file.h"
#include "base/ids.h"
#include "base/text.h"

namespace easel {
namespace {

constexpr std::int64_t kAbandonedSeconds = std::int64_t{7} * 24 * 3600;

/// Files that nobody has gone on with for a week.
void RemoveAbandoned(const std::string& folder) {
  std::error_code error;
  const std::int64_t now = ::time(nullptr);
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat info{};
    if (::stat(it->path().c_str(), &info) == 0 && now - info.st_mtim.tv_sec > kAbandonedSeconds)
      ::unlink(it->path().c_str());
  }
}

bool HasRoom(const std::string& folder, std::int64_t bytes) {
  struct statvfs disk{};
  return ::statvfs(folder.c_str(), &disk) != 0 ||
         static_cast<double>(disk.f_bavail) * static_cast<double>(disk.f_frsize) > static_cast<double>(bytes);
}

}  // namespace

std::string Pieces::PartOf(const std::string& folder, const std::string& id) {
  return folder + "/" + id + ".part";
}
std::string Pieces::NoteOf(const std::string& folder, const std::string& id) {
  return folder + "/" + id + ".json";
}

Status Pieces::CheckRoom(const std::string& folder, std::int64_t bytes) {
  EASEL_RETURN_IF_ERROR(MakeDirectories(folder));
  if (HasRoom(folder, bytes)) return {};
  return Fail(Code::kResourceExhausted, "DISK_FULL",
              "the server's disk has no room for " + HumanBytes(bytes) + "; free some space and try again");
}

Status Pieces::Note(const std::string& folder, const std::string& id, const json::object& about,
                    std::int64_t bytes) {
  return WriteFileAtomically(NoteOf(folder, id),
                             json::serialize(json::object{{"bytes", bytes}, {"about", about}}) + "\n");
}

Result<Arriving> Pieces::Begin(const std::string& folder, json::object about, std::int64_t bytes) {
  EASEL_RETURN_IF_ERROR(MakeDirectories(folder));
  RemoveAbandoned(folder);
  EASEL_RETURN_IF_ERROR(CheckRoom(folder, bytes));
  Arriving out{.id = RandomBase32(20), .about = std::move(about), .bytes = bytes};
  const UniqueFd part(::open(PartOf(folder, out.id).c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
  if (!part.valid()) return FailErrno("create an upload", errno);
  EASEL_RETURN_IF_ERROR(Note(folder, out.id, out.about, bytes));
  return out;
}

Result<Arriving> Pieces::Find(const std::string& folder, const std::string& id) const {
  const auto unknown = [] {
    return Fail(Code::kNotFound, "UPLOAD_UNKNOWN",
                "there is no such upload; it is complete, dropped, or too old");
  };
  if (id.size() != 20 || id.find_first_not_of("0123456789abcdefghijklmnopqrstuv") != std::string::npos)
    return unknown();
  const auto text = ReadFile(NoteOf(folder, id), 1 << 20);
  struct stat info{};
  if (!text || ::stat(PartOf(folder, id).c_str(), &info) != 0) return unknown();
  EASEL_TRY(const json::value note, ParseJson(*text, "upload"));
  JsonReader reader(note, "upload");
  Arriving out{.id = id, .bytes = reader.Int("bytes"), .offset = info.st_size};
  if (const json::object* about = reader.Object("about")) out.about = *about;
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

Result<Arriving> Pieces::Add(const std::string& folder, const std::string& id, std::int64_t offset,
                             std::string_view piece, const Finish& finish) {
  {
    const std::lock_guard lock(mutex_);
    if (!busy_.insert(folder + "/" + id).second)
      return Fail(Code::kAborted, "UPLOAD_BUSY", "another piece of this upload is being written");
  }
  const auto work = [&]() -> Result<Arriving> {
    EASEL_TRY(Arriving file, Find(folder, id));
    if (offset != file.offset)
      return Fail(Code::kAborted, "UPLOAD_OFFSET",
                  "what has arrived ends at " + std::to_string(file.offset) + ": go on from there");
    if (offset + static_cast<std::int64_t>(piece.size()) > file.bytes)
      return Fail(Code::kInvalidArgument, "UPLOAD_TOO_LONG",
                  "this is more than the " + std::to_string(file.bytes) + " bytes that were announced");
    const UniqueFd part(::open(PartOf(folder, id).c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!part.valid()) return FailErrno("open an upload", errno);
    if (const Status written = WriteAll(part.get(), piece); !written) {
      (void)!::ftruncate(part.get(), file.offset);  // a piece arrives whole or not at all
      return std::unexpected(written.error());
    }
    file.offset += static_cast<std::int64_t>(piece.size());
    if (file.offset == file.bytes) {
      if (::fsync(part.get()) != 0) return FailErrno("sync an upload", errno);
      EASEL_RETURN_IF_ERROR(finish(file));
    }
    return file;
  };
  auto out = work();
  const std::lock_guard lock(mutex_);
  busy_.erase(folder + "/" + id);
  return out;
}

Status Pieces::Drop(const std::string& folder, const std::string& id) {
  EASEL_RETURN_IF_ERROR(Find(folder, id));
  ::unlink(NoteOf(folder, id).c_str());
  ::unlink(PartOf(folder, id).c_str());
  return {};
}

}  // namespace easel
