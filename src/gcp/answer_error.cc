// What Google's services say when they refuse, read defensively: the body may be of either shape, or a proxy's HTML.
#include <algorithm>
#include <cctype>

#include "gcp/rest_client.h"

namespace easel::gcp {
namespace {

Code CodeOfStatus(int status) {
  switch (status) {
    case 400: return Code::kInvalidArgument;
    case 401: return Code::kUnauthenticated;
    case 403: return Code::kPermissionDenied;
    case 404: return Code::kNotFound;
    case 408: return Code::kUnavailable;
    case 409: return Code::kAlreadyExists;
    case 410: return Code::kNotFound;
    case 412: return Code::kFailedPrecondition;
    case 413: return Code::kInvalidArgument;
    case 416: return Code::kOutOfRange;
    case 429: return Code::kResourceExhausted;
    case 499: return Code::kCancelled;
    case 500: return Code::kInternal;
    case 501: return Code::kUnimplemented;
    case 502:
    case 503: return Code::kUnavailable;
    case 504: return Code::kDeadlineExceeded;
    default: return status >= 500 ? Code::kUnavailable : Code::kUnknown;
  }
}

/// `error.status` where it says more than the number does.
Code Refined(Code code, std::string_view status) {
  if (status == "FAILED_PRECONDITION") return Code::kFailedPrecondition;
  if (status == "ABORTED") return Code::kAborted;
  if (status == "RESOURCE_EXHAUSTED") return Code::kResourceExhausted;
  if (status == "OUT_OF_RANGE") return Code::kOutOfRange;
  return code;
}

std::string_view Text(const json::object& object, std::string_view field) {
  const json::value* found = object.if_contains(field);
  return found != nullptr && found->is_string() ? std::string_view(found->get_string()) : std::string_view();
}

const json::object* First(const json::object& object, std::string_view field) {
  const json::value* found = object.if_contains(field);
  if (found == nullptr || !found->is_array() || found->get_array().empty()) return nullptr;
  return found->get_array()[0].if_object();
}

/// Of google.rpc's details: ErrorInfo.reason, else the first violation's type.
std::string_view ReasonOfDetails(const json::object& error) {
  const json::value* details = error.if_contains("details");
  if (details == nullptr || !details->is_array()) return {};
  std::string_view violation;
  for (const json::value& item : details->get_array()) {
    const json::object* detail = item.if_object();
    if (detail == nullptr) continue;
    if (Text(*detail, "@type").ends_with("google.rpc.ErrorInfo") && !Text(*detail, "reason").empty())
      return Text(*detail, "reason");
    if (const json::object* first = First(*detail, "violations"); first != nullptr && violation.empty())
      violation = Text(*first, "type");
  }
  return violation;
}

/// A page without its tags, for a person to recognise whose it is.
std::string WordsOfPage(std::string_view page) {
  std::string words;
  bool in_tag = false;
  for (const char c : page.substr(0, 4096)) {
    if (c == '<') in_tag = true;
    if (!in_tag) {
      const bool space = std::isspace(static_cast<unsigned char>(c)) != 0;
      if (!space)
        words += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
      else if (!words.empty() && words.back() != ' ')
        words += ' ';
    }
    if (c == '>') {
      in_tag = false;
      if (!words.empty() && words.back() != ' ') words += ' ';
    }
    if (words.size() >= 200) break;
  }
  while (words.ends_with(' ')) words.pop_back();
  return words;
}

}  // namespace

Error ErrorOfAnswer(const ClientResponse& answer, std::string_view what) {
  Error error{CodeOfStatus(answer.status), "HTTP_" + std::to_string(answer.status), {}};
  std::string said;
  const auto parsed = ParseJson(answer.body, "answer");
  if (const json::object* body = parsed ? parsed->if_object() : nullptr) {
    const json::value* inner = body->if_contains("error");
    if (const json::object* object = inner != nullptr ? inner->if_object() : nullptr) {
      said = Text(*object, "message");
      const std::string_view status = Text(*object, "status");
      error.code = Refined(error.code, status);
      std::string_view reason = ReasonOfDetails(*object);
      if (reason.empty())
        if (const json::object* first = First(*object, "errors")) reason = Text(*first, "reason");
      if (reason.empty()) reason = status;
      if (!reason.empty()) error.reason = reason;
    } else if (!Text(*body, "error").empty()) {  // OAuth 2
      error.reason = Text(*body, "error");
      said = Text(*body, "error_description");
      if (said.empty()) said = error.reason;
    }
  }
  if (said.empty()) said = WordsOfPage(answer.body);
  error.message = std::string(what) + ": " + std::to_string(answer.status) + (said.empty() ? "" : " ") + said;
  return error;
}

}  // namespace easel::gcp
