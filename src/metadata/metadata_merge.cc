// Joining what two machines did with one canvas: MergeMetadata of metadata_document.h.
#include <algorithm>
#include <functional>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "metadata/metadata_document.h"

namespace easel {
namespace {

using Names = MetadataDocument::Names;

/// Give the rows of `document` the names that they have after `steps`, from the step number `from` on.
void ApplyRenames(MetadataDocument& document, const std::vector<Names>& steps) {
  for (std::size_t i = document.renames.size(); i < steps.size(); ++i) {
    const Names& names = steps[i];
    const auto now = [&](std::string& name) {
      if (const auto found = names.find(name); found != names.end()) name = found->second;
    };
    std::map<std::string, BlockRecord> blocks;
    for (const BlockRecord& block : document.blocks) blocks[block.block] = block;
    std::map<std::string, BlockRecord> renamed = blocks;
    for (const auto& [from, to] : names)
      if (blocks.contains(from)) renamed[from] = {.block = from, .epoch = blocks[from].epoch};
    for (const auto& [from, to] : names) {
      if (!blocks.contains(from)) continue;
      BlockRecord moved = blocks[from];
      moved.block = to;
      moved.epoch = std::max(moved.epoch, blocks.contains(to) ? blocks[to].epoch : 0);
      renamed[to] = std::move(moved);
    }
    document.blocks.clear();
    for (auto& [name, block] : renamed) document.blocks.push_back(std::move(block));
    for (AttemptRecord& attempt : document.attempts) now(attempt.block);
    for (auto& publication : document.publications) now(publication.result.block);
    document.renames.push_back(names);
  }
}

bool IsPrefix(const std::vector<Names>& shorter, const std::vector<Names>& longer) {
  return shorter.size() <= longer.size() && std::equal(shorter.begin(), shorter.end(), longer.begin());
}

/// The union of two lists, without what one side removed since `base`. One list's own order if it has all of it; by time
/// otherwise. `id` tells things apart.
template <typename Thing, typename Id, typename Time>
std::vector<Thing> Union(const std::vector<Thing>& base, const std::vector<Thing>& ours,
                         const std::vector<Thing>& theirs, Id id, Time time) {
  using Key = std::remove_cvref_t<decltype(id(ours.front()))>;
  const auto keys = [&](const std::vector<Thing>& things) {
    std::set<Key> out;
    for (const Thing& thing : things) out.insert(id(thing));
    return out;
  };
  const std::set<Key> in_base = keys(base), in_ours = keys(ours), in_theirs = keys(theirs);
  std::vector<Thing> out;
  bool only_ours = false, only_theirs = false;
  for (const Thing& thing : theirs) {
    const Key key = id(thing);
    if (!in_ours.contains(key) && in_base.contains(key)) continue;
    only_theirs |= !in_ours.contains(key);
    out.push_back(thing);
  }
  std::vector<Thing> mine;
  for (const Thing& thing : ours) {
    const Key key = id(thing);
    if (!in_theirs.contains(key) && in_base.contains(key)) continue;
    only_ours |= !in_theirs.contains(key);
    mine.push_back(thing);
  }
  if (!only_ours) return out;
  if (!only_theirs) return mine;
  for (Thing& thing : mine)
    if (!in_theirs.contains(id(thing))) out.push_back(std::move(thing));
  std::ranges::stable_sort(out, {}, time);
  return out;
}

const BlockRecord* Find(const MetadataDocument& document, const std::string& block) {
  const auto found = std::ranges::lower_bound(document.blocks, block, {}, &BlockRecord::block);
  return found != document.blocks.end() && found->block == block ? &*found : nullptr;
}

std::vector<BlockRecord> MergeBlocks(const MetadataDocument& base, const MetadataDocument& ours,
                                     const MetadataDocument& theirs) {
  std::set<std::string> names;
  for (const MetadataDocument* side : {&ours, &theirs})
    for (const BlockRecord& block : side->blocks) names.insert(block.block);
  std::vector<BlockRecord> out;
  for (const std::string& name : names) {
    const BlockRecord *before = Find(base, name), *mine = Find(ours, name), *other = Find(theirs, name);
    const auto same = [](const BlockRecord* a, const BlockRecord* b) {
      return (a == nullptr) == (b == nullptr) && (a == nullptr || *a == *b);
    };
    const BlockRecord* chosen = mine == nullptr ? other : mine;
    if (mine != nullptr && other != nullptr)
      chosen = same(mine, before)                         ? other
               : same(other, before)                      ? mine
               : mine->published_ms > other->published_ms ? mine
                                                          : other;
    out.push_back(*chosen);
    for (const BlockRecord* side : {mine, other})
      if (side != nullptr) out.back().epoch = std::max(out.back().epoch, side->epoch);
  }
  return out;
}

/// Runs of `from` saw some of its publications: the same ones, counted in `to`.
void Recount(const MetadataDocument& from,
             const std::map<MetadataDocument::Publication, std::int64_t>& places,
             std::unordered_map<std::string, std::int64_t>& through) {
  std::vector<std::int64_t> newest{0};
  for (const auto& publication : from.publications) {
    const auto found = places.find(publication);
    newest.push_back(std::max(newest.back(), found == places.end() ? 0 : found->second + 1));
  }
  for (const auto& run : from.runs)
    through[run.run.run] = newest[static_cast<std::size_t>(
        std::clamp<std::int64_t>(run.through, 0, std::ssize(from.publications)))];
}

}  // namespace

Result<MetadataDocument> MergeMetadata(MetadataDocument base, MetadataDocument ours,
                                       MetadataDocument theirs) {
  if (!IsPrefix(ours.renames, theirs.renames) && !IsPrefix(theirs.renames, ours.renames))
    return Fail(Code::kFailedPrecondition, "STORE_DIVERGED",
                "blocks were renamed here and elsewhere since both had the same results");
  const std::vector<Names> renames = std::max(
      ours.renames, theirs.renames, [](const auto& a, const auto& b) { return a.size() < b.size(); });
  if (!IsPrefix(base.renames, renames)) base = {};
  for (MetadataDocument* side : {&base, &ours, &theirs}) ApplyRenames(*side, renames);

  MetadataDocument out{.renames = renames};
  out.blocks = MergeBlocks(base, ours, theirs);
  std::unordered_map<std::string, std::int64_t> created;
  for (const MetadataDocument* side : {&ours, &theirs})
    for (const auto& run : side->runs) created[run.run.run] = run.run.created_ms;

  out.publications = Union(
      base.publications, ours.publications, theirs.publications, [](const auto& p) { return p; },
      [](const auto& p) { return p.result.published_ms; });
  out.attempts = Union(
      base.attempts, ours.attempts, theirs.attempts, [](const AttemptRecord& a) { return a.attempt; },
      [&](const AttemptRecord& a) {
        const auto run = created.find(a.run);
        return a.started_ms > 0 || run == created.end() ? a.started_ms : run->second;
      });
  out.runs = Union(
      base.runs, ours.runs, theirs.runs, [](const auto& run) { return run.run.run; },
      [](const auto& run) { return run.run.created_ms; });

  // What a block publishes has its row, whoever removed it.
  std::unordered_set<std::string> there;
  for (const AttemptRecord& attempt : out.attempts) there.insert(attempt.attempt);
  for (const BlockRecord& block : out.blocks) {
    if (block.published_attempt.empty() || there.contains(block.published_attempt)) continue;
    for (const MetadataDocument* side : {&ours, &theirs})
      if (const auto found =
              std::ranges::find(side->attempts, block.published_attempt, &AttemptRecord::attempt);
          found != side->attempts.end() && there.insert(found->attempt).second)
        out.attempts.push_back(*found);
  }

  std::map<MetadataDocument::Publication, std::int64_t> places;
  for (const auto& publication : out.publications)
    places.emplace(publication, static_cast<std::int64_t>(places.size()));
  std::unordered_map<std::string, std::int64_t> through;
  Recount(theirs, places, through);
  Recount(ours, places, through);
  for (auto& run : out.runs) run.through = through[run.run.run];
  return out;
}

}  // namespace easel
