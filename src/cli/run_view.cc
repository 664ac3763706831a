#include "cli/run_view.h"

#include <algorithm>
#include <ostream>

#include "base/text.h"
#include "cli/arguments.h"
#include "cli/event_text.h"
#include "cli/render.h"

namespace easel {
namespace {

std::vector<std::string> NamesOf(const json::object& event, std::string_view field) {
  std::vector<std::string> out;
  if (const json::value* value = event.if_contains(field); value != nullptr && value->is_array())
    for (const json::value& item : value->get_array())
      if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

struct End {
  LiveState state;
  Style style;
  const char* icon;
  const char* plain;
  const char* word;
};

End EndOf(const std::string& status) {
  if (status == "succeeded") return {LiveState::kSucceeded, Style::kGreen, "✓", "+", "ran"};
  if (status == "up_to_date") return {LiveState::kUpToDate, Style::kDim, "✓", "=", "up to date"};
  if (status == "restored") return {LiveState::kRestored, Style::kCyan, "↺", "<", "restored"};
  if (status == "skipped") return {LiveState::kSkipped, Style::kDim, "⊘", "-", "skipped"};
  if (status == "cancelled") return {LiveState::kCancelled, Style::kYellow, "⊘", "-", "cancelled"};
  return {LiveState::kFailed, Style::kRed, "✗", "!", "failed"};
}

double TotalMs(const json::object& event) {
  double total = 0;
  if (const json::value* phases = event.if_contains("phases_ms"); phases != nullptr && phases->is_object())
    for (const auto& [name, value] : phases->get_object())
      if (value.is_number()) total += value.to_number<double>();
  return total;
}

}  // namespace

RunView::RunView(std::string canvas_as_typed, Terminal terminal, int fd, bool json, std::ostream& out)
    : canvas_(std::move(canvas_as_typed)), terminal_(terminal), json_(json), out_(out) {
  if (!json_ && terminal_.is_terminal)
    live_ = std::make_unique<Live>(fd, terminal_, clock_, std::vector<std::string>{});
}

RunView::~RunView() = default;

void RunView::Print(const std::string& text) {
  if (text.empty()) return;
  if (live_ != nullptr)
    live_->Print(text);
  else
    out_ << text << std::flush;
}

void RunView::Say(const std::string& text) {
  if (!json_) Print(Styled(terminal_, Style::kDim, EscapeValue(text)) + "\n");
}

void RunView::Tick() {
  if (json_)
    out_
        << std::flush;  // once for all events that had arrived, not for each line of a block that prints many
  if (live_ != nullptr) live_->Tick();
}

int RunView::MillisecondsToTick() const { return live_ == nullptr ? -1 : live_->MillisecondsToTick(); }

std::string RunView::Prefix(const std::string& block) const {
  std::string name = block;
  name.resize(std::max(name_width_, name.size()), ' ');
  return Styled(terminal_, Style::kDim, name + (terminal_.unicode ? " │ " : " | "));
}

void RunView::ShowOutput(const std::string& block, const json::object& event) {
  const int stream = EventText(event, "stream") == "stderr" ? 1 : 0;
  const std::string lines = SafeText(terminal_, lines_[stream][block].Add(EventText(event, "text")));
  std::string out;
  for (std::size_t start = 0; start < lines.size();) {
    std::size_t end = lines.find('\n', start);
    if (end == std::string::npos) end = lines.size();
    out += Prefix(block) + lines.substr(start, end - start) + "\n";
    start = end + 1;
  }
  Print(out);
}

/// Print what is left of unfinished lines, so that something else can follow.
void RunView::Flush(const std::string& block) {
  for (auto& streams : lines_) {
    const auto found = streams.find(block);
    if (found == streams.end() || found->second.empty()) continue;
    Print(Prefix(block) + SafeText(terminal_, found->second.Flush()) + "\n");
  }
}

void RunView::Show(const std::string& line, const json::object& event) {
  const std::string name = EventText(event, "event"), block = EventText(event, "block");
  if (name == "run.finished") {
    const std::string status = EventText(event, "status");
    exit_code_ = status == "succeeded"     ? kExitGood
                 : status == "cancelled"   ? kExitCancelled
                 : event.contains("error") ? kExitInfrastructure
                                           : kExitBlockFailed;
    for (const std::string& failed : NamesOf(event, "failed"))
      if (rows_[failed].phase == "lost" && exit_code_ == kExitBlockFailed) exit_code_ = kExitInfrastructure;
  }
  if (name == "block.finished") {
    const json::value* failure = event.if_contains("failure");
    if (failure != nullptr && failure->is_object() && EventText(failure->get_object(), "kind") == "lost")
      rows_[block].phase = "lost";
  }
  if (json_) {
    out_ << line << '\n';
    if (name != "block.output") out_ << std::flush;
    return;
  }
  const auto indented = [&](const std::string& text) {
    std::string out;
    for (const std::string& part : Split(text.ends_with('\n') ? text.substr(0, text.size() - 1) : text, '\n'))
      out += Prefix(block) + part + "\n";
    return out;
  };
  if (name == "run.started") {
    mode_ = EventText(event, "mode");
    if (const std::string at = EventText(event, "at"); !at.empty()) {
      beside_ = EventText(event, "run");
      began_from_ = at;
      Say("from the results of run " + at + "; what is published stays as it is");
    }
  }
  if (name == "block.started") {
    LiveRow& row = rows_[block];
    row = {
        .block = block, .state = LiveState::kRunning, .phase = "start", .started_ms = clock_.MonotonicMs()};
    name_width_ = std::max(name_width_, std::min<std::size_t>(block.size(), 24));
    if (live_ != nullptr) live_->Update(row);
  } else if (name == "block.phase") {
    LiveRow& row = rows_[block];
    row.phase = EventText(event, "phase");
    if (live_ != nullptr) live_->Update(row);
  } else if (name == "block.output") {
    ShowOutput(block, event);
  } else if (name == "block.display") {
    Flush(block);
    ++displays_[block];
    if (const json::value* data = event.if_contains("data"); data != nullptr && data->is_object())
      if (const std::string text = RenderDisplay(terminal_, data->get_object(), {canvas_, block});
          !text.empty())
        Print(indented(text));
  } else if (name == "block.error") {
    Flush(block);
    if (!EventText(event, "traceback").empty()) Print(indented(RenderError(terminal_, event)));
  } else if (name == "block.notice") {
    Flush(block);
    Print(indented(RenderNotice(terminal_, event)));
  } else if (name == "block.finished") {
    Flush(block);
    ShowFinished(block, event);
  } else if (name == "run.finished") {
    Summarize(event);
  }
}

void RunView::ShowFinished(const std::string& block, const json::object& event) {
  const std::string status = EventText(event, "status");
  const End look = EndOf(status);
  LiveRow& row = rows_[block];
  const bool lost = row.phase == "lost";
  row.block = block;
  row.state = look.state;
  row.phase = lost ? "lost" : "";
  row.finished_ms = clock_.MonotonicMs();
  if (live_ != nullptr && row.started_ms > 0) live_->Update(row);
  if (status == "up_to_date") return;  // counted in the summary
  std::string text = Styled(terminal_, look.style, terminal_.unicode ? look.icon : look.plain) + " " +
                     Styled(terminal_, Style::kBold, EscapeValue(block)) + " " + look.word;
  if (status == "succeeded") text += " in " + HumanDuration(TotalMs(event) / 1e3);
  const std::string told = EventText(event, "reason");
  const std::string reason = told == "never run" ? "" : EscapeValue(told.substr(0, told.find('\n')));
  if (reason.starts_with("skipped: "))
    text += reason.substr(reason.find(':'));
  else if (!reason.empty())
    text += Styled(terminal_, Style::kDim, "  (" + reason + ")");
  Print(text + "\n");
}

void RunView::Dropped(std::int64_t bytes) {
  if (bytes > 0)
    Say(HumanBytes(bytes) + " of output came faster than it could be shown; `easel logs " + canvas_ +
        "` has all of it");
}

void RunView::Summarize(const json::object& event) {
  live_.reset();
  const auto count = [&](std::string_view field) { return NamesOf(event, field).size(); };
  std::vector<std::string> parts;
  const auto say = [&](std::string_view field, const char* word, Style style) {
    if (const std::size_t n = count(field); n > 0)
      parts.push_back(Styled(terminal_, style, std::to_string(n) + " " + word));
  };
  say("failed", "failed", Style::kRed);
  say("ran", "ran", Style::kGreen);
  say("restored", "restored", Style::kCyan);
  say("up_to_date", "up to date", Style::kPlain);
  say("skipped", "skipped", Style::kYellow);
  say("cancelled", "cancelled", Style::kYellow);
  std::string line;
  for (const std::string& part : parts) line += (line.empty() ? "" : ", ") + part;
  const json::value* seconds = event.if_contains("seconds");
  const std::string took = seconds != nullptr && seconds->is_number() && seconds->to_number<double>() >= 1e-3
                               ? HumanDuration(seconds->to_number<double>())
                               : "";
  const std::size_t changed =
      count("ran") + count("restored") + count("failed") + count("skipped") + count("cancelled");
  if (parts.empty())
    line = "There is nothing to run in this canvas";
  else if (changed == 0 && mode_ == "only")
    line = JoinWords(NamesOf(event, "up_to_date")) + (count("up_to_date") == 1 ? " is" : " are") +
           " up to date: nothing that it depends on changed. `--force` runs it all the same";
  else if (changed == 0)
    line = "Everything is up to date: nothing had to run (" + std::to_string(count("up_to_date")) +
           (count("up_to_date") == 1 ? " block)" : " blocks)");
  out_ << Styled(terminal_, Style::kBold, line)
       << (took.empty() ? "" : Styled(terminal_, Style::kDim, "  in " + took)) << "\n";
  if (const std::string error = EventText(event, "error"); !error.empty())
    out_ << Styled(terminal_, Style::kRed, EscapeValue(error)) << "\n";
  if (!beside_.empty() && count("ran") + count("restored") > 0)
    out_ << Styled(terminal_, Style::kDim,
                   "Nothing of it was published: `easel state " + canvas_ + " --at " + beside_ +
                       "` shows what it left, `easel diff " + canvas_ + " " + began_from_ + " " + beside_ +
                       "` what differs")
         << "\n";
  std::vector<std::string> shown;
  for (const auto& [block, n] : displays_)
    if (n > 0) shown.push_back(block);
  if (!shown.empty())
    out_ << Styled(terminal_, Style::kDim,
                   "New outputs: " + EscapeValue(JoinWords(shown)) + "  (easel outputs " + canvas_ +
                       (beside_.empty() ? "" : " --at " + beside_) + ")")
         << "\n";
  out_ << std::flush;
}

}  // namespace easel
