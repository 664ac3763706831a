// The fake world of a scenario: its canvas, database and files, and what attempts leave in them.
#include <algorithm>

#include "engine/rename.h"
#include "engine/scenario.h"

namespace easel {

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
      made.analysis.reads = Pieces(value(), ',');
    else if (word == "maybe")
      made.analysis.possible_reads = Pieces(value(), ',');
    else if (word == "reads-all")
      made.analysis.reads_all = true;
    else if (word == "writes")
      made.analysis.writes = made.writes = Pieces(value(), ',');
    else if (word == "deletes")
      made.analysis.deletes = Pieces(value(), ',');
    else if (word == "code")
      made.analysis.digest = value();
    else if (word == "flags")
      made.analysis.flags = Pieces(value(), ',');
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
    const std::vector<std::string> parts = Pieces(item.substr(equals + 1), '+');
    const std::string id = manifest.attempt + "#" + std::to_string(ordinal++);
    Slot slot{.codec = "pickle5", .digest = parts.at(0), .names = Pieces(item.substr(0, equals), ',')};
    for (std::size_t i = 1; i < parts.size(); ++i) {
      if (parts[i].starts_with("sees:")) slot.reads = Pieces(parts[i].substr(5), ',');
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

}  // namespace easel
