#include "server/serving.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "base/json.h"

namespace easel {

Result<std::optional<ServingLock>> ServingLock::TryAcquire(const std::string& state_folder) {
  EASEL_RETURN_IF_ERROR(MakeDirectories(state_folder));
  // What is in here is made, not written: as in a canvas, Git leaves it alone.
  if (::access((state_folder + "/.gitignore").c_str(), F_OK) != 0)
    EASEL_RETURN_IF_ERROR(WriteFileAtomically(state_folder + "/.gitignore", "*\n"));
  const std::string path = state_folder + "/serve.lock";
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return FailErrno("open " + path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::nullopt;
    return FailErrno("lock " + path, errno);
  }
  return ServingLock(std::move(fd), state_folder);
}

ServingLock::Holder ServingLock::Read(const std::string& state_folder) {
  Holder out;
  const auto text = ReadFile(state_folder + "/serve.json", 64 << 10);
  const auto parsed = text ? ParseJson(*text, "serve.json") : Result<json::value>(json::object());
  if (!parsed || !parsed->is_object()) return out;
  JsonReader reader(*parsed, "serve.json");
  out.pid = reader.IntOr("pid", 0);
  out.url = reader.StringOr("url", "");
  out.team = reader.BoolOr("team", false);
  return out;
}

Status ServingLock::Note(const std::string& url, bool team) const {
  json::object note{{"pid", ::getpid()}, {"url", url}};
  if (team) note["team"] = true;
  return WriteFileAtomically(folder_ + "/serve.json", json::serialize(note) + "\n", {.mode = 0600});
}

}  // namespace easel
