// A plan as people and programs read it.

#include "base/text.h"
#include "gcp/provision/plan.h"

namespace easel {
namespace {

std::string Indented(const std::string& text, const std::string& indent) {
  std::string out;
  for (const std::string& line : Split(text, '\n')) out += indent + line + "\n";
  return out;
}

std::string_view ActionName(PlanAction action) {
  switch (action) {
    case PlanAction::kCreate: return "create";
    case PlanAction::kChange: return "change";
    case PlanAction::kRemove: return "remove";
    case PlanAction::kKeep: break;
  }
  return "keep";
}

json::array Texts(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& each : texts) out.push_back(json::string(each));
  return out;
}

}  // namespace

std::string PlanText(const ProvisionOptions& options, const Plan& plan, bool all) {
  std::string out =
      "Project " + options.project + ", region " + options.region + ", bucket " + options.bucket;
  if (options.uses_cluster()) out += ", cluster " + options.cluster + " of " + options.compute_project;
  out += "\n";
  if (!plan.requirements.empty()) {
    out += "\nThe cluster must have:\n";
    for (const Requirement& each : plan.requirements)
      out += std::string(each.met ? "  yes  " : "  NO   ") + each.name + ": " + each.found + "\n";
  }
  bool title = false;
  for (const PlanStep& step : plan.steps) {
    if (step.action == PlanAction::kKeep && !all) continue;
    if (!title) out += all ? "\nWhat there is, and what will be done:\n" : "\nWhat will be done:\n";
    title = true;
    out += std::string(step.action == PlanAction::kCreate   ? "+ create  "
                       : step.action == PlanAction::kChange ? "~ change  "
                                                            : "  keep    ") +
           step.title + "\n";
    for (const std::string& change : step.changes) out += "      " + change + "\n";
    if (!step.note.empty() && (step.action != PlanAction::kKeep || all)) out += "      (" + step.note + ")\n";
  }
  for (const std::string& note : plan.notes) out += "\nNote: " + note + "\n";
  if (!plan.blockers.empty()) {
    out += "\nThis stands in the way:\n";
    for (const Blocker& blocker : plan.blockers) out += "\n" + Indented(blocker.message, "  ");
    out += "\nNothing was changed. Put that right and run the same command again.\n";
    return out;
  }
  const int create = plan.Count(PlanAction::kCreate), change = plan.Count(PlanAction::kChange),
            keep = plan.Count(PlanAction::kKeep);
  out += plan.changes() ? "\n" + std::to_string(create) + " to create, " + std::to_string(change) +
                              " to change, " + std::to_string(keep) + " as they shall be.\n"
                        : "\nNothing to do: all " + std::to_string(keep) + " are as they shall be.\n";
  return out;
}

json::object PlanJson(const ProvisionOptions& options, const Plan& plan) {
  json::array steps, requirements, blockers;
  for (const PlanStep& step : plan.steps)
    steps.push_back(json::object{{"id", step.id},
                                 {"title", step.title},
                                 {"action", ActionName(step.action)},
                                 {"changes", Texts(step.changes)},
                                 {"note", step.note}});
  for (const Requirement& each : plan.requirements)
    requirements.push_back(
        json::object{{"name", each.name}, {"met", each.met}, {"found", each.found}, {"remedy", each.remedy}});
  for (const Blocker& each : plan.blockers)
    blockers.push_back(json::object{{"reason", each.reason}, {"message", each.message}});
  return {{"project", options.project},
          {"bucket", options.bucket},
          {"steps", std::move(steps)},
          {"requirements", std::move(requirements)},
          {"blockers", std::move(blockers)},
          {"notes", Texts(plan.notes)},
          {"create", plan.Count(PlanAction::kCreate)},
          {"change", plan.Count(PlanAction::kChange)},
          {"keep", plan.Count(PlanAction::kKeep)}};
}

}  // namespace easel
