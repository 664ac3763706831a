// Uploads: in pieces to us, or straight to where the canvas's files are kept; and download links.

#include <charconv>

#include "server/direct_uploads.h"
#include "server/routes.h"
#include "server/sent_bytes.h"

namespace easel {
namespace {

constexpr std::int64_t kMostBytes = std::int64_t{1} << 44;

json::object UploadDocument(const Upload& upload) {
  return {{"upload", upload.id},
          {"path", upload.path},
          {"bytes", upload.bytes},
          {"offset", upload.offset},
          {"done", upload.done}};
}

json::object UploadDocument(const DirectUpload& direct) {
  json::object out = UploadDocument(direct.upload);
  if (!direct.send) return out;
  json::object headers;
  for (const auto& [name, value] : direct.send->headers) headers[name] = value;
  out["send"] = json::object{{"mode", direct.send->resumable ? "resumable" : "single"},
                             {"method", "PUT"},
                             {"url", direct.send->url},
                             {"headers", std::move(headers)},
                             {"expires_ms", direct.send->expires_ms},
                             {"piece_bytes", kPieceUnit_bytes}};
  return out;
}

CanvasPlace PlaceOf(const Call& call) { return {.id = call.canvas, .root = call.canvas_root}; }

Result<HttpResponse> Begin(Uploads& here, DirectUploads& uploads, const Call& call) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(
      CheckFields(body.get_object(), {"path", "bytes", "replace", "direct", "content_type"}));
  JsonReader reader(body, "body");
  const std::string path = reader.String("path");
  const std::int64_t bytes = reader.Int("bytes");
  const bool replace = reader.BoolOr("replace", false), direct = reader.BoolOr("direct", false);
  const std::string type = reader.StringOr("content_type", "application/octet-stream");
  EASEL_RETURN_IF_ERROR(reader.status());
  if (bytes < 0 || bytes > kMostBytes)
    return Fail(Code::kInvalidArgument, "BAD_PARAMETER", "`bytes` is from 0 to 16 TiB");
  if (!direct) {
    EASEL_TRY(const Upload upload, here.Begin(call.canvas_root, path, bytes, replace));
    return JsonResponse(UploadDocument(upload), 201);
  }
  EASEL_TRY(const DirectUpload upload, uploads.Begin(PlaceOf(call), path, bytes, replace, type,
                                                     std::string(call.request.Header("origin"))));
  return JsonResponse(UploadDocument(upload), 201);
}

Result<HttpResponse> Look(Uploads& here, DirectUploads& uploads, const Call& call) {
  const auto direct = uploads.Find(PlaceOf(call), call.Path("upload"));
  if (direct) return JsonResponse(UploadDocument(*direct));
  if (direct.error().reason != "UPLOAD_UNKNOWN") return std::unexpected(direct.error());
  EASEL_TRY(const Upload upload, here.Find(call.canvas_root, call.Path("upload")));
  return JsonResponse(UploadDocument(upload));
}

Result<HttpResponse> TakeDirect(DirectUploads& uploads, const Call& call) {
  EASEL_TRY(const SentBytes sent, SentBytesOf(call.request));
  EASEL_TRY(const DirectUpload upload,
            uploads.Take(PlaceOf(call), call.Path("upload"), sent.first, sent.total, call.request.body));
  if (!upload.send) return JsonResponse(UploadDocument(upload));
  HttpResponse out{.status = 308, .content_type = ""};
  if (upload.upload.offset > 0)
    out.headers.emplace_back("Range", "bytes=0-" + std::to_string(upload.upload.offset - 1));
  return out;
}

Result<HttpResponse> Send(Uploads& here, DirectUploads& uploads, const Call& call) {
  if (!call.request.target.Query("offset")) return TakeDirect(uploads, call);
  EASEL_TRY(const std::int64_t offset, call.QueryNumber("offset", 0, 0, kMostBytes));
  EASEL_TRY(const Upload upload, here.Add(call.canvas_root, call.Path("upload"), offset, call.request.body));
  return JsonResponse(UploadDocument(upload));
}

Result<std::optional<std::uint32_t>> ChecksumIn(const Call& call) {
  if (call.request.body.empty()) return std::nullopt;
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"crc32c"}));
  if (!body.get_object().contains("crc32c")) return std::nullopt;
  JsonReader reader(body, "body");
  const std::string text = reader.String("crc32c");
  EASEL_RETURN_IF_ERROR(reader.status());
  std::uint32_t crc = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), crc, 16);
  if (text.size() != 8 || error != std::errc() || end != text.data() + text.size() ||
      text.find_first_of("ABCDEF") != text.npos)
    return Fail(Code::kInvalidArgument, "BAD_FIELD", "`crc32c` has 8 digits from 0 to 9 and a to f");
  return crc;
}

Result<HttpResponse> Finish(DirectUploads& uploads, const Call& call) {
  EASEL_TRY(const std::optional<std::uint32_t> crc, ChecksumIn(call));
  const std::string& id = call.Path("upload");
  EASEL_TRY(const std::optional<Upload> upload, uploads.Finish(PlaceOf(call), id, crc));
  if (upload) return JsonResponse(UploadDocument(*upload));
  EASEL_TRY(const Upload waiting, uploads.Waiting(PlaceOf(call), id));
  return JsonResponse(UploadDocument(waiting), 202);
}

Result<HttpResponse> Drop(Uploads& here, DirectUploads& uploads, const Call& call) {
  Status dropped = uploads.Drop(PlaceOf(call), call.Path("upload"));
  if (!dropped && dropped.error().reason == "UPLOAD_UNKNOWN")
    dropped = here.Drop(call.canvas_root, call.Path("upload"));
  EASEL_RETURN_IF_ERROR(dropped);
  return HttpResponse{.status = 204, .content_type = ""};
}

Result<HttpResponse> Link(DirectUploads& uploads, const Call& call) {
  EASEL_TRY(const FileLink link, uploads.Link(PlaceOf(call), call.request.target.Query("path").value_or("")));
  return JsonResponse(json::object{
      {"url", link.url}, {"direct", link.direct}, {"expires_ms", link.expires_ms}, {"bytes", link.bytes}});
}

}  // namespace

void AddUploadRoutes(Router& router, Uploads& here, DirectUploads& uploads) {
  constexpr auto kEditor = Access::kEditor;
  router.Add<kEditor>("POST", "/api/v1/canvases/{canvas}/uploads",
                      [&](const Call& call) { return Begin(here, uploads, call); });
  router.Add<kEditor>("GET", "/api/v1/canvases/{canvas}/uploads/{upload}",
                      [&](const Call& call) { return Look(here, uploads, call); });
  router.Add<kEditor>("PUT", "/api/v1/canvases/{canvas}/uploads/{upload}",
                      [&](const Call& call) { return Send(here, uploads, call); });
  router.Add<kEditor>("DELETE", "/api/v1/canvases/{canvas}/uploads/{upload}",
                      [&](const Call& call) { return Drop(here, uploads, call); });
  router.Add<kEditor>("POST", "/api/v1/canvases/{canvas}/uploads/{upload}/finish",
                      [&](const Call& call) { return Finish(uploads, call); });
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/files/link",
                              [&](const Call& call) { return Link(uploads, call); });
}

}  // namespace easel
