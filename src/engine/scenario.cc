#include "engine/scenario.h"

#include <algorithm>

namespace easel {
namespace {

/// "start load" matches "start load", "start load loads df" and "start load: why"; "done load ran: a…" a beginning.
bool Matches(const std::string& said, std::string expected) {
  if (expected.starts_with("finished ") || expected.starts_with("two finished ")) return said == expected;
  if (expected.ends_with("…"))
    return said.starts_with(expected.substr(0, expected.size() - std::string("…").size()));
  return said.starts_with(expected) &&
         (said.size() == expected.size() || said[expected.size()] == ' ' || said[expected.size()] == ':');
}

}  // namespace

Scenario::Scenario(std::string name) : name_(std::move(name)), store_(MakeFakeMetadata()) {}
Scenario::~Scenario() = default;

void Scenario::Wrong(const std::string& what) {
  failures_.push_back(name_ + ":" + std::to_string(line_) + ": " + what);
}

// --- In and out of the engine ---

void Scenario::Send(Event event) {
  std::vector<Command> commands;
  engine().Handle(std::move(event), commands);
  for (const Command& command : commands) Record(command);
  if (!hold_commits_) Drain();
}

void Scenario::Drain() {
  while (!commits_.empty()) {
    CommitChanges commit = std::move(commits_.front());
    commits_.erase(commits_.begin());
    Status status = commit_error_.empty()
                        ? store_->CommitNow(std::move(commit.batch))
                        : Status(Fail(Code::kResourceExhausted, "DISK_FULL", commit_error_));
    std::vector<Command> commands;
    engine_->Handle(Committed{commit.ticket, std::move(status)}, commands);
    for (const Command& command : commands) Record(command);
  }
}

std::string Scenario::Names(const std::vector<std::int32_t>& blocks) const {
  std::string out;
  for (const std::int32_t block : blocks) out += (out.empty() ? "" : ",") + canvas_->blocks[block].name;
  return out;
}

void Scenario::Record(const Command& command) {
  if (const auto* commit = std::get_if<CommitChanges>(&command)) {
    commits_.push_back(*commit);
  } else if (const auto* start = std::get_if<StartAttempt>(&command)) {
    std::string text = "start " + start->record.block;
    for (std::size_t i = 0; i < start->load.size(); ++i) text += (i == 0 ? " loads " : ",") + start->load[i];
    started_[start->record.attempt] = *start;
    const auto definition =
        std::ranges::find(definitions_, canvas_->blocks[static_cast<std::size_t>(start->block)].name,
                          [](const Definition& d) { return d.block.name; });
    if (definition != definitions_.end()) writes_[start->record.attempt] = definition->writes;
    said_.push_back({text});
  } else if (const auto* stop = std::get_if<StopAttempt>(&command)) {
    const std::string& attempt = stop->attempt;
    const auto slash = attempt.find('/') + 1;
    said_.push_back({"stop " + attempt.substr(slash, attempt.rfind('.') - slash) + " grace " +
                     std::to_string(stop->grace_ms)});
  } else if (const auto* announce = std::get_if<Announce>(&command)) {
    Record(announce->run, announce->what);
  }
}

void Scenario::Record(const RunId& run, const Announcement& what) {
  const std::string prefix = run.value.starts_with("r") ? "" : run.value + " ";
  const auto name = [&](std::int32_t block) { return canvas_->blocks[block].name; };
  if (const auto* started = std::get_if<BlockStarted>(&what)) {
    said_.push_back({prefix + "started " + name(started->block), false});
  } else if (const auto* phase = std::get_if<BlockPhase>(&what)) {
    said_.push_back({prefix + "phase " + name(phase->block) + " " + phase->phase, false});
  } else if (const auto* notice = std::get_if<BlockNotice>(&what)) {
    said_.push_back({prefix + "notice " + name(notice->block) + " " + notice->kind + ": " + notice->message});
  } else if (const auto* done = std::get_if<BlockFinished>(&what)) {
    said_.push_back({prefix + "done " + name(done->block) + " " + std::string(OutcomeName(done->outcome)) +
                         ": " + done->reason,
                     false});
  } else if (const auto* same = std::get_if<BlocksUpToDate>(&what)) {
    for (const std::int32_t block : same->blocks)
      said_.push_back({prefix + "done " + name(block) + " up_to_date: " + same->reason, false});
  } else if (const auto* finished = std::get_if<RunFinished>(&what)) {
    std::string text = prefix + "finished " + finished->status;
    const auto list = [&](const char* word, const std::vector<std::int32_t>& blocks) {
      if (!blocks.empty()) text += std::string(" ") + word + " " + Names(blocks);
    };
    list("ran", finished->ran);
    list("up_to_date", finished->up_to_date);
    list("restored", finished->restored);
    list("failed", finished->failed);
    list("skipped", finished->skipped);
    list("cancelled", finished->cancelled);
    if (!finished->error.empty()) text += ": " + finished->error;
    said_.push_back({text});
  }
}

std::string Scenario::AttemptOf(const std::string& block) {
  for (const auto& [id, start] : started_)
    if (canvas_->blocks[static_cast<std::size_t>(start.block)].name == block) return id;
  Wrong("no attempt of `" + block + "` is running");
  return "r0/" + block + ".0";
}

// --- The language ---

RunRequest Scenario::ParseRun(const std::vector<std::string>& words, std::size_t from, std::string& id) {
  RunRequest request;
  id = "r" + std::to_string(++runs_);
  for (std::size_t i = from; i < words.size(); ++i) {
    bool mode = false;
    for (const RunMode candidate :
         {RunMode::kAll, RunMode::kOnly, RunMode::kTo, RunMode::kFrom, RunMode::kChanged})
      if (words[i] == RunModeName(candidate)) request.mode = candidate, mode = true;
    if (mode) continue;
    if (words[i] == "force")
      request.force = true;
    else if (words[i] == "jobs")
      request.jobs = std::stoi(words.at(++i));
    else if (words[i] == "as")
      id = words.at(++i);
    else
      for (const std::string& block : Pieces(words[i], ',')) request.blocks.push_back(block);
  }
  return request;
}

void Scenario::Expect(const Line& line, bool negative) {
  std::string wanted;
  for (std::size_t i = 1; i < line.words.size(); ++i) wanted += (i > 1 ? " " : "") + line.words[i];
  if (!line.rest.empty()) wanted += ": " + line.rest;
  const auto found =
      std::ranges::find_if(said_, [&](const Said& said) { return Matches(said.text, wanted); });
  if (negative) {
    if (found != said_.end()) Wrong("did not expect `" + found->text + "`");
    return;
  }
  if (found != said_.end()) {
    said_.erase(found);
    return;
  }
  std::string heard;
  for (const Said& said : said_) heard += "\n    " + said.text;
  Wrong("expected `" + wanted + "`; what is left of what was said:" + (heard.empty() ? " nothing" : heard));
}

void Scenario::CheckNothingLeft() {
  for (const Said& said : said_)
    if (said.must) Wrong("not expected before this line: `" + said.text + "`");
  said_.clear();
}

void Scenario::Play(int number, const std::string& text) {
  const Line line = ParseLine(number, text.substr(0, text.find(" #")));
  if (line.words.empty() || line.words[0].starts_with("#")) return;
  const auto& words = line.words;
  const std::string& verb = words[0];
  if (verb == "expect" || verb == "never") {
    line_ = number;
    return Expect(line, verb == "never");
  }
  line_ = number;
  CheckNothingLeft();
  const std::string second = words.size() > 1 ? words[1] : "";
  if (verb == "live") return EditLive(line);
  if (verb == "block" || verb == "edit") return Define(line);
  if (verb == "edge" || (verb == "no" && second == "edge")) return Connect(line);
  if (verb == "environment") return (void)(environment_ = second, changed_ = true);
  if (verb == "machine") {
    options_.cores = std::stod(words.at(2));
    if (words.size() > 4) options_.memory_bytes = std::stoll(words[4]);
    return (void)(changed_ = true);
  }
  if (verb == "file") return (void)(files_[second] = words.at(3));
  if (verb == "no" && second == "file") return (void)files_.erase(words.at(2));
  if (verb == "advance") return (void)(now_ms_ += Milliseconds(second));
  if (verb == "damage") {
    const MetadataSnapshot snapshot = *store_->Load();
    for (const BlockRecord& record : snapshot.blocks)
      if (record.block == second) damaged_[record.published_attempt] = line.rest;
    return (void)(changed_ = true);
  }
  if (verb == "from") return (void)(options_.at = second == "now" ? "" : second, changed_ = true);
  if (verb == "forget") return (void)(forgotten_.insert(second), changed_ = true);
  if (verb == "results") {
    const auto results = *store_->ResultsAfter(second);
    if (!results) return Wrong("there is no ended run `" + second + "`");
    for (const StandingResult& result : *results)
      said_.push_back({"result " + result.block + " " + result.attempt});
    return;
  }
  if (verb == "restart") return Rebuild();
  if (verb == "hold") return (void)(hold_commits_ = true);
  if (verb == "release") return hold_commits_ = false, Drain();
  if (verb == "commits") return (void)(commit_error_ = line.rest);
  if (verb == "run") {
    std::string id;
    const RunRequest request = ParseRun(words, 1, id);
    if (const Status good = engine().CheckRequest(request); !good)
      return (void)said_.push_back({"refused: " + good.error().message});
    newest_run_ = id;
    return Send(RunRequested{RunId{id}, request});
  }
  if (verb == "cancel" || verb == "kill")
    return Send(CancelRequested{RunId{second.empty() ? newest_run_ : second}, verb == "kill"});
  if (verb == "finish") {
    if (second == "all") return FinishAll();
    return Send(Succeed(AttemptOf(second), words, 2));
  }
  if (verb == "started") return Send(AttemptStarted{.attempt = AttemptOf(second), .warm = true});
  if (verb == "phase") return Send(AttemptPhase{AttemptOf(second), words.at(2)});
  if (verb == "fail" || verb == "lose" || verb == "stopped" || verb == "unreadable") {
    const std::string attempt = AttemptOf(second);
    started_.erase(attempt);
    if (verb == "fail")
      return Send(AttemptFinished{
          .attempt = attempt, .status = "failed", .failure = {{"kind", "error"}, {"message", line.rest}}});
    if (verb == "lose")
      return Send(AttemptFinished{.attempt = attempt, .status = "lost", .message = line.rest});
    return Send(AttemptFinished{.attempt = attempt, .status = verb == "stopped" ? "cancelled" : "succeeded"});
  }
  if (verb == "late") return Send(AttemptFinished{.attempt = words.at(1), .status = words.at(2)});
  if (verb == "plan") {
    std::string id;
    const auto plan = engine().Plan(ParseRun(words, 1, id));
    if (!plan) return (void)said_.push_back({"refused: " + plan.error().message});
    for (const PlannedBlock& planned : *plan)
      said_.push_back({"plan " + planned.block + " " + planned.action + ": " + planned.reason});
    return;
  }
  if (verb == "status") {
    const std::vector<BlockStanding> standings = engine().Standings();
    for (std::size_t i = 0; i < standings.size(); ++i)
      if (!canvas_->blocks[i].removed)
        said_.push_back({"is " + canvas_->blocks[i].name + " " +
                         std::string(StandingName(standings[i].standing)) + ": " + standings[i].reason});
    return;
  }
  if (verb == "watch" || verb == "changes") {
    const auto reports = verb == "watch" ? engine().ReportStandings() : engine().ChangedStandings();
    if (verb == "watch") return;
    for (const StandingReport& report : reports)
      said_.push_back({"now " + canvas_->blocks[static_cast<std::size_t>(report.block)].name + " " +
                       std::string(StandingName(report.standing.standing)) + ": " + report.standing.reason});
    return;
  }
  if (verb == "variables") {
    const BlockRecord record = **store_->FindBlock(second);
    const ManifestPtr manifest = ManifestNow(**store_->FindAttempt(record.published_attempt));
    for (const auto& [name, variable] : manifest->state.variables)
      said_.push_back({"variable " + name + " from " + variable.origin});
    return;
  }
  if (verb == "history") {
    const std::vector<AttemptRecord> attempts = *store_->History(second, 20);
    for (auto attempt = attempts.rbegin(); attempt != attempts.rend(); ++attempt)
      said_.push_back({"attempt " + std::to_string(attempt->epoch) + " " +
                       std::string(AttemptStatusName(attempt->status))});
    return;
  }
  Wrong("unknown verb `" + verb + "`");
}

void Scenario::End() {
  ++line_;
  CheckNothingLeft();
  if (engine_ != nullptr && !engine_->Idle()) Wrong("the scenario ends while something is under way");
}

}  // namespace easel
