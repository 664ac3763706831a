// The canvases of a workspace: list, make, rename, copy, delete and bring back.

#include <sys/stat.h>

#include "base/text.h"
#include "canvas/reader.h"
#include "server/routes.h"

namespace easel {
namespace {

json::object Summary(const std::string& id, const std::string& root, Role role) {
  json::object out{{"id", id}, {"name", id}, {"role", RoleName(role)}, {"blocks", 0}, {"changed_ms", 0}};
  struct stat info{};
  if (::stat((root + "/" + std::string(kCanvasFile)).c_str(), &info) == 0)
    out["changed_ms"] = info.st_mtim.tv_sec * 1000LL + info.st_mtim.tv_nsec / 1'000'000;
  const auto reading = ReadCanvasWithProblems(root, {.sources = false});
  if (!reading) {
    out["problem"] = reading.error().message;
  } else if (!reading->canvas) {
    out["problem"] = reading->problems.empty() ? "canvas.yaml cannot be read" : reading->problems[0].message;
  } else {
    out["name"] = reading->canvas->name;
    out["blocks"] = reading->canvas->blocks.size();
  }
  return out;
}

Result<HttpResponse> List(const ServerParts& parts, const Call& call) {
  EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
  EASEL_TRY(const auto ids, parts.workspace.Ids());
  const std::string after = call.request.target.Query("cursor").value_or("");
  json::array items;
  std::string last;
  for (const std::string& id : ids) {
    if (!after.empty() && id <= after) continue;
    const auto role = call.principal.RoleOn(id);
    if (!role) continue;
    if (static_cast<std::int64_t>(items.size()) == limit) return PageResponse(std::move(items), last);
    if (const auto root = parts.workspace.Find(id)) items.push_back(Summary(id, *root, *role));
    last = id;
  }
  return PageResponse(std::move(items));
}

}  // namespace

void AddCanvasRoutes(Router& router, const ServerParts& parts) {
  router.Add<Access::kSignedIn>("GET", "/api/v1/canvases",
                                [&parts](const Call& call) { return List(parts, call); });
}

}  // namespace easel
