// Canvases that come as files and go as files.

#include "exchange/zip_writer.h"
#include "server/canvas_imports.h"
#include "server/canvas_summaries.h"
#include "server/routes.h"
#include "server/spool.h"

namespace easel {
namespace {

constexpr std::int64_t kMostImport = std::int64_t{64} << 30;
constexpr int kExportsAtOnce = 4;

/// Thread-safe.
class Exchange {
 public:
  explicit Exchange(const ServerParts& parts)
      : parts_(parts),
        folders_(parts.workspace, parts.clock),
        imports_(parts.workspace, folders_),
        spools_(parts.workspace.state_folder() + "/new", kExportsAtOnce) {}

  Result<HttpResponse> Begin(const Call& call) {
    EASEL_TRY(const json::value body, call.Body());
    EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"file", "bytes"}));
    JsonReader reader(body, "body");
    const std::string file = reader.String("file");
    const std::int64_t bytes = reader.Int("bytes");
    EASEL_RETURN_IF_ERROR(reader.status());
    bool plain = !file.empty() && file.size() <= 200;
    for (const char c : file) plain = plain && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    if (!plain)
      return Fail(Code::kInvalidArgument, "BAD_PARAMETER",
                  "`file` is a file's name: one line of 1 to 200 bytes");
    if (bytes < 1 || bytes > kMostImport)
      return Fail(Code::kInvalidArgument, "BAD_PARAMETER", "`bytes` is from 1 byte to 64 GiB");
    EASEL_TRY(const CanvasImport import, imports_.Begin(call.principal.user, file, bytes));
    return JsonResponse(Document(call, import), 201);
  }

  Result<HttpResponse> Look(const Call& call) {
    EASEL_TRY(const CanvasImport import, imports_.Find(call.principal.user, call.Path("import")));
    return JsonResponse(Document(call, import));
  }

  Result<HttpResponse> Add(const Call& call) {
    EASEL_TRY(const std::int64_t offset, call.QueryNumber("offset", -1, 0, kMostImport));
    if (offset < 0)
      return Fail(Code::kInvalidArgument, "BAD_PARAMETER", "`offset` says where this piece begins");
    EASEL_TRY(const CanvasImport import,
              imports_.Add(call.principal.user, call.Path("import"), offset, call.request.body));
    if (import.made && parts_.team != nullptr)
      EASEL_RETURN_IF_ERROR(parts_.team->CanvasMade(ActorOf(call), import.canvas, "canvas.import"));
    return JsonResponse(Document(call, import));
  }

  Result<HttpResponse> Drop(const Call& call) {
    EASEL_RETURN_IF_ERROR(imports_.Drop(call.principal.user, call.Path("import")));
    return HttpResponse{.status = 204, .content_type = ""};
  }

  Result<HttpResponse> Export(const Call& call) {
    if (parts_.save) EASEL_RETURN_IF_ERROR(parts_.save(call.canvas_root));
    EASEL_TRY(Spools::Spool spool, spools_.Open());
    const std::string name = FolderNameFor(call.canvas);
    EASEL_TRY(const auto left_out, PackZip(call.canvas_root, name, spool.path(),
                                           [](std::string_view path) { return !IsLeftOutOfArchives(path); }));
    HttpResponse out{.content_type = "application/zip"};
    out.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + name + ".zip\"");
    if (!left_out.empty()) out.headers.emplace_back("Easel-Left-Out", std::to_string(left_out.size()));
    EASEL_TRY(out.file, std::move(spool).Finish());
    return out;
  }

 private:
  json::object Document(const Call& call, const CanvasImport& import) {
    json::object out{{"import", import.id},
                     {"file", import.file},
                     {"bytes", import.bytes},
                     {"offset", import.offset},
                     {"done", !import.canvas.empty()}};
    if (import.canvas.empty()) return out;
    out["notices"] = json::array(import.notices.begin(), import.notices.end());
    const auto role = parts_.team == nullptr ? call.principal.RoleOn(import.canvas)
                                             : parts_.team->RoleNow(ActorOf(call), import.canvas);
    if (const auto root = parts_.workspace.Find(import.canvas))
      out["canvas"] = summaries_.Of(import.canvas, *root, role.value_or(Role::kViewer));
    return out;
  }

  const ServerParts& parts_;
  const CanvasFolders folders_;
  CanvasImports imports_;
  CanvasSummaries summaries_;
  Spools spools_;
};

}  // namespace

void AddExchangeRoutes(Router& router, const ServerParts& parts) {
  const auto all = std::make_shared<Exchange>(parts);
  const auto call = [all](Result<HttpResponse> (Exchange::*what)(const Call&)) {
    return [all, what](const Call& call) { return (all.get()->*what)(call); };
  };
  router.Add<Access::kEditor>("POST", "/api/v1/imports", call(&Exchange::Begin), {.idempotent = true});
  router.Add<Access::kEditor>("GET", "/api/v1/imports/{import}", call(&Exchange::Look));
  router.Add<Access::kEditor>("PUT", "/api/v1/imports/{import}", call(&Exchange::Add));
  router.Add<Access::kEditor>("DELETE", "/api/v1/imports/{import}", call(&Exchange::Drop));
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/export", call(&Exchange::Export));
}

}  // namespace easel
