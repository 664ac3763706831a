#include "engine/rename.h"

#include <algorithm>

#include "engine/join.h"
#include "engine/key.h"

namespace easel {

std::shared_ptr<const Manifest> WithNewNames(const Manifest& manifest, const Renames& renames) {
  const auto is_renamed = [&](const std::string& name) { return renames.contains(name); };
  const bool named =
      is_renamed(manifest.block) ||
      std::ranges::any_of(manifest.parents,
                          [&](const ParentRef& parent) { return is_renamed(parent.block); }) ||
      std::ranges::any_of(manifest.state.variables,
                          [&](const auto& entry) { return is_renamed(entry.second.origin); }) ||
      std::ranges::any_of(manifest.state.settings,
                          [&](const auto& entry) { return is_renamed(SettingOrigin(entry.second)); });
  if (!named) return nullptr;
  auto out = std::make_shared<Manifest>(manifest);
  out->block = NameAfter(renames, out->block);
  for (ParentRef& parent : out->parents) parent.block = NameAfter(renames, parent.block);
  for (auto& [name, variable] : out->state.variables) variable.origin = NameAfter(renames, variable.origin);
  for (auto& [key, setting] : out->state.settings)
    if (const std::string by = SettingOrigin(setting); is_renamed(by))
      setting.as_object()["by"] = NameAfter(renames, by);
  return out;
}

Renames RenamesSince(std::span<const Renames> steps, std::int64_t already) {
  Renames out, first_name;
  for (std::size_t i = static_cast<std::size_t>(std::max<std::int64_t>(already, 0)); i < steps.size(); ++i) {
    Renames names;  // by the name after this step: the first one
    for (const auto& [now, first] : first_name) names[std::string(NameAfter(steps[i], now))] = first;
    for (const auto& [from, to] : steps[i])
      if (!first_name.contains(from)) names.try_emplace(to, from);
    first_name = std::move(names);
  }
  for (auto& [now, first] : first_name)
    if (now != first) out[first] = now;
  return out;
}

std::int64_t RenamesBefore(std::string_view inputs) {
  if (!inputs.contains("\"renames\"")) return 0;
  const auto read = ParseKeyInputs(inputs);
  return read ? read->renames : 0;
}

Manifest NamedAsNow(Manifest manifest, MetadataStore& metadata, std::span<const Renames> steps) {
  if (steps.empty()) return manifest;
  const auto record = metadata.FindAttempt(manifest.attempt);
  const std::int64_t already = record && *record ? RenamesBefore((*record)->inputs) : 0;
  const auto renamed = WithNewNames(manifest, RenamesSince(steps, already));
  return renamed == nullptr ? std::move(manifest) : *renamed;
}

}  // namespace easel
