// easel plan and easel status: what would run and why, and how every block stands. Nothing runs, nothing is written.

#include <ostream>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "cli/run_request.h"
#include "cli/table.h"
#include "engine/owner.h"

namespace easel {
namespace {

Result<std::unique_ptr<World>> LoadToLook(const Invocation& invocation, std::ostream& err,
                                          const std::string& at = {}) {
  const bool json = invocation.Has("json");
  return World::Load({.folder = invocation.Word("CANVAS"),
                      .runtime_folder = RuntimeFolderOfThisMachine(),
                      .environments = EnvironmentOptionsOfThisMachine(),
                      .read_only = true,
                      .at = at,
                      .progress = [&err, json](std::string_view line) {
                        if (!json) err << line << "\n";
                      }});
}

Style StyleOf(std::string_view word) {
  if (word == "run" || word == "stale" || word == "maybe") return Style::kYellow;
  if (word == "failed" || word == "skip") return Style::kRed;
  if (word == "up_to_date") return Style::kGreen;
  return Style::kPlain;
}

}  // namespace

int RunPlan(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  auto request = RunRequestOf(invocation);
  if (!request) return ReportError(request.error(), err);
  const auto at = RunToBeginFrom(invocation);
  if (!at) return ReportError(at.error(), err);
  auto world = LoadToLook(invocation, err, *at);
  if (!world) return ReportError(world.error(), err);
  Engine engine((*world)->canvas(), (*world)->TakeKnowledge(), **world,
                {.canvas_id = (*world)->canvas_id(), .at = *at});
  auto plan = engine.Plan(*request);
  if (!plan) return ReportError(plan.error(), err);
  std::size_t runs = 0, may_run = 0, restores = 0, good = 0;
  for (const PlannedBlock& block : *plan) {
    runs += block.action == "run";
    may_run += block.action == "maybe";
    restores += block.action == "restore";
    good += block.action == "up_to_date";
  }
  if (invocation.Has("json")) {
    json::array blocks;
    for (const PlannedBlock& block : *plan)
      blocks.push_back(
          json::object{{"name", block.block}, {"action", block.action}, {"reason", block.reason}});
    json::object document{{"mode", RunModeName(request->mode)}, {"force", request->force}};
    if (!at->empty()) document["at"] = *at;
    document["blocks"] = std::move(blocks);
    out << json::serialize(document) << "\n";
    return kExitGood;
  }
  if (!at->empty())
    out << Styled(invocation.terminal, Style::kDim,
                  "From the results of run " + *at + "; what is published would stay.")
        << "\n\n";
  if (runs + may_run + restores == 0) {
    out << "Nothing would run: " << good << (good == 1 ? " block is" : " blocks are") << " up to date.\n";
    return kExitGood;
  }
  Table table({{.header = "BLOCK"}, {.header = "PLAN"}, {.header = "WHY", .shrinks = true}});
  for (const PlannedBlock& block : *plan) {
    const char* word = block.action == "run"       ? "will run"
                       : block.action == "maybe"   ? "may run"
                       : block.action == "restore" ? "restore"
                       : block.action == "skip"    ? "cannot run"
                                                   : "up to date";
    table.Add({EscapeValue(block.block), Styled(invocation.terminal, StyleOf(block.action), word),
               EscapeValue(block.reason)});
  }
  out << table.Render(invocation.terminal);
  std::vector<std::string> parts;
  if (runs > 0) parts.push_back(std::to_string(runs) + " will run");
  if (may_run > 0) parts.push_back(std::to_string(may_run) + " may run");
  if (restores > 0) parts.push_back(std::to_string(restores) + " restored");
  if (good > 0) parts.push_back(std::to_string(good) + " up to date");
  out << "\n" << JoinWords(parts) << ".\n";
  return kExitGood;
}

int RunStatus(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  auto world = LoadToLook(invocation, err);
  if (!world) return ReportError(world.error(), err);
  const auto open_attempts = (*world)->snapshot().open_attempts;
  Engine engine((*world)->canvas(), (*world)->TakeKnowledge(), **world, {.canvas_id = (*world)->canvas_id()});
  std::vector<BlockStanding> standings = engine.Standings();
  const Canvas& canvas = engine.canvas();
  std::vector<std::string> beside;
  for (const AttemptRecord& attempt : open_attempts)
    if (!attempt.at.empty())
      beside.push_back(attempt.block);
    else if (const auto block = canvas.Find(attempt.block))
      standings[*block] = {attempt.status == AttemptStatus::kQueued ? Standing::kQueued : Standing::kRunning,
                           "attempt " + attempt.attempt};
  if (invocation.Has("json")) {
    json::array blocks;
    for (std::size_t i = 0; i < standings.size(); ++i)
      blocks.push_back(json::object{{"name", canvas.blocks[i].name},
                                    {"kind", BlockKindName(canvas.blocks[i].kind)},
                                    {"state", StandingName(standings[i].standing)},
                                    {"reason", standings[i].reason}});
    json::object document{{"blocks", std::move(blocks)}};
    if (!beside.empty()) document["beside"] = json::array(beside.begin(), beside.end());
    out << json::serialize(document) << "\n";
    return kExitGood;
  }
  Table table({{.header = "BLOCK"}, {.header = "STATE"}, {.header = "WHY", .shrinks = true}});
  for (std::size_t i = 0; i < standings.size(); ++i) {
    if (canvas.blocks[i].kind == BlockKind::kMarkdown) continue;
    std::string word(StandingName(standings[i].standing));
    const Style style = StyleOf(word);
    for (char& c : word)
      if (c == '_') c = ' ';
    table.Add({EscapeValue(canvas.blocks[i].name), Styled(invocation.terminal, style, word),
               EscapeValue(standings[i].reason)});
  }
  out << (table.empty() ? "This canvas has no blocks that run.\n" : table.Render(invocation.terminal));
  if (!beside.empty())
    out << Styled(invocation.terminal, Style::kDim,
                  "A run from an older state has " + JoinWords(beside) +
                      " under way; it changes nothing of this.")
        << "\n";
  return kExitGood;
}

}  // namespace easel
