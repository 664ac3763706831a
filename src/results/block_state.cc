#include "results/block_state.h"

#include <filesystem>
#include <set>

#include "canvas/utf8.h"
#include "engine/rename.h"

namespace easel {
namespace {

/// Every file that a state needs.
std::set<std::string> ObjectsOf(const Manifest& manifest) {
  std::set<std::string> out;
  for (const auto& [id, slot] : manifest.state.slots) {
    out.insert(slot.object);
    out.insert(slot.objects.begin(), slot.objects.end());
  }
  return out;
}

}  // namespace

Result<BlockState> ReadBlockState(const StoredCanvas& canvas, const BlockRecord& record) {
  BlockState out{.block = record.block, .attempt = record.published_attempt};
  auto manifest = LoadManifest(ManifestPath(canvas.state_root, out.attempt), record.published_manifest);
  if (!manifest && manifest.error().code == Code::kNotFound && canvas.at)
    return Fail(Code::kNotFound, "STATE_COLLECTED",
                "`" + record.block + "`: what it had left when run " + canvas.at->run + " ended (attempt " +
                    out.attempt + ") was removed by `easel gc`");
  EASEL_TRY(out.manifest, std::move(manifest));
  out.manifest = NamedAsNow(std::move(out.manifest), *canvas.metadata, canvas.snapshot.renames);
  const std::set<std::string> objects = ObjectsOf(out.manifest);
  std::set<std::string> inherited;
  for (const ParentRef& parent : out.manifest.parents)
    if (const auto manifest = LoadManifest(ManifestPath(canvas.state_root, parent.attempt), parent.manifest))
      inherited.merge(ObjectsOf(*manifest));
  for (const std::string& object : objects) {
    std::error_code missing;
    const auto size = std::filesystem::file_size(ObjectPath(canvas.state_root, object), missing);
    if (missing) continue;
    out.total_bytes += static_cast<std::int64_t>(size);
    if (!inherited.contains(object)) out.added_bytes += static_cast<std::int64_t>(size);
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
