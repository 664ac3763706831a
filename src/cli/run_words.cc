#include "cli/run_words.h"

#include <time.h>

#include <algorithm>
#include <charconv>
#include <climits>
#include <optional>

#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/escape.h"

namespace easel {
namespace {

constexpr std::size_t kListed = 5;
constexpr std::size_t kShortestEnd = 4;  ///< of an id: its last six characters are random

std::string ListOf(const std::vector<RunRecord>& runs) {
  std::string out;
  for (std::size_t i = 0; i < std::min(runs.size(), kListed); ++i)
    out += "\n  " + runs[i].run + "  " + LocalTime(runs[i].created_ms) + "  " + runs[i].mode + ", " +
           (runs[i].finished_ms == 0 ? "under way" : runs[i].status + ", " + SummaryText(runs[i]));
  if (runs.size() > kListed)
    out +=
        "\n  and " + std::to_string(runs.size() - kListed) + " older; `easel history CANVAS --runs` has all";
  return out;
}

std::unexpected<Error> Unknown(const std::vector<RunRecord>& runs, const std::string& what) {
  return Fail(Code::kNotFound, "RUN_UNKNOWN",
              what + (runs.empty() ? "; nothing has run yet" : ". Runs, newest first:" + ListOf(runs)));
}

/// 2 for "last~2".
std::optional<std::size_t> StepsBack(std::string_view words) {
  if (words == "last") return 0;
  if (!words.starts_with("last~")) return std::nullopt;
  std::size_t steps = 0;
  const char* end = words.data() + words.size();
  const auto [stop, error] = std::from_chars(words.data() + 5, end, steps);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return steps;
}

/// The last millisecond of the day, minute or second that is written.
std::optional<std::int64_t> EndOf(std::string_view words, std::int64_t now_ms) {
  struct Form {
    const char* format;
    bool today;
    char unit;
  };
  static constexpr Form kForms[] = {{"%Y-%m-%d %H:%M:%S", false, 's'},
                                    {"%Y-%m-%dT%H:%M:%S", false, 's'},
                                    {"%Y-%m-%d %H:%M", false, 'm'},
                                    {"%Y-%m-%dT%H:%M", false, 'm'},
                                    {"%Y-%m-%d", false, 'd'},
                                    {"%H:%M:%S", true, 's'},
                                    {"%H:%M", true, 'm'}};
  const std::string text(words);
  for (const Form& form : kForms) {
    tm parts{};
    if (form.today) {
      const time_t now = now_ms / 1000;
      ::localtime_r(&now, &parts);
      parts.tm_sec = 0;
    }
    const char* rest = ::strptime(text.c_str(), form.format, &parts);
    if (rest == nullptr || *rest != '\0') continue;
    if (form.unit == 's') ++parts.tm_sec;
    if (form.unit == 'm') ++parts.tm_min;
    if (form.unit == 'd') ++parts.tm_mday;
    parts.tm_isdst = -1;
    const time_t end = ::mktime(&parts);
    if (end != -1) return std::int64_t{end} * 1000 - 1;
  }
  return std::nullopt;
}

}  // namespace

std::string SummaryText(const RunRecord& run) {
  const auto parsed =
      run.summary.empty() ? Result<json::value>(json::object()) : ParseJson(run.summary, "run");
  if (!parsed || !parsed->is_object()) return "";
  JsonReader reader(*parsed, "run");
  std::string out = reader.StringOr("error", "");
  out.resize(std::min(out.size(), out.find('\n')));
  for (const auto& [field, word] : {std::pair{"ran", "ran"},
                                    {"restored", "restored"},
                                    {"failed", "failed"},
                                    {"skipped", "skipped"},
                                    {"cancelled", "cancelled"},
                                    {"up_to_date", "up to date"}})
    if (const std::int64_t n = reader.IntOr(field, 0); n > 0)
      out += (out.empty() ? "" : ", ") + std::to_string(n) + " " + word;
  return out.empty() ? "nothing" : out;
}

Result<RunRecord> PickRun(const std::vector<RunRecord>& runs, std::string_view words, std::int64_t now_ms) {
  const std::string shown = "`" + EscapeValue(words) + "`";
  std::vector<RunRecord> ended;
  for (const RunRecord& run : runs)
    if (run.finished_ms != 0) ended.push_back(run);
  if (const auto steps = StepsBack(words)) {
    if (*steps < ended.size()) return ended[*steps];
    return Unknown(runs, "there is no run " + shown + ": " + std::to_string(ended.size()) +
                             (ended.size() == 1 ? " run has ended" : " runs have ended"));
  }
  std::vector<RunRecord> fitting;
  for (const RunRecord& run : runs) {
    if (run.run == words) {
      fitting = {run};
      break;
    }
    if (words.empty()) continue;
    if (run.run.starts_with(words) || (words.size() >= kShortestEnd && run.run.ends_with(words)))
      fitting.push_back(run);
  }
  if (fitting.size() > 1)
    return Fail(Code::kInvalidArgument, "RUN_AMBIGUOUS",
                shown + " fits " + std::to_string(fitting.size()) +
                    " runs; give more of the id, or its last characters:" + ListOf(fitting));
  if (fitting.size() == 1) {
    if (fitting[0].finished_ms != 0) return fitting[0];
    return Fail(Code::kFailedPrecondition, "RUN_UNDER_WAY",
                "run " + fitting[0].run + " is still under way: what it leaves is known when it has ended");
  }
  if (const auto by = EndOf(words, now_ms)) {
    for (const RunRecord& run : ended)
      if (run.finished_ms <= *by) return run;
    return Unknown(runs, "no run had ended by " + shown);
  }
  return Unknown(runs, "there is no run " + shown +
                           " (an id, the beginning or end of one, `last`, `last~1`, "
                           "or a time like 2026-11-23 or \"2026-11-23 09:15\")");
}

Result<RunRecord> FindRun(const StoredCanvas& canvas, std::string_view words) {
  std::vector<RunRecord> runs;
  if (canvas.HasRun()) {
    EASEL_TRY(runs, canvas.metadata->Runs(INT_MAX));
  }
  auto found = PickRun(runs, words, SystemClock().UnixMs());
  if (!found) found.error().message = canvas.shown + ": " + found.error().message;
  return found;
}

Status ShowAsOf(StoredCanvas& canvas, const RunRecord& run) {
  EASEL_TRY(const auto results, canvas.metadata->ResultsAfter(run.run));
  if (!results)
    return Fail(Code::kFailedPrecondition, "RUN_UNDER_WAY", "run " + run.run + " is still under way");
  std::vector<BlockRecord> blocks;
  for (const BlockRecord& now : canvas.snapshot.blocks)
    blocks.push_back({.block = now.block, .epoch = now.epoch});
  for (const StandingResult& result : *results) {
    auto block = std::ranges::find(blocks, result.block, &BlockRecord::block);
    if (block == blocks.end()) block = blocks.insert(blocks.end(), BlockRecord{.block = result.block});
    EASEL_TRY(const auto attempt, canvas.metadata->FindAttempt(result.attempt));
    block->published_attempt = result.attempt;
    block->published_manifest = result.manifest;
    block->published_ms = result.published_ms;
    if (attempt) {
      block->published_base_key = attempt->base_key;
      block->published_inputs = attempt->inputs;
    }
  }
  canvas.snapshot.blocks = std::move(blocks);
  canvas.at = run;
  return {};
}

Status ShowAsOf(StoredCanvas& canvas, const std::string& words) {
  if (words.empty()) return {};
  EASEL_TRY(const RunRecord run, FindRun(canvas, words));
  return ShowAsOf(canvas, run);
}

}  // namespace easel
