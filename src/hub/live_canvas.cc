#include "hub/live_canvas.h"

#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/digest.h"
#include "base/fault.h"
#include "base/ids.h"
#include "base/log.h"
#include "canvas/problem.h"
#include "canvas/reader.h"
#include "hub/line_diff.h"

namespace easel {
namespace {

/// A block of canvas.yaml as pages see it.
LiveBlock FromFolder(const Block& block, std::string id) {
  const StageSize size = DefaultSize(block.kind);
  return {.id = std::move(id),
          .kind = block.kind,
          .name = block.name,
          .code = WithPlainLineBreaks(block.source),
          .x = block.x,
          .y = block.y,
          .width = block.width > 0 ? block.width : size.width,
          .height = block.height > 0 ? block.height : size.height,
          .settings = {block.environment, block.cache, block.compute}};
}

}  // namespace

Result<std::unique_ptr<LiveCanvas>> LiveCanvas::Open(const std::string& path, const Clock& clock) {
  EASEL_TRY(CanvasFolder folder, CanvasFolder::Open(path));
  const std::string file = folder.path() + "/" + std::string(kCanvasFile);
  if (!folder.Exists(std::string(kCanvasFile)))
    return Fail(Code::kNotFound, "CANVAS_NOT_FOUND", path + ": no canvas.yaml in this folder");
  const std::string state = folder.path() + "/.easel";
  EASEL_RETURN_IF_ERROR(MakeDirectories(state));
  if (!folder.Exists(".easel/.gitignore"))
    EASEL_RETURN_IF_ERROR(WriteFileAtomically(state + "/.gitignore", "*\n"));
  UniqueFd lock(::open((state + "/edits.lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!lock.valid()) return FailErrno("open " + state + "/edits.lock", errno);
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    return Fail(Code::kFailedPrecondition, "CANVAS_OPEN_ELSEWHERE",
                path + ": another Easel server has this canvas open; use that one, or stop it");
  EASEL_TRY(auto store, EditStore::Open(state + "/edits.db"));
  std::unique_ptr<LiveCanvas> canvas(
      new LiveCanvas(std::move(folder), std::move(store), std::move(lock), clock));
  EASEL_RETURN_IF_ERROR(canvas->Load());
  canvas->folder_.Watch(canvas->Files());
  return canvas;
}

Status LiveCanvas::Load() {
  EASEL_TRY(seq_, store_->LastSeq());
  EASEL_TRY(const auto rows, store_->Blocks());
  EASEL_TRY(const auto files, store_->Files());
  for (const FolderFile& file : files) {
    if (file.path == kCanvasFile)
      base_yaml_ = file.content;
    else if (!file.absent)
      bases_[file.path] = DigestOf(file.content);
  }
  if (base_yaml_.empty()) {
    EASEL_TRY(const std::string text, folder_.Read(std::string(kCanvasFile)));
    EASEL_TRY(const Canvas canvas, ReadCanvas(folder_.path()));
    return Import(canvas, text);
  }
  CanvasReading base = ParseCanvas(base_yaml_);
  if (base.canvas) base_canvas_ = *std::move(base.canvas);
  if (base_canvas_.name.empty()) base_canvas_.name = folder_.path().substr(folder_.path().rfind('/') + 1);

  for (const BlockEdits& row : rows) {
    EASEL_TRY(const json::value document, ParseJson(row.document, "block of edits.db"));
    JsonReader reader(document, "block of edits.db");
    const json::value* shape = reader.Find("block");
    json::value with_code = shape == nullptr ? json::value() : *shape;
    if (with_code.is_object()) with_code.get_object()["code"] = row.code;
    EASEL_TRY(LiveBlock block, LiveBlockFromJson(with_code));
    BlockState state{.file = reader.String("file"),
                     .was = reader.String("was"),
                     .known_as = reader.StringOr("known_as", ""),
                     .version = row.version,
                     .revision = reader.Int("revision")};
    const std::int64_t place = reader.Int("place");
    const std::vector<std::string> parents = reader.StringsOr("parents");
    const bool deleted = reader.BoolOr("deleted", false);
    EASEL_RETURN_IF_ERROR(reader.status());
    if (deleted) {
      // Its file goes if the end came before that; TakeOver sees it if somebody else has it now.
      if (bases_.contains(state.file)) to_remove_.insert(state.file);
      gone_[row.id] = {std::move(state), std::move(block)};
    } else {
      states_[row.id] = std::move(state);
      model_.Restore(std::move(block), place, parents);
    }
  }
  for (const auto& [id, state] : states_) to_remove_.erase(state.file);
  // Renames that no engine heard of before the end came; names may have been swapped.
  for (const bool aside : {true, false})
    for (const auto& [id, state] : states_)
      if (!state.known_as.empty())
        aside ? renames_.emplace_back(state.known_as, "~" + id)
              : renames_.emplace_back("~" + id, model_.Find(id)->name);

  // Typed since the texts were put into their rows.
  std::map<std::string, std::string> before;
  EASEL_TRY(const auto updates, store_->Updates("", 0, std::numeric_limits<std::int64_t>::max()));
  for (const TextUpdateRecord& update : updates) {
    const auto state = states_.find(update.block);
    if (state == states_.end() || state->second.version != update.version) continue;
    EASEL_TRY(const json::value changes, ParseJson(update.changes, "update of edits.db"));
    EASEL_TRY(const TextChange change, TextChange::FromJson(changes));
    const std::string& code = model_.Find(update.block)->code;
    before.emplace(update.block, code);
    EASEL_TRY(std::string next, change.Apply(code));
    model_.SetCode(update.block, std::move(next));
    ++state->second.version;
    Touch(update.block);
    state->second.actor = update.actor;
  }
  for (const auto& [id, text] : before) {
    Revise(std::string(states_.at(id).actor), id, text);
    dirty_.insert(id);
  }
  model_.ForgetTouched();
  dirty_yaml_ = !Means(base_canvas_);
  if (!dirty_.empty() || dirty_yaml_ || !to_remove_.empty()) MarkDirty();
  // Files that are behind, and files that others changed meanwhile.
  EASEL_RETURN_IF_ERROR(Reconcile());
  for (const auto& [id, state] : states_) {
    const auto content = folder_.Read(state.file);
    if (content && WithPlainLineBreaks(*content) == model_.Find(id)->code) continue;
    dirty_.insert(id);
    MarkDirty();
  }
  return Commit();
}

Status LiveCanvas::Import(const Canvas& canvas, const std::string& text) {
  std::vector<std::string> ids;
  for (const Block& block : canvas.blocks) {
    ids.push_back(RandomBase32(20));
    SetBase(block.file, block.source);
    states_[ids.back()] = {.file = block.file, .was = block.name};
  }
  for (std::size_t i = 0; i < canvas.blocks.size(); ++i) {
    std::vector<std::string> parents;
    for (const std::int32_t parent : canvas.parents[i])
      parents.push_back(ids[static_cast<std::size_t>(parent)]);
    LiveBlock block = FromFolder(canvas.blocks[i], ids[i]);
    const std::string code = block.code;
    model_.Restore(std::move(block), static_cast<std::int64_t>(i + 1), std::move(parents));
    if (!code.empty()) {
      Revise("folder", ids[i], "");
      SaveRevision(ids[i], code);
      states_[ids[i]].revised_ms = -1;
    }
    Touch(ids[i]);
  }
  base_yaml_ = text;
  base_canvas_ = canvas;
  for (Block& block : base_canvas_.blocks) block.source.clear();
  batch_.files.push_back({std::string(kCanvasFile), text, false});
  return Commit();
}

std::int64_t LiveCanvas::VersionOf(const std::string& block) const {
  const auto found = states_.find(block);
  return found == states_.end() ? 0 : found->second.version;
}

const std::string& LiveCanvas::FileOf(const std::string& block) const {
  static const std::string kNone;
  const auto found = states_.find(block);
  return found == states_.end() ? kNone : found->second.file;
}

Canvas LiveCanvas::AsCanvas() const {
  std::vector<Block> blocks;
  std::vector<NamedEdge> edges;
  for (const LiveBlock* block : model_.Blocks())
    blocks.push_back({.name = block->name,
                      .kind = block->kind,
                      .file = FileOf(block->id),
                      .source = block->code,
                      .x = block->x,
                      .y = block->y,
                      .environment = block->settings.environment,
                      .compute = block->settings.compute,
                      .cache = block->settings.cache});
  for (const LiveEdge& edge : model_.Edges())
    edges.emplace_back(model_.Find(edge.parent)->name, model_.Find(edge.child)->name);
  auto canvas = MakeCanvas(std::move(blocks), std::move(edges));
  EASEL_CHECK(canvas.has_value());  // what the model takes is a canvas
  canvas->root = folder_.path();
  canvas->name = base_canvas_.name;
  canvas->environment = base_canvas_.environment;
  return *std::move(canvas);
}

// --- Operations ---

std::expected<OperationRecord, Refusal> LiveCanvas::Change(const std::string& actor, const std::string& token,
                                                           const CanvasChange& change) {
  if (!token.empty()) {
    for (const OperationRecord& made : batch_.operations)
      if (made.token == token && made.actor == actor) return made;
    auto made = store_->FindToken(actor, token);
    if (!made) return std::unexpected(Refusal{made.error().reason, made.error().message, {}});
    if (*made) return **std::move(made);
  }
  Before before;
  Collect(change, before);
  auto applied = model_.Apply(change);
  if (!applied) {  // what was made of it was taken back
    model_.ForgetTouched();
    return std::unexpected(std::move(applied.error()));
  }
  return Record(actor, token, change, before);
}

/// The blocks that a change may rename, give another text, or take away, as they are now.
void LiveCanvas::Collect(const CanvasChange& change, Before& before) const {
  const auto take = [&](const std::string& id) {
    if (const LiveBlock* block = model_.Find(id)) before.emplace(id, *block);
  };
  if (const auto* set = std::get_if<SetBlockCode>(&change.what)) take(set->id);
  if (const auto* rename = std::get_if<RenameLiveBlock>(&change.what)) take(rename->id);
  if (const auto* gone = std::get_if<DeleteBlocks>(&change.what))
    for (const std::string& id : gone->ids) take(id);
  if (const auto* group = std::get_if<ChangeGroup>(&change.what))
    for (const CanvasChange& one : group->changes) Collect(one, before);
}

void LiveCanvas::NoteRenames(const CanvasChange& change, Before& now) {
  if (const auto* rename = std::get_if<RenameLiveBlock>(&change.what))
    if (const auto block = now.find(rename->id); block != now.end() && block->second.name != rename->name) {
      renames_.emplace_back(block->second.name, rename->name);
      if (const auto state = states_.find(rename->id); state != states_.end())
        SetKnownAs(rename->id, state->second,
                   state->second.known_as.empty() ? block->second.name : state->second.known_as);
      block->second.name = rename->name;
    }
  if (const auto* group = std::get_if<ChangeGroup>(&change.what))
    for (const CanvasChange& one : group->changes) NoteRenames(one, now);
}

void LiveCanvas::SetKnownAs(const std::string& id, BlockState& state, std::string name) {
  if (const LiveBlock* block = model_.Find(id); block != nullptr && block->name == name) name.clear();
  if (std::exchange(state.known_as, std::move(name)) != state.known_as) Touch(id);
}

std::map<std::string, std::string> LiveCanvas::UnheardNames() const {
  std::map<std::string, std::string> out;
  for (const auto& [id, state] : states_)
    if (!state.known_as.empty()) out.emplace(id, model_.Find(id)->name);
  return out;
}

void LiveCanvas::Heard(const std::map<std::string, std::string>& renamed) {
  for (const auto& [id, name] : renamed)
    if (const auto state = states_.find(id); state != states_.end()) SetKnownAs(id, state->second, name);
}

/// What the model has taken becomes an operation: in the journal's next batch, in the news, and due in the folder.
OperationRecord LiveCanvas::Record(const std::string& actor, const std::string& token,
                                   const CanvasChange& change, const Before& before) {
  OperationRecord operation{.seq = ++seq_,
                            .actor = actor,
                            .token = token,
                            .change = json::serialize(ToJson(change)),
                            .at_ms = clock_.UnixMs()};
  batch_.operations.push_back(operation);
  news_->AddOperation(
      "{\"seq\":" + std::to_string(operation.seq) + ",\"token\":" + json::serialize(json::value(token)) +
      ",\"change\":" + operation.change + ",\"actor\":" + json::serialize(json::value(actor)) +
      ",\"at_ms\":" + std::to_string(operation.at_ms) + "}");
  const std::set<std::string> recoded = model_.TakeRecoded(), added = model_.TakeAdded();
  for (const std::string& id : model_.TakeTouched()) {
    Touch(id);
    dirty_yaml_ = true;
    const LiveBlock* block = model_.Find(id);
    const auto state = states_.find(id);
    if (block == nullptr && state != states_.end()) {  // deleted
      const LiveBlock& last = before.at(id);  // only a deletion takes a block away, and those were collected
      if (state->second.revision_unsaved) SaveRevision(id, last.code);
      if (state->second.file.starts_with("blocks/")) to_remove_.insert(state->second.file);
      dirty_.erase(id);
      news_->BeginText(id);
      gone_[id] = {std::move(state->second), last};
      states_.erase(state);
    } else if (block != nullptr && (state == states_.end() || added.contains(id))) {
      Begin(actor, *block, before);
    }
  }
  for (const std::string& id : recoded) {
    const auto old = before.find(id);
    if (model_.Find(id) == nullptr || added.contains(id) || old == before.end()) continue;
    if (old->second.code == model_.Find(id)->code) continue;
    ReplaceText(actor, id, old->second.code);
    states_[id].revised_ms = -1;  // a restored or replaced text is a revision of its own
    Touch(id);
    dirty_.insert(id);
  }
  Before now = before;
  NoteRenames(change, now);
  ++generation_;
  MarkDirty();
  return operation;
}

/// A block is new, or back again: its text begins at version 0 with what the operation says; its history goes on.
void LiveCanvas::Begin(const std::string& actor, const LiveBlock& block, const Before& before) {
  const std::string& id = block.id;
  BlockState state;
  std::string text_before;
  if (const auto there = states_.find(id); there != states_.end()) {  // deleted and added in one change
    state = std::move(there->second);
    text_before = before.at(id).code;
    if (state.revision_unsaved) SaveRevision(id, text_before);
  } else if (const auto gone = gone_.find(id); gone != gone_.end()) {
    state = std::move(gone->second.state);
    text_before = std::move(gone->second.block.code);
    state.was.clear();
    gone_.erase(gone);
  }
  if (state.version > 0) {
    batch_.forget_updates.push_back(id);
    std::erase_if(batch_.updates, [&](const TextUpdateRecord& update) { return update.block == id; });
  }
  state.version = 0;
  news_->BeginText(id);
  state.revised_ms = -1;
  const bool taken = std::ranges::any_of(
      states_, [&](const auto& other) { return other.first != id && other.second.file == state.file; });
  const bool same_place =
      !state.file.empty() && !taken &&
      (states_.contains(id) || to_remove_.contains(state.file) || !folder_.Exists(state.file));
  if (same_place)
    to_remove_.erase(state.file);
  else
    state.file = FreeFile(block);
  to_remove_.erase(state.file);
  states_[id] = std::move(state);
  if (block.code != text_before) {
    Revise(actor, id, text_before);
    SaveRevision(id, block.code);
    states_.at(id).revised_ms = -1;
  }
  dirty_.insert(id);
}

std::string LiveCanvas::FreeFile(const LiveBlock& block) const {
  std::set<std::string> taken;
  for (const auto& [id, state] : states_)
    if (id != block.id) taken.insert(state.file);
  const std::string end = block.kind == BlockKind::kMarkdown ? ".md" : ".py";
  for (int i = 1;; ++i) {
    const std::string file = "blocks/" + block.name + (i == 1 ? "" : "_" + std::to_string(i)) + end;
    if (!taken.contains(file) && (!folder_.Exists(file) || to_remove_.contains(file))) return file;
  }
}

BlockEdits LiveCanvas::EditsOf(const std::string& id) const {
  const LiveBlock* block = model_.Find(id);
  const auto gone = gone_.find(id);
  const LiveBlock& as = block != nullptr ? *block : gone->second.block;
  const BlockState& state = block != nullptr ? states_.find(id)->second : gone->second.state;
  json::object shape = ToJson(as);
  shape.erase("code");
  const std::vector<std::string>& parents = model_.ParentsOf(id);
  json::object document{{"block", std::move(shape)},
                        {"file", state.file},
                        {"was", state.was},
                        {"revision", state.revision},
                        {"place", model_.PlaceOf(id)},
                        {"parents", json::array(parents.begin(), parents.end())}};
  if (!state.known_as.empty()) document["known_as"] = state.known_as;
  if (block == nullptr) document["deleted"] = true;
  return {id, json::serialize(document), state.version, as.code};
}

Status LiveCanvas::Commit() {
  for (const std::string& id : std::exchange(touched_, {}))
    if (states_.contains(id) || gone_.contains(id)) batch_.blocks.push_back(EditsOf(id));
  if (batch_.empty()) return {};
  FaultPoint("hub.before_commit");
  const EditBatch batch = std::exchange(batch_, {});
  EASEL_RETURN_IF_ERROR(store_->Commit(batch));
  FaultPoint("hub.after_commit");
  return {};
}

Result<std::vector<RevisionRecord>> LiveCanvas::Revisions(const std::string& block, std::int64_t before,
                                                          std::int64_t limit) {
  if (const auto state = states_.find(block); state != states_.end() && state->second.revision_unsaved)
    SaveRevision(block, model_.Find(block)->code);
  EASEL_RETURN_IF_ERROR(Commit());
  return store_->Revisions(block, before, limit);
}

Result<std::optional<RevisionRecord>> LiveCanvas::FindRevision(const std::string& block,
                                                               std::int64_t revision) {
  if (const auto state = states_.find(block); state != states_.end() && state->second.revision_unsaved)
    SaveRevision(block, model_.Find(block)->code);
  EASEL_RETURN_IF_ERROR(Commit());
  return store_->FindRevision(block, revision);
}

}  // namespace easel
