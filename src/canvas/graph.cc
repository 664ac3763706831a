#include "canvas/graph.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "canvas/problem.h"

namespace easel {

std::string_view BlockKindName(BlockKind kind) { return kind == BlockKind::kPython ? "python" : "markdown"; }

std::optional<std::int32_t> Canvas::Find(std::string_view block) const {
  const auto found = index.find(block);
  if (found == index.end()) return std::nullopt;
  return found->second;
}

bool IsBlockName(std::string_view name) {
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_'; };
  if (name.empty() || name.size() > 64 || !letter(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '-'; });
}

namespace {

// Suggestions cost a comparison with every name, so a canvas that is wrong everywhere gets only the first few.
constexpr int kSuggestions = 20;
constexpr std::size_t kCycles = 10;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

struct CaselessHash {
  std::size_t operator()(std::string_view text) const {
    std::uint64_t hash = 14695981039346656037u;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(Lower(c))) * 1099511628211u;
    return hash ^ hash >> 32;
  }
};

struct CaselessEqual {
  bool operator()(std::string_view a, std::string_view b) const {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return Lower(x) == Lower(y); });
  }
};

/// One building of a graph; lives for the duration of BuildGraph.
class Builder {
 public:
  Builder(Canvas& canvas, const std::vector<NamedEdge>& edges) : canvas_(canvas), edges_(edges) {}

  std::vector<GraphProblem> Run() {
    CheckNames();
    LinkEdges();
    Order();
    return std::move(problems_);
  }

 private:
  void CheckNames() {
    canvas_.index.clear();
    positions_.reserve(canvas_.blocks.size());
    for (std::int32_t i = 0; i < static_cast<std::int32_t>(canvas_.blocks.size()); ++i) {
      const std::string& name = canvas_.blocks[i].name;
      const auto [other, fresh] = positions_.emplace(name, i);
      if (!IsBlockName(name)) {
        problems_.push_back(
            {i, -1, "BLOCK_NAME_INVALID",
             "block name " + Ticked(name) +
                 " is not allowed: use a letter or _ first, then letters, digits, _ and -, at most 64"});
      } else if (!fresh) {
        const std::string& first = canvas_.blocks[other->second].name;
        problems_.push_back({i, -1, "BLOCK_DUPLICATE",
                             first == name ? "block " + Ticked(name) + " is there twice"
                                           : "blocks " + Ticked(first) + " and " + Ticked(name) +
                                                 " differ only in case: rename one of them"});
      }
      canvas_.index.emplace_hint(canvas_.index.end(), name, i);
    }
  }

  std::optional<std::int32_t> Find(std::string_view name) const {
    const auto found = positions_.find(name);
    if (found == positions_.end() || found->first != name) return std::nullopt;
    return found->second;
  }

  std::string UnknownBlock(const std::string& name) {
    std::string message = "edge to unknown block " + Ticked(name);
    if (++suggested_ <= kSuggestions) {
      if (names_.empty())
        for (const Block& block : canvas_.blocks)
          if (IsBlockName(block.name)) names_.push_back(block.name);
      message += DidYouMean(name, names_);
    }
    return message;
  }

  void LinkEdges() {
    const std::size_t n = canvas_.blocks.size();
    canvas_.parents.assign(n, {});
    canvas_.children.assign(n, {});
    edge_of_.assign(n, {});
    std::unordered_set<std::uint64_t> seen;
    seen.reserve(edges_.size());
    for (std::int32_t e = 0; e < static_cast<std::int32_t>(edges_.size()); ++e) {
      const auto& [from_name, to_name] = edges_[e];
      const auto from = Find(from_name);
      const auto to = Find(to_name);
      if (!from || !to) {
        problems_.push_back({-1, e, "EDGE_UNKNOWN_BLOCK", UnknownBlock(from ? to_name : from_name)});
        continue;
      }
      if (*from == *to) {
        problems_.push_back(
            {-1, e, "EDGE_SELF", "block " + Ticked(from_name) + " has an edge to itself: remove it"});
        continue;
      }
      if (!seen.insert(static_cast<std::uint64_t>(*from) << 32 | static_cast<std::uint32_t>(*to)).second) {
        problems_.push_back({-1, e, "EDGE_DUPLICATE",
                             "edge " + Ticked(from_name + " -> " + to_name) + " is there twice: remove one"});
        continue;
      }
      if (CheckNoMarkdown(e, *from) && CheckNoMarkdown(e, *to)) {
        canvas_.parents[*to].push_back(*from);
        canvas_.children[*from].push_back(*to);
        edge_of_[*to].push_back(e);
      }
    }
  }

  bool CheckNoMarkdown(std::int32_t edge, std::int32_t block) {
    if (canvas_.blocks[block].kind != BlockKind::kMarkdown) return true;
    problems_.push_back({-1, edge, "EDGE_MARKDOWN",
                         "block " + Ticked(canvas_.blocks[block].name) +
                             " is markdown: it is text and has no state, so it can have no edges"});
    return false;
  }

  // Depth first over parents, from blocks in file order: a file that is in order already keeps its order.
  void Order() {
    enum : char { kNew, kOpen, kDone };
    struct Frame {
      std::int32_t block;
      std::size_t next_parent;
    };
    const std::size_t n = canvas_.blocks.size();
    canvas_.topological.clear();
    canvas_.topological.reserve(n);
    std::vector<char> mark(n, kNew);
    std::vector<Frame> stack;
    for (std::int32_t root = 0; root < static_cast<std::int32_t>(n); ++root) {
      if (mark[root] != kNew) continue;
      mark[root] = kOpen;
      stack.push_back({root, 0});
      while (!stack.empty()) {
        const std::int32_t block = stack.back().block;
        const auto& parents = canvas_.parents[block];
        if (stack.back().next_parent == parents.size()) {
          mark[block] = kDone;
          canvas_.topological.push_back(block);
          stack.pop_back();
          continue;
        }
        const std::size_t p = stack.back().next_parent++;
        const std::int32_t parent = parents[p];
        if (mark[parent] == kNew) {
          mark[parent] = kOpen;
          stack.push_back({parent, 0});
        } else if (mark[parent] == kOpen && cycles_++ < kCycles) {
          std::vector<std::int32_t>
              cycle;  // stack runs from child to parent; an edge runs from parent to child
          for (std::size_t i = stack.size(); i-- > 0;) {
            cycle.push_back(stack[i].block);
            if (stack[i].block == parent) break;
          }
          std::rotate(cycle.begin(), std::prev(cycle.end()), cycle.end());
          ReportCycle(std::move(cycle));
        }
      }
    }
  }

  /// `cycle` follows the edges from its first block back to it; the problem is placed at its last edge in the file.
  void ReportCycle(std::vector<std::int32_t> cycle) {
    std::int32_t edge = 0;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      const auto& parents = canvas_.parents[cycle[(i + 1) % cycle.size()]];
      const auto p = std::find(parents.begin(), parents.end(), cycle[i]) - parents.begin();
      edge = std::max(edge, edge_of_[cycle[(i + 1) % cycle.size()]][p]);
    }
    std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
    std::string path;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      if (cycle.size() > 12 && i == 6) {
        path += "… (" + std::to_string(cycle.size() - 10) + " more) -> ";
        i = cycle.size() - 4;
      }
      path += canvas_.blocks[cycle[i]].name + " -> ";
    }
    path += canvas_.blocks[cycle[0]].name;
    problems_.push_back(
        {-1, edge, "BLOCK_CYCLE", "the edges form a cycle: " + path + "; remove one of these edges"});
  }

  Canvas& canvas_;
  const std::vector<NamedEdge>& edges_;
  std::vector<GraphProblem> problems_;
  std::vector<std::vector<std::int32_t>> edge_of_;  ///< parallel to parents: the position of each edge
  std::unordered_map<std::string_view, std::int32_t, CaselessHash, CaselessEqual> positions_;
  std::vector<std::string> names_;
  int suggested_ = 0;
  std::size_t cycles_ = 0;
};

}  // namespace

std::vector<GraphProblem> BuildGraph(Canvas& canvas, const std::vector<NamedEdge>& edges) {
  return Builder(canvas, edges).Run();
}

Result<Canvas> MakeCanvas(std::vector<Block> blocks, std::vector<NamedEdge> edges) {
  Canvas canvas;
  canvas.blocks = std::move(blocks);
  std::vector<GraphProblem> problems = BuildGraph(canvas, edges);
  if (!problems.empty())
    return Fail(Code::kInvalidArgument, std::move(problems[0].reason), std::move(problems[0].message));
  return canvas;
}

}  // namespace easel
