#include "state/manifest.h"

#include <algorithm>

#include "base/digest.h"

namespace easel {

namespace {

// Sums of two such numbers stay far below 2^63, so that bounds can be compared without overflow.
constexpr std::int64_t kMostStateBytes = std::int64_t{1} << 60;
constexpr std::size_t kMaxPreviewBytes = 1024;  // 200 characters of four bytes, an ellipsis, and room

bool IsSlotId(std::string_view id) {
  const std::size_t hash = id.rfind('#');
  if (hash == std::string_view::npos || hash == 0 || hash + 1 == id.size() || id.size() > 256) return false;
  return id.find_first_not_of("0123456789", hash + 1) == std::string_view::npos;
}

void ReadSize(JsonReader& reader, std::string_view field, std::int64_t& out) {
  out = reader.Int(field);
  if (out < 0 || out > kMostStateBytes) reader.Reject(field, "a size or position must be between 0 and 2^60");
}

Result<Variable> ReadVariable(const json::value& value, const std::string& where) {
  JsonReader reader(value, where);
  Variable out;
  out.slot = reader.StringOr("slot", "");
  out.member = reader.StringOr("member", "");
  out.origin = reader.StringOr("origin", "");
  out.type = reader.StringOr("type", "");
  out.preview = reader.StringOr("preview", "");
  if (out.preview.size() > kMaxPreviewBytes) reader.Reject("preview", "longer than 200 characters");
  out.bytes = reader.IntOr("bytes", 0);
  if (out.bytes < 0) reader.Reject("bytes", "negative");
  if (const json::array* shape = reader.ArrayOr("shape"))
    for (const json::value& item : *shape) {
      const auto* length = item.if_int64();
      if (length == nullptr || *length < 0) {
        reader.Reject("shape", "expected a list of lengths");
        break;
      }
      out.shape.push_back(*length);
    }
  if (const json::value* lost = reader.Find("not_carried"); lost != nullptr && !lost->is_null()) {
    JsonReader inner(*lost, reader.Where("not_carried"));
    out.not_carried = NotCarried{inner.String("reason"), inner.StringOr("advice", "")};
    EASEL_RETURN_IF_ERROR(inner.status());
  }
  if (out.slot.empty() != out.not_carried.has_value())
    reader.Reject("slot", "a variable has either a slot or not_carried");
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

Result<Slot> ReadSlot(const json::value& value, const std::string& where) {
  JsonReader reader(value, where);
  Slot out;
  out.object = reader.String("object");
  if (reader.ok() && !IsDigest(out.object)) reader.Reject("object", "expected a SHA-256");
  out.objects = reader.StringsOr("objects");
  if (!std::ranges::all_of(out.objects, [](const std::string& name) { return IsDigest(name); }))
    reader.Reject("objects", "expected SHA-256 digests");
  ReadSize(reader, "offset", out.offset);
  ReadSize(reader, "length", out.length);
  out.codec = reader.String("codec");
  out.digest = reader.String("digest");
  if (reader.ok() && !IsDigest(out.digest)) reader.Reject("digest", "expected a SHA-256");
  out.settled = reader.StringOr("settled", "");
  if (!out.settled.empty() && !IsDigest(out.settled)) reader.Reject("settled", "expected a SHA-256");
  out.same_as = reader.StringOr("same_as", "");
  if (!out.same_as.empty() && !IsSlotId(out.same_as)) reader.Reject("same_as", "expected a slot");
  out.names = reader.StringsOr("names");
  out.refs = reader.StringsOr("refs");
  out.reads = reader.StringsOr("reads");
  out.unstable = reader.BoolOr("unstable", false);
  out.unverified = reader.BoolOr("unverified", false);
  if (const json::value* table = reader.Find("table"); table != nullptr && !table->is_null()) {
    JsonReader inner(*table, reader.Where("table"));
    out.table.emplace();
    if (const json::value* extent = inner.Find("extent"); extent != nullptr && !extent->is_null()) {
      ReadSize(inner, "extent", out.table->extent.emplace());
    } else {
      ReadSize(inner, "offset", out.table->offset);
      ReadSize(inner, "length", out.table->length);
    }
    ReadSize(inner, "rows", out.table->rows);
    out.table->complete = inner.BoolOr("complete", false);
    EASEL_RETURN_IF_ERROR(inner.status());
  }
  if (const json::value* debug = reader.Find("debug"); debug != nullptr && !debug->is_null()) {
    JsonReader inner(*debug, reader.Where("debug"));
    out.debug.emplace();
    ReadSize(inner, "offset", out.debug->offset);
    ReadSize(inner, "length", out.debug->length);
    EASEL_RETURN_IF_ERROR(inner.status());
  }
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

json::array StringArray(const std::vector<std::string>& strings) {
  return json::array(strings.begin(), strings.end());
}

json::object WriteVariable(const Variable& variable) {
  json::object out;
  if (!variable.slot.empty()) out["slot"] = variable.slot;
  if (!variable.member.empty()) out["member"] = variable.member;
  if (variable.not_carried)
    out["not_carried"] = {{"reason", variable.not_carried->reason}, {"advice", variable.not_carried->advice}};
  out["origin"] = variable.origin;
  out["type"] = variable.type;
  if (!variable.shape.empty()) out["shape"] = json::array(variable.shape.begin(), variable.shape.end());
  if (!variable.not_carried) {
    out["bytes"] = variable.bytes;
    out["preview"] = variable.preview;
  }
  return out;
}

json::object WriteSlot(const Slot& slot) {
  json::object out;
  out["object"] = slot.object;
  if (!slot.objects.empty()) out["objects"] = StringArray(slot.objects);
  out["offset"] = slot.offset;
  out["length"] = slot.length;
  out["codec"] = slot.codec;
  out["digest"] = slot.digest;
  out["names"] = StringArray(slot.names);
  out["refs"] = StringArray(slot.refs);
  out["reads"] = StringArray(slot.reads);
  out["unstable"] = slot.unstable;
  if (slot.unverified) out["unverified"] = true;
  if (!slot.settled.empty()) out["settled"] = slot.settled;
  if (!slot.same_as.empty()) out["same_as"] = slot.same_as;
  if (slot.table) {
    json::object table;
    if (slot.table->extent) {
      table["extent"] = *slot.table->extent;
    } else {
      table["offset"] = slot.table->offset;
      table["length"] = slot.table->length;
    }
    table["rows"] = slot.table->rows;
    table["complete"] = slot.table->complete;
    out["table"] = std::move(table);
  }
  if (slot.debug) out["debug"] = {{"offset", slot.debug->offset}, {"length", slot.debug->length}};
  return out;
}

/// A name inside an error message: names come from user code.
std::string Shown(std::string_view name) { return json::serialize(json::string(name.substr(0, 80))); }

Status CheckLinks(const State& state, const std::string& where) {
  const auto fail = [&](std::string problem) {
    return Fail(Code::kInvalidArgument, "STATE_SHAPE", where + ": " + std::move(problem));
  };
  for (const auto& [name, variable] : state.variables) {
    if (variable.slot.empty()) continue;
    const auto slot = state.slots.find(variable.slot);
    if (slot == state.slots.end())
      return fail("variable " + Shown(name) + " names slot " + Shown(variable.slot) + ", which is not there");
  }
  for (const auto& [id, slot] : state.slots)
    for (const std::string& ref : slot.refs)
      if (!state.slots.contains(ref))
        return fail("slot " + Shown(id) + " refers to " + Shown(ref) + ", which is not there");
  return {};
}

}  // namespace

Result<State> ReadState(const json::value& value, const std::string& where) {
  JsonReader reader(value, where);
  State out;
  if (const json::object* variables = reader.Object("variables"))
    for (const auto& [name, item] : *variables) {
      if (name.empty()) reader.Reject("variables", "a name is empty");
      EASEL_TRY(Variable variable, ReadVariable(item, where + ": variable " + Shown(name)));
      out.variables.emplace(std::string(name), std::move(variable));
    }
  if (const json::object* slots = reader.Object("slots"))
    for (const auto& [id, item] : *slots) {
      if (!IsSlotId(id)) reader.Reject("slots", Shown(id) + " is not <attempt>#<ordinal>");
      EASEL_TRY(Slot slot, ReadSlot(item, where + ": slot " + Shown(id)));
      out.slots.emplace(std::string(id), std::move(slot));
    }
  if (const json::object* settings = reader.ObjectOr("settings"))
    for (const auto& [name, item] : *settings) out.settings.emplace_back(std::string(name), item);
  EASEL_RETURN_IF_ERROR(reader.status());
  EASEL_RETURN_IF_ERROR(CheckLinks(out, where));
  return out;
}

json::value WriteState(const State& state) {
  json::object variables, slots, settings;
  for (const auto& [name, variable] : state.variables) variables[name] = WriteVariable(variable);
  for (const auto& [id, slot] : state.slots) slots[id] = WriteSlot(slot);
  for (const auto& [name, value] : state.settings) settings[name] = value;
  json::object out;
  out["variables"] = std::move(variables);
  out["slots"] = std::move(slots);
  out["settings"] = std::move(settings);
  return out;
}

}  // namespace easel
