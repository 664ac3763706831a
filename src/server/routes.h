// The groups of routes; each is a file NAME_routes.cc, and app.cc puts them together.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "hub/open_canvases.h"
#include "server/accounts.h"
#include "server/blocking_pool.h"
#include "server/router.h"
#include "server/workspace.h"

namespace easel {

/// What handlers may hold on to: it outlives them all.
struct ServerParts {
  const Workspace& workspace;
  Accounts& accounts;
  BlockingPool& pool;
  OpenCanvases& canvases;
  const Clock& clock;
  std::string cookie;   ///< name of the session's cookie
  bool secure = false;  ///< browsers come by https
  std::string version;

  // What open canvases (src/hub) do for routes that know folders only; each may be empty.
  /// The name of the block with this id; nullopt: no such id.
  std::function<std::optional<std::string>(const std::string& canvas_root, const std::string& block_id)>
      block_name;
  /// Write down what an open canvas has not written to its folder yet.
  std::function<Status(const std::string& canvas_root)> save;
  /// Close a canvas that is about to go: end its pages and its engine. An error keeps it where it is.
  std::function<Status(const std::string& canvas_root)> close;
};

void AddSessionRoutes(Router& router, const ServerParts& parts);
void AddCanvasRoutes(Router& router, const ServerParts& parts);
void AddLiveRoutes(Router& router, const ServerParts& parts);
/// Let routes that know folders only ask the open canvases.
void ServeOpenCanvases(ServerParts& parts);
void AddTableRoutes(Router& router, const ServerParts& parts);
void AddFileRoutes(Router& router);
void AddReadingRoutes(Router& router, const ServerParts& parts);
void AddTokenRoutes(Router& router, const ServerParts& parts);

}  // namespace easel
