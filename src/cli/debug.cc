// easel debug: what a file of .easel says of itself. A second reader of the formats: nothing is unpickled.

#include <ostream>

#include "base/digest.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/escape.h"
#include "state/manifest.h"
#include "state/object_file.h"

namespace easel {
namespace {

json::object RunDocument(const ComponentHead& head, const Run& run) {
  json::object out{{"offset", run.offset}, {"length", run.length}};
  if (run.object > 0) out["object"] = head.objects[run.object - 1];
  return out;
}

json::object ComponentDocument(const PlacedComponent& component) {
  const ComponentHead& head = component.head;
  json::array extents, buffers;
  for (const Extent& extent : head.extents) {
    json::array runs;
    for (const Run& run : extent.runs) runs.push_back(RunDocument(head, run));
    extents.push_back(json::object{{"length", extent.length}, {"runs", std::move(runs)}});
  }
  for (const BufferRange& buffer : head.buffers)
    buffers.push_back(
        json::object{{"extent", buffer.extent}, {"offset", buffer.offset}, {"length", buffer.length}});
  json::object out{{"offset", component.offset},
                   {"length", head.end},
                   {"codec", head.codec},
                   {"members", json::array(head.members.begin(), head.members.end())},
                   {"stream_bytes", head.stream.length},
                   {"objects", json::array(head.objects.begin(), head.objects.end())},
                   {"extents", std::move(extents)},
                   {"buffers", std::move(buffers)}};
  if (head.debug) out["debug_bytes"] = head.debug->range.length;
  if (head.table) out["table_bytes"] = head.table->range.length;
  return out;
}

void ShowComponent(const PlacedComponent& component, std::size_t number, std::ostream& out) {
  const ComponentHead& head = component.head;
  std::string members;
  for (const std::string& member : head.members) members += " " + EscapeValue(member);
  out << "component " << number << " at byte " << component.offset << ", " << head.end
      << " bytes: " << head.codec << "," << members << '\n'
      << "  stream   " << HumanBytes(head.stream.length) << '\n';
  for (std::size_t i = 0; i < head.extents.size(); ++i) {
    const Extent& extent = head.extents[i];
    out << "  extent " << i << " " << HumanBytes(extent.length) << ", " << extent.chunk_count()
        << (extent.chunk_count() == 1 ? " chunk\n" : " chunks\n");
    for (const Run& run : extent.runs)
      out << "    " << run.length << " bytes at " << run.offset << " of "
          << (run.object == 0 ? "this file" : head.objects[run.object - 1]) << '\n';
  }
  if (!head.buffers.empty()) {
    out << "  buffers ";
    for (const BufferRange& buffer : head.buffers)
      out << " " << buffer.extent << ":" << buffer.offset << "+" << buffer.length;
    out << '\n';
  }
  if (head.debug) out << "  debug    " << HumanBytes(head.debug->range.length) << '\n';
  if (head.table) out << "  preview  " << HumanBytes(head.table->range.length) << '\n';
}

/// The digest that a file's name says it has, or "" if it has another kind of name.
std::string NameOf(const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  return IsDigest(name) ? name : "";
}

Status ShowObject(const Invocation& invocation, std::ostream& out) {
  const std::string& path = invocation.Word("FILE");
  EASEL_TRY(const ObjectFile file, ObjectFile::Open(path));
  EASEL_TRY(const std::vector<PlacedComponent> components, file.Components());
  const std::string name = NameOf(path);
  Status whole;
  const bool verify = invocation.Has("verify");
  if (verify && name.empty())
    return Fail(Code::kInvalidArgument, "USAGE",
                path + ": --verify compares with the name, which must be the 64 digits that the object has");
  if (verify) whole = file.Verify(name);
  for (const PlacedComponent& component : components)
    if (verify && whole) whole = file.CheckStream(component.offset, component.head);
  const ObjectLayout& layout = file.layout();
  if (invocation.Has("json")) {
    json::array documents;
    for (const PlacedComponent& component : components) documents.push_back(ComponentDocument(component));
    json::object document{{"file", path},
                          {"version", 2},
                          {"bytes", file.info().st_size},
                          {"data_bytes", layout.meta - kObjectHeaderBytes},
                          {"meta_offset", layout.meta},
                          {"components", std::move(documents)}};
    if (verify) document["whole"] = whole.has_value();
    if (!whole) document["damage"] = whole.error().message;
    out << json::serialize(document) << '\n';
    return whole;
  }
  out << "state object, version 2, " << HumanBytes(file.info().st_size) << ": data "
      << HumanBytes(layout.meta - kObjectHeaderBytes) << ", description "
      << HumanBytes(layout.trailer - layout.meta) << " from byte " << layout.meta << '\n';
  for (std::size_t i = 0; i < components.size(); ++i) ShowComponent(components[i], i, out);
  if (verify && whole) out << "whole: every digest matches\n";
  return whole;
}

Status ShowManifest(const Invocation& invocation, std::ostream& out) {
  const std::string& path = invocation.Word("FILE");
  if (invocation.Has("verify"))
    return Fail(
        Code::kInvalidArgument, "USAGE",
        "--verify is for objects: a manifest's digest is in the database, and each reader compares it");
  EASEL_TRY(const Manifest manifest, LoadManifest(path, ""));
  if (invocation.Has("json")) {
    out << SerializeManifest(manifest) << '\n';
    return {};
  }
  out << "manifest of " << EscapeValue(manifest.attempt) << ", python " << EscapeValue(manifest.python)
      << " on " << EscapeValue(manifest.platform) << ", key " << EscapeValue(manifest.key) << '\n';
  for (const ParentRef& parent : manifest.parents)
    out << "parent " << EscapeValue(parent.attempt) << ", manifest " << parent.manifest << '\n';
  for (const auto& [name, variable] : manifest.state.variables)
    out << "variable " << EscapeValue(name) << ": " << EscapeValue(variable.type) << ", from "
        << EscapeValue(variable.origin) << ", "
        << (variable.not_carried ? "not carried: " + EscapeValue(variable.not_carried->reason)
                                 : EscapeValue(variable.slot))
        << '\n';
  for (const auto& [id, slot] : manifest.state.slots) {
    out << "slot " << EscapeValue(id) << ": " << EscapeValue(slot.codec) << ", " << slot.length
        << " bytes at " << slot.offset << " of " << slot.object << (slot.unstable ? ", unstable" : "")
        << '\n';
    for (const std::string& object : slot.objects) out << "  also in " << object << '\n';
    out << "  digest " << slot.digest << '\n';
    for (const std::string& ref : slot.refs) out << "  refers to " << EscapeValue(ref) << '\n';
  }
  for (const auto& [name, value] : manifest.state.settings)
    out << "setting " << EscapeValue(name) << " = " << EscapeValue(json::serialize(value).substr(0, 100))
        << '\n';
  return {};
}

}  // namespace

int RunDebug(const Invocation& invocation, std::ostream& out, std::ostream& err) {
  // A manifest that is given as an object, or the other way round, says so itself: neither parses as the other.
  const Status shown =
      invocation.Word("WHAT") == "object" ? ShowObject(invocation, out) : ShowManifest(invocation, out);
  return shown ? kExitGood : ReportError(shown.error(), err);
}

}  // namespace easel
