// The canvases of a workspace: list, make, rename, copy, delete and bring back.

#include "server/canvas_folders.h"
#include "server/canvas_summaries.h"
#include "server/routes.h"

namespace easel {
namespace {

/// The place of what a deleted canvas granted; no canvas's id has a slash.
std::string InTrash(const std::string& trash) { return "trash/" + trash; }

/// Thread-safe.
class Canvases {
 public:
  explicit Canvases(const ServerParts& parts) : parts_(parts), folders_(parts.workspace, parts.clock) {}

  Result<HttpResponse> List(const Call& call) {
    EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
    EASEL_TRY(const auto ids, parts_.workspace.Ids());
    const std::string after = call.request.target.Query("cursor").value_or("");
    json::array items;
    std::string last;
    for (const std::string& id : ids) {
      if (!after.empty() && id <= after) continue;
      const auto role = call.principal.RoleOn(id);
      if (!role) continue;
      if (static_cast<std::int64_t>(items.size()) == limit) return PageResponse(std::move(items), last);
      const auto root = parts_.workspace.Find(id);
      if (!root) continue;
      items.push_back(summaries_.Of(id, *root, *role));
      last = id;
    }
    return PageResponse(std::move(items));
  }

  Result<HttpResponse> Make(const Call& call) {
    EASEL_TRY(const json::value body, call.Body());
    EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"name", "example"}));
    JsonReader reader(body, "body");
    const bool example = reader.BoolOr("example", false);
    EASEL_TRY(const std::string name, NameIn(reader));
    EASEL_TRY(const std::string id, folders_.Make(name, example));
    if (parts_.team != nullptr)
      EASEL_RETURN_IF_ERROR(parts_.team->CanvasMade(ActorOf(call), id, "canvas.create"));
    return Show(call, id, 201);
  }

  Result<HttpResponse> Rename(const Call& call) {
    EASEL_TRY(const json::value body, call.Body());
    EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"name"}));
    JsonReader reader(body, "body");
    EASEL_TRY(const std::string name, NameIn(reader));
    EASEL_RETURN_IF_ERROR(folders_.Rename(call.canvas_root, name));
    return Show(call, call.canvas, 200);
  }

  Result<HttpResponse> Copy(const Call& call) {
    const json::object summary = summaries_.Of(call.canvas, call.canvas_root, call.role);
    std::string name(summary.at("name").get_string());
    name = name.substr(0, 190) + " copy";
    if (parts_.save) EASEL_RETURN_IF_ERROR(parts_.save(call.canvas_root));
    EASEL_TRY(const std::string id, folders_.Copy(call.canvas_root, name));
    if (parts_.team != nullptr)
      EASEL_RETURN_IF_ERROR(parts_.team->CanvasMade(ActorOf(call), id, "canvas.copy"));
    return Show(call, id, 201);
  }

  Result<HttpResponse> Remove(const Call& call) {
    if (parts_.close) EASEL_RETURN_IF_ERROR(parts_.close(call.canvas_root));
    EASEL_TRY(const std::string trash, folders_.Remove(call.canvas));
    if (parts_.team != nullptr) EASEL_RETURN_IF_ERROR(parts_.team->CanvasMoved(call.canvas, InTrash(trash)));
    return JsonResponse(json::object{{"trash", trash}});
  }

  /// Whoever owned it brings it back: who owns all, or this one.
  Result<HttpResponse> Restore(const Call& call) {
    if (call.principal.RoleOn(InTrash(call.Path("trash"))) != Role::kOwner)
      return Fail(
          Code::kNotFound, "TRASH_UNKNOWN",
          "there is no such canvas in the trash that you own; an owner of the workspace brings back any");
    EASEL_TRY(const std::string id, folders_.Restore(call.Path("trash")));
    if (parts_.team != nullptr)
      EASEL_RETURN_IF_ERROR(parts_.team->CanvasMoved(InTrash(call.Path("trash")), id));
    return Show(call, id, 200);
  }

  Result<HttpResponse> ListTrash(const Call&) {
    EASEL_TRY(const auto all, folders_.Trash());
    json::array items;
    for (const TrashedCanvas& one : all)
      items.push_back(
          json::object{{"trash", one.trash}, {"canvas", one.canvas}, {"deleted_ms", one.deleted_ms}});
    return PageResponse(std::move(items));
  }

  Result<HttpResponse> Forget(const Call& call) {
    EASEL_RETURN_IF_ERROR(folders_.Forget(call.Path("trash")));
    return HttpResponse{.status = 204, .content_type = ""};
  }

  Result<HttpResponse> EmptyTrash(const Call&) {
    EASEL_RETURN_IF_ERROR(folders_.CheckSeveral());
    EASEL_TRY(const std::int64_t removed, folders_.EmptyTrash(INT64_MAX));
    return JsonResponse(json::object{{"removed", removed}});
  }

 private:
  static Result<std::string> NameIn(JsonReader& reader) {
    std::string name = reader.String("name");
    EASEL_RETURN_IF_ERROR(reader.status());
    std::size_t characters = 0;
    for (const char c : name) characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
    bool one_line = true;
    for (const char c : name) one_line = one_line && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    if (characters == 0 || characters > 100 || !one_line)
      return Fail(Code::kInvalidArgument, "CANVAS_NAME", "`name` is one line of 1 to 100 characters");
    return name;
  }

  Result<HttpResponse> Show(const Call& call, const std::string& id, int status) {
    EASEL_TRY(const std::string root, parts_.workspace.Find(id));
    const auto role =
        parts_.team == nullptr ? call.principal.RoleOn(id) : parts_.team->RoleNow(ActorOf(call), id);
    return JsonResponse(summaries_.Of(id, root, role.value_or(Role::kViewer)), status);
  }

  const ServerParts& parts_;
  const CanvasFolders folders_;
  CanvasSummaries summaries_;
};

}  // namespace

void AddCanvasRoutes(Router& router, const ServerParts& parts) {
  const auto all = std::make_shared<Canvases>(parts);
  const auto call = [all](Result<HttpResponse> (Canvases::*what)(const Call&)) {
    return [all, what](const Call& call) { return (all.get()->*what)(call); };
  };
  router.Add<Access::kSignedIn>("GET", "/api/v1/canvases", call(&Canvases::List));
  router.Add<Access::kEditor>("POST", "/api/v1/canvases", call(&Canvases::Make), {.idempotent = true});
  router.Add<Access::kEditor>("PATCH", "/api/v1/canvases/{canvas}", call(&Canvases::Rename));
  router.Add<Access::kOwner>("DELETE", "/api/v1/canvases/{canvas}", call(&Canvases::Remove));
  router.Add<Access::kEditor>("POST", "/api/v1/canvases/{canvas}/duplicate", call(&Canvases::Copy),
                              {.idempotent = true});
  router.Add<Access::kOwner>("GET", "/api/v1/trash", call(&Canvases::ListTrash));
  router.Add<Access::kOwner>("DELETE", "/api/v1/trash", call(&Canvases::EmptyTrash));
  router.Add<Access::kOwner>("DELETE", "/api/v1/trash/{trash}", call(&Canvases::Forget));
  router.Add<Access::kSignedIn>("POST", "/api/v1/trash/{trash}/restore", call(&Canvases::Restore));
}

}  // namespace easel
