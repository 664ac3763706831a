// Operations of pages: any bytes are refused with a reason or give a canvas that is one, and the inverse takes it back.
#include <cstdint>
#include <cstdlib>

#include "canvas/graph.h"
#include "hub/canvas_model.h"

namespace {

std::string Shown(const easel::CanvasModel& model) {
  std::map<std::string, std::string> out;
  for (const easel::LiveBlock* block : model.Blocks()) {
    std::string& one = out[block->id] = easel::json::serialize(ToJson(*block));
    for (const std::string& parent : model.ParentsOf(block->id)) one += " " + parent;
  }
  std::string all;
  for (const auto& [id, one] : out) all += one;
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = easel::ParseJson({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!parsed) return 0;
  const auto change = easel::ChangeFromJson(*parsed);
  if (!change) {
    if (change.error().reason.empty() || change.error().message.empty()) std::abort();
    return 0;
  }
  easel::CanvasModel model;
  for (const char* id : {"a", "b", "c"}) (void)model.Apply({easel::AddBlocks{{{.id = id, .name = id}}, {}}});
  (void)model.Apply({easel::ConnectBlocks{{{"a", "b"}, {}}}});
  (void)model.Apply({easel::ConnectBlocks{{{"b", "c"}, {}}}});
  const std::string before = Shown(model);
  const auto inverse = model.Apply(*change);
  if (inverse) {
    std::vector<easel::Block> blocks;
    std::vector<easel::NamedEdge> edges;
    for (const easel::LiveBlock* block : model.Blocks())
      blocks.push_back({.name = block->name, .kind = block->kind});
    for (const easel::LiveEdge& edge : model.Edges())
      edges.emplace_back(model.Find(edge.parent)->name, model.Find(edge.child)->name);
    if (!easel::MakeCanvas(std::move(blocks), std::move(edges))) std::abort();
    if (!model.Apply(*inverse)) std::abort();
  }
  if (Shown(model) != before) std::abort();
  return 0;
}
