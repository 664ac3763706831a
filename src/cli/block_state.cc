#include "cli/block_state.h"

#include "cli/escape.h"

namespace easel {

Result<BlockState> ReadBlockState(const StoredCanvas& canvas, const BlockRecord& record) {
  BlockState out{.block = record.block, .attempt = record.published_attempt};
  auto manifest = LoadManifest(ManifestPath(canvas.state_root, out.attempt), record.published_manifest);
  if (!manifest && manifest.error().code == Code::kNotFound && canvas.at)
    return Fail(Code::kNotFound, "STATE_COLLECTED",
                "`" + record.block + "`: what it had left when run " + canvas.at->run + " ended (attempt " +
                    out.attempt + ") was removed by `easel gc`");
  EASEL_TRY(out.manifest, std::move(manifest));
  for (const auto& [id, slot] : out.manifest.state.slots) {
    out.total_bytes += slot.length;
    if (id.starts_with(out.attempt + "#")) out.added_bytes += slot.length;
  }
  return out;
}

std::string ShapeText(const Terminal& terminal, const Variable& variable) {
  std::string out;
  for (std::size_t i = 0; i < variable.shape.size(); ++i) {
    if (i > 0) out += terminal.unicode ? " × " : " x ";
    out += std::to_string(variable.shape[i]);
  }
  return out;
}

json::object VariableDocument(const std::string& name, const Variable& variable) {
  json::object out{{"name", ValidUtf8(name)},
                   {"type", ValidUtf8(variable.type)},
                   {"shape", json::array(variable.shape.begin(), variable.shape.end())},
                   {"bytes", variable.bytes},
                   {"origin", variable.origin},
                   {"preview", ValidUtf8(variable.preview)},
                   {"carried", !variable.not_carried.has_value()}};
  if (variable.not_carried)
    out["not_carried"] =
        json::object{{"reason", variable.not_carried->reason}, {"advice", variable.not_carried->advice}};
  return out;
}

json::object StateDocument(const BlockState& state) {
  json::array variables;
  for (const auto& [name, variable] : state.manifest.state.variables)
    variables.push_back(VariableDocument(name, variable));
  return {{"block", state.block},
          {"attempt", state.attempt},
          {"total_bytes", state.total_bytes},
          {"added_bytes", state.added_bytes},
          {"variables", std::move(variables)},
          {"files", WriteFileUse(state.manifest.files)}};
}

}  // namespace easel
