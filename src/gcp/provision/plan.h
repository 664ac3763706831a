// What apply would do, and what stands in its way: a pure comparison of what shall be with what is.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "gcp/provision/desired.h"
#include "gcp/provision/observed.h"

namespace easel {

enum class PlanAction { kKeep, kCreate, kChange, kRemove };  // the last one only of destroy

/// One resource or policy.
struct PlanStep {
  std::string id;     ///< as in desired.h; "policy/ID" for a policy, "services/PROJECT" for APIs
  std::string title;  ///< "service account zerve-app-sa@…"
  PlanAction action = PlanAction::kKeep;
  std::vector<std::string> changes;  ///< "+ role  member", "~ field: from -> to"
  std::string note;                  ///< "was there before; destroy leaves it"
};

/// Something that must be put right by a person before apply may begin.
struct Blocker {
  std::string reason;  ///< for programs: PERMISSION_MISSING, BUCKET_LOCATION, …
  std::string message;
};

struct Plan {
  std::vector<PlanStep> steps;
  std::vector<Requirement> requirements;  ///< of the cluster
  std::vector<Blocker> blockers;
  std::vector<std::string> notes;

  int Count(PlanAction action) const;
  bool changes() const { return Count(PlanAction::kKeep) != static_cast<int>(steps.size()); }
};

Plan MakePlan(const ProvisionOptions& options, const Desired& desired, const Observed& observed);

/// The diff for people. `color` is the caller's affair: lines begin with "+", "~", "-" or a blank.
std::string PlanText(const ProvisionOptions& options, const Plan& plan, bool all);
json::object PlanJson(const ProvisionOptions& options, const Plan& plan);

/// The fields of `wanted` that `there` lacks or has otherwise, as "a.b: from -> to". Lists count as one value.
std::vector<std::string> Differences(const json::object& wanted, const json::object& there);

/// The CORS entries that the bucket shall have: those there, ours added, those that only we made taken away.
json::array WantedCors(const Desired& desired, const json::object& bucket, const ProvisionRecord& record);
/// The id under which the record knows a CORS entry of ours.
std::string CorsId(const std::string& bucket_id, const json::object& entry);
json::array CorsOf(const json::object& bucket);

/// "service account x", "policy of bucket y", … for messages.
std::string TitleOf(std::string_view id);

}  // namespace easel
