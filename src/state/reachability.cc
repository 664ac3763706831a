#include "state/reachability.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <set>
#include <unordered_set>

#include "base/digest.h"
#include "state/manifest.h"
#include "state/objects_lock.h"

namespace easel {

namespace {

namespace fs = std::filesystem;

/// One collection below one state root.
class Collector {
 public:
  Collector(std::string root, const CollectOptions& options)
      : root_(std::move(root)), options_(options), keep_(options.keep.begin(), options.keep.end()) {}

  Result<Collected> Run() {
    std::error_code error;
    if (!fs::is_directory(root_, error)) {
      if (!fs::exists(root_, error) && !error) return std::move(out_);  // nothing was ever kept here
      return Fail(Code::kFailedPrecondition, "STATE_UNREADABLE", root_ + ": not a folder that can be read");
    }
    Mark();
    EachEntry("attempts", [&](const std::string& run) {
      EachEntry(run, [&](const std::string& attempt) { VisitAttempt(attempt); });
      if (!options_.dry_run) {
        std::error_code ignored;
        fs::remove(root_ + "/" + run, ignored);  // only if it is empty now
      }
    });
    EachEntry("objects", [&](const std::string& shelf) {
      EachEntry(shelf, [&](const std::string& object) { VisitObject(shelf, object); });
    });
    return std::move(out_);
  }

 private:
  void Mark() {
    for (const std::string& attempt : keep_) {
      const auto manifest = LoadManifest(ManifestPath(root_, attempt), "");
      if (manifest) {
        for (const auto& [id, slot] : manifest->state.slots) {
          reachable_.insert(slot.object);
          reachable_.insert(slot.objects.begin(), slot.objects.end());
        }
      } else if (manifest.error().code != Code::kNotFound) {
        marks_complete_ = false;
        out_.oddities.push_back(manifest.error().message + "; objects are not collected until then");
      }
    }
  }

  /// Call `take` with the path (below the root) of every entry of a folder; what is no folder is odd.
  void EachEntry(const std::string& folder, const std::function<void(const std::string&)>& take) {
    std::error_code error;
    const fs::path path = root_ + "/" + folder;
    const fs::file_status status = fs::symlink_status(path, error);
    if (status.type() == fs::file_type::not_found) return;
    if (status.type() != fs::file_type::directory) return Odd(folder, "is not a folder");
    std::vector<std::string> names;
    for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error))
      names.push_back(it->path().filename().string());
    if (error) Odd(folder, "cannot be read: " + error.message());
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) take(folder + "/" + name);
  }

  void Odd(const std::string& path, const std::string& what) {
    out_.oddities.push_back(root_ + "/" + path + " " + what);
  }

  /// False if it is younger than the grace period, or gone.
  bool IsOld(const std::string& path, std::int64_t& bytes) const {
    struct stat info{};
    if (::lstat((root_ + "/" + path).c_str(), &info) != 0) return false;
    bytes = info.st_blocks * 512;
    const std::int64_t modified_ms = info.st_mtim.tv_sec * 1000LL + info.st_mtim.tv_nsec / 1'000'000;
    return modified_ms <= options_.now_ms - options_.grace_ms;
  }

  static bool LooksLikeAttempt(std::string_view id) {
    const std::size_t slash = id.find('/'), dot = id.rfind('.');
    return slash != std::string_view::npos && dot != std::string_view::npos && dot > slash + 1 &&
           dot + 1 < id.size() && id.find_first_not_of("0123456789", dot + 1) == std::string_view::npos;
  }

  void VisitAttempt(const std::string& path) {
    const std::string id = path.substr(std::string_view("attempts/").size());
    std::error_code error;
    if (!LooksLikeAttempt(id) ||
        fs::symlink_status(root_ + "/" + path, error).type() != fs::file_type::directory)
      return Odd(path, "is not an attempt");
    if (keep_.contains(id)) return;
    std::int64_t bytes = 0, total = 0;
    if (!IsOld(path, bytes)) return;
    bool young = false;
    for (fs::recursive_directory_iterator it(root_ + "/" + path, error), end; !error && it != end;
         it.increment(error)) {
      std::int64_t file_bytes = 0;
      if (!IsOld(path + "/" + fs::relative(it->path(), root_ + "/" + path, error).string(), file_bytes))
        young = true;
      total += file_bytes;
    }
    if (error) return Odd(path, "cannot be read: " + error.message());
    if (young) return;
    if (!options_.dry_run) {
      fs::remove_all(root_ + "/" + path, error);
      if (error) return Odd(path, "cannot be removed: " + error.message());
    }
    out_.attempts.push_back(id);
    out_.bytes += total;
  }

  void Keep(std::int64_t bytes) {
    ++out_.kept_objects;
    out_.kept_bytes += bytes;
  }

  void VisitObject(const std::string& shelf, const std::string& path) {
    const std::string name = path.substr(shelf.size() + 1);
    std::error_code error;
    // A file that a crash left half-written has its writer's suffix behind the digest.
    const bool torn = name.size() > 64 && IsDigest(name.substr(0, 64)) && name[64] == '.';
    const bool regular = fs::symlink_status(root_ + "/" + path, error).type() == fs::file_type::regular;
    if (!regular || (!torn && (!IsDigest(name) || !shelf.ends_with("/" + name.substr(0, 2)))))
      return Odd(path, "is not a state object");
    std::int64_t bytes = 0;
    const bool old = IsOld(path, bytes);
    if (!marks_complete_ || !old || (!torn && reachable_.contains(name))) return Keep(bytes);
    if (!options_.dry_run) {
      // Looked at again while no writer decides: one that used it again meanwhile has made it young.
      const auto lock = ObjectsLock::Take(root_, ObjectsLock::Mode::kExclusive);
      if (!lock) return Odd(path, "cannot be removed: " + lock.error().message);
      if (!IsOld(path, bytes)) return Keep(bytes);
      fs::remove(root_ + "/" + path, error);
      if (error) return Odd(path, "cannot be removed: " + error.message());
    }
    ++out_.objects;
    out_.bytes += bytes;
  }

  const std::string root_;
  const CollectOptions& options_;
  const std::set<std::string> keep_;
  std::unordered_set<std::string> reachable_;
  bool marks_complete_ = true;
  Collected out_;
};

}  // namespace

Result<Collected> CollectGarbage(const std::string& state_root, const CollectOptions& options) {
  return Collector(state_root, options).Run();
}

}  // namespace easel
