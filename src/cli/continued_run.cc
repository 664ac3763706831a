#include "cli/continued_run.h"

#include "cli/event_text.h"

namespace easel {

std::optional<json::object> ContinuedRun::Tell(json::object event) {
  const std::string name = EventText(event, "event"), block = EventText(event, "block");
  if (name == "run.started") {
    if (!run_.empty()) return std::nullopt;
    run_ = EventText(event, "run");
  } else if (name == "block.started") {
    begun_[block] = EventText(event, "attempt");
    settled_.erase(block);
  } else if (name == "block.finished") {
    return Finished(std::move(event));
  } else if (name == "run.finished" && engine_ > 0) {
    return Whole(std::move(event));
  }
  return event;
}

std::optional<json::object> ContinuedRun::Finished(json::object event) {
  const std::string block = EventText(event, "block");
  if (engine_ > 0 && EventText(event, "status") == "up_to_date") {
    if (settled_.contains(block)) return std::nullopt;
    if (const auto begun = begun_.find(block); begun != begun_.end()) {
      // Its attempt outlived the engine that began it, and was published by the next one.
      event["status"] = "succeeded";
      event["reason"] = "it went on when the command that had begun it ended";
      event["attempt"] = begun->second;
    }
  }
  begun_.erase(block);
  settled_[block] = EventText(event, "status");
  return event;
}

json::object ContinuedRun::Whole(json::object event) const {
  event["run"] = run_;
  std::map<std::string, json::array> lists;
  for (const auto& [block, status] : settled_)
    lists[status == "succeeded" ? "ran" : status].emplace_back(block);
  for (const char* list : {"ran", "up_to_date", "restored", "failed", "skipped", "cancelled"})
    event[list] = lists[list];
  if (!lists["failed"].empty() && EventText(event, "status") == "succeeded") event["status"] = "failed";
  return event;
}

}  // namespace easel
