#include "hub/canvas_model.h"

#include <algorithm>
#include <deque>
#include <limits>

#include "canvas/graph.h"
#include "canvas/problem.h"

namespace easel {
namespace {

std::string Lower(std::string_view name) {
  std::string out(name);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return out;
}

Refusal NoSuchBlock(std::string_view id) {
  return {"NO_SUCH_BLOCK", "there is no block with the id " + Ticked(id) + " any more", {}};
}
Refusal NameTaken(std::string_view name) {
  return {"NAME_TAKEN", "another block is called " + Ticked(name) + ": choose another name", {}};
}
Refusal NameInvalid(std::string_view name) {
  return {"NAME_INVALID",
          "block name " + Ticked(name) +
              " is not allowed: use a letter or _ first, then letters, digits, _ and -, at most 64",
          {}};
}

}  // namespace

std::expected<CanvasChange, Refusal> CanvasModel::Apply(const CanvasChange& change) {
  return std::visit([this](const auto& what) { return Make(what); }, change.what);
}

const LiveBlock* CanvasModel::Find(std::string_view id) const {
  const auto found = blocks_.find(id);
  return found == blocks_.end() ? nullptr : &found->second.block;
}

const LiveBlock* CanvasModel::Named(std::string_view name) const {
  const auto found = names_.find(Lower(name));
  return found == names_.end() ? nullptr : Find(found->second);
}

const std::vector<std::string>& CanvasModel::ParentsOf(std::string_view id) const {
  static const std::vector<std::string> kNone;
  const auto found = blocks_.find(id);
  return found == blocks_.end() ? kNone : found->second.parents;
}

std::vector<const LiveBlock*> CanvasModel::Blocks() const {
  std::vector<const LiveBlock*> out;
  out.reserve(order_.size());
  for (const auto& [place, id] : order_) out.push_back(Find(id));
  return out;
}

std::vector<LiveEdge> CanvasModel::Edges() const {
  std::vector<LiveEdge> out;
  for (const auto& [place, id] : order_)
    for (const std::string& parent : ParentsOf(id)) out.push_back({parent, id});
  return out;
}

std::int64_t CanvasModel::PlaceOf(std::string_view id) const {
  const auto found = blocks_.find(id);
  return found == blocks_.end() ? 0 : found->second.place;
}

void CanvasModel::SetCode(std::string_view id, std::string code) {
  if (Entry* entry = Get(id)) entry->block.code = std::move(code);
}

void CanvasModel::Restore(LiveBlock block, std::int64_t place, std::vector<std::string> parents) {
  const std::string id = block.id;
  names_[Lower(block.name)] = id;
  order_[place] = id;
  next_place_ = std::max(next_place_, place + 1);
  for (const std::string& parent : parents) blocks_[parent].children.insert(id);
  Entry& entry = blocks_[id];
  entry.block = std::move(block);
  entry.place = place;
  entry.parents = std::move(parents);
}

CanvasModel::Entry* CanvasModel::Get(std::string_view id) {
  const auto found = blocks_.find(id);
  return found == blocks_.end() ? nullptr : &found->second;
}

// --- The changes ---

CanvasModel::Applied CanvasModel::Make(const AddBlocks& add) {
  std::vector<std::string> added;
  std::vector<LiveEdge> connected;
  const auto back = [&](Refusal refusal) -> Applied {
    for (auto edge = connected.rbegin(); edge != connected.rend(); ++edge) DropEdge(*edge);
    for (const std::string& id : added) Drop(id);
    return std::unexpected(std::move(refusal));
  };
  for (const LiveBlock& block : add.blocks) {
    if (Find(block.id) != nullptr)
      return back({"BLOCK_EXISTS", "there is a block with the id " + Ticked(block.id) + " already", {}});
    if (Named(block.name) != nullptr) return back(NameTaken(block.name));
    if (!IsBlockName(block.name)) return back(NameInvalid(block.name));
    Put(block);
    added.push_back(block.id);
  }
  // Ascending, so that each edge finds the place it had.
  std::vector<PlacedEdge> edges = add.edges;
  static constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  std::ranges::stable_sort(edges, {}, [](const PlacedEdge& edge) { return edge.index.value_or(kLast); });
  for (const PlacedEdge& edge : edges) {
    if (auto refusal = Connect(edge)) return back(*std::move(refusal));
    connected.push_back(edge.edge);
  }
  CanvasChange inverse{DeleteBlocks{added}};
  const std::set<std::string> ours(added.begin(), added.end());
  ChangeGroup group;
  for (const LiveEdge& edge : connected)
    if (!ours.contains(edge.parent) && !ours.contains(edge.child))
      group.changes.push_back({DisconnectBlocks{edge}});
  if (group.changes.empty()) return inverse;
  group.changes.push_back(std::move(inverse));
  return CanvasChange{std::move(group)};
}

CanvasModel::Applied CanvasModel::Make(const DeleteBlocks& gone) {
  std::vector<std::string> ids;
  for (const std::string& id : gone.ids) {
    if (Find(id) == nullptr) return std::unexpected(NoSuchBlock(id));
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  }
  AddBlocks inverse;
  std::map<LiveEdge, std::int64_t> edges;
  for (const std::string& id : ids) {
    const Entry& entry = *Get(id);
    inverse.blocks.push_back(entry.block);
    for (std::size_t i = 0; i < entry.parents.size(); ++i)
      if (edges.emplace(LiveEdge{entry.parents[i], id}, static_cast<std::int64_t>(i)).second)
        inverse.edges.push_back({{entry.parents[i], id}, static_cast<std::int64_t>(i)});
    for (const std::string& child : entry.children) {
      const auto& parents = ParentsOf(child);
      const std::int64_t index = std::ranges::find(parents, id) - parents.begin();
      if (edges.emplace(LiveEdge{id, child}, index).second) inverse.edges.push_back({{id, child}, index});
    }
  }
  for (const auto& [edge, index] : edges) DropEdge(edge);
  for (const std::string& id : ids) Drop(id);
  return CanvasChange{std::move(inverse)};
}

CanvasModel::Applied CanvasModel::Make(const MoveBlocks& all) {
  for (const MoveBlocks::Move& move : all.moves)
    if (Find(move.id) == nullptr) return std::unexpected(NoSuchBlock(move.id));
  MoveBlocks inverse;
  for (const MoveBlocks::Move& move : all.moves)
    inverse.moves.push_back({move.id, Find(move.id)->x, Find(move.id)->y});
  std::ranges::reverse(inverse.moves);
  for (const MoveBlocks::Move& move : all.moves) {
    LiveBlock& block = Get(move.id)->block;
    block.x = move.x, block.y = move.y;
    touched_.insert(move.id);
  }
  return CanvasChange{std::move(inverse)};
}

CanvasModel::Applied CanvasModel::Make(const ResizeBlock& resize) {
  Entry* entry = Get(resize.id);
  if (entry == nullptr) return std::unexpected(NoSuchBlock(resize.id));
  LiveBlock& block = entry->block;
  ResizeBlock inverse{resize.id, block.width, block.height, std::pair(block.x, block.y)};
  block.width = resize.width, block.height = resize.height;
  if (resize.at) std::tie(block.x, block.y) = *resize.at;
  touched_.insert(resize.id);
  return CanvasChange{std::move(inverse)};
}

CanvasModel::Applied CanvasModel::Make(const ConnectBlocks& connect) {
  if (auto refusal = Connect(connect.placed)) return std::unexpected(*std::move(refusal));
  return CanvasChange{DisconnectBlocks{connect.placed.edge}};
}

CanvasModel::Applied CanvasModel::Make(const DisconnectBlocks& disconnect) {
  const std::int64_t index = DropEdge(disconnect.edge);
  if (index < 0) return std::unexpected(Refusal{"NO_SUCH_EDGE", "that edge is no longer there", {}});
  return CanvasChange{ConnectBlocks{{disconnect.edge, index}}};
}

CanvasModel::Applied CanvasModel::Make(const RenameLiveBlock& rename) {
  if (!IsBlockName(rename.name)) return std::unexpected(NameInvalid(rename.name));
  const LiveBlock* other = Named(rename.name);
  if (other != nullptr && other->id != rename.id) return std::unexpected(NameTaken(rename.name));
  Entry* entry = Get(rename.id);
  if (entry == nullptr) return std::unexpected(NoSuchBlock(rename.id));
  CanvasChange inverse{RenameLiveBlock{rename.id, entry->block.name}};
  names_.erase(Lower(entry->block.name));
  names_[Lower(rename.name)] = rename.id;
  entry->block.name = rename.name;
  touched_.insert(rename.id);
  return inverse;
}

/// Give a block's field the value that `set` wants; its inverse gives back the one that was there.
template <typename Set, typename Value>
CanvasModel::Applied CanvasModel::Replace(const Set& set, Value LiveBlock::* field, const Value& wanted,
                                          std::set<std::string>& changed) {
  Entry* entry = Get(set.id);
  if (entry == nullptr) return std::unexpected(NoSuchBlock(set.id));
  changed.insert(set.id);
  return CanvasChange{Set{set.id, std::exchange(entry->block.*field, wanted)}};
}

CanvasModel::Applied CanvasModel::Make(const SetBlockCode& set) {
  return Replace(set, &LiveBlock::code, set.code, recoded_);
}

CanvasModel::Applied CanvasModel::Make(const SetBlockSettings& set) {
  return Replace(set, &LiveBlock::settings, set.settings, touched_);
}

CanvasModel::Applied CanvasModel::Make(const ChangeGroup& group) {
  std::vector<CanvasChange> inverses;
  for (const CanvasChange& change : group.changes) {
    Applied applied = Apply(change);
    if (!applied) {
      for (auto inverse = inverses.rbegin(); inverse != inverses.rend(); ++inverse) (void)Apply(*inverse);
      return applied;
    }
    inverses.push_back(*std::move(applied));
  }
  std::ranges::reverse(inverses);
  return CanvasChange{ChangeGroup{std::move(inverses)}};
}

// --- Their steps ---

std::optional<Refusal> CanvasModel::Connect(const PlacedEdge& placed) {
  const auto& [parent, child] = placed.edge;
  for (const std::string* id : {&parent, &child})
    if (Find(*id) == nullptr) return NoSuchBlock(*id);
  Entry& above = *Get(parent);
  Entry& below = *Get(child);
  if (above.children.contains(child))
    return Refusal{"EDGE_EXISTS",
                   Ticked(above.block.name) + " is a parent of " + Ticked(below.block.name) + " already",
                   {}};
  if (auto path = Path(child, parent)) {
    std::string names;
    for (const std::string& id : *path) names += Find(id)->name + " -> ";
    return Refusal{"BLOCK_CYCLE",
                   path->size() == 1 ? Ticked(above.block.name) + " cannot be its own parent"
                                     : "that would be a cycle: " + names + below.block.name,
                   *std::move(path)};
  }
  for (const Entry* entry : {&above, &below})
    if (entry->block.kind == BlockKind::kMarkdown)
      return Refusal{"EDGE_MARKDOWN",
                     "block " + Ticked(entry->block.name) +
                         " is markdown: it is text and has no state, so it can have no edges",
                     {}};
  const auto size = static_cast<std::int64_t>(below.parents.size());
  below.parents.insert(below.parents.begin() + std::min(placed.index.value_or(size), size), parent);
  above.children.insert(child);
  touched_.insert(child);
  return std::nullopt;
}

std::optional<std::vector<std::string>> CanvasModel::Path(const std::string& from,
                                                          const std::string& to) const {
  std::map<std::string, std::string> before{{from, ""}};
  std::deque<std::string> queue{from};
  for (; !queue.empty(); queue.pop_front()) {
    const std::string at = queue.front();
    if (at == to) {
      std::vector<std::string> way;
      for (std::string b = at; !b.empty(); b = before.at(b)) way.insert(way.begin(), b);
      return way;
    }
    for (const std::string& child : blocks_.at(at).children)
      if (before.emplace(child, at).second) queue.push_back(child);
  }
  return std::nullopt;
}

void CanvasModel::Put(const LiveBlock& block) {
  Entry& entry = blocks_[block.id];
  entry.block = block;
  entry.place = next_place_++;
  order_[entry.place] = block.id;
  names_[Lower(block.name)] = block.id;
  touched_.insert(block.id);
  added_.insert(block.id);
}

void CanvasModel::Drop(const std::string& id) {
  Entry* entry = Get(id);
  if (entry == nullptr) return;
  names_.erase(Lower(entry->block.name));
  order_.erase(entry->place);
  blocks_.erase(id);
  touched_.insert(id);
}

std::int64_t CanvasModel::DropEdge(const LiveEdge& edge) {
  Entry* child = Get(edge.child);
  if (child == nullptr) return -1;
  const auto found = std::ranges::find(child->parents, edge.parent);
  if (found == child->parents.end()) return -1;
  const std::int64_t index = found - child->parents.begin();
  child->parents.erase(found);
  Get(edge.parent)->children.erase(edge.child);
  touched_.insert(edge.child);
  return index;
}

}  // namespace easel
