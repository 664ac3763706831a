#include "cli/live.h"

#include <algorithm>
#include <array>

#include "base/file.h"
#include "base/text.h"

namespace easel {
namespace {

constexpr std::int64_t kFrameMs = 100;

struct Look {
  const char* icon;
  const char* ascii;
  Style style;
  const char* word;
};

Look LookOf(LiveState state) {
  switch (state) {
    case LiveState::kWaiting: return {"·", ".", Style::kDim, "waiting"};
    case LiveState::kRunning: return {"▶", ">", Style::kBlue, "running"};
    case LiveState::kSucceeded: return {"✔", "+", Style::kGreen, "ran"};
    case LiveState::kUpToDate: return {"=", "=", Style::kDim, "up to date"};
    case LiveState::kRestored: return {"↺", "r", Style::kGreen, "restored"};
    case LiveState::kFailed: return {"✘", "x", Style::kRed, "failed"};
    case LiveState::kCancelled: return {"■", "c", Style::kYellow, "cancelled"};
    case LiveState::kSkipped: return {"–", "-", Style::kDim, "skipped"};
  }
  return {"?", "?", Style::kPlain, ""};
}

/// What a person wants to see first comes first.
int RankOf(LiveState state) {
  switch (state) {
    case LiveState::kRunning: return 0;
    case LiveState::kFailed: return 1;
    case LiveState::kCancelled: return 2;
    case LiveState::kSucceeded:
    case LiveState::kRestored: return 3;
    case LiveState::kWaiting: return 4;
    case LiveState::kSkipped: return 5;
    case LiveState::kUpToDate: return 6;
  }
  return 7;
}

std::string TimeOf(const LiveRow& row, std::int64_t now_ms) {
  if (row.started_ms == 0) return "";
  const std::int64_t end = row.finished_ms != 0 ? row.finished_ms : now_ms;
  return HumanDuration(static_cast<double>(std::max<std::int64_t>(0, end - row.started_ms)) / 1000.0);
}

std::string Totals(const Terminal& terminal, const std::vector<LiveRow>& rows, std::size_t hidden) {
  std::array<int, 8> counts{};
  for (const LiveRow& row : rows) ++counts[static_cast<std::size_t>(row.state)];
  std::vector<std::string> parts;
  for (const LiveState state :
       {LiveState::kRunning, LiveState::kWaiting, LiveState::kSucceeded, LiveState::kRestored,
        LiveState::kUpToDate, LiveState::kFailed, LiveState::kSkipped, LiveState::kCancelled})
    if (const int count = counts[static_cast<std::size_t>(state)]; count > 0)
      parts.push_back(std::to_string(count) + " " + LookOf(state).word);
  std::string line;
  if (hidden > 0)
    line = (terminal.unicode ? "… and " : "... and ") + std::to_string(hidden) + " more; in all: ";
  for (std::size_t i = 0; i < parts.size(); ++i) line += (i > 0 ? ", " : "") + parts[i];
  return Styled(terminal, Style::kDim, Truncate(terminal, line, std::max(terminal.width, 1)));
}

}  // namespace

std::vector<std::string> LiveLines(const Terminal& terminal, const std::vector<LiveRow>& rows,
                                   std::int64_t now_ms, int height) {
  std::vector<std::size_t> order(rows.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const std::size_t room = static_cast<std::size_t>(std::max(height - 1, 0));
  if (rows.size() > room) {
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      const int left = RankOf(rows[a].state), right = RankOf(rows[b].state);
      return left != right ? left < right : rows[a].finished_ms > rows[b].finished_ms;
    });
    order.resize(room);
    std::ranges::sort(order);
  }
  int name_width = 0;
  for (const std::size_t i : order) name_width = std::max(name_width, DisplayWidth(rows[i].block));
  name_width = std::min(name_width, std::max(8, terminal.width / 2));
  std::vector<std::string> lines;
  for (const std::size_t i : order) {
    const LiveRow& row = rows[i];
    const Look look = LookOf(row.state);
    const std::string name = Truncate(terminal, row.block, name_width);
    const std::string time = TimeOf(row, now_ms);
    const std::string phase = row.phase.empty() ? look.word : row.phase;
    std::string line = Styled(terminal, look.style, terminal.unicode ? look.icon : look.ascii) + " " + name +
                       std::string(name_width - DisplayWidth(name), ' ') + "  " +
                       std::string(time.size() < 10 ? 10 - time.size() : 0, ' ') + time + "  " +
                       Styled(terminal, row.state == LiveState::kFailed ? Style::kRed : Style::kDim, phase);
    lines.push_back(Truncate(terminal, line, terminal.width));
  }
  if (height > 0) lines.push_back(Totals(terminal, rows, rows.size() - order.size()));
  return lines;
}

Live::Live(int fd, Terminal terminal, const Clock& clock, std::vector<std::string> blocks)
    : fd_(fd), terminal_(terminal), color_(terminal.color ? "always" : "never"), clock_(clock) {
  for (std::string& block : blocks) {
    index_[block] = rows_.size();
    rows_.push_back({.block = std::move(block)});
  }
}

Live::~Live() { Draw(false); }

void Live::Update(LiveRow row) {
  const auto [found, added] = index_.try_emplace(row.block, rows_.size());
  if (added) rows_.emplace_back();
  rows_[found->second] = std::move(row);
  changed_ = true;
}

void Live::Print(std::string_view text) {
  printed_ += text;
  if (!printed_.empty() && printed_.back() != '\n') printed_ += '\n';
  changed_ = true;
}

int Live::MillisecondsToTick() const {
  const bool running =
      std::ranges::any_of(rows_, [](const LiveRow& row) { return row.state == LiveState::kRunning; });
  if (!changed_ && !running) return 1000;
  return static_cast<int>(std::clamp<std::int64_t>(drawn_ms_ + kFrameMs - clock_.MonotonicMs(), 0, kFrameMs));
}

void Live::Tick() {
  if (MillisecondsToTick() > 0) return;
  Draw(true);
}

void Live::Draw(bool with_list) {
  const int old_width = terminal_.width;
  terminal_ = DescribeTerminal(fd_, color_);
  // After the terminal became narrower, it has broken our lines into several.
  int above = 0;
  for (const int width : drawn_widths_)
    above += terminal_.width < old_width && width > terminal_.width
                 ? (width + terminal_.width - 1) / terminal_.width
                 : 1;
  std::string out = "\x1b[?2026h\r";
  if (above > 0) out += "\x1b[" + std::to_string(above) + "A";
  out += "\x1b[J" + printed_;
  printed_.clear();
  drawn_widths_.clear();
  if (with_list)
    for (const std::string& line : LiveLines(terminal_, rows_, clock_.MonotonicMs(), terminal_.height - 1)) {
      out += line + "\n";
      drawn_widths_.push_back(DisplayWidth(line));
    }
  out += "\x1b[?2026l";
  (void)WriteAll(fd_, out);
  drawn_ms_ = clock_.MonotonicMs();
  changed_ = false;
}

}  // namespace easel
