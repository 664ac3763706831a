#include "gcp/provision/policy.h"

#include <algorithm>
#include <cctype>

namespace easel {
namespace {

/// "user:Ada@Example.COM" -> "user:Ada@example.com".
std::string Normal(std::string_view member) {
  std::string out(member);
  const std::size_t at = out.find('@');
  if (at == std::string::npos || out.starts_with("principal")) return out;
  for (std::size_t i = at; i < out.size() && out[i] != '?' && out[i] != '['; ++i)
    out[i] = static_cast<char>(std::tolower(static_cast<unsigned char>(out[i])));
  return out;
}

std::string_view TextOf(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
}

bool IsPlain(const json::object& binding) {
  const json::value* condition = binding.if_contains("condition");
  return condition == nullptr || condition->is_null();
}

const json::array* ArrayAt(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found == nullptr ? nullptr : found->if_array();
}

bool Has(const json::object& policy, const Grant& grant) {
  const json::array* bindings = ArrayAt(policy, "bindings");
  if (bindings == nullptr) return false;
  const std::string member = Normal(grant.member);
  for (const json::value& each : *bindings) {
    const json::object* binding = each.if_object();
    if (binding == nullptr || !IsPlain(*binding) || TextOf(*binding, "role") != grant.role) continue;
    if (const json::array* members = ArrayAt(*binding, "members"))
      for (const json::value& one : *members)
        if (one.is_string() && Normal(one.get_string()) == member) return true;
  }
  return false;
}

json::array& BindingsOf(json::object& policy) {
  json::value& bindings = policy["bindings"];
  if (!bindings.is_array()) bindings = json::array();
  return bindings.get_array();
}

template <typename Test>
void EraseMembers(json::object& binding, const Test& gone) {
  json::value* members = binding.if_contains("members");
  if (members == nullptr || !members->is_array()) return;
  json::array kept;
  for (const json::value& each : members->get_array())
    if (!each.is_string() || !gone(std::string_view(each.get_string()))) kept.push_back(each);
  *members = std::move(kept);
}

}  // namespace

std::vector<Grant> MissingGrants(const json::object& policy, std::span<const Grant> wanted) {
  std::vector<Grant> out;
  for (const Grant& grant : wanted)
    if (!Has(policy, grant)) out.push_back(grant);
  return out;
}

std::vector<Grant> HeldGrants(const json::object& policy, std::span<const Grant> wanted) {
  std::vector<Grant> out;
  for (const Grant& grant : wanted)
    if (Has(policy, grant)) out.push_back(grant);
  return out;
}

json::object WithGrants(json::object policy, std::span<const Grant> wanted) {
  json::array& bindings = BindingsOf(policy);
  for (const Grant& grant : MissingGrants(policy, wanted)) {
    json::object* into = nullptr;
    for (json::value& each : bindings)
      if (json::object* binding = each.if_object();
          binding != nullptr && IsPlain(*binding) && TextOf(*binding, "role") == grant.role) {
        into = binding;
        break;
      }
    if (into == nullptr) {
      bindings.push_back(json::object{{"role", grant.role}, {"members", json::array()}});
      into = &bindings.back().get_object();
    }
    const std::string dead = "deleted:" + Normal(grant.member) + "?uid=";
    EraseMembers(*into, [&](std::string_view member) { return Normal(member).starts_with(dead); });
    json::value& members = (*into)["members"];
    if (!members.is_array()) members = json::array();
    members.get_array().push_back(json::string(grant.member));
  }
  policy["version"] = 3;
  return policy;
}

json::object WithoutGrants(json::object policy, std::span<const Grant> unwanted) {
  json::array kept;
  for (json::value& each : BindingsOf(policy)) {
    json::object* binding = each.if_object();
    if (binding != nullptr && IsPlain(*binding)) {
      const std::string role(TextOf(*binding, "role"));
      EraseMembers(*binding, [&](std::string_view member) {
        return std::ranges::any_of(unwanted, [&](const Grant& grant) {
          return grant.role == role && Normal(grant.member) == Normal(member);
        });
      });
      const json::array* members = ArrayAt(*binding, "members");
      if (members != nullptr && members->empty()) continue;
    }
    kept.push_back(std::move(each));
  }
  policy["bindings"] = std::move(kept);
  policy["version"] = 3;
  return policy;
}

bool HeldByOthers(const json::object& policy, std::string_view role, std::string_view except) {
  const json::array* bindings = ArrayAt(policy, "bindings");
  if (bindings == nullptr) return false;
  for (const json::value& each : *bindings) {
    const json::object* binding = each.if_object();
    if (binding == nullptr || TextOf(*binding, "role") != role) continue;
    if (const json::array* members = ArrayAt(*binding, "members"))
      for (const json::value& one : *members)
        if (one.is_string() && Normal(one.get_string()) != Normal(except) &&
            !std::string_view(one.get_string()).starts_with("deleted:"))
          return true;
  }
  return false;
}

}  // namespace easel
