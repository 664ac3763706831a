// One request on its way to a handler, with everything that was found out and checked about it before.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "http/message.h"
#include "server/principal.h"

namespace easel {

struct Call {
  HttpRequest request;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< of the path, by name, decoded
  Principal principal;
  /// Of a path with `{canvas}`: its id, its folder (absolute; canvas.yaml was there a moment ago) and the caller's role on it.
  std::string canvas;
  std::string canvas_root;
  Role role = Role::kViewer;

  /// A parameter of the path; asking for one that the route does not have is a bug.
  const std::string& Path(std::string_view name) const;

  /// The body, which must be a JSON object sent as application/json.
  ///
  /// Errors: kInvalidArgument NOT_JSON, JSON_MALFORMED.
  Result<json::value> Body() const;

  /// A whole number of the query within bounds.
  ///
  /// Errors: kInvalidArgument BAD_PARAMETER.
  Result<std::int64_t> QueryNumber(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                   std::int64_t most) const;
};

/// A required field that is one line of 1 to `most` characters.
///
/// Errors: those of JsonReader; kInvalidArgument BAD_FIELD.
Result<std::string> LineIn(JsonReader& reader, std::string_view field, std::size_t most);

/// Answers a request; is called exactly once, from any thread.
using Reply = std::function<void(HttpResponse)>;

/// A JSON answer.
HttpResponse JsonResponse(const json::value& value, int status = 200);

/// `{"items", "next"}`; `next` goes into `?cursor=` for what follows, empty: nothing does.
HttpResponse PageResponse(json::array items, const std::string& next = "");

/// Error for fields that `object` has and `known` does not list, with the nearest one.
///
/// Errors: kInvalidArgument UNKNOWN_FIELD.
Status CheckFields(const json::object& object, const std::vector<std::string>& known);

}  // namespace easel
