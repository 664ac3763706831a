#include "server/call.h"

#include <charconv>

#include "base/text.h"

namespace easel {

const std::string& Call::Path(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  EASEL_CHECK(!"the route has such a parameter");
  std::unreachable();
}

Result<json::value> Call::Body() const {
  std::string_view type = request.Header("content-type");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (type != "application/json")
    return Fail(Code::kInvalidArgument, "NOT_JSON",
                "the body must be JSON, sent with `Content-Type: application/json`");
  EASEL_TRY(json::value value, ParseJson(request.body, "the request's body"));
  if (!value.is_object())
    return Fail(Code::kInvalidArgument, "JSON_MALFORMED", "the request's body must be a JSON object");
  return value;
}

Result<std::int64_t> Call::QueryNumber(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                       std::int64_t most) const {
  const auto text = request.target.Query(name);
  if (!text) return otherwise;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc() || end != text->data() + text->size() || value < least || value > most)
    return Fail(Code::kInvalidArgument, "BAD_PARAMETER",
                "`" + std::string(name) + "` must be a whole number from " + std::to_string(least) + " to " +
                    std::to_string(most));
  return value;
}

Result<std::string> LineIn(JsonReader& reader, std::string_view field, std::size_t most) {
  std::string text = reader.String(field);
  EASEL_RETURN_IF_ERROR(reader.status());
  std::size_t characters = 0;
  bool one_line = true, blank = true;
  for (const char c : text) {
    characters += (static_cast<unsigned char>(c) & 0xc0) != 0x80 ? 1 : 0;
    one_line = one_line && static_cast<unsigned char>(c) >= 0x20 && c != 0x7f;
    blank = blank && c == ' ';
  }
  if (blank || characters > most || !one_line)
    return Fail(Code::kInvalidArgument, "BAD_FIELD",
                "`" + std::string(field) + "` is one line of 1 to " + std::to_string(most) + " characters");
  return text;
}

HttpResponse JsonResponse(const json::value& value, int status) {
  return {.status = status, .body = json::serialize(value)};
}

HttpResponse PageResponse(json::array items, const std::string& next) {
  return JsonResponse(
      json::object{{"items", std::move(items)}, {"next", next.empty() ? json::value() : json::value(next)}});
}

Status CheckFields(const json::object& object, const std::vector<std::string>& known) {
  for (const auto& [key, value] : object) {
    bool found = false;
    for (const std::string& name : known) found = found || name == key;
    if (!found)
      return Fail(Code::kInvalidArgument, "UNKNOWN_FIELD",
                  "there is no field `" + std::string(key).substr(0, 100) + "` here" +
                      DidYouMean(std::string_view(key).substr(0, 100), known));
  }
  return {};
}

}  // namespace easel
