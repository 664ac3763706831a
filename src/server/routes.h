// The groups of routes; each is a file NAME_routes.cc, and app.cc puts them together.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/clock.h"
#include "hub/open_canvases.h"
#include "server/accounts.h"
#include "server/blocking_pool.h"
#include "server/connection_check.h"
#include "server/router.h"
#include "server/self_hosting_settings.h"
#include "server/sign_in_limit.h"
#include "server/team.h"
#include "server/workspace.h"

namespace easel {

class DirectUploads;
class Uploads;

/// What handlers may hold on to: it outlives them all.
struct ServerParts {
  const Workspace& workspace;
  Accounts& accounts;
  BlockingPool& pool;
  OpenCanvases& canvases;
  const Clock& clock;
  Team* team = nullptr;     ///< nullptr: one person's workspace
  BlockingPool& passwords;  ///< where passwords are hashed: few at once, few that wait
  SignInLimit& limit;
  std::string cookie;      ///< name of the session's cookie
  bool secure = false;     ///< browsers come by https
  std::string public_url;  ///< how browsers reach the server, if that was said
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

/// What the routes of self-hosting hold on to besides.
struct SelfHostingParts {
  SelfHostingSettings& settings;
  ConnectionCheck& test;
  std::string store;      ///< where this server keeps state, too; empty: nowhere
  std::string endpoints;  ///< other addresses of Google's services
};

/// Answer with who is signed in, and with the cookie of a session that began.
HttpResponse SignedIn(const ServerParts& parts, const IssuedCredential& issued);
json::object SessionDocument(const ServerParts& parts, const Principal& principal);
Actor ActorOf(const Call& call);
/// Do `work`, which hashes passwords, where that is done, as one try of `account` (may be empty) from where the request came.
/// Too many tries are answered with 429, too many that wait with 503.
void TryPassword(const ServerParts& parts, const Call& call, const std::string& account,
                 std::function<Result<HttpResponse>()> work, Reply reply);
/// A try without a password, on this thread.
Result<HttpResponse> TryLink(const ServerParts& parts, const Call& call,
                             const std::function<Result<HttpResponse>()>& work);
/// Errors: kInvalidArgument EMAIL_INVALID. In lower case, without spaces around.
Result<std::string> EmailIn(JsonReader& reader, std::string_view field);

void AddSessionRoutes(Router& router, const ServerParts& parts);
void AddCanvasRoutes(Router& router, const ServerParts& parts);
void AddLiveRoutes(Router& router, const ServerParts& parts);
/// Let routes that know folders only ask the open canvases.
void ServeOpenCanvases(ServerParts& parts);
void AddTableRoutes(Router& router, const ServerParts& parts);
void AddExchangeRoutes(Router& router, const ServerParts& parts);
void AddFileRoutes(Router& router);
/// Both must outlive the router.
void AddUploadRoutes(Router& router, Uploads& here, DirectUploads& uploads);
void AddReadingRoutes(Router& router, const ServerParts& parts);
void AddTeamRoutes(Router& router, const ServerParts& parts);
void AddLinkRoutes(Router& router, const ServerParts& parts);
void AddTokenRoutes(Router& router, const ServerParts& parts);
void AddSelfHostingRoutes(Router& router, const SelfHostingParts& hosting);

}  // namespace easel
