// CanvasText::Become: the whole of a change at once, at the cost of three readings however much it changes.

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "canvas/edit.h"
#include "canvas/yaml_edit.h"

namespace easel {
namespace {

using Parents = std::map<std::string, std::vector<std::string>>;  ///< by child, in order of precedence

Parents ParentsOf(const std::vector<NamedEdge>& edges) {
  Parents out;
  for (const auto& [parent, child] : edges) out[child].push_back(parent);
  return out;
}

/// The members of `now` that stand in `wanted`, in its order: what may stay where it is.
std::set<std::string> Staying(const std::vector<std::string>& now, const std::vector<std::string>& wanted) {
  std::set<std::string> out;
  std::size_t next = 0;
  for (const std::string& parent : now) {
    const auto found = std::find(wanted.begin() + static_cast<std::ptrdiff_t>(next), wanted.end(), parent);
    if (found == wanted.end()) continue;
    next = static_cast<std::size_t>(found - wanted.begin()) + 1;
    out.insert(parent);
  }
  return out;
}

std::vector<std::pair<std::string, std::string>> KeysThatDiffer(const Block& now, const Block& wanted) {
  std::vector<std::pair<std::string, std::string>> out;
  if (now.kind != wanted.kind) out.emplace_back("kind", BlockKindName(wanted.kind));
  if (now.file != wanted.file) out.emplace_back("file", ScalarYaml(wanted.file));
  if (now.x != wanted.x || now.y != wanted.y) out.emplace_back("at", PairYaml(wanted.x, wanted.y));
  if (now.width != wanted.width || now.height != wanted.height) out.emplace_back("size", SizeYaml(wanted));
  if (now.environment != wanted.environment)
    out.emplace_back("environment",
                     wanted.environment.empty() ? std::string() : ScalarYaml(wanted.environment));
  if (now.cache.kind != wanted.cache.kind || now.cache.for_ms != wanted.cache.for_ms)
    out.emplace_back("cache", CacheYaml(wanted.cache));
  if (now.compute.cpu != wanted.compute.cpu || now.compute.memory_bytes != wanted.compute.memory_bytes ||
      now.compute.timeout_ms != wanted.compute.timeout_ms)
    out.emplace_back("compute", ComputeYaml(wanted.compute));
  return out;
}

}  // namespace

Status CanvasText::Become(const std::vector<Wanted>& blocks, const std::vector<NamedEdge>& edges) {
  EASEL_TRY(const YamlEdit change, YamlEdit::Begin(text_));
  CanvasMeaning wanted{change.meaning.name, change.meaning.environment, {}, edges};
  std::unordered_map<std::string, const Wanted*> by_old_name;
  for (const Wanted& one : blocks) {
    wanted.blocks.push_back(one.block);
    if (one.was.empty()) continue;
    EASEL_RETURN_IF_ERROR(change.FindBlock(one.was));
    by_old_name[one.was] = &one;
  }
  if (SameMeaning(change.meaning, wanted, true)) return {};

  // What goes, what is called otherwise, what has other keys.
  const auto rename = [&](const std::string& old) {
    const auto found = by_old_name.find(old);
    return found == by_old_name.end() ? old : found->second->block.name;
  };
  const Parents wanted_parents = ParentsOf(edges);
  Parents now_parents;
  for (const auto& [parent, child] : change.meaning.edges)
    if (by_old_name.contains(parent) && by_old_name.contains(child))
      now_parents[rename(child)].push_back(rename(parent));
  std::map<std::string, std::set<std::string>> staying;
  for (const auto& [child, parents] : now_parents)
    if (const auto found = wanted_parents.find(child); found != wanted_parents.end())
      staying[child] = Staying(parents, found->second);
  const auto drop = [&](const std::string& parent, const std::string& child) {
    if (!by_old_name.contains(parent) || !by_old_name.contains(child)) return true;
    const auto found = staying.find(rename(child));
    return found == staying.end() || !found->second.contains(rename(parent));
  };
  Splices splices(change.body);
  std::vector<std::int32_t> gone;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(change.document.canvas.blocks.size()); ++i) {
    const Block& now = change.document.canvas.blocks[i];
    const auto found = by_old_name.find(now.name);
    if (found == by_old_name.end()) {
      gone.push_back(i);
      continue;
    }
    if (const Block& then = found->second->block; then.name != now.name) {
      const YamlNode& key = change.Node(change.document.places[i].key);
      splices.Replace(key.begin, key.end, then.name);
    }
    change.SetKeys(splices, i, KeysThatDiffer(now, found->second->block));
  }
  change.RemoveBlocks(splices, gone);
  change.RewriteEdges(splices, drop, rename);

  // What is new, each edge at its place among its child's.
  EASEL_TRY(YamlEdit second, YamlEdit::Begin(change.mark + splices.Apply()));
  Splices added(second.body);
  std::vector<std::string> entries, lines;
  for (const Wanted& one : blocks)
    if (one.was.empty()) entries.push_back(EntryYaml(one.block));
  std::map<NamedEdge, std::size_t> item_of;
  for (std::size_t item = 0; item < second.document.items.size(); ++item) {
    const std::vector<std::string>& names = second.document.items[item].names;
    for (std::size_t i = 1; i < names.size(); ++i) item_of[{names[i - 1], names[i]}] = item;
  }
  const Parents there = ParentsOf(second.meaning.edges);
  for (const auto& [child, parents] : wanted_parents) {
    const auto found = there.find(child);
    const std::vector<std::string> have = found == there.end() ? std::vector<std::string>() : found->second;
    std::size_t next = 0;
    for (const std::string& parent : parents) {
      if (next < have.size() && have[next] == parent)
        ++next;
      else if (next < have.size())
        second.InsertEdge(added, item_of.at({have[next], child}), parent + " -> " + child);
    }
  }
  // Those behind all others of their child, in the order in which they were asked for.
  std::map<std::string, std::size_t> passed;
  for (const auto& [parent, child] : edges) {
    const auto found = there.find(child);
    std::size_t& next = passed[child];
    if (found != there.end() && next < found->second.size())
      next += found->second[next] == parent ? 1 : 0;
    else
      lines.push_back(parent + " -> " + child);
  }
  second.Append(added, true, entries);
  second.Append(added, false, lines);
  second.meaning = std::move(wanted);
  return second.Finish(text_, added, true);
}

}  // namespace easel
