// The groups of routes; each is a file NAME_routes.cc, and app.cc puts them together.
#pragma once

#include <string>

#include "base/clock.h"
#include "server/accounts.h"
#include "server/router.h"
#include "server/workspace.h"

namespace easel {

/// What handlers may hold on to: it outlives them all.
struct ServerParts {
  const Workspace& workspace;
  Accounts& accounts;
  const Clock& clock;
  std::string cookie;   ///< name of the session's cookie
  bool secure = false;  ///< browsers come by https
  std::string version;
};

void AddSessionRoutes(Router& router, const ServerParts& parts);
void AddCanvasRoutes(Router& router, const ServerParts& parts);
void AddTableRoutes(Router& router);

}  // namespace easel
