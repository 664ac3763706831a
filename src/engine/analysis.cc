#include "engine/analysis.h"

#include "base/json.h"

namespace easel {

std::string AnalysisRuntime(std::string_view python_minor) {
  return "python-" + std::string(python_minor) + "+1";
}

Result<Analysis> ParseAnalysis(std::string_view document, std::string_view where) {
  EASEL_TRY(const json::value value, ParseJson(document, where));
  JsonReader reader(value, std::string(where));
  Analysis out;
  out.digest = reader.String("digest");
  out.reads = reader.StringsOr("reads");
  out.possible_reads = reader.StringsOr("possible_reads");
  out.writes = reader.StringsOr("writes");
  out.deletes = reader.StringsOr("deletes");
  out.imports = reader.StringsOr("imports");
  out.reads_all = reader.BoolOr("reads_all", false);
  out.reads_all_reason = reader.StringOr("reads_all_reason", "");
  out.flags = reader.StringsOr("flags");
  if (const json::value* error = reader.Find("error"); error != nullptr && !error->is_null()) {
    JsonReader fields(*error, std::string(where) + ": error");
    out.error = SourceError{fields.StringOr("message", "syntax error"), fields.IntOr("line", 0),
                            fields.IntOr("column", 0)};
    EASEL_RETURN_IF_ERROR(fields.status());
  }
  EASEL_RETURN_IF_ERROR(reader.status());
  return out;
}

}  // namespace easel
