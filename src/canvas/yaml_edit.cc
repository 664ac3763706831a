#include "canvas/yaml_edit.h"

#include <algorithm>
#include <unordered_set>

#include "canvas/values.h"

namespace easel {
namespace {

CanvasMeaning MeaningOf(const CanvasDocument& document) {
  return {document.canvas.name, document.canvas.environment, document.canvas.blocks, document.edges};
}

std::string Milliseconds(std::int64_t ms) {
  if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

std::string Bytes(std::int64_t bytes) {
  if (bytes % (1LL << 30) == 0) return std::to_string(bytes >> 30) + "Gi";
  return bytes % (1LL << 20) == 0 ? std::to_string(bytes >> 20) + "Mi" : std::to_string(bytes);
}

}  // namespace

bool SameEntry(const Block& a, const Block& b) {
  return a.name == b.name && a.kind == b.kind && a.file == b.file && a.x == b.x && a.y == b.y &&
         a.width == b.width && a.height == b.height && a.environment == b.environment &&
         a.compute.cpu == b.compute.cpu && a.compute.memory_bytes == b.compute.memory_bytes &&
         a.compute.timeout_ms == b.compute.timeout_ms && a.cache.kind == b.cache.kind &&
         a.cache.for_ms == b.cache.for_ms;
}

bool SameMeaning(CanvasMeaning a, CanvasMeaning b, bool any_order) {
  for (CanvasMeaning* meaning : {&a, &b}) {
    std::ranges::stable_sort(meaning->edges, {}, &NamedEdge::second);
    if (any_order) std::ranges::sort(meaning->blocks, {}, &Block::name);
  }
  return a.name == b.name && a.environment == b.environment && a.edges == b.edges &&
         std::equal(a.blocks.begin(), a.blocks.end(), b.blocks.begin(), b.blocks.end(), SameEntry);
}

std::string ScalarYaml(std::string_view text) {
  const bool plain =
      !text.empty() &&
      text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") ==
          std::string_view::npos &&
      text.front() != '-' && text != "~" && text != "null";
  if (plain) return std::string(text);
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

std::string PairYaml(double x, double y) { return "[" + FormatNumber(x) + ", " + FormatNumber(y) + "]"; }

std::string SizeYaml(const Block& block) {
  return block.width > 0 ? PairYaml(block.width, block.height) : std::string();
}

std::string CacheYaml(const CachePolicy& cache) {
  if (cache.kind == CachePolicy::Kind::kNever) return "never";
  if (cache.kind == CachePolicy::Kind::kFor) return "{for: " + Milliseconds(cache.for_ms) + "}";
  return {};
}

std::string ComputeYaml(const Compute& compute) {
  std::string out;
  if (compute.cpu > 0) out += ", cpu: " + FormatNumber(compute.cpu);
  if (compute.memory_bytes > 0) out += ", memory: " + Bytes(compute.memory_bytes);
  if (compute.timeout_ms > 0) out += ", timeout: " + Milliseconds(compute.timeout_ms);
  return out.empty() ? out : "{" + out.substr(2) + "}";
}

std::string EntryYaml(const Block& block) {
  std::string out = block.name + ": {kind: " + std::string(BlockKindName(block.kind)) +
                    ", file: " + ScalarYaml(block.file) + ", at: " + PairYaml(block.x, block.y);
  const auto add = [&](std::string_view key, const std::string& value) {
    if (!value.empty()) out += ", " + std::string(key) + ": " + value;
  };
  add("size", SizeYaml(block));
  add("environment", block.environment.empty() ? std::string() : ScalarYaml(block.environment));
  add("cache", CacheYaml(block.cache));
  add("compute", ComputeYaml(block.compute));
  return out + "}";
}

YamlEdit::YamlEdit(std::string mark_, std::string body_, CanvasDocument document_)
    : mark(std::move(mark_)),
      body(std::move(body_)),
      document(std::move(document_)),
      meaning(MeaningOf(document)) {}

Result<YamlEdit> YamlEdit::Begin(const std::string& text) {
  ProblemList problems;
  // Positions count from behind a byte order mark, so that is set aside and put back.
  const std::string_view body = WithoutByteOrderMark(text);
  CanvasDocument document = ReadDocument(body, problems);
  CheckGraph(document, problems);
  const std::vector<Problem> found = problems.Take();
  if (!found.empty()) return std::unexpected(ProblemsAsError(found));
  return YamlEdit(text.substr(0, text.size() - body.size()), std::string(body), std::move(document));
}

Result<std::int32_t> YamlEdit::FindBlock(std::string_view name) const {
  const auto found = document.canvas.Find(name);
  if (!found) return Fail(Code::kNotFound, "BLOCK_UNKNOWN", "there is no block " + Ticked(name));
  return *found;
}

void YamlEdit::Append(Splices& splices, bool to_blocks, const std::vector<std::string>& entries) const {
  if (entries.empty()) return;
  const std::uint32_t key = to_blocks ? document.blocks_key : document.edges_key;
  const std::uint32_t collection = to_blocks ? document.blocks_node : document.edges_node;
  const std::string line_break(splices.LineBreak());
  std::string lines, joined;
  for (const std::string& entry : entries) {
    lines += std::string("  ") + (to_blocks ? "" : "- ") + entry + line_break;
    joined += (joined.empty() ? "" : ", ") + entry;
  }
  if (key == 0) {
    const bool ended = body.empty() || body.back() == '\n';
    splices.Insert(body.size(),
                   (ended ? "" : line_break) + (to_blocks ? "blocks:" : "edges:") + line_break + lines);
  } else if (Node(collection).kind == YamlKind::kScalar) {  // "edges:" or "edges: ~"
    if (!Node(collection).value.empty()) splices.Replace(Node(collection).begin, Node(collection).end, "");
    const std::size_t at = splices.LineEnd(Node(key).end);
    splices.Insert(at, (at > 0 && body[at - 1] != '\n' ? line_break : "") + lines);
  } else if (Node(collection).flow) {
    splices.AppendChild(document.yaml, collection, to_blocks, joined);
  } else {
    const std::string indent(static_cast<std::size_t>(Node(collection).column - 1), ' ');
    std::string rest = entries[0];
    for (std::size_t i = 1; i < entries.size(); ++i)
      rest += line_break + indent + (to_blocks ? "" : "- ") + entries[i];
    splices.AppendChild(document.yaml, collection, to_blocks, rest);
  }
}

void YamlEdit::InsertEdge(Splices& splices, std::size_t item, const std::string& entry) const {
  const YamlNode& before = Node(document.items[item].node);
  if (Node(document.edges_node).flow) return splices.Insert(before.begin, entry + ", ");
  const std::string indent(static_cast<std::size_t>(Node(document.edges_node).column - 1), ' ');
  splices.Insert(splices.LineBegin(before.begin), indent + "- " + entry + std::string(splices.LineBreak()));
}

void YamlEdit::RewriteEdges(Splices& splices, const Drop& drop, const Rename& rename) const {
  const bool flow = document.edges_node != 0 && Node(document.edges_node).flow;
  std::vector<std::uint32_t> gone;
  for (const EdgeItem& item : document.items) {
    std::vector<std::string> chains;  // what is left of the item
    bool joined = false, changed = false;
    for (std::size_t i = 1; i < item.names.size(); ++i) {
      if (drop(item.names[i - 1], item.names[i])) {
        joined = false;
        changed = true;
        continue;
      }
      const std::string from = rename(item.names[i - 1]), to = rename(item.names[i]);
      changed = changed || from != item.names[i - 1] || to != item.names[i];
      if (!joined) chains.push_back(from);
      chains.back() += " -> " + to;
      joined = true;
    }
    if (!changed) continue;
    if (chains.empty()) {
      gone.push_back(item.node);
      continue;
    }
    std::string text = chains[0];
    const std::string indent(static_cast<std::size_t>(Node(document.edges_node).column - 1), ' ');
    for (std::size_t i = 1; i < chains.size(); ++i)
      text += flow ? ", " + chains[i] : std::string(splices.LineBreak()) + indent + "- " + chains[i];
    splices.Replace(Node(item.node).begin, Node(item.node).end, text);
  }
  RemoveChildren(splices, document.edges_node, gone, document.items.size(), "[]", false);
}

void YamlEdit::RemoveChildren(Splices& splices, std::uint32_t collection,
                              const std::vector<std::uint32_t>& gone, std::size_t all, std::string_view empty,
                              bool is_key) const {
  if (gone.empty()) return;
  if (Node(collection).flow && gone.size() == all) {
    splices.Replace(Node(collection).begin, Node(collection).end, std::string(empty));
    return;
  }
  if (Node(collection).flow) return RemoveFlowRuns(splices, collection, gone, is_key);
  for (const std::uint32_t node : gone) splices.RemoveLines(document.yaml, node, is_key);
}

void YamlEdit::RemoveBlocks(Splices& splices, const std::vector<std::int32_t>& blocks) const {
  std::vector<std::uint32_t> keys;
  for (const std::int32_t block : blocks) keys.push_back(document.places[block].key);
  RemoveChildren(splices, document.blocks_node, keys, document.canvas.blocks.size(), "{}", true);
}

void YamlEdit::SetKeys(Splices& splices, std::int32_t block,
                       const std::vector<std::pair<std::string, std::string>>& keys) const {
  const std::uint32_t mapping = document.places[block].value;
  std::vector<std::uint32_t> gone;
  std::size_t all = 0;
  for (std::uint32_t k = YamlDocument::FirstChild(mapping); k < Node(mapping).next;
       k = Node(Node(k).next).next)
    ++all;
  for (const auto& [key, value] : keys) {
    std::uint32_t found = 0;
    for (std::uint32_t k = YamlDocument::FirstChild(mapping); k < Node(mapping).next;
         k = Node(Node(k).next).next)
      if (Node(k).value == key) found = k;
    if (found == 0 && value.empty()) continue;
    if (value.empty()) {
      gone.push_back(found);
    } else if (found == 0) {
      splices.AppendChild(document.yaml, mapping, true, key + ": " + value);
    } else {
      const std::uint32_t node = Node(found).next;
      splices.Replace(Node(node).begin, splices.EndOf(document.yaml, node), value);
    }
  }
  std::ranges::sort(gone);
  RemoveChildren(splices, mapping, gone, all, "{}", true);
}

Status YamlEdit::Finish(std::string& text, const Splices& splices, bool any_order) const {
  const std::string edited = splices.Apply();
  ProblemList problems;
  CanvasDocument after = ReadDocument(edited, problems);
  CheckGraph(after, problems);
  const std::vector<Problem> found = problems.Take();
  if (!found.empty()) return std::unexpected(ProblemsAsError(found));
  if (!SameMeaning(MeaningOf(after), meaning, any_order))
    return Fail(Code::kUnimplemented, "EDIT_FAILED",
                "canvas.yaml is written in a form that cannot be changed in place: change it in an editor");
  text = mark + edited;
  return {};
}

/// In brackets, commas stand between children: remove runs of neighbours, so that no comma is removed twice.
void YamlEdit::RemoveFlowRuns(Splices& splices, std::uint32_t collection,
                              const std::vector<std::uint32_t>& gone, bool is_key) const {
  const std::unordered_set<std::uint32_t> set(gone.begin(), gone.end());
  const auto after = [&](std::uint32_t node) {
    return is_key ? Node(Node(node).next).next : Node(node).next;
  };
  const std::uint32_t end = Node(collection).next;
  std::size_t kept_end = 0;  // behind the last child that stays
  for (std::uint32_t node = YamlDocument::FirstChild(collection); node < end;) {
    if (!set.contains(node)) {
      kept_end = splices.EndOf(document.yaml, is_key ? Node(node).next : node);
      node = after(node);
      continue;
    }
    std::uint32_t stop = node, last = node;
    while (stop < end && set.contains(stop)) last = stop, stop = after(stop);
    if (stop < end)
      splices.Replace(Node(node).begin, Node(stop).begin, "");
    else
      splices.Replace(kept_end, splices.EndOf(document.yaml, is_key ? Node(last).next : last), "");
    node = stop;
  }
}

}  // namespace easel
