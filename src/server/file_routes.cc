// The files of a canvas: looking, downloading, folders, renaming, deleting and bringing back.

#include <unistd.h>

#include <charconv>
#include <memory>

#include "canvas/utf8.h"
#include "server/canvas_files.h"
#include "server/file_headers.h"
#include "server/routes.h"

namespace easel {
namespace {

constexpr std::size_t kPreviewBytes = 64 << 10;

struct Range {
  std::int64_t first = 0, last = 0;
};

/// One range of `bytes`, of "bytes=0-99", "bytes=100-" or "bytes=-50". nullopt: none that we serve, so all of it;
/// unexpected: it cannot be satisfied. Source: RFC 9110 section 14.
std::expected<std::optional<Range>, std::monostate> ParseRange(std::string_view header, std::int64_t size) {
  if (!header.starts_with("bytes=") || header.find(',') != std::string_view::npos) return std::nullopt;
  header.remove_prefix(6);
  const std::size_t dash = header.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view text) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0)
      return std::nullopt;
    return value;
  };
  const auto first = number(header.substr(0, dash)), last = number(header.substr(dash + 1));
  if (!first && !last) return std::nullopt;
  if (!first) {
    if (*last == 0 || size == 0) return std::unexpected(std::monostate{});
    return Range{std::max<std::int64_t>(0, size - *last), size - 1};
  }
  if (*first >= size) return std::unexpected(std::monostate{});
  if (last && *last < *first) return std::nullopt;
  return Range{*first, last ? std::min(*last, size - 1) : size - 1};
}

std::string PathIn(const Call& call) { return call.request.target.Query("path").value_or(""); }

json::object EntryDocument(const FileEntry& entry) {
  return {{"name", ValidUtf8(entry.name)},
          {"kind", entry.kind},
          {"bytes", entry.bytes},
          {"modified_ms", entry.modified_ms}};
}

Result<HttpResponse> List(const Call& call) {
  EASEL_TRY(const std::int64_t limit, call.QueryNumber("limit", 100, 1, 1000));
  EASEL_TRY(const std::int64_t begin, call.QueryNumber("cursor", 0, 0, INT64_MAX));
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(call.canvas_root));
  EASEL_TRY(const auto entries, files.List(PathIn(call)));
  json::array items;
  std::size_t at = static_cast<std::size_t>(begin);
  for (; at < entries.size() && static_cast<std::int64_t>(items.size()) < limit; ++at)
    items.push_back(EntryDocument(entries[at]));
  return PageResponse(std::move(items), at < entries.size() ? std::to_string(at) : "");
}

Result<HttpResponse> Download(const Call& call) {
  const std::string path = PathIn(call);
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(call.canvas_root));
  EASEL_TRY(CanvasFiles::OpenFile file, files.Read(path));
  const std::string tag = FileTag(file.info);
  const std::int64_t size = file.info.st_size;
  HttpResponse out{.content_type = std::string(FileTypeOf(path))};
  if (out.content_type == "text/plain") out.content_type += "; charset=utf-8";
  const bool download =
      call.request.target.Query("download") == "true" || out.content_type == "application/octet-stream";
  out.headers = {{"Accept-Ranges", "bytes"},
                 {"ETag", tag},
                 {"Cache-Control", "private, no-cache"},
                 {"Content-Disposition", Disposition(path, download)}};
  if (call.request.Header("if-none-match") == tag) {
    out.status = 304;
    out.content_type.clear();
    return out;
  }
  Range range{0, size - 1};
  // A range of an older version would be glued to the newer one.
  const std::string_view if_range = call.request.Header("if-range");
  if (const std::string_view header = call.request.Header("range");
      !header.empty() && (if_range.empty() || if_range == tag)) {
    const auto wanted = ParseRange(header, size);
    if (!wanted) {
      HttpResponse refused =
          ProblemResponse(416, "RANGE_NOT_THERE", "the file has " + std::to_string(size) + " bytes");
      refused.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
      return refused;
    }
    if (*wanted) {
      range = **wanted;
      out.status = 206;
      out.headers.emplace_back("Content-Range", "bytes " + std::to_string(range.first) + "-" +
                                                    std::to_string(range.last) + "/" + std::to_string(size));
    }
  }
  out.file = HttpFile{.fd = std::make_shared<const UniqueFd>(std::move(file.fd)),
                      .offset = static_cast<std::uint64_t>(range.first),
                      .length = static_cast<std::uint64_t>(range.last - range.first + 1)};
  return out;
}

Result<HttpResponse> Preview(const Call& call) {
  const std::string path = PathIn(call);
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(call.canvas_root));
  EASEL_TRY(const CanvasFiles::OpenFile file, files.Read(path));
  json::object out{
      {"path", path},
      {"bytes", file.info.st_size},
      {"modified_ms", file.info.st_mtim.tv_sec * 1000LL + file.info.st_mtim.tv_nsec / 1'000'000}};
  if (FileTypeOf(path).starts_with("image/")) {
    out["kind"] = "image";
    return JsonResponse(out);
  }
  std::string head(kPreviewBytes, '\0');
  const ssize_t n = ::pread(file.fd.get(), head.data(), head.size(), 0);
  if (n < 0) return FailErrno("read " + path, errno);
  head.resize(static_cast<std::size_t>(n));
  const auto invalid = FindInvalidUtf8(head);
  const bool cut_character = invalid && head.size() == kPreviewBytes && *invalid + 4 > head.size();
  if (head.find('\0') != std::string::npos || (invalid && !cut_character)) {
    out["kind"] = "binary";
    return JsonResponse(out);
  }
  if (cut_character) head.resize(*invalid);
  out["kind"] = "text";
  out["cut"] = static_cast<std::int64_t>(head.size()) < file.info.st_size;
  out["text"] = std::move(head);
  return JsonResponse(out);
}

Result<std::string> PathInBody(const Call& call, std::string_view field) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {std::string(field)}));
  JsonReader reader(body, "body");
  std::string path = reader.String(field);
  EASEL_RETURN_IF_ERROR(reader.status());
  return path;
}

Result<HttpResponse> MakeFolder(const Call& call) {
  EASEL_TRY(const std::string path, PathInBody(call, "path"));
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(call.canvas_root));
  EASEL_RETURN_IF_ERROR(files.MakeFolder(path));
  return JsonResponse(json::object{{"path", path}}, 201);
}

Result<HttpResponse> Rename(const Call& call) {
  EASEL_TRY(const json::value body, call.Body());
  EASEL_RETURN_IF_ERROR(CheckFields(body.get_object(), {"path", "to"}));
  JsonReader reader(body, "body");
  const std::string path = reader.String("path"), to = reader.String("to");
  EASEL_RETURN_IF_ERROR(reader.status());
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(call.canvas_root));
  EASEL_RETURN_IF_ERROR(files.Rename(path, to));
  return JsonResponse(json::object{{"path", to}});
}

Result<HttpResponse> Remove(const Call& call) {
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(call.canvas_root));
  EASEL_TRY(const std::string trash, files.Remove(PathIn(call)));
  return JsonResponse(json::object{{"trash", trash}});
}

Result<HttpResponse> Restore(const Call& call) {
  EASEL_TRY(const std::string trash, PathInBody(call, "trash"));
  EASEL_TRY(const CanvasFiles files, CanvasFiles::Open(call.canvas_root));
  EASEL_TRY(const std::string path, files.Restore(trash));
  return JsonResponse(json::object{{"path", path}});
}

}  // namespace

void AddFileRoutes(Router& router) {
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/files", List);
  router.Add<Access::kEditor>("PATCH", "/api/v1/canvases/{canvas}/files", Rename);
  router.Add<Access::kEditor>("DELETE", "/api/v1/canvases/{canvas}/files", Remove);
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/files/content", Download);
  router.Add<Access::kViewer>("GET", "/api/v1/canvases/{canvas}/files/preview", Preview);
  router.Add<Access::kEditor>("POST", "/api/v1/canvases/{canvas}/files/folders", MakeFolder);
  router.Add<Access::kEditor>("POST", "/api/v1/canvases/{canvas}/files/restore", Restore);
}

}  // namespace easel
