// IAM policies as values: which grants are missing, and the policy with them, all that others wrote kept.
#pragma once

#include <compare>
#include <span>
#include <string>
#include <vector>

#include "base/json.h"

namespace easel {

/// A role that a member has without a condition.
struct Grant {
  std::string role;
  std::string member;
  auto operator<=>(const Grant&) const = default;
};

/// The grants of `wanted` that `policy` (as getIamPolicy answers, version 3) does not hold without a condition.
/// Members compare as IAM does: the domain of an e-mail address in any case.
std::vector<Grant> MissingGrants(const json::object& policy, std::span<const Grant> wanted);

/// `policy` with `wanted` added and version 3, for setIamPolicy: etag, conditions, audit configs and foreign members as they
/// were. A `deleted:` member that was the same account, in the same role, is replaced.
json::object WithGrants(json::object policy, std::span<const Grant> wanted);

/// `policy` without the grants of `unwanted`, with version 3; a binding that nobody is left in goes.
json::object WithoutGrants(json::object policy, std::span<const Grant> unwanted);

/// The grants of `wanted` that `policy` holds without a condition.
std::vector<Grant> HeldGrants(const json::object& policy, std::span<const Grant> wanted);

/// Whether anybody at all has `role` in the policy, `except` left aside.
bool HeldByOthers(const json::object& policy, std::string_view role, std::string_view except);

}  // namespace easel
