#include "executor/large_inputs.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "base/text.h"

namespace easel {
namespace {

constexpr std::int64_t kLargeBytes = 10 << 20;
constexpr std::size_t kNamed = 3;

struct Input {
  std::int64_t bytes = 0;
  std::string name, origin, slot;
};

std::vector<Input> InputsOf(const json::object& spec) {
  std::vector<Input> out;
  const json::value* load = spec.if_contains("load");
  const json::value* state = spec.if_contains("state");
  if (load == nullptr || !load->is_array() || state == nullptr || !state->is_object()) return out;
  const json::value* variables = state->get_object().if_contains("variables");
  if (variables == nullptr || !variables->is_object()) return out;
  for (const json::value& name : load->get_array()) {
    if (!name.is_string()) continue;
    const json::value* variable = variables->get_object().if_contains(name.get_string());
    if (variable == nullptr || !variable->is_object()) continue;
    JsonReader reader(*variable, "variable");
    Input input{.bytes = reader.IntOr("bytes", 0),
                .name = std::string(name.get_string()),
                .origin = reader.StringOr("origin", ""),
                .slot = reader.StringOr("slot", "")};
    if (input.bytes >= kLargeBytes) out.push_back(std::move(input));
  }
  return out;
}

}  // namespace

std::string LargeInputs(const json::object& spec) {
  std::vector<Input> inputs = InputsOf(spec);
  std::ranges::stable_sort(inputs, std::ranges::greater(), &Input::bytes);
  std::vector<std::string> named;
  std::set<std::string> slots;
  for (const Input& input : inputs) {
    if (named.size() == kNamed) break;
    if (!slots.insert(input.slot).second) continue;
    named.push_back("`" + input.name + "`" + (input.origin.empty() ? "" : " from `" + input.origin + "`") +
                    " (" + HumanBytes(input.bytes) + ")");
  }
  if (named.empty()) return "";
  return " Of what it reads from above, the largest " + std::string(named.size() == 1 ? "is " : "are ") +
         JoinWords(named) + ".";
}

}  // namespace easel
