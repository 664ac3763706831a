#include "executor/worker_message.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/digest.h"

namespace easel {
namespace {

constexpr std::array<std::pair<std::string_view, WorkerEvent>, 7> kEvents{{{"parked", WorkerEvent::kParked},
                                                                           {"started", WorkerEvent::kStarted},
                                                                           {"phase", WorkerEvent::kPhase},
                                                                           {"display", WorkerEvent::kDisplay},
                                                                           {"error", WorkerEvent::kError},
                                                                           {"notice", WorkerEvent::kNotice},
                                                                           {"result", WorkerEvent::kResult}}};

// Kinds that a worker may claim; the others are the executor's own verdicts.
constexpr std::array<std::string_view, 7> kWorkerKinds{"exception", "syntax",  "exit",   "capture",
                                                       "disk_full", "damaged", "sandbox"};

Failure ReadFailure(JsonReader& reader) {
  const json::object* object = reader.Object("failure");
  Failure out;
  if (object == nullptr) return out;
  const json::value value(*object);
  JsonReader inner(value, "result: failure");
  out.kind = inner.String("kind");
  out.ename = inner.StringOr("ename", "");
  out.evalue = inner.StringOr("evalue", "");
  out.line = inner.IntOr("line", 0);
  out.message = inner.StringOr("message", "");
  if (!inner.ok()) reader.Reject("failure", inner.status().error().message);
  if (std::ranges::find(kWorkerKinds, out.kind) == kWorkerKinds.end())
    reader.Reject("failure", "unknown kind " + out.kind);
  return out;
}

}  // namespace

Result<WorkerMessage> ParseWorkerMessage(std::string_view frame) {
  EASEL_TRY(json::value value, ParseJson(frame, "worker message"));
  JsonReader reader(value, "worker message");
  const std::string name = reader.String("event");
  EASEL_RETURN_IF_ERROR(reader.status());
  const auto found = std::ranges::find(kEvents, name, &std::pair<std::string_view, WorkerEvent>::first);
  if (found == kEvents.end())
    return Fail(Code::kInvalidArgument, "JSON_SHAPE", "worker message: unknown event " + name);
  if (found->second == WorkerEvent::kPhase) {
    const std::string phase = reader.String("phase");
    if (reader.ok() && phase != "load" && phase != "run" && phase != "save")
      reader.Reject("phase", "expected load, run or save");
  }
  if (found->second == WorkerEvent::kDisplay) reader.Object("data");
  if (found->second == WorkerEvent::kStarted) reader.StringsOr("missing");
  EASEL_RETURN_IF_ERROR(reader.status());
  return WorkerMessage{found->second, std::move(value.as_object())};
}

json::object Failure::ToJson() const {
  return {{"kind", kind},
          {"ename", ename},
          {"evalue", evalue},
          {"line", line > 0 ? json::value(line) : json::value(nullptr)},
          {"message", message}};
}

Result<AttemptResult> ReadAttemptResult(json::object body, const AttemptSpec& spec) {
  AttemptResult out;
  const json::value whole(std::move(body));
  JsonReader reader(whole, "result");
  const std::string status = reader.String("status");
  out.succeeded = status == "succeeded";
  if (!out.succeeded && status != "failed") reader.Reject("status", "expected succeeded or failed");
  if (!out.succeeded) {
    out.failure = ReadFailure(reader);
    EASEL_RETURN_IF_ERROR(reader.status());
    return out;
  }
  out.objects = reader.StringsOr("objects");
  std::set<std::string> known(out.objects.begin(), out.objects.end());
  if (!std::ranges::all_of(out.objects, [](const std::string& d) { return IsDigest(d); }) ||
      known.size() != out.objects.size())
    reader.Reject("objects", "expected distinct SHA-256 digests");
  known.insert(spec.inherited_objects.begin(), spec.inherited_objects.end());
  const json::object* state = reader.Object("state");
  reader.ObjectOr("files");
  reader.StringsOr("flags");
  reader.String("python");
  reader.String("platform");
  EASEL_RETURN_IF_ERROR(reader.status());
  const json::value state_value(*state);
  JsonReader inner(state_value, "result: state");
  inner.Object("variables");
  if (const json::object* slots = inner.Object("slots"))
    for (const auto& [name, value] : *slots) {
      JsonReader slot(value, "result: state: slots: " + std::string(name));
      std::vector<std::string> objects = slot.StringsOr("objects");
      objects.push_back(slot.String("object"));
      for (const std::string& object : objects)
        if (slot.ok() && !known.contains(object))
          slot.Reject("object", object + " was neither stored by this attempt nor inherited");
      EASEL_RETURN_IF_ERROR(slot.status());
    }
  EASEL_RETURN_IF_ERROR(inner.status());
  out.body = whole.get_object();
  return out;
}

}  // namespace easel
