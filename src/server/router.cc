#include "server/router.h"

#include <algorithm>

#include "base/text.h"

namespace easel {
namespace {

bool IsParameter(const std::string& segment) { return segment.starts_with('{'); }

bool Fits(const Route& route, const std::vector<std::string>& path) {
  if (route.segments.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i)
    if (!IsParameter(route.segments[i]) && route.segments[i] != path[i]) return false;
  return true;
}

}  // namespace

void Router::Put(Route route) {
  route.segments = Split(std::string_view(route.path).substr(1), '/');
  for (const Route& other : routes_) EASEL_CHECK(other.method != route.method || other.path != route.path);
  routes_.push_back(std::move(route));
}

Router::Match Router::Find(std::string_view method, const std::vector<std::string>& path) const {
  if (method == "HEAD") method = "GET";
  Match out;
  for (const Route& route : routes_) {
    if (!Fits(route, path)) continue;
    if (route.method != method) {
      if (route.method != "WEBSOCKET") out.methods.push_back(route.method);
      continue;
    }
    // A path with fewer parameters is the more exact one.
    const auto count = std::ranges::count_if(route.segments, IsParameter);
    if (out.route != nullptr && count >= std::ranges::count_if(out.route->segments, IsParameter)) continue;
    out.route = &route;
  }
  if (out.route == nullptr) {
    const bool page = out.methods.empty() && method == "GET" && (path.empty() || path[0] != "api");
    if (page && pages_) out.route = &*pages_;
    return out;
  }
  for (std::size_t i = 0; i < path.size(); ++i)
    if (const std::string& segment = out.route->segments[i]; IsParameter(segment))
      out.parameters.emplace_back(segment.substr(1, segment.size() - 2), path[i]);
  return out;
}

}  // namespace easel
