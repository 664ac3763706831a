// What the gate writes into the audit log of a team for routes that do not write it themselves.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "server/router.h"

namespace easel {

/// What a request did, for the log.
struct Deed {
  std::string action;  ///< empty: not logged
  std::string subject;
  json::object detail;
};

/// A route that changes something and that the table does not know is logged by its method and path: a new route cannot be
/// forgotten, only be named badly.
Deed DeedOf(const Route& route, const Call& call);

}  // namespace easel
