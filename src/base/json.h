// JSON as Boost.JSON has it, plus the checked readers that every reader of outside documents uses.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

namespace json = boost::json;

/// Parse one JSON document of at most 128 nested levels.
///
/// Errors: kInvalidArgument JSON_MALFORMED, the message naming `what` and the byte offset.
Result<json::value> ParseJson(std::string_view text, std::string_view what);

/// Reads fields of one JSON object, remembering the first thing that is wrong, so that a reader can take all fields
/// and check once. Missing or mistyped required fields are errors that name the field's path. Not thread-safe;
/// borrows the value, which must outlive it.
class JsonReader {
 public:
  /// `where` is the document's name and path so far, e.g. "manifest.json: state".
  JsonReader(const json::value& value, std::string where);

  bool ok() const { return !error_.has_value(); }
  Status status() const;
  void Reject(std::string_view field, std::string_view problem);

  std::string String(std::string_view field);
  std::string StringOr(std::string_view field, std::string_view otherwise);
  std::int64_t Int(std::string_view field);
  std::int64_t IntOr(std::string_view field, std::int64_t otherwise);
  double DoubleOr(std::string_view field, double otherwise);
  bool BoolOr(std::string_view field, bool otherwise);
  std::vector<std::string> StringsOr(std::string_view field);
  /// The field's object or array, or nullptr when absent; required variants record an error.
  const json::object* Object(std::string_view field);
  const json::object* ObjectOr(std::string_view field);
  const json::array* ArrayOr(std::string_view field);
  const json::value* Find(std::string_view field) const;
  std::string Where(std::string_view field) const;

 private:
  const json::object* object_ = nullptr;
  std::string where_;
  std::optional<Error> error_;
};

}  // namespace easel
