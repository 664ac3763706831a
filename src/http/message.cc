#include "http/message.h"

#include "base/json.h"
#include "canvas/utf8.h"

namespace easel {
namespace {

int HexOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::unexpected<Error> Bad(const std::string& what) {
  return Fail(Code::kInvalidArgument, "BAD_TARGET", "the request's path " + what);
}

Result<std::string> Decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? HexOf(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? HexOf(text[i + 2]) : -1;
      if (high < 0 || low < 0) return Bad("holds a `%` that two hexadecimal digits do not follow");
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return Bad("holds a control character");
    out += c;
  }
  return out;
}

int StatusOf(Code code) {
  switch (code) {
    case Code::kInvalidArgument:
    case Code::kFailedPrecondition:
    case Code::kOutOfRange: return 400;
    case Code::kUnauthenticated: return 401;
    case Code::kPermissionDenied: return 403;
    case Code::kNotFound: return 404;
    case Code::kAborted:
    case Code::kAlreadyExists: return 409;
    case Code::kResourceExhausted: return 429;
    case Code::kCancelled: return 499;
    case Code::kUnimplemented: return 501;
    case Code::kUnavailable: return 503;
    case Code::kDeadlineExceeded: return 504;
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss: return 500;
  }
  return 500;
}

std::string_view TitleOf(int status) {
  switch (status) {
    case 400: return "Bad request";
    case 401: return "Not signed in";
    case 403: return "Not allowed";
    case 404: return "Not found";
    case 405: return "Method not allowed";
    case 408: return "Too slow";
    case 409: return "Conflict";
    case 413: return "Too large";
    case 415: return "Wrong kind of content";
    case 429: return "Too much";
    case 431: return "Headers too large";
    case 501: return "Not there yet";
    case 503: return "Not available";
    case 504: return "Took too long";
    default: return status < 500 ? "Request failed" : "Server error";
  }
}

}  // namespace

std::string_view HeaderOf(const HttpHeaders& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

std::optional<std::string> HttpTarget::Query(std::string_view name) const {
  for (const auto& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

Result<HttpTarget> ParseHttpTarget(std::string_view target) {
  if (target.empty() || target[0] != '/') return Bad("does not begin with `/`");
  HttpTarget out;
  const std::size_t mark = target.find('?');
  std::string_view path = target.substr(1, mark == std::string_view::npos ? mark : mark - 1);
  if (path.find('#') != std::string_view::npos) return Bad("holds a `#`");
  for (;;) {
    const std::size_t slash = path.find('/');
    EASEL_TRY(std::string segment, Decode(path.substr(0, slash), false));
    if (segment == "." || segment == ".." || segment.find('/') != std::string::npos)
      return Bad("holds `.`, `..` or an escaped `/` as a segment");
    const bool last = slash == std::string_view::npos;
    if (segment.empty() && !last) return Bad("holds an empty segment");
    if (!segment.empty()) out.path.push_back(std::move(segment));
    if (last) break;
    path.remove_prefix(slash + 1);
  }
  if (mark == std::string_view::npos) return out;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t ampersand = rest.find('&');
    const std::string_view pair = rest.substr(0, ampersand);
    const std::size_t equals = pair.find('=');
    if (!pair.empty()) {
      EASEL_TRY(std::string name, Decode(pair.substr(0, equals), true));
      EASEL_TRY(
          std::string value,
          Decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true));
      out.query.emplace_back(std::move(name), std::move(value));
    }
    if (ampersand == std::string_view::npos) break;
    rest.remove_prefix(ampersand + 1);
  }
  return out;
}

std::optional<std::string> HttpRequest::Cookie(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key != "cookie") continue;
    std::string_view rest = value;
    while (!rest.empty()) {
      const std::size_t end = rest.find(';');
      std::string_view pair = rest.substr(0, end);
      while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
      const std::size_t equals = pair.find('=');
      if (equals != std::string_view::npos && pair.substr(0, equals) == name)
        return std::string(pair.substr(equals + 1));
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  }
  return std::nullopt;
}

HttpResponse ProblemResponse(int status, std::string_view reason, std::string_view message) {
  return {.status = status,
          .content_type = "application/problem+json",
          .body = json::serialize(json::object{{"type", "about:blank"},
                                               {"status", status},
                                               {"title", TitleOf(status)},
                                               {"reason", reason},
                                               {"detail", ValidUtf8(message)}})};
}

HttpResponse ProblemResponse(const Error& error) {
  return ProblemResponse(StatusOf(error.code), error.reason, error.message);
}

}  // namespace easel
