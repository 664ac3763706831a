#include "canvas/splice.h"

#include <algorithm>

namespace easel {

std::size_t Splices::LineBegin(std::size_t at) const {
  if (at == 0) return 0;
  return text_.rfind('\n', at - 1) + 1;  // npos + 1 is 0
}

std::size_t Splices::LineEnd(std::size_t at) const {
  const std::size_t end = text_.find('\n', at);
  return end == std::string_view::npos ? text_.size() : end + 1;
}

std::string_view Splices::LineBreak() const {
  const std::size_t end = text_.find('\n');
  return end != std::string_view::npos && end > 0 && text_[end - 1] == '\r' ? "\r\n" : "\n";
}

std::size_t Splices::EndOf(const YamlDocument& yaml, std::uint32_t node) const {
  const YamlNode& it = yaml.nodes[node];
  if (it.kind == YamlKind::kScalar) {  // a text behind | or > ends, for libyaml, where the next line begins
    const std::size_t last =
        it.end == 0 ? std::string_view::npos : text_.find_last_not_of(" \t\r\n", it.end - 1);
    return last == std::string_view::npos || last < it.begin ? it.begin : last + 1;
  }
  if (it.flow || it.next == node + 1) return it.end;
  std::uint32_t last = YamlDocument::FirstChild(node);  // a block collection ends where its last child does
  while (yaml.nodes[last].next < it.next) last = yaml.nodes[last].next;
  return EndOf(yaml, last);
}

void Splices::RemoveLines(const YamlDocument& yaml, std::uint32_t node, bool is_key) {
  const std::size_t end = std::max(EndOf(yaml, node), is_key ? EndOf(yaml, yaml.nodes[node].next) : 0);
  Replace(LineBegin(yaml.nodes[node].begin), LineEnd(end), "");
}

void Splices::AppendChild(const YamlDocument& yaml, std::uint32_t collection, bool is_mapping,
                          const std::string& entry) {
  const YamlNode& it = yaml.nodes[collection];
  const bool empty = it.kind == YamlKind::kScalar || it.next == collection + 1;
  if (it.flow) {
    // Before the closing bracket, behind the last child: what stands between stays behind.
    std::size_t at = it.begin + 1;
    if (!empty) {
      std::uint32_t last = YamlDocument::FirstChild(collection);
      while (yaml.nodes[last].next < it.next) last = yaml.nodes[last].next;
      at = EndOf(yaml, last);
    }
    Insert(at, (empty ? "" : ", ") + entry);
    return;
  }
  std::uint32_t first = YamlDocument::FirstChild(collection), last = first;
  while (yaml.nodes[last].next < it.next) last = yaml.nodes[last].next;
  const std::string indent(static_cast<std::size_t>(it.column - 1), ' ');
  const std::size_t at = LineEnd(EndOf(yaml, last));
  std::string line = indent + (is_mapping ? "" : "- ") + entry + std::string(LineBreak());
  if (at > 0 && text_[at - 1] != '\n') line = std::string(LineBreak()) + line;
  Insert(at, std::move(line));
}

std::string Splices::Apply() const {
  std::vector<const Edit*> order;
  for (const Edit& edit : edits_) order.push_back(&edit);
  std::stable_sort(order.begin(), order.end(),
                   [](const Edit* a, const Edit* b) { return a->begin < b->begin; });
  std::string out;
  std::size_t at = 0;
  for (const Edit* edit : order) {
    if (edit->begin < at) {  // behind or inside one that went before
      if (edit->end > at) at = edit->end;
      continue;
    }
    out.append(text_.substr(at, edit->begin - at));
    out += edit->with;
    at = std::max(at, edit->end);
  }
  out.append(text_.substr(at));
  return out;
}

}  // namespace easel
