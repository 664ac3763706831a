#include "canvas/document.h"

#include <algorithm>
#include <functional>
#include <span>
#include <tuple>
#include <unordered_map>

#include "base/text.h"
#include "canvas/reader.h"
#include "canvas/values.h"

namespace easel {

void ProblemList::Add(std::string file, int line, int column, std::string message) {
  static constexpr std::size_t kKept = 1000;
  if (problems_.size() < kKept) problems_.push_back({std::move(file), line, column, std::move(message)});
}

void ProblemList::Add(const YamlNode& node, std::string message) {
  Add(std::string(kCanvasFile), node.line, node.column, std::move(message));
}

std::vector<Problem> ProblemList::Take() {
  std::stable_sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
    const auto rank = [](const Problem& p) {
      return std::tuple(p.file != kCanvasFile, std::string_view(p.file), p.line, p.column);
    };
    return rank(a) < rank(b);
  });
  return std::move(problems_);
}

namespace {

const char* KindOf(const YamlNode& node) {
  return node.kind == YamlKind::kScalar     ? "a single value"
         : node.kind == YamlKind::kSequence ? "a list"
                                            : "a mapping";
}

bool IsNull(const YamlNode& node) {
  return node.kind == YamlKind::kScalar && node.plain &&
         (node.value.empty() || node.value == "~" || node.value == "null");
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '\n'))
    text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\n'))
    text.remove_suffix(1);
  return text;
}

/// One reading of a tree by the schema.
class Reader {
 public:
  Reader(CanvasDocument& document, ProblemList& problems)
      : out_(document), nodes_(document.yaml.nodes), problems_(problems) {}

  void Run() {
    if (nodes_.empty() || IsNull(nodes_[0])) {
      problems_.Add(std::string(kCanvasFile), 1, 1,
                    "the file is empty: a canvas begins with `easel: 1` and has `blocks:` and `edges:`");
      return;
    }
    if (nodes_[0].kind != YamlKind::kMapping) {
      problems_.Add(
          nodes_[0],
          std::string("a canvas is a mapping with the keys easel, name, blocks and edges; this is ") +
              KindOf(nodes_[0]));
      return;
    }
    if (!CheckFormat()) return;
    static const std::vector<std::string> kKeys = {"easel", "name", "environment", "blocks", "edges"};
    EachKey(0, "", kKeys, [&](std::size_t key, std::uint32_t at, std::uint32_t value) {
      switch (key) {
        case 1: ReadName(value); break;
        case 2: ReadEnvironment(value, out_.canvas.environment); break;
        case 3:
          out_.blocks_key = at;
          ReadBlocks(value);
          break;
        case 4:
          out_.edges_key = at;
          ReadEdges(value);
          break;
        default: break;
      }
    });
  }

 private:
  using OnKey = std::function<void(std::size_t key, std::uint32_t key_node, std::uint32_t value_node)>;

  const YamlNode& Node(std::uint32_t i) const { return nodes_[i]; }
  void Reject(std::uint32_t node, std::string message) { problems_.Add(nodes_[node], std::move(message)); }

  /// Call `take` with each known key of a mapping; unknown and repeated ones are problems.
  template <typename Take>
  void EachKey(std::uint32_t mapping, std::string_view where, const std::vector<std::string>& known,
               Take&& take) {
    std::uint32_t seen = 0;
    for (std::uint32_t key = YamlDocument::FirstChild(mapping); key < Node(mapping).next;) {
      const std::uint32_t value = Node(key).next;
      const std::size_t which =
          static_cast<std::size_t>(std::find(known.begin(), known.end(), Node(key).value) - known.begin());
      if (which == known.size()) {
        Reject(key, "unknown key " + Ticked(Node(key).value) + std::string(where) +
                        (NearestWord(Node(key).value, known) ? DidYouMean(Node(key).value, known)
                                                             : "; known are " + JoinWords(known)));
      } else if ((seen & 1u << which) != 0) {
        Reject(key, "key " + Ticked(Node(key).value) + " is there twice");
      } else {
        seen |= 1u << which;
        take(which, key, value);
      }
      key = Node(value).next;
    }
  }

  bool CheckFormat() {
    for (std::uint32_t key = 1; key < Node(0).next; key = Node(Node(key).next).next) {
      if (Node(key).value != "easel" || Node(key).kind != YamlKind::kScalar) continue;
      const YamlNode& value = Node(Node(key).next);
      const auto number = value.kind == YamlKind::kScalar ? ParseNumber(value.value) : ParseNumber("");
      if (number && *number > kCanvasFormat &&
          *number == static_cast<double>(static_cast<std::int64_t>(std::min(*number, 1e9)))) {
        problems_.Add(value, "this canvas has format " + value.value + ", and this easel reads format " +
                                 std::to_string(kCanvasFormat) + ": install a newer easel to open it");
        return false;
      }
      if (!number || *number != kCanvasFormat)
        problems_.Add(value, "`easel` is the format version: write `easel: 1`");
      return true;
    }
    problems_.Add(nodes_[0], "the format version is missing: write `easel: 1` in the first line");
    return true;
  }

  /// A scalar's text, or a problem that says what is expected.
  const std::string* Text(std::uint32_t node, std::string_view expected) {
    if (Node(node).kind == YamlKind::kScalar && !IsNull(Node(node))) return &Node(node).value;
    Reject(node, "expected " + std::string(expected) + ", not " +
                     (IsNull(Node(node)) ? "nothing" : KindOf(Node(node))));
    return nullptr;
  }

  void ReadName(std::uint32_t node) {
    const std::string* name = Text(node, "a name");
    if (name == nullptr) return;
    if (name->size() > 200 || name->find('\n') != std::string::npos)
      return Reject(node, "a canvas's name is one line of at most 200 bytes");
    out_.canvas.name = *name;
  }

  void ReadEnvironment(std::uint32_t node, std::string& environment) {
    const std::string* name = Text(node, "the name of an environment");
    if (name == nullptr) return;
    std::string word = *name;
    std::replace(word.begin() + (word.empty() ? 0 : 1), word.end(), '.', '_');
    if (!IsBlockName(word))
      return Reject(node, Ticked(*name) + " is not an environment's name: use letters, digits, _, - and .");
    environment = *name;
  }

  void ReadBlocks(std::uint32_t node) {
    out_.blocks_node = node;
    if (IsNull(Node(node))) return;
    if (Node(node).kind != YamlKind::kMapping)
      return Reject(node,
                    std::string("`blocks` is a mapping of names, for example `load: {kind: python, file: "
                                "blocks/load.py, at: [0, 0]}`, not ") +
                        KindOf(Node(node)));
    for (std::uint32_t key = YamlDocument::FirstChild(node); key < Node(node).next;
         key = Node(Node(key).next).next)
      ReadBlock(key, Node(key).next);
  }

  void ReadBlock(std::uint32_t key, std::uint32_t node) {
    Block& block = out_.canvas.blocks.emplace_back();
    block.name = Node(key).value;
    BlockPlace place{key, node, 0};
    if (Node(node).kind != YamlKind::kMapping) {
      Reject(node, "block " + Ticked(block.name) +
                       " is a mapping, for example {kind: python, file: blocks/load.py, at: [0, 0]}");
    } else {
      static const std::vector<std::string> kKeys = {"kind",        "file",  "at",     "size",
                                                     "environment", "cache", "compute"};
      bool has_kind = false;
      EachKey(node, "", kKeys, [&](std::size_t which, std::uint32_t, std::uint32_t value) {
        switch (which) {
          case 0:
            has_kind = true;
            ReadKind(value, block);
            break;
          case 1:
            place.file = value;
            ReadFileName(value, block);
            break;
          case 2: ReadAt(value, block); break;
          case 3: ReadSize(value, block); break;
          case 4: ReadEnvironment(value, block.environment); break;
          case 5: ReadCache(value, block.cache); break;
          default: ReadCompute(value, block.compute); break;
        }
      });
      if (!has_kind) Reject(key, "block " + Ticked(block.name) + " has no kind: add `kind: python`");
      if (place.file == 0)
        Reject(key, "block " + Ticked(block.name) + " has no file: add " +
                        Ticked("file: blocks/" + block.name.substr(0, 64) + ".py"));
    }
    out_.places.push_back(place);
  }

  void ReadKind(std::uint32_t node, Block& block) {
    const std::string* kind = Text(node, "a kind, for example python");
    if (kind == nullptr) return;
    if (*kind == "python") {
      block.kind = BlockKind::kPython;
    } else if (*kind == "markdown") {
      block.kind = BlockKind::kMarkdown;
    } else {
      static const std::vector<std::string> kPlanned = {"sql", "r", "gather", "prompt", "input", "api"};
      static const std::vector<std::string> kAll = {"python", "markdown", "sql",   "r",
                                                    "gather", "prompt",   "input", "api"};
      if (std::find(kPlanned.begin(), kPlanned.end(), *kind) != kPlanned.end())
        Reject(node, "kind " + Ticked(*kind) +
                         " has no runtime yet; python and markdown blocks work in this version");
      else
        Reject(node,
               "unknown kind " + Ticked(*kind) +
                   (NearestWord(*kind, kAll) ? DidYouMean(*kind, kAll) : "; known are python and markdown"));
    }
  }

  void ReadFileName(std::uint32_t node, Block& block) {
    const std::string* file = Text(node, "a path, for example blocks/load.py");
    if (file == nullptr) return;
    auto path = CleanPath(*file);
    if (!path) return Reject(node, path.error());
    const auto [first, fresh] =
        files_.emplace(*path, static_cast<std::int32_t>(out_.canvas.blocks.size() - 1));
    if (!fresh)
      return Reject(node, "blocks " + Ticked(out_.canvas.blocks[first->second].name) + " and " +
                              Ticked(block.name) + " have the same file " + Ticked(*path) +
                              ": give each its own");
    block.file = *std::move(path);
  }

  /// The two items of a list, or a problem.
  std::optional<std::pair<std::uint32_t, std::uint32_t>> Pair(std::uint32_t node, std::string_view problem) {
    const std::uint32_t x = YamlDocument::FirstChild(node);
    const bool two = Node(node).kind == YamlKind::kSequence && x < Node(node).next &&
                     Node(x).next < Node(node).next && Node(Node(x).next).next == Node(node).next;
    if (two) return std::pair(x, Node(x).next);
    Reject(node, std::string(problem));
    return std::nullopt;
  }

  void ReadAt(std::uint32_t node, Block& block) {
    const auto pair = Pair(node, "`at` is a position on the stage, for example `at: [420, 0]`");
    if (!pair) return;
    ReadNumber(pair->first, -1e9, block.x,
               "`at` has two numbers between -1e9 and 1e9, for example `at: [420, 0]`");
    ReadNumber(pair->second, -1e9, block.y,
               "`at` has two numbers between -1e9 and 1e9, for example `at: [420, 0]`");
  }

  void ReadSize(std::uint32_t node, Block& block) {
    const auto pair = Pair(node, "`size` is width and height on the stage, for example `size: [360, 200]`");
    if (!pair) return;
    ReadNumber(pair->first, 1, block.width,
               "`size` has two numbers between 1 and 1e9, for example `size: [360, 200]`");
    ReadNumber(pair->second, 1, block.height,
               "`size` has two numbers between 1 and 1e9, for example `size: [360, 200]`");
  }

  void ReadNumber(std::uint32_t node, double least, double& out, std::string_view problem) {
    const auto value = ParseNumber(Node(node).kind == YamlKind::kScalar ? Node(node).value : "");
    if (!value || *value > 1e9 || *value < least)
      Reject(node, std::string(problem));
    else
      out = *value;
  }

  void ReadCache(std::uint32_t node, CachePolicy& cache) {
    static constexpr std::string_view kForms =
        "`cache` is auto, never or a time, for example `cache: {for: 1h}`";
    if (Node(node).kind == YamlKind::kMapping) {
      bool found = false;
      EachKey(node, " in `cache`", {"for"}, [&](std::size_t, std::uint32_t, std::uint32_t value) {
        found = true;
        if (const std::string* text = Text(value, "a duration, for example 1h"))
          ReadCacheFor(value, *text, cache);
      });
      if (!found) Reject(node, std::string(kForms));
      return;
    }
    const std::string* text = Text(node, "auto, never or a time, for example `cache: {for: 1h}`");
    if (text == nullptr) return;
    if (*text == "auto") {
      cache = {};
    } else if (*text == "never") {
      cache.kind = CachePolicy::Kind::kNever;
    } else if (text->starts_with("for:") || text->starts_with("for ")) {
      ReadCacheFor(node, Trim(std::string_view(*text).substr(4)), cache);
    } else {
      Reject(node, Ticked(*text) + " is no cache setting" + DidYouMean(*text, {"auto", "never"}) + "; " +
                       std::string(kForms));
    }
  }

  void ReadCacheFor(std::uint32_t node, std::string_view text, CachePolicy& cache) {
    const auto duration = ParseDurationMs(text);
    if (!duration) return Reject(node, duration.error());
    cache = {CachePolicy::Kind::kFor, *duration};
  }

  void ReadCompute(std::uint32_t node, Compute& compute) {
    if (Node(node).kind != YamlKind::kMapping)
      return Reject(node,
                    "`compute` is a mapping, for example `compute: {cpu: 2, memory: 8Gi, timeout: 30m}`");
    static const std::vector<std::string> kKeys = {"cpu", "memory", "timeout"};
    EachKey(node, " in `compute`", kKeys, [&](std::size_t which, std::uint32_t, std::uint32_t value) {
      static constexpr const char* kExpected[] = {"a number of cores, for example 2",
                                                  "a size, for example 8Gi", "a duration, for example 30m"};
      const std::string* text = Text(value, kExpected[which]);
      if (text == nullptr) return;
      if (which == 0) {
        const auto cpu = ParseNumber(*text);
        if (!cpu || *cpu <= 0 || *cpu > 4096)
          return Reject(value, "`cpu` is a number of cores above 0 and at most 4096, for example 2 or 0.5");
        compute.cpu = *cpu;
      } else {
        const auto amount = which == 1 ? ParseMemoryBytes(*text) : ParseDurationMs(*text);
        if (!amount) return Reject(value, amount.error());
        (which == 1 ? compute.memory_bytes : compute.timeout_ms) = *amount;
      }
    });
  }

  void ReadEdges(std::uint32_t node) {
    out_.edges_node = node;
    if (IsNull(Node(node))) return;
    if (Node(node).kind != YamlKind::kSequence)
      return Reject(
          node, std::string("`edges` is a list, one `- parent -> child` a line, not ") + KindOf(Node(node)));
    for (std::uint32_t item = YamlDocument::FirstChild(node); item < Node(node).next; item = Node(item).next)
      ReadEdge(item);
  }

  void ReadEdge(std::uint32_t node) {
    if (Node(node).kind != YamlKind::kScalar)
      return Reject(node, "an edge is written `parent -> child`, for example `- load -> clean`");
    const std::string_view text = Node(node).value;
    EdgeItem item{node, {}};
    std::vector<int> columns;
    for (std::size_t start = 0;;) {
      const std::size_t arrow = text.find("->", start);
      const std::string_view name = Trim(text.substr(start, arrow - start));
      columns.push_back(name.empty() ? 0 : static_cast<int>(name.data() - text.data()));
      item.names.emplace_back(name);
      if (arrow == std::string_view::npos) break;
      start = arrow + 2;
    }
    if (item.names.size() < 2 || std::find(item.names.begin(), item.names.end(), "") != item.names.end())
      return Reject(node,
                    Ticked(text) + " is not an edge: write `parent -> child`, for example `- load -> clean`");
    const bool one_line = Node(node).end - Node(node).begin == text.size() + (Node(node).plain ? 0 : 2);
    for (std::size_t i = 1; i < item.names.size(); ++i) {
      out_.edges.emplace_back(item.names[i - 1], item.names[i]);
      const int shift = one_line ? columns[i - 1] + (Node(node).plain ? 0 : 1) : 0;
      out_.edge_places.emplace_back(Node(node).line, Node(node).column + shift);
    }
    out_.items.push_back(std::move(item));
  }

  CanvasDocument& out_;
  const std::vector<YamlNode>& nodes_;
  ProblemList& problems_;
  std::unordered_map<std::string, std::int32_t> files_;  ///< path -> the block that has it
};

}  // namespace

CanvasDocument ReadDocument(std::string_view text, ProblemList& problems) {
  CanvasDocument document;
  auto yaml = ParseYaml(text);
  if (!yaml) {
    problems.Add(std::string(kCanvasFile), yaml.error().line, yaml.error().column,
                 std::move(yaml.error().message));
    return document;
  }
  document.yaml = *std::move(yaml);
  Reader(document, problems).Run();
  return document;
}

void CheckGraph(CanvasDocument& document, ProblemList& problems) {
  for (GraphProblem& problem : BuildGraph(document.canvas, document.edges)) {
    if (problem.block >= 0) {
      problems.Add(document.yaml.nodes[document.places[problem.block].key], std::move(problem.message));
    } else {
      const auto [line, column] = document.edge_places[problem.edge];
      problems.Add(std::string(kCanvasFile), line, column, std::move(problem.message));
    }
  }
}

}  // namespace easel
