// Fields of Google's answers, where one that is absent or of another type counts as empty.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace easel {

inline std::string TextAt(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : "";
}

inline bool TrueAt(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

inline const json::object& ObjectAt(const json::object& object, std::string_view key) {
  static const json::object kEmpty;
  const json::value* found = object.if_contains(key);
  return found != nullptr && found->is_object() ? found->get_object() : kEmpty;
}

}  // namespace easel
