#include "executor/attempt_spec.h"

#include <algorithm>
#include <map>

#include "base/digest.h"

namespace easel {
namespace {

bool IsAbsolutePath(std::string_view path) {
  return path.starts_with('/') && path.size() < 4096 && path.find('\0') == std::string_view::npos;
}

/// One path component that stays where it is put.
bool IsSafeName(std::string_view name) {
  return !name.empty() && name.size() <= 200 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '/' && c != 0x7f;
  });
}

struct SlotFacts {
  std::vector<std::string> objects;  ///< that hold it
  std::vector<std::string> refs;     ///< slots that are loaded with it
  std::string origin;
};

/// "r0…/load.3#0" -> "load".
std::string BlockOfSlot(std::string_view slot) {
  const std::size_t slash = slot.find('/');
  const std::size_t dot = slot.rfind('.');
  if (slash == std::string_view::npos || dot == std::string_view::npos || dot <= slash)
    return std::string(slot);
  return std::string(slot.substr(slash + 1, dot - slash - 1));
}

/// Collect the objects of all slots into `spec.inherited_objects` and of those that `load` reaches into `spec.needed`.
void ReadNeeds(const json::value* state, const std::vector<std::string>& load, JsonReader& errors,
               AttemptSpec& spec) {
  if (state == nullptr || state->is_null()) return;
  JsonReader reader(*state, "spec: state");
  std::map<std::string, SlotFacts, std::less<>> slots;
  if (const json::object* entries = reader.ObjectOr("slots")) {
    for (const auto& [name, value] : *entries) {
      JsonReader slot(value, "spec: state: slots: " + std::string(name));
      SlotFacts facts{slot.StringsOr("objects"), slot.StringsOr("refs"), BlockOfSlot(name)};
      facts.objects.push_back(slot.String("object"));
      if (!slot.ok()) return errors.Reject("state", slot.status().error().message);
      if (!std::ranges::all_of(facts.objects, [](const std::string& d) { return IsDigest(d); }))
        return errors.Reject("state", "slot " + std::string(name) + " names no object digest");
      spec.inherited_objects.insert(facts.objects.begin(), facts.objects.end());
      slots.emplace(name, std::move(facts));
    }
  }
  std::vector<std::string> pending;
  const json::object* variables = reader.ObjectOr("variables");
  for (const std::string& name : load) {
    const json::value* variable = variables == nullptr ? nullptr : variables->if_contains(name);
    if (variable == nullptr || !variable->is_object())
      continue;  // the worker says that the name does not exist
    const json::value* slot = variable->get_object().if_contains("slot");
    if (slot != nullptr && slot->is_string()) pending.emplace_back(slot->get_string());
  }
  std::set<std::string> seen;
  while (!pending.empty()) {
    const std::string name = std::move(pending.back());
    pending.pop_back();
    if (!seen.insert(name).second) continue;
    const auto found = slots.find(name);
    if (found == slots.end())
      return errors.Reject("state", "slot " + name + " is referred to but not listed");
    for (const std::string& object : found->second.objects)
      spec.needed.insert({object, found->second.origin});
    pending.insert(pending.end(), found->second.refs.begin(), found->second.refs.end());
  }
  if (!reader.ok()) errors.Reject("state", reader.status().error().message);
}

}  // namespace

bool IsIsolationMode(std::string_view name) {
  return name == "local" || name == "strict" || name == "pod" || name == "none";
}

Result<EnvironmentSpec> ReadEnvironmentSpec(const json::value& value, const std::string& where) {
  JsonReader reader(value, where);
  EnvironmentSpec out;
  out.name = reader.StringOr("name", "default");
  out.digest = reader.String("digest");
  out.python = reader.String("python");
  out.preload = reader.StringsOr("preload");
  if (reader.ok() && !IsAbsolutePath(out.python)) reader.Reject("python", "expected an absolute path");
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

Result<AttemptSpec> ReadAttemptSpec(json::object document) {
  const json::value whole(std::move(document));
  JsonReader reader(whole, "spec");
  AttemptSpec spec;
  spec.attempt = reader.String("attempt");
  spec.canvas = reader.String("canvas");
  spec.canvas_root = reader.String("canvas_root");
  spec.state_root = reader.String("state_root");
  spec.block = reader.String("block");
  spec.run = reader.String("run");
  spec.key = reader.StringOr("key", "");
  spec.epoch = reader.Int("epoch");
  spec.isolation = reader.StringOr("isolation", "local");
  spec.network = reader.BoolOr("network", true);
  reader.String("code");
  const std::string kind = reader.String("kind");
  if (const json::object* limits = reader.ObjectOr("limits")) {
    const json::value value(*limits);
    JsonReader inner(value, "spec: limits");
    spec.limits.cpu = inner.DoubleOr("cpu", 0);
    spec.limits.memory_bytes = inner.IntOr("memory_bytes", 0);
    spec.limits.timeout_ms = inner.IntOr("timeout_ms", 0);
    spec.limits.disk_bytes = inner.IntOr("disk_bytes", 0);
    const std::int64_t journal_bytes = inner.IntOr("journal_bytes", 0);
    if (journal_bytes > 0) spec.limits.journal_bytes = journal_bytes;
    EASEL_RETURN_IF_ERROR(inner.status());
    if (spec.limits.memory_bytes < 0 || spec.limits.timeout_ms < 0 || spec.limits.disk_bytes < 0 ||
        journal_bytes < 0)
      reader.Reject("limits", "a limit cannot be negative");
  }
  if (auto hosts = ParseReachables(reader.StringsOr("egress")))
    spec.egress = *std::move(hosts);
  else
    reader.Reject("egress", hosts.error().message);
  if (!spec.egress.empty() && (spec.isolation != "strict" || spec.network))
    reader.Reject("egress", "hosts can be listed with isolation strict and without network only");
  const std::vector<std::string> load = reader.StringsOr("load");
  EASEL_RETURN_IF_ERROR(reader.status());

  if (kind != "python") reader.Reject("kind", "this executor runs python blocks, not " + kind);
  if (!IsAbsolutePath(spec.canvas_root)) reader.Reject("canvas_root", "expected an absolute path");
  if (!IsAbsolutePath(spec.state_root)) reader.Reject("state_root", "expected an absolute path");
  if (!IsSafeName(spec.canvas)) reader.Reject("canvas", "not usable as a name");
  if (!IsSafeName(spec.run)) reader.Reject("run", "not usable as a name");
  if (!IsSafeName(spec.block)) reader.Reject("block", "not usable as a name");
  if (!IsIsolationMode(spec.isolation)) reader.Reject("isolation", "expected local, strict, pod or none");
  if (spec.attempt != spec.run + "/" + spec.block + "." + std::to_string(spec.epoch))
    reader.Reject("attempt", "expected <run>/<block>.<epoch>");
  EASEL_RETURN_IF_ERROR(reader.status());

  const json::value* environment = reader.Find("environment");
  if (environment == nullptr) reader.Reject("environment", "expected an object");
  EASEL_RETURN_IF_ERROR(reader.status());
  EASEL_TRY(spec.environment, ReadEnvironmentSpec(*environment, "spec: environment"));
  ReadNeeds(reader.Find("state"), load, reader, spec);
  EASEL_RETURN_IF_ERROR(reader.status());
  spec.document = whole.get_object();
  return spec;
}

}  // namespace easel
