#include "server/static_files.h"

#include <sys/stat.h>

#include <map>

#include "base/file.h"

namespace easel {
namespace {

constexpr std::string_view kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; frame-src 'self'; worker-src 'self' blob:; media-src blob: data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'; connect-src 'self'";

// Opaque origin by the header itself, so that even a frame without the attribute has none of ours.
constexpr std::string_view kFramePolicy =
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; worker-src "
    "blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'; webrtc 'block'";

/// Says that it is ready, takes one document from the page around it, and becomes that.
constexpr std::string_view kFramePage =
    "<!doctype html><meta charset=\"utf-8\"><title>Output</title><script>"
    "addEventListener('message', function take(event) {"
    " if (event.source !== parent || typeof event.data !== 'object' || typeof event.data.html !== 'string') "
    "return;"
    " removeEventListener('message', take);"
    " document.open(); document.write(event.data.html); document.close();"
    "});"
    "parent.postMessage({easel: 'frame-ready'}, '*')"
    "</script>";

constexpr std::string_view kNoAssets =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Easel</title>"
    "<style>body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:15vh auto;padding:0 1.5rem}"
    "code{background:#8882;padding:.1em .4em;border-radius:4px}html{color-scheme:light dark}</style>"
    "<h1>The server is running</h1><p>The web app has not been built into this installation. In the "
    "checkout: "
    "<code>./dev build web</code>, and start <code>easel serve</code> "
    "again. "
    "<code>./dev up</code> does all of it.</p><p>The API is there: <code>/api/v1/session</code>, "
    "<code>/healthz</code>.</p></html>";

std::string_view PageTypeOf(std::string_view name) {
  static const std::map<std::string_view, std::string_view> types{
      {"html", "text/html; charset=utf-8"},
      {"js", "text/javascript; charset=utf-8"},
      {"mjs", "text/javascript; charset=utf-8"},
      {"css", "text/css; charset=utf-8"},
      {"json", "application/json"},
      {"map", "application/json"},
      {"svg", "image/svg+xml"},
      {"png", "image/png"},
      {"ico", "image/x-icon"},
      {"webp", "image/webp"},
      {"woff2", "font/woff2"},
      {"woff", "font/woff"},
      {"ttf", "font/ttf"},
      {"wasm", "application/wasm"},
      {"txt", "text/plain; charset=utf-8"},
      {"webmanifest", "application/manifest+json"}};
  const auto found = types.find(name.substr(name.rfind('.') + 1));
  return found == types.end() ? "application/octet-stream" : found->second;
}

/// Vite writes `assets/NAME-HASH.ext`: such a file never changes.
bool HasHashedName(const std::vector<std::string>& path) {
  return path.size() > 1 && path[0] == "assets" && path.back().find('-') != std::string::npos;
}

HttpResponse Page(std::string_view html, std::string_view policy) {
  return {.content_type = "text/html; charset=utf-8",
          .body = std::string(html),
          .headers = {{"Content-Security-Policy", std::string(policy)}, {"Cache-Control", "no-cache"}}};
}

bool Takes(const HttpRequest& request, std::string_view encoding) {
  return request.Header("accept-encoding").find(encoding) != std::string_view::npos;
}

}  // namespace

StaticFiles::StaticFiles(std::string folder, std::string_view bucket_origin)
    : folder_(std::move(folder)), policy_(kPagePolicy) {
  if (!bucket_origin.empty()) policy_.append(" ").append(bucket_origin);
}

HttpResponse StaticFiles::OutputFrame() {
  HttpResponse out = Page(kFramePage, kFramePolicy);
  out.headers.emplace_back("X-Frame-Options", "SAMEORIGIN");
  // What is no fetch goes past the policy above: WebRTC, connecting ahead, names looked up ahead. Where a browser knows
  // these two, they end it.
  out.headers.emplace_back("Connection-Allowlist", "()");
  out.headers.emplace_back("X-DNS-Prefetch-Control", "off");
  out.headers.emplace_back("Access-Control-Allow-Origin", "null");
  return out;
}

Result<HttpResponse> StaticFiles::Get(const Call& call) const {
  const std::vector<std::string>& path = call.request.target.path;
  std::string name;
  for (const std::string& segment : path) {
    if (segment.starts_with('.'))
      return Fail(Code::kNotFound, "NO_SUCH_PATH", "there is nothing at this path");
    name += "/" + segment;
  }
  const bool is_page = path.empty() || path.back().find('.') == std::string::npos;
  if (is_page) name = "/index.html";
  struct stat info{};
  if (folder_.empty() || ::stat((folder_ + name).c_str(), &info) != 0 || !S_ISREG(info.st_mode)) {
    if (is_page) return Page(kNoAssets, policy_);
    return Fail(Code::kNotFound, "NO_SUCH_PATH", "there is nothing at this path");
  }
  const std::string tag = "\"" + std::to_string(info.st_size) + "-" + std::to_string(info.st_mtim.tv_sec) +
                          "." + std::to_string(info.st_mtim.tv_nsec) + "\"";
  HttpResponse out{.content_type = std::string(PageTypeOf(name))};
  out.headers = {{"Cache-Control", HasHashedName(path) ? "public, max-age=31536000, immutable" : "no-cache"},
                 {"ETag", tag},
                 {"Vary", "Accept-Encoding"}};
  if (name.ends_with(".html")) out.headers.emplace_back("Content-Security-Policy", policy_);
  if (call.request.Header("if-none-match") == tag) {
    out.status = 304;
    out.content_type.clear();
    return out;
  }
  for (const auto& [encoding, ending] : {std::pair{"br", ".br"}, std::pair{"gzip", ".gz"}}) {
    if (!Takes(call.request, encoding)) continue;
    auto bytes = ReadFile(folder_ + name + ending, std::size_t{64} << 20);
    if (!bytes) continue;
    out.body = *std::move(bytes);
    out.headers.emplace_back("Content-Encoding", encoding);
    return out;
  }
  EASEL_TRY(out.body, ReadFile(folder_ + name, std::size_t{64} << 20));
  return out;
}

}  // namespace easel
