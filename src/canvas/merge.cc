#include "canvas/merge.h"

#include <unordered_map>

namespace easel {

Renames ComposeRenames(const std::vector<std::pair<std::string, std::string>>& steps) {
  Renames first_name;  // by the name of now
  for (const auto& [from, to] : steps) {
    const auto known = first_name.find(from);
    std::string first = known == first_name.end() ? from : std::move(known->second);
    if (known != first_name.end()) first_name.erase(known);
    first_name.insert_or_assign(to, std::move(first));
  }
  Renames out;
  for (auto& [now, first] : first_name)
    if (now != first) out.insert_or_assign(std::move(first), now);
  return out;
}

std::string_view NameAfter(const Renames& renames, std::string_view name) {
  const auto found = renames.find(name);
  return found == renames.end() ? name : std::string_view(found->second);
}

Canvas MergeCanvas(const Canvas& now, Canvas next, const Renames& renames) {
  Canvas out;
  out.root = std::move(next.root);
  out.name = std::move(next.name);
  out.environment = std::move(next.environment);
  out.blocks.resize(now.blocks.size());
  std::unordered_map<std::string_view, std::int32_t> place;
  for (const bool removed : {false, true})  // a name is that of what is there, before what once was
    for (std::size_t i = 0; i < now.blocks.size(); ++i)
      if (now.blocks[i].removed == removed)
        place.emplace(NameAfter(renames, now.blocks[i].name), static_cast<std::int32_t>(i));
  std::vector<std::int32_t> at(next.blocks.size(), -1);
  std::vector<char> taken(now.blocks.size(), 0);
  for (std::size_t i = 0; i < next.blocks.size(); ++i) {
    if (next.blocks[i].removed) continue;  // it has no edges; `now` has it, too
    const auto found = place.find(next.blocks[i].name);
    if (found == place.end()) {
      at[i] = static_cast<std::int32_t>(out.blocks.size());
      out.blocks.push_back(std::move(next.blocks[i]));
    } else {
      at[i] = found->second;
      taken[static_cast<std::size_t>(at[i])] = 1;
      out.blocks[static_cast<std::size_t>(at[i])] = std::move(next.blocks[i]);
    }
  }
  for (std::size_t i = 0; i < now.blocks.size(); ++i) {
    if (taken[i] != 0) continue;
    Block& gone = out.blocks[i] = now.blocks[i];
    gone.name = NameAfter(renames, now.blocks[i].name);
    gone.removed = true;
  }
  out.parents.resize(out.blocks.size());
  out.children.resize(out.blocks.size());
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (at[i] < 0) continue;
    for (const std::int32_t parent : next.parents[i])
      out.parents[static_cast<std::size_t>(at[i])].push_back(at[static_cast<std::size_t>(parent)]);
    for (const std::int32_t child : next.children[i])
      out.children[static_cast<std::size_t>(at[i])].push_back(at[static_cast<std::size_t>(child)]);
  }
  out.topological.reserve(next.topological.size());
  for (const std::int32_t block : next.topological)
    out.topological.push_back(at[static_cast<std::size_t>(block)]);
  for (const auto& [name, block] : next.index)
    out.index.emplace_hint(out.index.end(), name, at[static_cast<std::size_t>(block)]);
  return out;
}

}  // namespace easel
