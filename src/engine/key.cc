#include "engine/key.h"

#include <set>

#include "base/digest.h"
#include "base/json.h"

namespace easel {
namespace {

constexpr std::string_view kKeyVersion = "easel key 1";

/// Imports of the standard library have no effect on other blocks, local modules count by their files.
bool SettingCounts(std::string_view key) { return !key.starts_with("import:") && !key.starts_with("local:"); }

/// A function that calls one of these may read any name of the block that calls it.
bool SeesEverything(std::string_view name) {
  return name == "globals" || name == "locals" || name == "vars" || name == "dir" || name == "eval" ||
         name == "exec" || name == "get_ipython";
}

void HashMap(Sha256& hash, const std::map<std::string, std::string, std::less<>>& map) {
  hash.UpdateField(std::to_string(map.size()));
  for (const auto& [name, value] : map) hash.UpdateField(name).UpdateField(value);
}

json::object ToJson(const std::map<std::string, std::string, std::less<>>& map) {
  json::object out;
  for (const auto& [name, value] : map) out[name] = value;
  return out;
}

std::map<std::string, std::string, std::less<>> FromJson(const json::object* object) {
  std::map<std::string, std::string, std::less<>> out;
  if (object != nullptr)
    for (const auto& [name, value] : *object)
      if (value.is_string()) out.emplace(name, value.get_string());
  return out;
}

std::string SettingWord(std::string_view key) {
  const auto colon = key.find(':');
  const std::string rest(colon == std::string_view::npos ? "" : key.substr(colon + 1));
  if (key.starts_with("module:")) return "the imported module `" + rest + "`";
  if (key.starts_with("environ:")) return "the environment variable `" + rest + "`";
  if (key.starts_with("random:")) return "the random state of `" + rest + "`";
  return "the setting `" + std::string(key) + "`";
}

}  // namespace

std::string KeyInputs::Digest() const {
  Sha256 hash;
  hash.UpdateField(kKeyVersion).UpdateField(kind).UpdateField(code).UpdateField(environment);
  HashMap(hash, names);
  HashMap(hash, settings);
  return hash.Finish();
}

std::string KeyInputs::Serialize() const {
  json::object out{{"kind", kind},
                   {"code", code},
                   {"environment", environment},
                   {"names", ToJson(names)},
                   {"settings", ToJson(settings)},
                   {"origins", ToJson(origins)}};
  if (renames > 0) out["renames"] = renames;
  return json::serialize(out);
}

Result<KeyInputs> ParseKeyInputs(std::string_view text) {
  EASEL_TRY(const json::value value, ParseJson(text, "recorded inputs"));
  JsonReader reader(value, "recorded inputs");
  KeyInputs out;
  out.kind = reader.String("kind");
  out.code = reader.String("code");
  out.environment = reader.String("environment");
  out.names = FromJson(reader.ObjectOr("names"));
  out.settings = FromJson(reader.ObjectOr("settings"));
  out.origins = FromJson(reader.ObjectOr("origins"));
  out.renames = reader.IntOr("renames", 0);
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

std::vector<std::string> ReadClosure(const Analysis& analysis, const State& state) {
  std::set<std::string> names;
  std::vector<std::string> work;
  const auto add = [&](const std::string& name) {
    if (names.insert(name).second) work.push_back(name);
  };
  for (const std::string& name : analysis.reads) add(name);
  for (const std::string& name : analysis.possible_reads)
    if (state.variables.contains(name)) add(name);
  if (analysis.reads_all)
    for (const auto& [name, unused] : state.variables) add(name);
  std::set<std::string> seen_slots;
  std::vector<std::string> slots;
  while (!work.empty()) {
    const std::string name = std::move(work.back());
    work.pop_back();
    const auto variable = state.variables.find(name);
    if (variable == state.variables.end() || variable->second.slot.empty()) continue;
    slots.push_back(variable->second.slot);
    while (!slots.empty()) {
      const std::string slot = std::move(slots.back());
      slots.pop_back();
      if (!seen_slots.insert(slot).second) continue;
      const auto entry = state.slots.find(slot);
      if (entry == state.slots.end()) continue;
      for (const std::string& read : entry->second.reads) {
        add(read);
        if (SeesEverything(read))
          for (const auto& [any, unused] : state.variables) add(any);
      }
      for (const std::string& ref : entry->second.refs) slots.push_back(ref);
    }
  }
  return {names.begin(), names.end()};
}

KeyInputs MakeKeyInputs(std::string_view kind, const Analysis& analysis, std::string_view environment_digest,
                        StateIndex& state) {
  KeyInputs out;
  out.kind = kind;
  out.code = analysis.digest;
  out.environment = environment_digest;
  for (std::string& name : ReadClosure(analysis, state.state())) {
    const auto variable = state.state().variables.find(name);
    if (variable != state.state().variables.end()) out.origins[name] = variable->second.origin;
    std::string version = state.Version(name);
    out.names.emplace(std::move(name), std::move(version));
  }
  for (const auto& [key, value] : state.state().settings)
    if (SettingCounts(key)) out.settings.emplace(key, DigestOf(json::serialize(SettingValue(value))));
  return out;
}

std::vector<std::string> NamesToLoad(const std::vector<std::string>& closure, const State& state) {
  std::vector<std::string> out;
  for (const std::string& name : closure) {
    const auto variable = state.variables.find(name);
    if (variable != state.variables.end() && !variable->second.slot.empty()) out.push_back(name);
  }
  return out;
}

std::string ExplainDifference(const KeyInputs& before, const KeyInputs& now) {
  if (before.code != now.code) return "code changed";
  if (before.kind != now.kind) return "kind changed";
  if (before.environment != now.environment) return "environment changed";
  const auto from = [](const KeyInputs& inputs, const std::string& name) {
    const auto origin = inputs.origins.find(name);
    return origin == inputs.origins.end() ? std::string() : " from `" + origin->second + "`";
  };
  for (const auto& [name, version] : now.names) {
    const auto old = before.names.find(name);
    if (old == before.names.end()) {
      if (version != "absent") return "`" + name + "`" + from(now, name) + " is read now";
      continue;
    }
    if (old->second == version) continue;
    if (version == "absent") return "`" + name + "`" + from(before, name) + " is gone";
    if (old->second == "absent") return "`" + name + "`" + from(now, name) + " is new";
    return "`" + name + "`" + from(now, name) + " changed";
  }
  for (const auto& [name, unused] : before.names)
    if (!now.names.contains(name)) return "`" + name + "` is no longer read";
  for (const auto& [key, digest] : now.settings) {
    const auto old = before.settings.find(key);
    if (old == before.settings.end() || old->second != digest) return SettingWord(key) + " changed";
  }
  for (const auto& [key, unused] : before.settings)
    if (!now.settings.contains(key)) return SettingWord(key) + " is no longer set";
  return "";
}

std::string FullKey(std::string_view base_key, const FileUse& files) {
  Sha256 hash;
  hash.UpdateField("full key 1").UpdateField(base_key);
  for (const auto* map : {&files.read, &files.outside}) {
    hash.UpdateField(std::to_string(map->size()));
    for (const auto& [path, digest] : *map) hash.UpdateField(path).UpdateField(digest);
  }
  return hash.Finish();
}

}  // namespace easel
