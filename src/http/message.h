// HTTP messages as the rest of the code sees them: plain values, no library's types.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace easel {

/// Names are lower case in requests; one name may come more than once.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The first header of that name, or "".
std::string_view HeaderOf(const HttpHeaders& headers, std::string_view name);

/// What stands behind a method: `/api/v1/canvases/my%20one?limit=5` with its parts percent-decoded.
struct HttpTarget {
  std::vector<std::string> path;  ///< segments, without empty ones but for a last one
  std::vector<std::pair<std::string, std::string>> query;  ///< in order

  /// The first value of a query parameter.
  std::optional<std::string> Query(std::string_view name) const;
};

/// Errors: kInvalidArgument BAD_TARGET for a target that is not in origin form, holds a broken escape, a control character or
/// a NUL, or whose segments are `.` or `..`: a path never climbs.
Result<HttpTarget> ParseHttpTarget(std::string_view target);

struct HttpRequest {
  std::string method;  ///< "GET"
  HttpTarget target;
  std::string raw_target;
  HttpHeaders headers;
  std::string body;
  std::string peer;  ///< numeric address of who connected

  std::string_view Header(std::string_view name) const { return HeaderOf(headers, name); }
  /// The value of a cookie of this request.
  std::optional<std::string> Cookie(std::string_view name) const;
};

/// A part of an open file, sent piece by piece in the place of a body that would be too large to hold.
struct HttpFile {
  std::shared_ptr<const UniqueFd> fd;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  HttpHeaders headers;           ///< besides Content-Type and Content-Length
  std::optional<HttpFile> file;  ///< then `body` is empty
};

/// `application/problem+json` (RFC 9457) with our stable `reason`.
HttpResponse ProblemResponse(int status, std::string_view reason, std::string_view message);
/// The same for an Error; its code decides the status. Source: google.rpc.Code's mapping.
HttpResponse ProblemResponse(const Error& error);

}  // namespace easel
