// What a block reads and writes, asked of the environment's own Python, which parses the source and runs none of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "environment/child_process.h"

namespace easel {

struct AnalysisRequest {
  std::string source;
  std::string filename;  ///< for the text of syntax errors, e.g. "blocks/load.py"
};

struct AnalyzerOptions {
  std::string python;          ///< the environment's
  std::string runtime_folder;  ///< has easel_runtime/analyze.py
  int start_deadline_ms = 60'000;
  int deadline_ms = 20'000;  ///< for each answer
};

/// A process that answers analyses (docs/formats/analysis.md). It is started by the first request, kept for the next
/// ones, and started once more when it dies. Not thread-safe.
class Analyzer {
 public:
  explicit Analyzer(AnalyzerOptions options);
  ~Analyzer();

  /// The analysis of one source. A syntax error is an analysis with `error`, not a failure.
  ///
  /// Errors: kFailedPrecondition ANALYZER_UNUSABLE (it does not start, or speaks another version); kDeadlineExceeded
  ///         ANALYSIS_TIMEOUT and kInternal ANALYZER_DIED, both naming the file that was being read.
  Result<json::value> Analyze(const std::string& source, const std::string& filename);

  /// The analyses of many sources, in their order, sent without waiting in between.
  Result<std::vector<json::value>> Analyze(const std::vector<AnalysisRequest>& requests);

  /// "python-3.11+1": what an analysis depends on besides the source, part of its cache key.
  ///
  /// Errors: as Analyze.
  Result<std::string> Version();

 private:
  struct Exchange;

  Status Start();
  Status Answer(Exchange& exchange);
  Result<std::string> NextLine(Exchange& exchange, int deadline_ms);
  void Stop() { child_.reset(); }

  AnalyzerOptions options_;
  std::unique_ptr<ChildProcess> child_;
  std::string version_;
  std::string received_;  ///< bytes after the last whole line
  std::string errors_;    ///< the end of its stderr
  std::int64_t next_id_ = 1;
};

}  // namespace easel
