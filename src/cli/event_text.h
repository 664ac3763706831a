// A text of an event, as `easel run --json` writes events.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace easel {

/// The text in `field` of `event`; empty when there is none.
inline std::string EventText(const json::object& event, std::string_view field) {
  const json::value* value = event.if_contains(field);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

}  // namespace easel
