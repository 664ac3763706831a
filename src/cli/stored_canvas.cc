#include "cli/stored_canvas.h"

#include <time.h>

#include <ctime>

namespace easel {

std::string LocalTime(std::int64_t unix_ms) {
  const time_t seconds = unix_ms / 1000;
  tm parts{};
  ::localtime_r(&seconds, &parts);
  char out[32];
  std::strftime(out, sizeof out, "%Y-%m-%d %H:%M:%S", &parts);
  return out;
}

std::string NothingHasRun(const StoredCanvas& canvas) {
  return "Nothing has run yet. `easel run " + canvas.shown + "` runs the canvas.\n";
}

std::string NoResultYet(const StoredCanvas& canvas, const std::string& block) {
  if (!canvas.HasRun()) return NothingHasRun(canvas);
  if (canvas.at)
    return (block.empty() ? std::string("No block had a result") : "`" + block + "` had no result") +
           " when run " + canvas.at->run + " ended.\n";
  return (block.empty() ? std::string("No block has a result yet") : "`" + block + "` has no result yet") +
         "; `easel history " + canvas.shown + "` lists the attempts.\n";
}

}  // namespace easel
