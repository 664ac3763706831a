// The folder of an open canvas: what others do there is taken over, what pages did is written.

#include <algorithm>

#include "base/digest.h"
#include "base/fault.h"
#include "base/ids.h"
#include "base/log.h"
#include "canvas/edit.h"
#include "canvas/problem.h"
#include "canvas/reader.h"
#include "hub/live_canvas.h"

namespace easel {
namespace {

const std::string kYaml(kCanvasFile);

/// How canvas.yaml says a size: not at all if it is the one of the kind.
void SetSize(Block& block, const LiveBlock& live) {
  const StageSize size = DefaultSize(live.kind);
  const bool usual = live.width == size.width && live.height == size.height;
  block.width = usual ? 0 : live.width;
  block.height = usual ? 0 : live.height;
}

Block ToFolder(const LiveBlock& live, const std::string& file) {
  Block out{.name = live.name,
            .kind = live.kind,
            .file = file,
            .x = live.x,
            .y = live.y,
            .environment = live.settings.environment,
            .compute = live.settings.compute,
            .cache = live.settings.cache};
  SetSize(out, live);
  return out;
}

std::pair<double, double> SizeOf(const Block& block) {
  const StageSize size = DefaultSize(block.kind);
  return block.width > 0 ? std::pair(block.width, block.height) : std::pair(size.width, size.height);
}

BlockSettings SettingsOf(const Block& block) { return {block.environment, block.cache, block.compute}; }

}  // namespace

void LiveCanvas::MarkDirty() {
  dirty_last_ms_ = clock_.MonotonicMs();
  if (dirty_since_ms_ < 0) dirty_since_ms_ = dirty_last_ms_;
}

void LiveCanvas::FolderChanged() {
  if (!folder_.TakeEvents()) return;
  stirred_last_ms_ = clock_.MonotonicMs();
  if (stirred_since_ms_ < 0) stirred_since_ms_ = stirred_last_ms_;
}

Result<std::int64_t> LiveCanvas::Work() {
  const std::int64_t now = clock_.MonotonicMs();
  std::int64_t next = -1;
  const auto due = [&](std::int64_t since, std::int64_t last, std::int64_t quiet, std::int64_t most) {
    if (since < 0) return false;
    const std::int64_t at = std::min(last + quiet, since + most);
    if (now >= at) return true;
    next = next < 0 ? at : std::min(next, at);
    return false;
  };
  if (due(stirred_since_ms_, stirred_last_ms_, kSettleMs, kMostUnsettledMs)) {
    stirred_since_ms_ = -1;
    EASEL_RETURN_IF_ERROR(folder_.CheckThere());
    EASEL_RETURN_IF_ERROR(Reconcile());
    EASEL_RETURN_IF_ERROR(Commit());
  }
  if (due(dirty_since_ms_, dirty_last_ms_, kQuietMs, kMostMs)) EASEL_RETURN_IF_ERROR(WriteDirty());
  return next;
}

Status LiveCanvas::Settle() {
  stirred_since_ms_ = -1;
  EASEL_RETURN_IF_ERROR(folder_.CheckThere());
  EASEL_RETURN_IF_ERROR(Reconcile());
  return Commit();
}

Status LiveCanvas::Flush() {
  EASEL_RETURN_IF_ERROR(Commit());
  if (dirty_since_ms_ < 0) return {};
  return WriteDirty();
}

std::set<std::string> LiveCanvas::Files() const {
  std::set<std::string> out{kYaml};
  for (const auto& [id, state] : states_) out.insert(state.file);
  return out;
}

void LiveCanvas::SetProblem(std::string problem) {
  if (problem == problem_) return;
  problem_ = std::move(problem);
  news_->SetProblem(problem_);
}

bool LiveCanvas::IsBase(const std::string& file, const std::string& content) const {
  const auto base = bases_.find(file);
  return base != bases_.end() && base->second == DigestOf(content);
}

void LiveCanvas::SetBase(const std::string& file, const std::string& content) {
  bases_[file] = DigestOf(content);
  batch_.files.push_back({file, content, false});
}

void LiveCanvas::ForgetBase(const std::string& file) {
  bases_.erase(file);
  batch_.files.push_back({file, "", true});
}

/// Does this canvas say of blocks and edges what the model says?
bool LiveCanvas::Means(const Canvas& canvas) const {
  if (canvas.blocks.size() != model_.size()) return false;
  for (std::size_t i = 0; i < canvas.blocks.size(); ++i) {
    const Block& there = canvas.blocks[i];
    const LiveBlock* live = model_.Named(there.name);
    if (live == nullptr || live->name != there.name || live->kind != there.kind || live->x != there.x ||
        live->y != there.y || std::pair(live->width, live->height) != SizeOf(there) ||
        !(live->settings == SettingsOf(there)) || FileOf(live->id) != there.file)
      return false;
    const std::vector<std::string>& parents = model_.ParentsOf(live->id);
    if (!std::equal(parents.begin(), parents.end(), canvas.parents[i].begin(), canvas.parents[i].end(),
                    [&](const std::string& id, std::int32_t parent) {
                      return model_.Find(id)->name == canvas.blocks[static_cast<std::size_t>(parent)].name;
                    }))
      return false;
  }
  return true;
}

/// Look whether somebody else changed files, and take that over.
Status LiveCanvas::Reconcile() {
  const std::set<std::string> changed = folder_.Changed(Files());
  if (changed.empty() && problem_.empty()) return {};
  auto text = folder_.Read(kYaml);
  bool foreign = !text || *text != base_yaml_;
  for (const auto& [id, state] : states_) {
    // One that was never written cannot be anybody else's.
    if (!changed.contains(state.file) || !bases_.contains(state.file)) continue;
    const auto content = folder_.Read(state.file);
    if (content && IsBase(state.file, *content)) continue;
    if (content && WithPlainLineBreaks(*content) == model_.Find(id)->code)
      SetBase(state.file, *content);
    else
      foreign = true;
  }
  if (!foreign && problem_.empty()) return {};
  auto reading = ReadCanvasWithProblems(folder_.path());
  if (!reading) {
    SetProblem(reading.error().message);
    return {};
  }
  if (!reading->problems.empty()) {
    std::string lines;
    for (std::size_t i = 0; i < reading->problems.size() && i < 5; ++i)
      lines += (i == 0 ? "" : "\n") + reading->problems[i].ToString();
    if (reading->problems.size() > 5)
      lines += "\n… and " + std::to_string(reading->problems.size() - 5) + " more";
    SetProblem(lines);
    return {};
  }
  if (!reading->canvas) return {};
  const auto again = folder_.Read(kYaml);
  if (!text || !again || *again != *text) {  // written between the two readings: look once more soon
    stirred_since_ms_ = stirred_last_ms_ = clock_.MonotonicMs();
    return {};
  }
  SetProblem("");
  return TakeOver(*reading->canvas, *text);
}

/// Make operations by `folder` of what differs between what was last read or written and the folder as it is now.
Status LiveCanvas::TakeOver(const Canvas& disk, const std::string& text) {
  Before before;
  std::vector<CanvasChange> made;
  const auto apply = [&](CanvasChange change) {
    Collect(change, before);
    if (!model_.Apply(change)) return false;  // pages changed the same thing otherwise meanwhile
    made.push_back(std::move(change));
    return true;
  };
  std::map<std::string, std::string> id_of;  // by name in the base, then by name in the folder
  for (const auto& [id, state] : states_)
    if (!state.was.empty()) id_of[state.was] = id;

  if (text != base_yaml_ && !Means(disk)) {
    const Canvas& base = base_canvas_;
    std::map<std::string, std::string> renamed;  // by name in the folder: in the base
    std::vector<std::string> added;
    std::map<std::string, std::string> base_by_file;
    for (const Block& block : base.blocks)
      if (!disk.Find(block.name)) base_by_file[block.file] = block.name;
    for (const Block& block : disk.blocks) {
      if (base.Find(block.name)) continue;
      const auto same = base_by_file.find(block.file);
      if (same == base_by_file.end() || !id_of.contains(same->second)) {
        added.push_back(block.name);
      } else {
        renamed[block.name] = same->second;
        base_by_file.erase(same);
      }
    }
    const auto base_name = [&](const std::string& name) {
      const auto found = renamed.find(name);
      return found == renamed.end() ? name : found->second;
    };
    const auto id_named = [&](const std::string& name) -> std::string {
      const auto found = id_of.find(base_name(name));
      return found == id_of.end() ? std::string() : found->second;
    };
    // Parents that differ between base and folder, by child.
    struct Parents {
      std::vector<std::string> base, disk;
    };
    std::map<std::string, Parents> parents;  // by the child's name in the folder
    for (std::size_t i = 0; i < disk.blocks.size(); ++i) {
      Parents& of = parents[disk.blocks[i].name];
      for (const std::int32_t parent : disk.parents[i]) of.disk.push_back(disk.blocks[parent].name);
      if (const auto b = base.Find(base_name(disk.blocks[i].name)))
        for (const std::int32_t parent : base.parents[*b]) of.base.push_back(base.blocks[parent].name);
    }
    for (const auto& [name, of] : parents) {
      std::vector<std::string> now;
      for (const std::string& parent : of.disk) now.push_back(base_name(parent));
      const auto differs = std::mismatch(of.base.begin(), of.base.end(), now.begin(), now.end()).first;
      for (auto parent = differs; parent != of.base.end(); ++parent)
        if (id_of.contains(*parent) && !id_named(name).empty())
          apply({DisconnectBlocks{{id_of.at(*parent), id_named(name)}}});
    }
    for (const auto& [file, name] : base_by_file)
      if (const auto id = id_of.find(name); id != id_of.end()) {
        apply({DeleteBlocks{{id->second}}});
        id_of.erase(id);
      }
    // Names may be swapped: those that are taken wait under a name that nobody has.
    std::vector<std::pair<std::string, std::string>> waiting;
    for (const auto& [now, was] : renamed)
      if (!apply({RenameLiveBlock{id_of.at(was), now}})) {
        if (apply({RenameLiveBlock{id_of.at(was), "renamed_" + RandomBase32(12)}}))
          waiting.emplace_back(id_of.at(was), now);
      }
    for (const auto& [id, name] : waiting) apply({RenameLiveBlock{id, name}});
    for (const auto& [now, was] : renamed) id_of[now] = id_of.at(was);
    for (const auto& [now, was] : renamed)
      if (!disk.Find(was)) id_of.erase(was);
    for (const std::string& name : added) {
      const Block& block = disk.blocks[static_cast<std::size_t>(*disk.Find(name))];
      const auto [width, height] = SizeOf(block);
      LiveBlock live{.id = RandomBase32(20),
                     .kind = block.kind,
                     .name = name,
                     .code = WithPlainLineBreaks(block.source),
                     .x = block.x,
                     .y = block.y,
                     .width = width,
                     .height = height,
                     .settings = SettingsOf(block)};
      // A block that was deleted and comes back with its file is the same one.
      for (const auto& [id, gone] : gone_)
        if (gone.state.file == block.file && gone.block.name == name) live.id = id;
      const std::string id = live.id;
      if (apply({AddBlocks{{std::move(live)}, {}}})) id_of[name] = id;
    }
    for (const Block& block : disk.blocks) {
      const auto b = base.Find(base_name(block.name));
      const std::string id = id_named(block.name).empty() && id_of.contains(block.name)
                                 ? id_of.at(block.name)
                                 : id_named(block.name);
      if (!b || id.empty() || model_.Find(id) == nullptr) continue;
      const Block& old = base.blocks[static_cast<std::size_t>(*b)];
      if (old.kind != block.kind) {
        LiveBlock live = *model_.Find(id);
        AddBlocks back{{live}, {}};
        back.blocks[0].kind = block.kind;
        const std::vector<std::string> above = model_.ParentsOf(id);
        if (block.kind == BlockKind::kPython || above.empty()) {
          apply({DeleteBlocks{{id}}});
          apply({std::move(back)});
        }
      }
      if (old.x != block.x || old.y != block.y) apply({MoveBlocks{{{id, block.x, block.y}}}});
      if (SizeOf(old) != SizeOf(block))
        apply({ResizeBlock{id, SizeOf(block).first, SizeOf(block).second, {}}});
      if (!(SettingsOf(old) == SettingsOf(block))) apply({SetBlockSettings{id, SettingsOf(block)}});
      if (old.file != block.file) {
        states_.at(id).file = block.file;
        Touch(id);
      }
    }
    for (const auto& [name, of] : parents) {
      const auto child = id_of.find(name);
      if (child == id_of.end()) continue;
      std::vector<std::string> now;
      for (const std::string& parent : of.disk) now.push_back(base_name(parent));
      const auto differs =
          std::mismatch(of.base.begin(), of.base.end(), now.begin(), now.end()).first - of.base.begin();
      for (auto i = static_cast<std::size_t>(differs); i < of.disk.size(); ++i)
        if (const auto parent = id_of.find(of.disk[i]); parent != id_of.end())
          apply({ConnectBlocks{{{parent->second, child->second}, {}}}});
    }
  } else if (text != base_yaml_) {
    id_of.clear();
    for (const Block& block : disk.blocks)
      if (const LiveBlock* live = model_.Named(block.name)) id_of[block.name] = live->id;
  }

  // Texts: what changed since the base, on top of what people typed meanwhile.
  EASEL_TRY(const auto files, store_->Files());
  std::map<std::string, const std::string*> base_texts;
  for (const FolderFile& file : files)
    if (!file.absent) base_texts[file.path] = &file.content;
  std::map<std::string, std::string> new_files;
  for (const Block& block : disk.blocks) {
    const auto found = id_of.find(block.name);
    if (found == id_of.end()) continue;
    const LiveBlock* live = model_.Find(found->second);
    if (live == nullptr) continue;
    if (!states_.contains(live->id)) new_files[live->id] = block.file;
    const bool ours = states_.contains(live->id) && !IsBase(block.file, block.source);
    const std::string now = WithPlainLineBreaks(block.source);
    if (ours && now != live->code) {
      const auto base = base_texts.find(block.file);
      const std::string was = base == base_texts.end() ? live->code : WithPlainLineBreaks(*base->second);
      std::string merged = now;
      if (live->code != was) {
        const TextChange theirs =
            TextChange::Between(was, now).MappedOver(TextChange::Between(was, live->code));
        auto both = theirs.Apply(live->code);
        merged = both ? *std::move(both) : now;
      }
      apply({SetBlockCode{live->id, merged}});
    }
  }

  // A file that is there and that a new block names is the block's.
  for (const auto& [id, file] : new_files)
    if (!gone_.contains(id)) {
      gone_[id] = {BlockState{.file = file}, *model_.Find(id)};
      gone_[id].block.code.clear();
      to_remove_.insert(file);  // ours to take; Record removes it from there
    } else {
      to_remove_.insert(gone_[id].state.file = file);
    }
  if (!made.empty()) {
    CanvasChange all = made.size() == 1 ? std::move(made[0]) : CanvasChange{ChangeGroup{std::move(made)}};
    (void)Record("folder", "", all, before);
  }
  const bool retitled = disk.name != base_canvas_.name || disk.environment != base_canvas_.environment;
  base_yaml_ = text;
  base_canvas_ = disk;
  if (retitled) {
    ++generation_;
    news_->SetCanvas(json::serialize(TitleJson()));
  }
  batch_.files.push_back({kYaml, text, false});
  for (Block& block : base_canvas_.blocks) {
    SetBase(block.file, block.source);
    block.source.clear();
    to_remove_.erase(block.file);
  }
  // Who stands in it under which name, and what is still to be written.
  dirty_.clear();
  std::set<std::string> in_folder;
  for (auto& [id, state] : states_) {
    const LiveBlock* live = model_.Find(id);
    std::string was;
    for (const auto& [name, other] : id_of)
      if (other == id && disk.Find(name)) was = name;
    if (state.was != was) {
      state.was = was;
      Touch(id);
    }
    const auto there = disk.Find(was);
    if (!there || WithPlainLineBreaks(disk.blocks[static_cast<std::size_t>(*there)].source) != live->code)
      dirty_.insert(id);
  }
  dirty_yaml_ = !Means(disk);
  dirty_since_ms_ = -1;
  if (dirty_yaml_ || !dirty_.empty() || !to_remove_.empty()) MarkDirty();
  folder_.Watch(Files());
  return {};
}

/// The text of canvas.yaml that says what the model says.
Result<std::string> LiveCanvas::CanvasYaml() const {
  std::vector<CanvasText::Wanted> blocks;
  std::vector<NamedEdge> edges;
  for (const LiveBlock* live : model_.Blocks())
    blocks.push_back({ToFolder(*live, FileOf(live->id)), states_.find(live->id)->second.was});
  for (const LiveEdge& edge : model_.Edges())
    edges.emplace_back(model_.Find(edge.parent)->name, model_.Find(edge.child)->name);
  CanvasText text(base_yaml_);
  Status became = text.Become(blocks, edges);
  if (!became) {
    // A form that cannot be changed in place. What people made in pages must not be lost for a comment: write it anew.
    Log(LogLevel::kWarning, "hub",
        folder_.path() + "/canvas.yaml is written anew: " + became.error().message);
    EASEL_RETURN_IF_ERROR(
        WriteFileAtomically(folder_.path() + "/.easel/canvas.yaml.before", base_yaml_, {.sync = true}));
    text = CanvasText("easel: 1\nname: " + json::serialize(json::value(base_canvas_.name)) +
                      "\nenvironment: " + base_canvas_.environment + "\n");
    for (CanvasText::Wanted& one : blocks) one.was.clear();
    EASEL_RETURN_IF_ERROR(text.Become(blocks, edges));
  }
  return text.text();
}

/// Write what is behind: texts first, then canvas.yaml, then deleted blocks' files go, so that a reader never misses one.
Status LiveCanvas::WriteDirty() {
  EASEL_RETURN_IF_ERROR(Commit());
  EASEL_RETURN_IF_ERROR(folder_.CheckThere());
  EASEL_RETURN_IF_ERROR(Reconcile());
  EASEL_RETURN_IF_ERROR(Commit());
  const bool sync_each = dirty_.size() <= 4;
  dirty_since_ms_ = -1;
  for (const std::string& id : std::exchange(dirty_, {})) {
    const auto state = states_.find(id);
    if (state == states_.end()) continue;
    const std::string& code = model_.Find(id)->code;
    if (state->second.revision_unsaved) SaveRevision(id, code);
    Touch(id);
    const auto there = folder_.Read(state->second.file);
    if (there && WithPlainLineBreaks(*there) == code) {
      if (!IsBase(state->second.file, *there)) SetBase(state->second.file, *there);
      continue;
    }
    // While the folder is not in order, what others write there is not ours to replace.
    if (there && !IsBase(state->second.file, *there) && bases_.contains(state->second.file)) {
      dirty_.insert(id);
      continue;
    }
    if (const Status written = folder_.Write(state->second.file, code, sync_each); !written) {
      dirty_.insert(id);
      MarkDirty();
      return written;
    }
    if (const auto now = folder_.Read(state->second.file)) SetBase(state->second.file, *now);
  }
  if (!sync_each) EASEL_RETURN_IF_ERROR(folder_.Sync());
  const auto yaml = folder_.Read(kYaml);
  if (dirty_yaml_ && yaml && *yaml == base_yaml_) {
    EASEL_TRY(const std::string text, CanvasYaml());
    if (text != base_yaml_) {
      FaultPoint("hub.before_canvas");
      EASEL_RETURN_IF_ERROR(folder_.Write(kYaml, text, true));
      FaultPoint("hub.after_canvas");
    }
    CanvasReading reading = ParseCanvas(text);
    if (!reading.canvas) return std::unexpected(ProblemsAsError(reading.problems));
    if (reading.canvas->name.empty()) reading.canvas->name = base_canvas_.name;
    base_yaml_ = text;
    base_canvas_ = *std::move(reading.canvas);
    batch_.files.push_back({kYaml, text, false});
    for (auto& [id, state] : states_)
      if (const std::string& name = model_.Find(id)->name; state.was != name) {
        state.was = name;
        Touch(id);
      }
    dirty_yaml_ = false;
  }
  if (!dirty_yaml_)
    for (const std::string& file : std::exchange(to_remove_, {})) {
      if (const auto there = folder_.Read(file); there && IsBase(file, *there)) {
        EASEL_RETURN_IF_ERROR(folder_.Remove(file));
      }
      ForgetBase(file);
    }
  EASEL_RETURN_IF_ERROR(Commit());
  FaultPoint("hub.after_saved");
  folder_.Watch(Files());
  return {};
}

}  // namespace easel
