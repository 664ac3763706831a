#include "canvas/edit.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <unordered_set>

#include "base/file.h"
#include "canvas/document.h"
#include "canvas/reader.h"
#include "canvas/sources.h"
#include "canvas/splice.h"
#include "canvas/values.h"

namespace easel {

namespace {

using Edges = std::vector<NamedEdge>;

/// What must hold after a change, apart from places in the text.
struct Meaning {
  std::string name, environment;
  std::vector<Block> blocks;
  Edges edges;  ///< sorted
};

bool Same(const Block& a, const Block& b) {
  return a.name == b.name && a.kind == b.kind && a.file == b.file && a.x == b.x && a.y == b.y &&
         a.environment == b.environment && a.compute.cpu == b.compute.cpu &&
         a.compute.memory_bytes == b.compute.memory_bytes && a.compute.timeout_ms == b.compute.timeout_ms &&
         a.cache.kind == b.cache.kind && a.cache.for_ms == b.cache.for_ms;
}

bool Same(const Meaning& a, const Meaning& b) {
  return a.name == b.name && a.environment == b.environment && a.edges == b.edges &&
         std::equal(a.blocks.begin(), a.blocks.end(), b.blocks.begin(), b.blocks.end(),
                    [](const Block& x, const Block& y) { return Same(x, y); });
}

Meaning MeaningOf(const CanvasDocument& document) {
  Meaning out{document.canvas.name, document.canvas.environment, document.canvas.blocks, document.edges};
  std::sort(out.edges.begin(), out.edges.end());
  return out;
}

/// A value for a one-line flow mapping: as it is if it reads back so, else quoted.
std::string Quote(std::string_view text) {
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

std::string Position(double x, double y) { return "[" + FormatNumber(x) + ", " + FormatNumber(y) + "]"; }

std::string Milliseconds(std::int64_t ms) {
  if (ms % 3'600'000 == 0) return std::to_string(ms / 3'600'000) + "h";
  if (ms % 60'000 == 0) return std::to_string(ms / 60'000) + "m";
  return ms % 1000 == 0 ? std::to_string(ms / 1000) + "s" : std::to_string(ms) + "ms";
}

std::string Bytes(std::int64_t bytes) {
  if (bytes % (1LL << 30) == 0) return std::to_string(bytes >> 30) + "Gi";
  return bytes % (1LL << 20) == 0 ? std::to_string(bytes >> 20) + "Mi" : std::to_string(bytes);
}

std::string EntryOf(const Block& block) {
  std::string out = block.name + ": {kind: " + std::string(BlockKindName(block.kind)) +
                    ", file: " + Quote(block.file) + ", at: " + Position(block.x, block.y);
  if (!block.environment.empty()) out += ", environment: " + Quote(block.environment);
  if (block.cache.kind == CachePolicy::Kind::kNever) out += ", cache: never";
  if (block.cache.kind == CachePolicy::Kind::kFor)
    out += ", cache: {for: " + Milliseconds(block.cache.for_ms) + "}";
  std::string compute;
  if (block.compute.cpu > 0) compute += ", cpu: " + FormatNumber(block.compute.cpu);
  if (block.compute.memory_bytes > 0) compute += ", memory: " + Bytes(block.compute.memory_bytes);
  if (block.compute.timeout_ms > 0) compute += ", timeout: " + Milliseconds(block.compute.timeout_ms);
  if (!compute.empty()) out += ", compute: {" + compute.substr(2) + "}";
  return out + "}";
}

/// One change: the document before, the splices that make it, and what it must mean after.
class Change {
 public:
  static Result<Change> Begin(const std::string& text) {
    ProblemList problems;
    // Positions count from behind a byte order mark, so that is set aside and put back.
    const std::string_view body = WithoutByteOrderMark(text);
    CanvasDocument document = ReadDocument(body, problems);
    CheckGraph(document, problems);
    const std::vector<Problem> found = problems.Take();
    if (!found.empty()) return std::unexpected(ProblemsAsError(found));
    return Change(text.substr(0, text.size() - body.size()), std::string(body), std::move(document));
  }

  Result<std::int32_t> FindBlock(std::string_view name) const {
    const auto found = document.canvas.Find(name);
    if (!found) return Fail(Code::kNotFound, "BLOCK_UNKNOWN", "there is no block " + Ticked(name));
    return *found;
  }

  const YamlNode& Node(std::uint32_t i) const { return document.yaml.nodes[i]; }

  /// Add an entry to `blocks` or `edges`, making the key if it is missing or empty.
  void Append(Splices& splices, std::uint32_t key, std::uint32_t collection, bool is_mapping,
              const std::string& entry) const {
    const std::string line_break(splices.LineBreak());
    const std::string line = std::string("  ") + (is_mapping ? "" : "- ") + entry + line_break;
    if (key == 0) {
      const bool ended = body.empty() || body.back() == '\n';
      splices.Insert(body.size(),
                     (ended ? "" : line_break) + (is_mapping ? "blocks:" : "edges:") + line_break + line);
    } else if (Node(collection).kind == YamlKind::kScalar) {  // "edges:" or "edges: ~"
      if (!Node(collection).value.empty()) splices.Replace(Node(collection).begin, Node(collection).end, "");
      const std::size_t at = splices.LineEnd(Node(key).end);
      splices.Insert(at, (at > 0 && body[at - 1] != '\n' ? line_break : "") + line);
    } else {
      splices.AppendChild(document.yaml, collection, is_mapping, entry);
    }
  }

  /// Rewrite the items of `edges` so that those for which `drop` holds are gone and names are mapped by `rename`.
  template <typename Drop, typename Rename>
  void RewriteEdges(Splices& splices, Drop&& drop, Rename&& rename) const {
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

  /// Remove children of a collection; without any left it becomes `empty`, because a bracketless list cannot be empty.
  void RemoveChildren(Splices& splices, std::uint32_t collection, const std::vector<std::uint32_t>& gone,
                      std::size_t all, std::string_view empty, bool is_key) const {
    if (gone.empty()) return;
    if (Node(collection).flow && gone.size() == all) {
      splices.Replace(Node(collection).begin, Node(collection).end, std::string(empty));
      return;
    }
    if (Node(collection).flow) return RemoveFlowRuns(splices, collection, gone, is_key);
    for (const std::uint32_t node : gone) splices.RemoveLines(document.yaml, node, is_key);
  }

  Status Finish(std::string& text, const Splices& splices) const {
    const std::string edited = splices.Apply();
    ProblemList problems;
    CanvasDocument after = ReadDocument(edited, problems);
    CheckGraph(after, problems);
    const std::vector<Problem> found = problems.Take();
    if (!found.empty()) return std::unexpected(ProblemsAsError(found));
    Meaning wanted = meaning;
    std::sort(wanted.edges.begin(), wanted.edges.end());
    if (!Same(MeaningOf(after), wanted))
      return Fail(Code::kUnimplemented, "EDIT_FAILED",
                  "canvas.yaml is written in a form that cannot be changed in place: change it in an editor");
    text = mark + edited;
    return {};
  }

  std::string mark;  ///< a byte order mark or nothing
  std::string body;
  CanvasDocument document;
  Meaning meaning;  ///< to be changed by the caller into what it wants

 private:
  Change(std::string mark_, std::string body_, CanvasDocument document_)
      : mark(std::move(mark_)),
        body(std::move(body_)),
        document(std::move(document_)),
        meaning(MeaningOf(document)) {}

  /// In brackets, commas stand between children: remove runs of neighbours, so that no comma is removed twice.
  void RemoveFlowRuns(Splices& splices, std::uint32_t collection, const std::vector<std::uint32_t>& gone,
                      bool is_key) const {
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
};

std::string SameName(const std::string& name) { return name; }

}  // namespace

Status CanvasText::AddBlock(const Block& block) {
  EASEL_TRY(Change change, Change::Begin(text_));
  if (change.document.canvas.Find(block.name))
    return Fail(Code::kAlreadyExists, "BLOCK_DUPLICATE",
                "there is a block " + Ticked(block.name) + " already");
  auto file = CleanPath(block.file);
  if (!file) return Fail(Code::kInvalidArgument, "CANVAS_INVALID", file.error());
  Block added = block;
  added.file = *std::move(file);
  Splices splices(change.body);
  change.Append(splices, change.document.blocks_key, change.document.blocks_node, true, EntryOf(added));
  change.meaning.blocks.push_back(std::move(added));
  return change.Finish(text_, splices);
}

Status CanvasText::RemoveBlock(std::string_view name) {
  EASEL_TRY(Change change, Change::Begin(text_));
  EASEL_TRY(const std::int32_t block, change.FindBlock(name));
  Splices splices(change.body);
  const auto touches = [&](const std::string& a, const std::string& b) { return a == name || b == name; };
  change.RemoveChildren(splices, change.document.blocks_node, {change.document.places[block].key},
                        change.document.canvas.blocks.size(), "{}", true);
  change.RewriteEdges(splices, touches, SameName);
  change.meaning.blocks.erase(change.meaning.blocks.begin() + block);
  std::erase_if(change.meaning.edges,
                [&](const NamedEdge& edge) { return touches(edge.first, edge.second); });
  return change.Finish(text_, splices);
}

Status CanvasText::RenameBlock(std::string_view name, std::string_view new_name) {
  EASEL_TRY(Change change, Change::Begin(text_));
  EASEL_TRY(const std::int32_t block, change.FindBlock(name));
  if (name == new_name) return {};
  const auto rename = [&](const std::string& old) { return old == name ? std::string(new_name) : old; };
  Splices splices(change.body);
  const YamlNode& key = change.Node(change.document.places[block].key);
  splices.Replace(key.begin, key.end, std::string(new_name));
  change.RewriteEdges(splices, [](const std::string&, const std::string&) { return false; }, rename);
  change.meaning.blocks[block].name = new_name;
  for (NamedEdge& edge : change.meaning.edges) edge = {rename(edge.first), rename(edge.second)};
  return change.Finish(text_, splices);
}

Status CanvasText::MoveBlock(std::string_view name, double x, double y) {
  return SetBlockKey(name, "at", Position(x, y));
}

Status CanvasText::SetBlockKey(std::string_view name, std::string_view key, std::string_view value) {
  EASEL_TRY(Change change, Change::Begin(text_));
  EASEL_TRY(const std::int32_t block, change.FindBlock(name));
  // What the key shall mean, read from a canvas of one block.
  static constexpr std::string_view kOneBlock = "easel: 1\nblocks:\n  a: {kind: python, file: a, ";
  if (!value.empty() && key != "kind" && key != "file") {
    const CanvasReading one =
        ParseCanvas(std::string(kOneBlock) + std::string(key) + ": " + std::string(value) + "}\n");
    if (!one.canvas)
      return std::unexpected(Error{Code::kInvalidArgument, "CANVAS_INVALID", one.problems[0].message});
  }
  Splices splices(change.body);
  const std::uint32_t mapping = change.document.places[block].value;
  std::uint32_t found = 0;
  std::size_t keys = 0;
  for (std::uint32_t k = YamlDocument::FirstChild(mapping); k < change.Node(mapping).next; ++keys) {
    if (change.Node(k).value == key) found = k;
    k = change.Node(change.Node(k).next).next;
  }
  if (found == 0 && value.empty()) return {};
  if (value.empty()) {
    change.RemoveChildren(splices, mapping, {found}, keys, "{}", true);
  } else if (found == 0) {
    splices.AppendChild(change.document.yaml, mapping, true, std::string(key) + ": " + std::string(value));
  } else {
    const std::uint32_t node = change.Node(found).next;
    splices.Replace(change.Node(node).begin, splices.EndOf(change.document.yaml, node), std::string(value));
  }
  // Only this block may differ afterwards, and only in this key.
  ProblemList problems;
  const CanvasDocument after = ReadDocument(splices.Apply(), problems);
  if (problems.empty() && after.canvas.blocks.size() == change.meaning.blocks.size()) {
    const Block& now = after.canvas.blocks[block];
    Block& wanted = change.meaning.blocks[block];
    if (key == "kind") wanted.kind = now.kind;
    if (key == "file") wanted.file = now.file;
    if (key == "at") wanted.x = now.x, wanted.y = now.y;
    if (key == "environment") wanted.environment = now.environment;
    if (key == "cache") wanted.cache = now.cache;
    if (key == "compute") wanted.compute = now.compute;
  }
  return change.Finish(text_, splices);
}

Status CanvasText::AddEdge(std::string_view parent, std::string_view child) {
  EASEL_TRY(Change change, Change::Begin(text_));
  EASEL_RETURN_IF_ERROR(change.FindBlock(parent));
  EASEL_RETURN_IF_ERROR(change.FindBlock(child));
  const NamedEdge edge{parent, child};
  if (std::find(change.document.edges.begin(), change.document.edges.end(), edge) !=
      change.document.edges.end())
    return Fail(Code::kAlreadyExists, "EDGE_DUPLICATE",
                "the edge " + Ticked(edge.first + " -> " + edge.second) + " is there already");
  Splices splices(change.body);
  change.Append(splices, change.document.edges_key, change.document.edges_node, false,
                edge.first + " -> " + edge.second);
  change.meaning.edges.push_back(edge);
  return change.Finish(text_, splices);
}

Status CanvasText::RemoveEdge(std::string_view parent, std::string_view child) {
  EASEL_TRY(Change change, Change::Begin(text_));
  const NamedEdge edge{parent, child};
  if (std::erase(change.meaning.edges, edge) == 0)
    return Fail(Code::kNotFound, "EDGE_UNKNOWN",
                "there is no edge " + Ticked(edge.first + " -> " + edge.second));
  Splices splices(change.body);
  change.RewriteEdges(
      splices, [&](const std::string& a, const std::string& b) { return a == parent && b == child; },
      SameName);
  return change.Finish(text_, splices);
}

Result<Canvas> EditCanvas(const std::string& folder, const std::function<Status(CanvasText&)>& change) {
  EASEL_TRY(const CanvasReading before, ReadCanvasWithProblems(folder, {.sources = false}));
  if (!before.canvas) return std::unexpected(ProblemsAsError(before.problems));
  const std::string root = before.canvas->root;
  // A link is followed and stays; the file keeps its permissions.
  std::error_code error;
  const std::string path = std::filesystem::canonical(root + "/" + std::string(kCanvasFile), error).string();
  struct stat info{};
  if (error || ::stat(path.c_str(), &info) != 0)
    return FailErrno("open " + root + "/" + std::string(kCanvasFile), errno);
  EASEL_TRY(const std::string original, ReadFile(path));
  CanvasText text(original);
  EASEL_RETURN_IF_ERROR(change(text));
  ProblemList problems;
  CanvasDocument document = ReadDocument(text.text(), problems);
  document.canvas.root = root;
  if (document.canvas.name.empty()) document.canvas.name = before.canvas->name;
  CheckGraph(document, problems);
  ReadSources(root, document, problems);
  const std::vector<Problem> found = problems.Take();
  if (!found.empty()) return std::unexpected(ProblemsAsError(found));
  if (text.text() != original) {
    EASEL_TRY(const std::string now, ReadFile(path));
    if (now != original)
      return Fail(Code::kAborted, "CANVAS_CHANGED",
                  path + " was changed by somebody else meanwhile: look at it and try again");
    EASEL_RETURN_IF_ERROR(WriteFileAtomically(path, text.text(),
                                              {.sync = true, .mode = static_cast<int>(info.st_mode & 0777)}));
  }
  return std::move(document.canvas);
}

}  // namespace easel
