#include "state/table/type_text.h"

#include <arrow/extension_type.h>
#include <arrow/util/key_value_metadata.h>

namespace easel::table {
namespace {

/// How wide a text's offsets are is nobody's business.
std::string Plain(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW: return "string";
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::BINARY_VIEW: return "binary";
    default: return type.ToString();
  }
}

}  // namespace

std::string PeriodFrequency(const arrow::Field& field) {
  if (field.type()->id() != arrow::Type::INT64 || !field.HasMetadata()) return "";
  const arrow::KeyValueMetadata& metadata = *field.metadata();
  if (metadata.Get("ARROW:extension:name").ValueOr("") != "pandas.period") return "";
  const std::string document = metadata.Get("ARROW:extension:metadata").ValueOr("");
  constexpr std::string_view kBefore = "{\"freq\": \"";
  const std::size_t end = document.rfind('"');
  if (!document.starts_with(kBefore) || end < kBefore.size()) return "";
  return document.substr(kBefore.size(), end - kBefore.size());
}

std::string TypeText(const arrow::Field& field) {
  const arrow::DataType& type = *field.type();
  if (const std::string frequency = PeriodFrequency(field); !frequency.empty())
    return "period[" + frequency + "]";
  if (type.id() == arrow::Type::DICTIONARY)
    return "dictionary<" + Plain(*static_cast<const arrow::DictionaryType&>(type).value_type()) + ">";
  if (type.id() == arrow::Type::EXTENSION &&
      static_cast<const arrow::ExtensionType&>(type).extension_name() == "arrow.bool8")
    return "bool";
  return Plain(type);
}

}  // namespace easel::table
