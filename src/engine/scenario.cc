#include "engine/scenario.h"

#include <algorithm>
#include <sstream>

#include "engine/rename.h"

namespace easel {
namespace {

std::vector<std::string> Split(const std::string& text, char at) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string piece; std::getline(in, piece, at);)
    if (!piece.empty()) out.push_back(piece);
  return out;
}

Line ParseLine(int number, std::string text) {
  Line line{.number = number};
  if (const auto colon = text.find(": "); colon != std::string::npos) {
    line.rest = text.substr(colon + 2);
    text.resize(colon);
  }
  std::istringstream in(text);
  for (std::string word; in >> word;) line.words.push_back(word);
  return line;
}

std::int64_t Milliseconds(const std::string& text) {
  const std::int64_t number = std::stoll(text);
  switch (text.back()) {
    case 'h': return number * 3'600'000;
    case 'm': return number * 60'000;
    case 's': return number * 1000;
    default: return number;
  }
}

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

// --- The fake world ---

std::string Scenario::FileDigest(const std::string& path) {
  const auto found = files_.find(path);
  return found == files_.end() ? "absent" : found->second;
}

std::vector<Surroundings::Past> Scenario::FindPast(const std::string& block, const std::string& base_key) {
  std::vector<Past> out;
  const std::vector<AttemptRecord> attempts = *store_->FindAttempts(block, base_key, 10);
  for (const AttemptRecord& attempt : attempts)
    if (!damaged_.contains(attempt.attempt))
      out.push_back({attempt.attempt, attempt.manifest, ManifestNow(attempt)});
  return out;
}

/// What the attempt left, with blocks called as they are now.
ManifestPtr Scenario::ManifestNow(const AttemptRecord& attempt) {
  const ManifestPtr left = manifests_.at(attempt.attempt);
  const auto steps = store_->Load()->renames;
  auto renamed = WithNewNames(*left, RenamesSince(steps, RenamesBefore(attempt.inputs)));
  return renamed == nullptr ? left : renamed;
}

std::string Scenario::NameNow(const std::string& block, std::int64_t renames) {
  const auto steps = store_->Load()->renames;
  return std::string(NameAfter(RenamesSince(steps, renames), block));
}

void Scenario::Define(const Line& line) {
  Definition made;
  made.block.name = line.words.at(1);
  made.analysis.digest = "code of " + made.block.name;
  made.block.compute = {};
  for (std::size_t i = 2; i < line.words.size(); ++i) {
    const std::string& word = line.words[i];
    const auto value = [&] { return line.words.at(++i); };
    if (word == "markdown")
      made.block.kind = BlockKind::kMarkdown;
    else if (word == "reads")
      made.analysis.reads = Split(value(), ',');
    else if (word == "maybe")
      made.analysis.possible_reads = Split(value(), ',');
    else if (word == "reads-all")
      made.analysis.reads_all = true;
    else if (word == "writes")
      made.analysis.writes = made.writes = Split(value(), ',');
    else if (word == "deletes")
      made.analysis.deletes = Split(value(), ',');
    else if (word == "code")
      made.analysis.digest = value();
    else if (word == "flags")
      made.analysis.flags = Split(value(), ',');
    else if (word == "cpu")
      made.block.compute.cpu = std::stod(value());
    else if (word == "memory")
      made.block.compute.memory_bytes = std::stoll(value());
    else if (word == "cache") {
      const std::string policy = value();
      if (policy == "never")
        made.block.cache.kind = CachePolicy::Kind::kNever;
      else
        made.block.cache = {CachePolicy::Kind::kFor, Milliseconds(policy)};
    } else
      return Wrong("unknown word `" + word + "`");
  }
  made.block.source = made.analysis.digest;
  const auto old =
      std::ranges::find(definitions_, made.block.name, [](const Definition& d) { return d.block.name; });
  old == definitions_.end() ? (void)definitions_.push_back(std::move(made)) : (void)(*old = std::move(made));
  changed_ = true;
}

void Scenario::Connect(const Line& line) {
  const bool remove = line.words[0] == "no";
  std::vector<std::string> chain;
  for (std::size_t i = remove ? 2 : 1; i < line.words.size(); ++i)
    if (line.words[i] != "->") chain.push_back(line.words[i]);
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    const NamedEdge edge{chain[i], chain[i + 1]};
    remove ? (void)std::erase(edges_, edge) : (void)edges_.push_back(edge);
  }
  changed_ = true;
}

Result<Canvas> Scenario::CanvasOfDefinitions() const {
  std::vector<Block> blocks;
  for (const Definition& definition : definitions_)
    if (!definition.gone) blocks.push_back(definition.block);
  return MakeCanvas(std::move(blocks), edges_);
}

std::shared_ptr<const Analysis> Scenario::AnalysisOf(const std::string& block) const {
  const auto found = std::ranges::find(definitions_, block, [](const Definition& d) { return d.block.name; });
  if (found == definitions_.end() || found->block.kind == BlockKind::kMarkdown) return nullptr;
  return std::make_shared<const Analysis>(found->analysis);
}

void Scenario::Know(BlockKnowledge& known, const BlockRecord& record) {
  known.record = record;
  if (record.last_status == "failed") {
    const std::vector<AttemptRecord> history = *store_->History(record.block, 100);
    known.failed_base_key = std::ranges::find(history, "", &AttemptRecord::at)->base_key;
  }
  if (forgotten_.contains(record.published_attempt)) {
    known.lost = "attempt " + record.published_attempt + " was collected";
    return;
  }
  if (record.published_attempt.empty()) return;
  if (const auto damage = damaged_.find(record.published_attempt); damage != damaged_.end())
    known.damage = "its stored result is damaged: " + damage->second;
  else
    known.published = ManifestNow(**store_->FindAttempt(record.published_attempt));
}

/// A new engine on what the database and the stored manifests say, as the next command line would make it.
void Scenario::Rebuild() {
  changed_ = false;
  engine_.reset();
  commits_.clear();
  std::erase_if(definitions_, [](const Definition& definition) { return definition.gone; });
  auto canvas = CanvasOfDefinitions();
  if (!canvas) return Wrong(canvas.error().message);
  canvas_ = std::make_shared<const Canvas>(*std::move(canvas));
  const MetadataSnapshot snapshot = *store_->Load();
  std::vector<BlockKnowledge> knowledge(definitions_.size());
  for (std::size_t i = 0; i < knowledge.size(); ++i) {
    if (definitions_[i].block.kind == BlockKind::kMarkdown) continue;
    knowledge[i].analysis = AnalysisOf(definitions_[i].block.name);
    knowledge[i].environment = environment_;
  }
  const std::vector<BlockRecord> records =
      options_.at.empty() ? snapshot.blocks : RecordsAfter(snapshot, options_.at);
  for (const BlockRecord& record : records)
    if (const auto block = canvas_->Find(record.block)) Know(knowledge[*block], record);
  options_.renames = std::ssize(snapshot.renames);
  engine_ = std::make_unique<Engine>(canvas_, std::move(knowledge), *this, options_);
  for (const AttemptRecord& attempt : snapshot.open_attempts) {
    if (const auto start = started_.find(attempt.attempt); start != started_.end())
      start->second.block = canvas_->Find(attempt.block).value_or(0);
    Send(AttemptAdopted{attempt});
  }
}

/// "live …": what a person does to the canvas while its engine lives.
void Scenario::EditLive(const Line& line) {
  engine();
  Line rest = line;
  rest.words.erase(rest.words.begin());
  const std::string verb = rest.words.at(0);
  const auto definition = [&](const std::string& name) {
    return std::ranges::find(definitions_, name, [](const Definition& d) { return d.block.name; });
  };
  std::vector<std::pair<std::string, std::string>> renames;
  if (verb == "block" || verb == "edit") {
    Define(rest);
  } else if (verb == "edge" || verb == "no") {
    Connect(rest);
  } else if (verb == "delete") {
    const std::string& name = rest.words.at(1);
    definition(name)->gone = true;
    std::erase_if(edges_, [&](const NamedEdge& edge) { return edge.first == name || edge.second == name; });
  } else if (verb == "rename") {  // rename a -> t, b -> a, t -> b
    for (std::size_t i = 1; i + 2 < rest.words.size(); i += 3) {
      const std::string from = rest.words[i];
      std::string to = rest.words[i + 2];
      if (to.ends_with(',')) to.pop_back();
      renames.emplace_back(from, to);
      std::erase_if(definitions_, [&](const Definition& d) { return d.gone && d.block.name == to; });
      definition(from)->block.name = to;
      for (auto& [parent, child] : edges_) {
        if (parent == from) parent = to;
        if (child == from) child = to;
      }
    }
  } else {
    return Wrong("cannot do `" + verb + "` live");
  }
  changed_ = false;
  ApplyLive(renames);
}

/// As the world does it: look up what is new, record the renames, tell the engine.
void Scenario::ApplyLive(const std::vector<std::pair<std::string, std::string>>& steps) {
  auto next = CanvasOfDefinitions();
  if (!next) return Wrong(next.error().message);
  CanvasEdit edit{.renames = ComposeRenames(steps)};
  auto merged = std::make_shared<const Canvas>(MergeCanvas(*canvas_, *std::move(next), edit.renames));
  const std::size_t before = canvas_->blocks.size();
  for (std::size_t i = 0; i < merged->blocks.size(); ++i) {
    const Block& block = merged->blocks[i];
    if (block.removed) continue;
    if (i < before) {
      const Block& old = canvas_->blocks[i];
      if (old.source != block.source || old.kind != block.kind || old.removed)
        edit.reread.push_back({static_cast<std::int32_t>(i), AnalysisOf(block.name), environment_, ""});
      continue;
    }
    BlockKnowledge& known = edit.added.emplace_back();
    known.analysis = AnalysisOf(block.name);
    known.environment = environment_;
    if (const auto record = *store_->FindBlock(block.name)) Know(known, *record);
  }
  if (!edit.renames.empty()) {
    if (const Status recorded = store_->CommitNow({RenameBlocks{edit.renames}}); !recorded)
      return Wrong(recorded.error().message);
    for (const auto& [from, to] : edit.renames) {
      if (const auto record = *store_->FindBlock(to)) edit.epochs[to] = record->epoch;
    }
  }
  canvas_ = edit.canvas = std::move(merged);
  std::vector<Command> commands;
  engine_->Edit(std::move(edit), commands);
  for (const Command& command : commands) Record(command);
  if (!hold_commits_) Drain();
}

/// As the world of `--at` has it: what stood when `run` ended, with the epochs of now.
std::vector<BlockRecord> Scenario::RecordsAfter(const MetadataSnapshot& snapshot, const std::string& run) {
  std::vector<BlockRecord> out;
  for (const BlockRecord& now : snapshot.blocks) out.push_back({.block = now.block, .epoch = now.epoch});
  const auto results = *store_->ResultsAfter(run);
  if (!results) Wrong("there is no ended run `" + run + "`");
  if (!results) return out;
  for (const StandingResult& result : *results) {
    const auto record = std::ranges::find(out, result.block, &BlockRecord::block);
    const auto attempt = *store_->FindAttempt(result.attempt);
    record->published_attempt = result.attempt;
    record->published_manifest = result.manifest;
    record->published_base_key = attempt->base_key;
    record->published_inputs = attempt->inputs;
    record->published_ms = result.published_ms;
    record->last_status = "succeeded";
  }
  return out;
}

Engine& Scenario::engine() {
  if (changed_ || engine_ == nullptr) Rebuild();
  return *engine_;
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

// --- What attempts leave ---

/// name=content  -name  name~content (same slot, changed in place)  name!type (not carried)  set:KEY=value
/// read:PATH  listed:FOLDER/  wrote:PATH=digest  outside:/PATH; after a content, "+sees:x,y" and "+uses:other".
void Scenario::ApplyItem(Manifest& manifest, const std::string& item, int& ordinal) {
  State& state = manifest.state;
  const auto after = [&](std::string_view prefix) { return item.substr(prefix.size()); };
  const auto equals = item.find('=');
  if (item.starts_with("read:") || item.starts_with("listed:")) {
    const std::string path = item.substr(item.find(':') + 1);
    manifest.files.read[path] = FileDigest(path);
  } else if (item.starts_with("outside:")) {
    manifest.files.outside[after("outside:")] = FileDigest(after("outside:"));
  } else if (item.starts_with("wrote:")) {
    const std::string path = item.substr(6, equals - 6);
    manifest.files.written[path] = files_[path] = item.substr(equals + 1);
  } else if (item.starts_with("set:")) {
    const std::string key = item.substr(4, equals - 4);
    std::erase_if(state.settings, [&](const auto& setting) { return setting.first == key; });
    state.settings.emplace_back(key,
                                json::object{{"value", item.substr(equals + 1)}, {"by", manifest.block}});
  } else if (item.starts_with("~")) {
    return;
  } else if (item.starts_with("-")) {
    state.variables.erase(item.substr(1));
  } else if (const auto bang = item.find('!'); bang != std::string::npos) {
    state.variables[item.substr(0, bang)] = {
        .origin = manifest.block,
        .type = item.substr(bang + 1),
        .not_carried = NotCarried{"it is a lock", "make it where it is used"}};
  } else if (const auto tilde = item.find('~'); tilde != std::string::npos) {
    Variable& variable = state.variables.at(item.substr(0, tilde));
    variable.origin = manifest.block;
    state.slots.at(variable.slot).digest = item.substr(tilde + 1);
  } else if (equals != std::string::npos) {
    const std::vector<std::string> parts = Split(item.substr(equals + 1), '+');
    const std::string id = manifest.attempt + "#" + std::to_string(ordinal++);
    Slot slot{.codec = "pickle5", .digest = parts.at(0), .names = Split(item.substr(0, equals), ',')};
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (parts[i].starts_with("sees:")) slot.reads = Split(parts[i].substr(5), ',');
      if (parts[i].starts_with("uses:")) slot.refs.push_back(state.variables.at(parts[i].substr(5)).slot);
    }
    for (const std::string& name : slot.names)
      state.variables[name] = {.slot = id, .origin = manifest.block, .type = "object"};
    state.slots[id] = std::move(slot);
  } else {
    Wrong("cannot leave `" + item + "`");
  }
}

AttemptFinished Scenario::Succeed(const std::string& attempt, const std::vector<std::string>& items,
                                  std::size_t from) {
  const auto found = started_.find(attempt);
  if (found == started_.end()) return {.attempt = attempt, .status = "succeeded"};
  const StartAttempt start = std::move(found->second);
  started_.erase(found);
  auto manifest = std::make_shared<Manifest>();
  manifest->attempt = attempt;
  manifest->run = start.record.run;
  manifest->block = start.record.block;
  manifest->epoch = start.record.epoch;
  manifest->started_ms = start.record.started_ms;
  manifest->finished_ms = now_ms_;
  manifest->parents = start.parents;
  manifest->state = *start.state;
  int ordinal = 0;
  for (const std::string& name : writes_[attempt])
    if (std::ranges::none_of(items, [&](const std::string& i) {
          return i.starts_with(name + "=") || i == "-" + name || i.starts_with(name + "~") || i == "~" + name;
        }))
      ApplyItem(*manifest, name + "=1", ordinal);
  for (std::size_t i = from; i < items.size(); ++i) ApplyItem(*manifest, items[i], ordinal);
  manifests_[attempt] = manifest;
  return {.attempt = attempt,
          .status = "succeeded",
          .manifest_digest = "digest of " + attempt,
          .manifest = ManifestNow(**store_->FindAttempt(attempt))};
}

void Scenario::FinishAll() {
  while (!started_.empty()) {
    const std::string attempt = started_.begin()->first;
    Send(Succeed(attempt, {}, 0));
    std::erase_if(said_, [](const Said& said) { return said.text.starts_with("start "); });
  }
  std::erase_if(said_, [](const Said& said) { return said.text.starts_with("start "); });
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
      for (const std::string& block : Split(words[i], ',')) request.blocks.push_back(block);
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
