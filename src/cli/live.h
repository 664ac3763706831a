// The live view of a run: a list of blocks at the bottom of a terminal, redrawn in place, with lines printed above it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "cli/terminal.h"

namespace easel {

enum class LiveState { kWaiting, kRunning, kSucceeded, kUpToDate, kRestored, kFailed, kCancelled, kSkipped };

struct LiveRow {
  std::string block;
  LiveState state = LiveState::kWaiting;
  std::string phase;  ///< of a running block: "start", "load", "run", "save"; else a short reason or ""
  std::int64_t started_ms = 0;   ///< monotonic; 0: not started
  std::int64_t finished_ms = 0;  ///< monotonic; 0: under way
};

/// The view as lines without line ends, each at most the terminal's width: running blocks first, then failed ones, then
/// the newest results, as many as fit into `height` lines, "… and 37 more", and a line of totals last. Pure.
std::vector<std::string> LiveLines(const Terminal& terminal, const std::vector<LiveRow>& rows,
                                   std::int64_t now_ms, int height);

/// Draws the view on a terminal. For one thread.
///
/// It never changes a mode of the terminal (no hidden cursor, no other screen): whatever ends the process, kill -9
/// included, the cursor stands visible below the list. Redraws are bracketed by the synchronized-output sequence, so
/// that terminals that know it do not flicker.
class Live {
 public:
  /// `fd` must be a terminal; `blocks` are shown in this order.
  Live(int fd, Terminal terminal, const Clock& clock, std::vector<std::string> blocks);
  /// Removes the list; what was printed stays.
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  void Update(LiveRow row);
  /// Print safe text of one or more lines above the list.
  void Print(std::string_view text);
  /// Redraw if something changed or a second counts on, at most ten times a second. Call it often.
  void Tick();
  /// Milliseconds until Tick has something to do.
  int MillisecondsToTick() const;

 private:
  void Draw(bool with_list);

  int fd_;
  Terminal terminal_;
  std::string_view color_;
  const Clock& clock_;
  std::vector<LiveRow> rows_;
  std::map<std::string, std::size_t, std::less<>> index_;
  std::string printed_;            ///< text waiting to go above the list
  std::vector<int> drawn_widths_;  ///< of the lines on the screen
  std::int64_t drawn_ms_ = 0;
  bool changed_ = true;
};

}  // namespace easel
