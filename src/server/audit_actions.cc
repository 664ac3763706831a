#include "server/audit_actions.h"

#include <utility>

namespace easel {
namespace {

struct NamedDeed {
  std::string_view method, path;  ///< below /api/v1
  std::string_view action;        ///< empty: only reads, is logged where it is done, or is told elsewhere
  std::string_view subject;       ///< a parameter of the path; `?x` of the query; `.x` a field of the body
};

constexpr NamedDeed kDeeds[] = {
    {"DELETE", "/session", "session.end", ""},
    {"DELETE", "/sessions/{id}", "session.revoke", "id"},
    {"POST", "/tokens", "", ""},
    {"DELETE", "/tokens/{id}", "token.revoke", "id"},
    {"POST", "/canvases", "", ""},
    {"POST", "/canvases/{canvas}/duplicate", "", ""},
    {"PATCH", "/canvases/{canvas}", "canvas.rename", ".name"},
    {"DELETE", "/canvases/{canvas}", "canvas.delete", ""},
    {"POST", "/trash/{trash}/restore", "canvas.restore", "trash"},
    {"DELETE", "/trash", "canvas.forget_all", ""},
    {"DELETE", "/trash/{trash}", "canvas.forget", "trash"},
    {"POST", "/imports", "", ""},
    {"PUT", "/imports/{import}", "", ""},
    {"DELETE", "/imports/{import}", "", ""},
    // Who edited what is in the history of each block.
    {"POST", "/canvases/{canvas}/operations", "", ""},
    {"POST", "/canvases/{canvas}/plan", "", ""},
    {"POST", "/canvases/{canvas}/runs", "run.start", ".mode"},
    {"POST", "/canvases/{canvas}/runs/{run}/cancel", "run.cancel", "run"},
    {"PATCH", "/canvases/{canvas}/files", "file.rename", ".path"},
    {"DELETE", "/canvases/{canvas}/files", "file.delete", "?path"},
    {"POST", "/canvases/{canvas}/files/folders", "file.folder", ".path"},
    {"POST", "/canvases/{canvas}/files/restore", "file.restore", ".trash"},
    {"POST", "/canvases/{canvas}/uploads", "file.upload", ".path"},
    {"PUT", "/canvases/{canvas}/uploads/{upload}", "", ""},
    {"POST", "/canvases/{canvas}/uploads/{upload}/finish", "", ""},
    {"DELETE", "/canvases/{canvas}/uploads/{upload}", "file.upload_dropped", "upload"},
    {"POST", "/canvases/{canvas}/blocks/{block}/tables/{variable}/rows", "", ""},
    {"POST", "/canvases/{canvas}/blocks/{block}/tables/{variable}/summary", "", ""},
    {"POST", "/canvases/{canvas}/blocks/{block}/tables/{variable}/cells", "", ""},
    {"DELETE", "/canvases/{canvas}/blocks/{block}/tables/{variable}/work/{work}", "", ""},
    {"PATCH", "/me", "", ""},
    {"PUT", "/me/password", "", ""},
    {"PATCH", "/organization", "", ""},
    {"PUT", "/self-hosting", "", ""},
    {"POST", "/self-hosting/yaml", "", ""},
    {"POST", "/self-hosting/test", "self_hosting.test", ""},
    {"DELETE", "/self-hosting/test", "self_hosting.test_stop", ""},
    {"PATCH", "/members/{member}", "", ""},
    {"DELETE", "/members/{member}", "", ""},
    {"POST", "/members/{member}/password-reset", "", ""},
    {"POST", "/invitations", "", ""},
    {"DELETE", "/invitations/{invitation}", "", ""},
    {"PUT", "/canvases/{canvas}/roles/{member}", "", ""},
    {"DELETE", "/canvases/{canvas}/roles/{member}", "", ""},
};

std::string SubjectOf(std::string_view from, const Call& call) {
  if (from.empty()) return "";
  std::string out;
  if (from[0] == '?') {
    out = call.request.target.Query(from.substr(1)).value_or("");
  } else if (from[0] == '.') {
    const auto body = ParseJson(call.request.body, "body");
    if (body && body->is_object()) out = JsonReader(*body, "body").StringOr(from.substr(1), "");
  } else {
    out = call.Path(from);
  }
  return out;
}

}  // namespace

Deed DeedOf(const Route& route, const Call& call) {
  if (route.method == "GET" || route.method == "WEBSOCKET" || route.access == Access::kPublic) return {};
  constexpr std::string_view kPrefix = "/api/v1";
  std::string_view path = route.path;
  if (path.starts_with(kPrefix)) path.remove_prefix(kPrefix.size());
  for (const NamedDeed& deed : kDeeds)
    if (deed.method == route.method && deed.path == path)
      return {.action = std::string(deed.action), .subject = SubjectOf(deed.subject, call), .detail = {}};
  return {.action = "api." + route.method, .subject = std::string(path), .detail = {}};
}

}  // namespace easel
