#include "canvas/edit.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/file.h"
#include "base/json.h"
#include "canvas/document.h"
#include "canvas/reader.h"
#include "canvas/sources.h"
#include "canvas/splice.h"
#include "canvas/values.h"
#include "canvas/yaml_edit.h"

namespace easel {

namespace {

std::string SameName(const std::string& name) { return name; }

}  // namespace

Status CanvasText::SetName(std::string_view name) {
  EASEL_TRY(YamlEdit change, YamlEdit::Begin(text_));
  const auto& nodes = change.document.yaml.nodes;
  Splices splices(change.body);
  const std::string quoted = json::serialize(json::string(name));  // JSON's strings are YAML's, too
  std::uint32_t first = 0;
  bool named = false;
  for (std::uint32_t key = YamlDocument::FirstChild(0); key < nodes[0].next; key = nodes[key + 1].next) {
    if (first == 0) first = key + 1;
    if (nodes[key].value != "name") continue;
    splices.Replace(nodes[key + 1].begin, splices.EndOf(change.document.yaml, key + 1), quoted);
    named = true;
  }
  if (!named && first != 0 && !nodes[0].flow) {
    const std::size_t end = splices.LineEnd(nodes[first].begin);
    const bool broken = end > 0 && change.body[end - 1] == '\n';
    splices.Insert(end, (broken ? "" : "\n") + ("name: " + quoted) + std::string(splices.LineBreak()));
  }
  change.meaning.name = name;
  return change.Finish(text_, splices);
}

Status CanvasText::AddBlock(const Block& block) {
  EASEL_TRY(YamlEdit change, YamlEdit::Begin(text_));
  if (change.document.canvas.Find(block.name))
    return Fail(Code::kAlreadyExists, "BLOCK_DUPLICATE",
                "there is a block " + Ticked(block.name) + " already");
  auto file = CleanPath(block.file);
  if (!file) return Fail(Code::kInvalidArgument, "CANVAS_INVALID", file.error());
  Block added = block;
  added.file = *std::move(file);
  Splices splices(change.body);
  change.Append(splices, true, {EntryYaml(added)});
  change.meaning.blocks.push_back(std::move(added));
  return change.Finish(text_, splices);
}

Status CanvasText::RemoveBlock(std::string_view name) {
  EASEL_TRY(YamlEdit change, YamlEdit::Begin(text_));
  EASEL_TRY(const std::int32_t block, change.FindBlock(name));
  Splices splices(change.body);
  const auto touches = [&](const std::string& a, const std::string& b) { return a == name || b == name; };
  change.RemoveBlocks(splices, {block});
  change.RewriteEdges(splices, touches, SameName);
  change.meaning.blocks.erase(change.meaning.blocks.begin() + block);
  std::erase_if(change.meaning.edges,
                [&](const NamedEdge& edge) { return touches(edge.first, edge.second); });
  return change.Finish(text_, splices);
}

Status CanvasText::RenameBlock(std::string_view name, std::string_view new_name) {
  EASEL_TRY(YamlEdit change, YamlEdit::Begin(text_));
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
  return SetBlockKey(name, "at", PairYaml(x, y));
}

Status CanvasText::SetBlockKey(std::string_view name, std::string_view key, std::string_view value) {
  EASEL_TRY(YamlEdit change, YamlEdit::Begin(text_));
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
  change.SetKeys(splices, block, {{std::string(key), std::string(value)}});
  // Only this block may differ afterwards, and only in this key.
  ProblemList problems;
  const CanvasDocument after = ReadDocument(splices.Apply(), problems);
  if (problems.empty() && after.canvas.blocks.size() == change.meaning.blocks.size()) {
    const Block& now = after.canvas.blocks[block];
    Block& wanted = change.meaning.blocks[block];
    if (key == "kind") wanted.kind = now.kind;
    if (key == "file") wanted.file = now.file;
    if (key == "at") wanted.x = now.x, wanted.y = now.y;
    if (key == "size") wanted.width = now.width, wanted.height = now.height;
    if (key == "environment") wanted.environment = now.environment;
    if (key == "cache") wanted.cache = now.cache;
    if (key == "compute") wanted.compute = now.compute;
  }
  return change.Finish(text_, splices);
}

Status CanvasText::AddEdge(std::string_view parent, std::string_view child) {
  EASEL_TRY(YamlEdit change, YamlEdit::Begin(text_));
  EASEL_RETURN_IF_ERROR(change.FindBlock(parent));
  EASEL_RETURN_IF_ERROR(change.FindBlock(child));
  const NamedEdge edge{parent, child};
  if (std::find(change.document.edges.begin(), change.document.edges.end(), edge) !=
      change.document.edges.end())
    return Fail(Code::kAlreadyExists, "EDGE_DUPLICATE",
                "the edge " + Ticked(edge.first + " -> " + edge.second) + " is there already");
  Splices splices(change.body);
  change.Append(splices, false, {edge.first + " -> " + edge.second});
  change.meaning.edges.push_back(edge);
  return change.Finish(text_, splices);
}

Status CanvasText::RemoveEdge(std::string_view parent, std::string_view child) {
  EASEL_TRY(YamlEdit change, YamlEdit::Begin(text_));
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
