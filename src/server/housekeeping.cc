#include "server/housekeeping.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "server/canvas_folders.h"

namespace easel {
namespace {

constexpr std::int64_t kDayMs = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kBelievedMs = 10 * 60 * 1000;  ///< how far the two clocks may go apart in a round

}  // namespace

Housekeeping::Housekeeping(const Workspace& workspace, const Clock& clock, HousekeepingOptions options)
    : workspace_(workspace), clock_(clock), options_(options) {
  // Half-made canvases of a server that was killed. They are moved aside before anybody makes new ones, and go later.
  std::error_code ignored;
  std::filesystem::rename(workspace_.state_folder() + "/new",
                          workspace_.state_folder() + "/old-" + RandomBase32(12), ignored);
  thread_ = std::thread([this] { Serve(); });
}

Housekeeping::~Housekeeping() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Housekeeping::RemoveLeftOver() {
  std::error_code error, ignored;
  std::vector<std::filesystem::path> left;
  for (std::filesystem::directory_iterator it(workspace_.state_folder(), error), end; !error && it != end;
       it.increment(error))
    if (it->path().filename().string().starts_with("old-")) left.push_back(it->path());
  for (const auto& path : left) std::filesystem::remove_all(path, ignored);
}

void Housekeeping::Serve() {
  RemoveLeftOver();
  std::unique_lock lock(mutex_, std::defer_lock);
  do {
    Round();
    lock.lock();
    wake_.wait_for(lock, std::chrono::milliseconds(options_.every_ms), [this] { return ending_; });
  } while (!ending_ && (lock.unlock(), true));
}

void Housekeeping::Round() {
  const std::int64_t wall = clock_.UnixMs(), steady = clock_.MonotonicMs();
  const bool jumped =
      last_wall_ms_ >= 0 && std::abs((wall - last_wall_ms_) - (steady - last_steady_ms_)) > kBelievedMs;
  last_wall_ms_ = wall;
  last_steady_ms_ = steady;
  if (jumped) {
    Log(LogLevel::kWarning, "server", "the clock was set: what is old is left alone for now");
    return;
  }
  if (options_.also) options_.also();
  if (options_.trash_days == 0 || workspace_.is_one_canvas()) return;
  const CanvasFolders folders(workspace_, clock_);
  const auto gone = folders.EmptyTrash(wall - options_.trash_days * kDayMs);
  if (!gone) Log(LogLevel::kWarning, "server", "emptying the trash: " + gone.error().message);
  if (gone && *gone > 0)
    Log(LogLevel::kInfo, "server", "removed " + std::to_string(*gone) + " from the trash");
}

}  // namespace easel
