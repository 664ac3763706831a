#include "base/json.h"

namespace easel {

Result<json::value> ParseJson(std::string_view text, std::string_view what) {
  json::error_code error;
  json::parse_options options;
  options.max_depth = 128;
  json::stream_parser parser({}, options);
  std::size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error && used < text.size()) {
    for (std::size_t i = used; i < text.size(); ++i)
      if (!std::isspace(static_cast<unsigned char>(text[i]))) {
        error = json::error::extra_data;
        used = i;
        break;
      }
  }
  if (!error) parser.finish(error);
  if (error)
    return Fail(
        Code::kInvalidArgument, "JSON_MALFORMED",
        std::string(what) + ": not valid JSON near byte " + std::to_string(used) + ": " + error.message());
  return parser.release();
}

JsonReader::JsonReader(const json::value& value, std::string where)
    : object_(value.if_object()), where_(std::move(where)) {
  if (object_ == nullptr)
    error_ = Error{Code::kInvalidArgument, "JSON_SHAPE", where_ + ": expected an object"};
}

Status JsonReader::status() const {
  if (error_) return std::unexpected(*error_);
  return {};
}

std::string JsonReader::Where(std::string_view field) const { return where_ + ": " + std::string(field); }

void JsonReader::Reject(std::string_view field, std::string_view problem) {
  if (!error_)
    error_ = Error{Code::kInvalidArgument, "JSON_SHAPE", Where(field) + ": " + std::string(problem)};
}

const json::value* JsonReader::Find(std::string_view field) const {
  return object_ == nullptr ? nullptr : object_->if_contains(field);
}

std::string JsonReader::String(std::string_view field) {
  const json::value* found = Find(field);
  if (found != nullptr && found->is_string()) return std::string(found->get_string());
  Reject(field, "expected a string");
  return {};
}

std::string JsonReader::StringOr(std::string_view field, std::string_view otherwise) {
  const json::value* found = Find(field);
  if (found == nullptr || found->is_null()) return std::string(otherwise);
  return String(field);
}

std::int64_t JsonReader::Int(std::string_view field) {
  const json::value* found = Find(field);
  if (found != nullptr) {
    if (const auto* i = found->if_int64()) return *i;
    if (const auto* u = found->if_uint64(); u != nullptr && *u <= INT64_MAX)
      return static_cast<std::int64_t>(*u);
  }
  Reject(field, "expected a whole number");
  return 0;
}

std::int64_t JsonReader::IntOr(std::string_view field, std::int64_t otherwise) {
  const json::value* found = Find(field);
  return found == nullptr || found->is_null() ? otherwise : Int(field);
}

double JsonReader::DoubleOr(std::string_view field, double otherwise) {
  const json::value* found = Find(field);
  if (found == nullptr || found->is_null()) return otherwise;
  if (found->is_number()) return found->to_number<double>();
  Reject(field, "expected a number");
  return otherwise;
}

bool JsonReader::BoolOr(std::string_view field, bool otherwise) {
  const json::value* found = Find(field);
  if (found == nullptr || found->is_null()) return otherwise;
  if (const bool* b = found->if_bool()) return *b;
  Reject(field, "expected true or false");
  return otherwise;
}

std::vector<std::string> JsonReader::StringsOr(std::string_view field) {
  std::vector<std::string> out;
  if (const json::array* array = ArrayOr(field)) {
    out.reserve(array->size());
    for (const json::value& item : *array) {
      if (!item.is_string()) {
        Reject(field, "expected a list of strings");
        return {};
      }
      out.emplace_back(item.get_string());
    }
  }
  return out;
}

const json::object* JsonReader::ObjectOr(std::string_view field) {
  const json::value* found = Find(field);
  if (found == nullptr || found->is_null()) return nullptr;
  if (found->is_object()) return &found->get_object();
  Reject(field, "expected an object");
  return nullptr;
}

const json::object* JsonReader::Object(std::string_view field) {
  const json::object* object = ObjectOr(field);
  if (object == nullptr) Reject(field, "expected an object");
  return object;
}

const json::array* JsonReader::ArrayOr(std::string_view field) {
  const json::value* found = Find(field);
  if (found == nullptr || found->is_null()) return nullptr;
  if (found->is_array()) return &found->get_array();
  Reject(field, "expected a list");
  return nullptr;
}

}  // namespace easel
