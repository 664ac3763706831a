// easel history: what ran when, and what became of it.

#include <ostream>

#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/run_words.h"
#include "cli/stored_canvas.h"
#include "cli/table.h"

namespace easel {
namespace {

bool IsPublished(const StoredCanvas& canvas, const AttemptRecord& attempt) {
  const BlockRecord* block = canvas.Find(attempt.block);
  return block != nullptr && block->published_attempt == attempt.attempt;
}

/// "ValueError: bad (line 6)" from the failure that the executor reported.
std::string FailureText(const std::string& failure) {
  const auto parsed = failure.empty() ? Result<json::value>(json::object()) : ParseJson(failure, "failure");
  if (!parsed || !parsed->is_object()) return "";
  JsonReader reader(*parsed, "failure");
  std::string text = reader.StringOr("ename", "");
  const std::string value = reader.StringOr("evalue", "");
  if (!text.empty() && !value.empty()) text += ": " + value;
  if (text.empty()) text = reader.StringOr("message", reader.StringOr("kind", ""));
  text = text.substr(0, text.find('\n'));
  if (const std::int64_t line = reader.IntOr("line", 0); line > 0)
    text += " (line " + std::to_string(line) + ")";
  return text;
}

std::string TimeOf(const AttemptRecord& attempt) {
  if (attempt.started_ms == 0 || attempt.finished_ms < attempt.started_ms) return "";
  return HumanDuration(static_cast<double>(attempt.finished_ms - attempt.started_ms) / 1000.0);
}

json::value JsonOrNull(const std::string& text) {
  auto parsed = text.empty() ? Result<json::value>(nullptr) : ParseJson(text, "database");
  return parsed ? std::move(*parsed) : json::value(text);
}

json::object Document(const StoredCanvas& canvas, const std::vector<AttemptRecord>& attempts,
                      const std::vector<RunRecord>& runs) {
  json::array attempt_list, run_list;
  for (const AttemptRecord& attempt : attempts)
    attempt_list.push_back(json::object{{"attempt", attempt.attempt},
                                        {"run", attempt.run},
                                        {"block", attempt.block},
                                        {"epoch", attempt.epoch},
                                        {"status", AttemptStatusName(attempt.status)},
                                        {"published", IsPublished(canvas, attempt)},
                                        {"started_ms", attempt.started_ms},
                                        {"finished_ms", attempt.finished_ms},
                                        {"at", attempt.at.empty() ? json::value() : json::value(attempt.at)},
                                        {"failure", JsonOrNull(attempt.failure)}});
  for (const RunRecord& run : runs)
    run_list.push_back(json::object{{"run", run.run},
                                    {"mode", run.mode},
                                    {"status", run.status},
                                    {"created_ms", run.created_ms},
                                    {"finished_ms", run.finished_ms},
                                    {"at", run.at.empty() ? json::value() : json::value(run.at)},
                                    {"summary", JsonOrNull(run.summary)}});
  return {{"attempts", std::move(attempt_list)}, {"runs", std::move(run_list)}};
}

void ShowRuns(const Terminal& terminal, const std::vector<RunRecord>& runs, std::ostream& out) {
  Table table({{.header = "WHEN", .style = Style::kDim},
               {.header = "RUN", .style = Style::kBold},
               {.header = "MODE"},
               {.header = "STATUS"},
               {.header = "", .shrinks = true}});
  for (const RunRecord& run : runs)
    table.Add({LocalTime(run.created_ms), EscapeValue(run.run), EscapeValue(run.mode),
               run.finished_ms == 0 ? "under way" : EscapeValue(run.status),
               (run.finished_ms == 0 ? "" : SummaryText(run)) +
                   (run.at.empty() ? "" : ", beside what is published, from " + run.at)});
  out << table.Render(terminal);
}

Status ShowHistory(const Invocation& invocation, std::ostream& out) {
  EASEL_TRY(const std::int64_t limit, invocation.Number("limit", 30, 1));
  EASEL_TRY(const StoredCanvas canvas, OpenStoredCanvas(invocation.Word("CANVAS")));
  const std::string& block = invocation.Word("BLOCK");
  if (!block.empty()) EASEL_RETURN_IF_ERROR(CheckBlock(canvas, block));
  std::vector<AttemptRecord> attempts;
  std::vector<RunRecord> runs;
  if (canvas.HasRun()) {
    EASEL_TRY(attempts,
              canvas.metadata->History(block, static_cast<int>(std::min<std::int64_t>(limit, INT32_MAX))));
    EASEL_TRY(runs, canvas.metadata->Runs(static_cast<int>(std::min<std::int64_t>(limit, INT32_MAX))));
  }
  if (invocation.Has("json")) {
    out << json::serialize(Document(canvas, attempts, runs)) << '\n';
    return {};
  }
  if (invocation.Has("runs") && !block.empty())
    return Fail(Code::kInvalidArgument, "USAGE",
                "easel history: --runs is of the whole canvas; leave out BLOCK");
  if (invocation.Has("runs") && canvas.HasRun()) {
    ShowRuns(invocation.terminal, runs, out);
    return {};
  }
  if (attempts.empty()) {
    out << (block.empty() || !canvas.HasRun() ? NothingHasRun(canvas) : "`" + block + "` has not run yet.\n");
    return {};
  }
  Table table({{.header = "WHEN", .style = Style::kDim},
               {.header = "ATTEMPT", .style = Style::kBold},
               {.header = "STATUS"},
               {.header = "TIME", .right = true},
               {.header = "", .shrinks = true}});
  for (const AttemptRecord& attempt : attempts) {
    std::string note = EscapeValue(FailureText(attempt.failure));
    if (IsPublished(canvas, attempt)) note = "published";
    if (!attempt.at.empty())
      note = (note.empty() ? "" : note + ", ") + std::string("beside, from ") + attempt.at;
    table.Add({attempt.started_ms == 0 ? "" : LocalTime(attempt.started_ms), EscapeValue(attempt.attempt),
               std::string(AttemptStatusName(attempt.status)), TimeOf(attempt), note});
  }
  out << table.Render(invocation.terminal);
  return {};
}

}  // namespace

int RunHistory(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  const Status shown = ShowHistory(invocation, out);
  return shown ? kExitGood : ReportError(shown.error(), err);
}

}  // namespace easel
