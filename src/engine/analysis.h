// What a block's source reads and writes, as the runtime's analysis says it (docs/formats/analysis.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace easel {

struct SourceError {
  std::string message;
  std::int64_t line = 0;
  std::int64_t column = 0;
};

struct Analysis {
  std::string digest;  ///< of the normalised code
  std::vector<std::string> reads;
  std::vector<std::string> possible_reads;
  std::vector<std::string> writes, deletes;  ///< names that it may bind or unbind; "*" is any
  bool reads_all = false;
  std::string reads_all_reason;
  std::vector<std::string> imports;
  std::vector<std::string> flags;
  std::optional<SourceError> error;
};

/// What an analysis depends on besides the source: part of its key in the database.
std::string AnalysisRuntime(std::string_view python_minor);

/// Errors: kInvalidArgument naming `where` and the field.
Result<Analysis> ParseAnalysis(std::string_view document, std::string_view where);

}  // namespace easel
