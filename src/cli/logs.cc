// easel logs: what blocks printed and showed, also while they run.

#include <time.h>

#include <algorithm>
#include <climits>
#include <map>
#include <optional>
#include <ostream>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/journal_text.h"
#include "cli/run_words.h"
#include "cli/stored_canvas.h"
#include "state/manifest.h"

namespace easel {
namespace {

struct BlockLog {
  std::string block;
  AttemptRecord attempt;
};

Result<std::vector<BlockLog>> LogsToShow(const StoredCanvas& canvas, const std::string& block,
                                         const std::string& attempt) {
  std::vector<BlockLog> logs;
  if (!attempt.empty()) {
    EASEL_TRY(AttemptRecord found, FindAttempt(canvas, block, attempt));
    logs.push_back({found.block, std::move(found)});
    return logs;
  }
  for (const std::string& name : canvas.blocks) {
    if (!block.empty() && name != block) continue;
    EASEL_TRY(auto found, AttemptToShow(canvas, name));
    if (found) logs.push_back({name, std::move(*found)});
  }
  return logs;
}

/// The logs of `canvas.at`: of the attempts that this run made, whatever became of them, and else of those whose results
/// stood when it ended.
Result<std::vector<BlockLog>> LogsOfRun(const StoredCanvas& canvas, const std::string& block) {
  std::vector<BlockLog> logs;
  for (const std::string& name : canvas.blocks) {
    if (!block.empty() && name != block) continue;
    EASEL_TRY(const auto history, canvas.metadata->History(name, INT_MAX));
    const BlockRecord* record = canvas.Find(name);
    auto shown = std::ranges::find(history, canvas.at->run, &AttemptRecord::run);
    if (shown == history.end() && record != nullptr && !record->published_attempt.empty()) {
      shown = std::ranges::find(history, record->published_attempt, &AttemptRecord::attempt);
      if (shown == history.end())
        return Fail(Code::kNotFound, "STATE_COLLECTED",
                    "`" + name + "`: its log as of run " + canvas.at->run + " (attempt " +
                        record->published_attempt + ") was removed by `easel gc`");
    }
    if (shown != history.end()) logs.push_back({name, *shown});
  }
  return logs;
}

std::string Header(const Terminal& terminal, const BlockLog& log) {
  return Styled(terminal, Style::kBold, EscapeValue(log.block)) + " " +
         Styled(
             terminal, Style::kDim,
             EscapeValue(log.attempt.attempt) + ", " + std::string(AttemptStatusName(log.attempt.status))) +
         "\n";
}

std::string Prefixed(const Terminal& terminal, const std::string& prefix, std::string_view lines) {
  if (prefix.empty()) return std::string(lines);
  std::string out;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size() - 1);
    out += Styled(terminal, Style::kDim, prefix) + std::string(lines.substr(0, end + 1));
    lines.remove_prefix(end + 1);
  }
  return out;
}

/// Print a journal from where `reader` stands to its present end.
Status Drain(JournalReader& reader, JournalText& text, const Terminal& terminal, const std::string& prefix,
             std::ostream& out) {
  for (;;) {
    EASEL_TRY(const auto record, reader.Next());
    if (!record) return {};
    out << Prefixed(terminal, prefix, text.Add(*record));
  }
}

Status ShowLog(const StoredCanvas& canvas, const BlockLog& log, const Terminal& terminal, std::ostream& out) {
  auto reader = JournalReader::Open(JournalPath(canvas.state_root, log.attempt.attempt));
  if (!reader && reader.error().code == Code::kNotFound) return {};
  if (!reader) return std::unexpected(reader.error());
  JournalText text(terminal, {canvas.shown, log.block});
  const Status drained = Drain(*reader, text, terminal, "", out);
  out << text.Finish();
  return drained;
}

struct Followed {
  std::string attempt;
  std::optional<JournalReader> reader;
  std::optional<JournalText> text;
};

/// Print what is new in one block's log.
Status FollowOnce(const StoredCanvas& canvas, const BlockLog& log, const Terminal& terminal,
                  const std::string& prefix, Followed& followed, std::ostream& out) {
  if (followed.attempt != log.attempt.attempt) {
    if (followed.text) out << Prefixed(terminal, prefix, followed.text->Finish());
    followed = {.attempt = log.attempt.attempt,
                .reader = {},
                .text = JournalText(terminal, {canvas.shown, log.block})};
  }
  if (!followed.reader) {
    auto opened = JournalReader::Open(JournalPath(canvas.state_root, log.attempt.attempt));
    // The file appears with the attempt's first record.
    if (!opened && opened.error().code == Code::kNotFound) return {};
    EASEL_TRY(followed.reader, std::move(opened));
  }
  EASEL_RETURN_IF_ERROR(Drain(*followed.reader, *followed.text, terminal, prefix, out));
  if (followed.text->ended()) out << Prefixed(terminal, prefix, followed.text->Finish());
  return {};
}

/// Print logs as they grow, until no run and no attempt is open any more.
Status Follow(StoredCanvas canvas, const std::string& block, const std::string& attempt,
              const Terminal& terminal, std::ostream& out) {
  std::map<std::string, Followed> followed;
  std::size_t width = 0;
  for (const std::string& name : canvas.blocks) width = std::max(width, name.size());
  for (;;) {
    // Taken before the logs are read: what was written until a run closed is then printed.
    EASEL_TRY(canvas.snapshot, canvas.metadata->Load());
    const bool open = !canvas.snapshot.open_runs.empty() || !canvas.snapshot.open_attempts.empty();
    EASEL_TRY(const auto logs, LogsToShow(canvas, block, attempt));
    for (const BlockLog& log : logs) {
      const std::string prefix =
          !block.empty() ? ""
                         : log.block + std::string(width - std::min(width, log.block.size()), ' ') +
                               (terminal.unicode ? " │ " : " | ");
      EASEL_RETURN_IF_ERROR(FollowOnce(canvas, log, terminal, prefix, followed[log.block], out));
    }
    out.flush();
    const bool over = !attempt.empty() && !followed.empty() && followed.begin()->second.text &&
                      followed.begin()->second.text->ended();
    if (!open || over || !out) {
      for (auto& [name, one] : followed)
        if (one.text) out << one.text->Finish();
      return {};
    }
    constexpr timespec kPause{.tv_sec = 0, .tv_nsec = 100'000'000};
    ::nanosleep(&kPause, nullptr);
  }
}

Status ShowJson(const StoredCanvas& canvas, const std::vector<BlockLog>& logs, std::ostream& out) {
  json::array blocks;
  Status status;
  for (const BlockLog& log : logs) {
    json::array records;
    const Status read = ReadJournalAsJson(JournalPath(canvas.state_root, log.attempt.attempt), records);
    if (!read && read.error().code != Code::kNotFound) status = read;
    blocks.push_back(json::object{{"block", log.block},
                                  {"attempt", log.attempt.attempt},
                                  {"status", AttemptStatusName(log.attempt.status)},
                                  {"records", std::move(records)}});
  }
  json::object document{{"blocks", std::move(blocks)}};
  if (canvas.at) document["at"] = canvas.at->run;
  out << json::serialize(document) << '\n';
  return status;
}

Status ShowLog(const Invocation& invocation, std::ostream& out) {
  const bool json = invocation.Has("json");
  if (invocation.Has("at") && (invocation.Has("follow") || invocation.Has("attempt")))
    return Fail(Code::kInvalidArgument, "USAGE",
                "easel logs: --at is of a run that has ended; leave out --follow and --attempt");
  if (json && invocation.Has("follow"))
    return Fail(Code::kInvalidArgument, "USAGE",
                "easel logs: --json prints one document and cannot go on for ever; leave out --follow, or "
                "use `easel run --json`");
  EASEL_TRY(StoredCanvas canvas, OpenStoredCanvas(invocation.Word("CANVAS")));
  const std::string& block = invocation.Word("BLOCK");
  if (!block.empty()) EASEL_RETURN_IF_ERROR(CheckBlock(canvas, block));
  EASEL_RETURN_IF_ERROR(ShowAsOf(canvas, invocation.Value("at")));
  if (!canvas.HasRun()) {
    if (json) return ShowJson(canvas, {}, out);
    out << NothingHasRun(canvas);
    return {};
  }
  const std::string attempt = invocation.Value("attempt");
  const Terminal& terminal = invocation.terminal;
  if (invocation.Has("follow")) return Follow(std::move(canvas), block, attempt, terminal, out);
  EASEL_TRY(const auto logs, canvas.at ? LogsOfRun(canvas, block) : LogsToShow(canvas, block, attempt));
  if (json) return ShowJson(canvas, logs, out);
  if (logs.empty() && canvas.at)
    out << NoResultYet(canvas, block);
  else if (logs.empty())
    out << (block.empty() ? NothingHasRun(canvas) : "`" + block + "` has not run yet.\n");
  Status status;
  for (const BlockLog& log : logs) {
    if (block.empty()) out << Header(terminal, log);
    if (const Status shown = ShowLog(canvas, log, terminal, out); !shown) {
      status = shown;
      out << Styled(terminal, Style::kRed, EscapeValue(shown.error().message)) << '\n';
    }
  }
  return status;
}

}  // namespace

int RunLogs(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const Status shown = ShowLog(invocation, out);
  return shown ? kExitGood : ReportError(shown.error(), err);
}

}  // namespace easel
